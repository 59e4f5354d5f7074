#pragma once
/// Small quantised networks and accelerators at random, for tests of the engines.

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "network/quantized_graph.h"
#include "sim/arch/hardware.h"

namespace dlasim::test {

inline network::Tensor random_tensor(network::DType dtype, network::Shape shape, base::Random& random,
                                     std::int64_t low = -128, std::int64_t high = 127) {
  network::Tensor tensor(dtype, std::move(shape));
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, random.integer(low, high));
  return tensor;
}

/// A chain of int8 layers, with a residual addition where the shapes allow it.
class RandomChain {
 public:
  RandomChain(base::Random& random, network::Shape input) : random_(random) {
    graph_.name = "chain";
    last_ = declare("input", std::move(input));
    graph_.inputs = {last_};
  }

  void conv2d(std::int64_t channels, network::Pair kernel, network::Pair stride = {1, 1},
              network::Pair dilation = {1, 1}) {
    const network::Shape in = shape();
    network::qop::Conv2d op;
    op.stride = stride;
    op.dilation = dilation;
    op.padding = {random_.integer(0, (kernel[0] - 1) * dilation[0]), (kernel[1] - 1) * dilation[1], 0, 0};
    op.mac = mac(channels);
    network::Shape out{in[0], extent(in[1] + op.padding.top, kernel[0], stride[0], dilation[0]),
                       extent(in[2] + op.padding.left, kernel[1], stride[1], dilation[1]), channels};
    const auto weight = constant("weight", network::DType::kInt8, {channels, kernel[0], kernel[1], in[3]});
    append("conv", op, {last_, weight, bias(channels)}, std::move(out));
  }

  void depthwise(network::Pair kernel) {
    const network::Shape in = shape();
    network::qop::DepthwiseConv2d op;
    op.padding = {kernel[0] - 1, 0, 0, kernel[1] - 1};
    op.mac = mac(in[3]);
    const auto weight = constant("weight", network::DType::kInt8, {1, kernel[0], kernel[1], in[3]});
    append("depthwise", op, {last_, weight, bias(in[3])}, in);
  }

  void max_pool(network::Pair kernel) {
    const network::Shape in = shape();
    network::qop::Pool2d op;
    op.kind = network::op::Pool2d::Kind::kMax;
    op.kernel = kernel;
    op.stride = kernel;
    append("pool", op, {last_}, {in[0], in[1] / kernel[0], in[2] / kernel[1], in[3]});
  }

  /// last + another random function of the tensor before it.
  void residual() {
    const network::TensorId before = last_;
    conv2d(shape()[3], {1, 1});
    network::qop::Add op;
    op.input1 = op.input2 = {1 << 30, 0};
    op.output = {1 << 30, -18};
    append("add", op, {last_, before}, shape());
  }

  /// A layer that the accelerator leaves to the host.
  void softmax() {
    network::qop::Softmax op;
    op.input = {1 << 30, 23};
    op.diff_min = -248;
    append("softmax", op, {last_}, shape());
  }

  network::QuantizedGraph finish() {
    graph_.outputs = {last_};
    return std::move(graph_);
  }
  network::Shape shape() const { return graph_.tensor(last_).shape; }

 private:
  static std::int64_t extent(std::int64_t size, std::int64_t kernel, std::int64_t stride,
                             std::int64_t dilation) {
    return (size - (kernel - 1) * dilation - 1) / stride + 1;
  }
  network::TensorId declare(std::string name, network::Shape shape) {
    network::QuantizedTensor tensor;
    tensor.name = std::move(name) + std::to_string(graph_.tensors.size());
    tensor.shape = std::move(shape);
    return graph_.add_tensor(std::move(tensor));
  }
  network::TensorId constant(const char* name, network::DType dtype, network::Shape shape) {
    const std::int64_t limit = dtype == network::DType::kInt8 ? 127 : 2000;
    const network::TensorId id = declare(name, shape);
    auto& tensor = graph_.tensors[static_cast<std::size_t>(id)];
    tensor.dtype = dtype;
    tensor.constant = random_tensor(dtype, std::move(shape), random_, -limit, limit);
    return id;
  }
  network::TensorId bias(std::int64_t channels) {
    return constant("bias", network::DType::kInt32, {channels});
  }
  network::qop::MacParameters mac(std::int64_t channels) {
    network::qop::MacParameters result;
    result.input_zero_point = random_.integer(-20, 20);
    result.output_zero_point = random_.integer(-20, 20);
    for (std::int64_t c = 0; c < channels; ++c)
      result.multiplier.push_back(
          {static_cast<std::int32_t>(random_.integer(1 << 30, (std::int64_t{1} << 31) - 1)),
           static_cast<int>(random_.integer(-9, -7))});
    return result;
  }
  void append(const char* name, network::QuantizedOperation op, std::vector<network::TensorId> inputs,
              network::Shape out) {
    last_ = declare(name, std::move(out));
    graph_.nodes.push_back(
        {name + std::to_string(graph_.nodes.size()), std::move(op), std::move(inputs), {last_}, {}});
  }

  base::Random& random_;
  network::QuantizedGraph graph_;
  network::TensorId last_ = network::kNoTensor;
};

/// One to four layers on a few hundred positions.
inline network::QuantizedGraph random_network(base::Random& random) {
  RandomChain chain(random, {1, random.integer(1, 6), random.integer(8, 20), random.integer(1, 20)});
  const std::int64_t layers = random.integer(1, 4);
  for (std::int64_t i = 0; i < layers; ++i) {
    switch (random.below(4)) {
      case 0:
        chain.conv2d(random.integer(1, 24), {1, random.integer(1, 3)}, {1, 1}, {1, random.integer(1, 2)});
        break;
      case 1:
        chain.depthwise({random.integer(1, 2), random.integer(1, 3)});
        break;
      case 2:
        chain.residual();
        break;
      default:
        chain.conv2d(random.integer(1, 12), {1, 2}, {1, random.integer(1, 2)});
        if (chain.shape()[2] >= 2) chain.max_pool({1, 2});
    }
  }
  return chain.finish();
}

/// Narrow arrays, so that small layers have several tiles of both kinds.
inline sim::arch::Hardware random_hardware(base::Random& random) {
  sim::arch::Hardware h;
  h.pe_array.ic_lanes = static_cast<int>(random.integer(1, 9));
  h.pe_array.oc_lanes = static_cast<int>(random.integer(2, 9));
  h.pe_array.max_taps = 16;
  h.buffers.partial_sum_depth = static_cast<int>(random.integer(16, 64));
  h.post_processor.latency = static_cast<int>(random.integer(1, 8));
  h.dram.bus_bytes = 1 << random.integer(2, 5);
  h.dram.latency = static_cast<int>(random.integer(0, 40));
  h.dram.outstanding = static_cast<int>(random.integer(1, 8));
  h.control.command_queue_depth = static_cast<int>(random.integer(1, 8));
  return h;
}

}  // namespace dlasim::test
