#include "weight_channels.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace dlasim::quantize {

namespace op = network::op;
using network::Tensor;
using network::TensorId;

bool has_weight_channels(const network::Operation& operation) {
  return std::holds_alternative<op::Conv2d>(operation) ||
         std::holds_alternative<op::DepthwiseConv2d>(operation) ||
         std::holds_alternative<op::TransposeConv2d>(operation) ||
         std::holds_alternative<op::FullyConnected>(operation);
}

bool has_float_weights(const network::Graph& graph, const network::Node& node) {
  if (!has_weight_channels(node.operation)) return false;
  for (std::size_t i = 1; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == network::kNoTensor) continue;
    const network::TensorInfo& info = graph.tensor(node.inputs[i]);
    if (!info.constant || info.dtype != network::DType::kFloat32) return false;
  }
  return true;
}

network::FusedActivation activation_of(const network::Operation& operation) {
  return std::visit(
      [](const auto& o) {
        if constexpr (requires { o.activation; }) return o.activation;
        return network::FusedActivation::kNone;
      },
      operation);
}

bool sees_whole_kernel(const network::Operation& operation) {
  if (std::holds_alternative<op::TransposeConv2d>(operation)) return false;
  if (const auto* conv = std::get_if<op::Conv2d>(&operation)) return conv->padding == network::Padding{};
  if (const auto* conv = std::get_if<op::DepthwiseConv2d>(&operation))
    return conv->padding == network::Padding{};
  return true;
}

WeightChannels::WeightChannels(const network::Operation& operation, const network::Shape& weight,
                               std::int64_t input_channels)
    : last_(weight.back()), input_channels_(input_channels) {
  const std::int64_t elements = network::element_count(weight);
  if (const auto* depthwise = std::get_if<op::DepthwiseConv2d>(&operation)) {
    layout_ = Layout::kDepthwise;
    outputs_ = last_;
    multiplier_ = depthwise->channel_multiplier;
    return;
  }
  outputs_ = weight.front();
  run_ = std::max<std::int64_t>(1, elements / std::max<std::int64_t>(1, outputs_));
  outputs_per_group_ = outputs_;
  if (std::holds_alternative<op::FullyConnected>(operation)) layout_ = Layout::kRows;
  if (const auto* conv = std::get_if<op::Conv2d>(&operation)) outputs_per_group_ = outputs_ / conv->groups;
}

std::size_t WeightChannels::output_of(std::int64_t element) const {
  return static_cast<std::size_t>(layout_ == Layout::kDepthwise ? element % last_ : element / run_);
}

std::size_t WeightChannels::input_of(std::int64_t element) const {
  switch (layout_) {
    case Layout::kDepthwise:
      return static_cast<std::size_t>(element % last_ / multiplier_);
    case Layout::kRows:
      return static_cast<std::size_t>(element % last_ % input_channels_);
    case Layout::kConvolution:
      break;
  }
  const std::int64_t group = element / run_ / outputs_per_group_;
  return static_cast<std::size_t>(group * last_ + element % last_);
}

namespace {

/// A copy of the operand's tensor takes its place. The elements stay in the old one only if others read them.
void own_operand(network::Graph& graph, network::Node& node, std::size_t operand) {
  const TensorId old = node.inputs[operand];
  const network::TensorInfo info = graph.tensor(old);
  node.inputs[operand] = graph.add_tensor(info);
  const auto index = static_cast<std::size_t>(old);
  if (quantize::count_readers(graph)[index] == 0) graph.tensors[index].constant.reset();
}

}  // namespace

void own_parameters(network::Graph& graph, network::Node& node) {
  own_operand(graph, node, 1);
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor;
  if (biased) return own_operand(graph, node, 2);
  const network::Shape& shape = graph.tensor(node.inputs[1]).shape;
  const std::int64_t outputs = WeightChannels(node.operation, shape, 1).outputs();
  node.inputs.resize(2);
  node.inputs.push_back(graph.add_constant(node.name + ".bias", Tensor(network::DType::kFloat32, {outputs})));
}

std::vector<int> count_readers(const network::Graph& graph) {
  std::vector<int> readers(graph.tensors.size(), 0);
  const auto count = [&readers](TensorId id) {
    if (id != network::kNoTensor) ++readers[static_cast<std::size_t>(id)];
  };
  for (const network::Node& node : graph.nodes) std::for_each(node.inputs.begin(), node.inputs.end(), count);
  std::for_each(graph.outputs.begin(), graph.outputs.end(), count);
  return readers;
}

}  // namespace dlasim::quantize
