#include "sim/engine/tensor_memory.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dlasim::sim::engine {

using network::Tensor;
using network::TensorId;

void TensorMemory::write_inputs(std::span<const Tensor> inputs) {
  if (inputs.size() != graph_.inputs.size()) {
    throw base::InputError(fmt::format("network '{}' has {} inputs, but {} were given", graph_.name,
                                       graph_.inputs.size(), inputs.size()));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) write(graph_.inputs[i], inputs[i]);
}

void TensorMemory::write(TensorId id, const Tensor& value) {
  const auto& info = graph_.tensor(id);
  if (value.dtype() != info.dtype || value.shape() != info.shape) {
    throw base::InputError(fmt::format("tensor '{}' is {} {}, but {} {} was given", info.name,
                                       network::name(info.dtype), network::to_string(info.shape),
                                       network::name(value.dtype()), network::to_string(value.shape())));
  }
  const auto& place = program_.tensors[static_cast<std::size_t>(id)];
  memory_.write(place.address, value.bytes());
}

Tensor TensorMemory::read(TensorId id) const {
  const auto& info = graph_.tensor(id);
  const auto& place = program_.tensors[static_cast<std::size_t>(id)];
  Tensor value(info.dtype, info.shape);
  memory_.read(place.address, value.bytes());
  return value;
}

void TensorMemory::run_on_host(const compiler::HostStep& step, const HostFunction& host) {
  const network::QuantizedNode& node = graph_.nodes[step.node];
  if (!host) {
    throw base::UnsupportedError(fmt::format("{} '{}' runs on the host, and this run has none",
                                             network::name(node.operation), node.name));
  }
  std::vector<Tensor> inputs;
  for (const TensorId t : node.inputs) inputs.push_back(t == network::kNoTensor ? Tensor() : operand(t));
  const std::vector<Tensor> outputs = host(graph_, node, inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) write(node.outputs[i], outputs[i]);
}

Tensor TensorMemory::operand(TensorId id) const {
  const auto& info = graph_.tensor(id);
  return info.constant ? *info.constant : read(id);
}

std::vector<Tensor> TensorMemory::read_all() const {
  std::vector<Tensor> tensors(graph_.tensors.size());
  for (const network::QuantizedNode& node : graph_.nodes) {
    for (const TensorId t : node.outputs) {
      if (program_.tensors[static_cast<std::size_t>(t)].bytes != 0)
        tensors[static_cast<std::size_t>(t)] = read(t);
    }
  }
  return tensors;
}

}  // namespace dlasim::sim::engine
