#pragma once
/// Quantised networks of random integers, built layer by layer: what the benchmarks run.

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::benchmarks {

/// A convolution on a square (or 1 x width) input, padded so that stride 1 keeps the size.
struct ConvolutionShape {
  std::string name;
  std::int64_t height = 1, width = 1, inputs = 1, outputs = 1;
  std::int64_t kernel_height = 1, kernel_width = 1, stride = 1, dilation = 1;
  bool depthwise = false;

  std::int64_t output_height() const { return (height - 1) / stride + 1; }
  std::int64_t output_width() const { return (width - 1) / stride + 1; }
  std::int64_t macs() const {
    return output_height() * output_width() * outputs * kernel_height * kernel_width *
           (depthwise ? 1 : inputs);
  }
};

class NetworkBuilder {
 public:
  /// The network's input: int8, NHWC.
  network::TensorId input(const network::Shape& shape) {
    const auto t = add("input", shape);
    graph_.inputs = {t};
    inputs_ = {random_tensor(shape)};
    return t;
  }

  network::TensorId convolution(network::TensorId x, const ConvolutionShape& s) {
    macs_ += s.macs();
    const network::Shape shape{s.depthwise ? 1 : s.outputs, s.kernel_height, s.kernel_width,
                               s.depthwise ? s.outputs : s.inputs};
    network::QuantizedNode node;
    node.name = s.name;
    node.inputs = {x, constant(s.name + ".weight", shape), network::kNoTensor};
    node.outputs = {add(s.name, {1, s.output_height(), s.output_width(), s.outputs})};
    network::qop::MacParameters mac;
    mac.input_zero_point = 3;
    mac.multiplier.assign(static_cast<std::size_t>(s.outputs), {1 << 30, -8});
    const std::int64_t reach_y = (s.kernel_height - 1) * s.dilation;
    const std::int64_t reach_x = (s.kernel_width - 1) * s.dilation;
    const network::Padding padding{reach_y / 2, reach_x / 2, reach_y - reach_y / 2, reach_x - reach_x / 2};
    const network::Pair stride{s.stride, s.stride}, dilation{s.dilation, s.dilation};
    if (s.depthwise) {
      node.operation = network::qop::DepthwiseConv2d{stride, dilation, padding, 1, mac};
    } else {
      node.operation = network::qop::Conv2d{stride, dilation, padding, 1, mac};
    }
    return push(std::move(node));
  }

  network::TensorId add_residual(network::TensorId a, network::TensorId b) {
    network::qop::Add op;
    op.input1 = op.input2 = {1 << 30, 0};
    op.output = {1 << 30, -19};
    network::QuantizedNode node;
    node.name = "add" + std::to_string(graph_.nodes.size());
    node.inputs = {a, b};
    node.outputs = {add(node.name, graph_.tensor(a).shape)};
    node.operation = op;
    return push(std::move(node));
  }

  network::TensorId average_pool(network::TensorId x) {
    const network::Shape shape = graph_.tensor(x).shape;
    network::QuantizedNode node;
    node.name = "pool";
    node.inputs = {x};
    node.outputs = {add(node.name, {1, 1, 1, shape[3]})};
    network::qop::Pool2d op;
    op.kernel = op.stride = {shape[1], shape[2]};
    node.operation = op;
    return push(std::move(node));
  }

  std::int64_t macs() const { return macs_; }
  const std::vector<network::Tensor>& inputs() const { return inputs_; }
  const network::QuantizedGraph& finish(network::TensorId output) {
    graph_.outputs = {output};
    return graph_;
  }

 private:
  network::Tensor random_tensor(const network::Shape& shape) {
    network::Tensor t(network::DType::kInt8, shape);
    for (std::int8_t& v : t.data<std::int8_t>()) v = static_cast<std::int8_t>(random_() % 256);
    return t;
  }
  network::TensorId add(const std::string& name, const network::Shape& shape) {
    network::QuantizedTensor t;
    t.name = name;
    t.shape = shape;
    return graph_.add_tensor(std::move(t));
  }
  network::TensorId constant(const std::string& name, const network::Shape& shape) {
    const auto t = add(name, shape);
    graph_.tensors[static_cast<std::size_t>(t)].constant = random_tensor(shape);
    return t;
  }
  network::TensorId push(network::QuantizedNode node) {
    const auto output = node.outputs.front();
    graph_.nodes.push_back(std::move(node));
    return output;
  }

  std::mt19937_64 random_{1};
  network::QuantizedGraph graph_;
  std::vector<network::Tensor> inputs_;
  std::int64_t macs_ = 0;
};

/// MobileNet v2 at 224 x 224, width 1.0: 300 million multiplications.
inline const network::QuantizedGraph& mobilenet_v2(NetworkBuilder& b) {
  struct Stage {
    std::int64_t expansion, channels, repeats, stride;
  };
  constexpr std::array<Stage, 7> kStages{{{1, 16, 1, 1},
                                          {6, 24, 2, 2},
                                          {6, 32, 3, 2},
                                          {6, 64, 4, 2},
                                          {6, 96, 3, 1},
                                          {6, 160, 3, 2},
                                          {6, 320, 1, 1}}};
  std::int64_t size = 224, channels = 32;
  auto x = b.convolution(b.input({1, size, size, 3}), {"stem", size, size, 3, channels, 3, 3, 2, 1, false});
  size /= 2;
  int block = 0;
  for (const Stage& stage : kStages) {
    for (std::int64_t i = 0; i < stage.repeats; ++i, ++block) {
      const std::string name = "block" + std::to_string(block);
      const std::int64_t stride = i == 0 ? stage.stride : 1;
      const std::int64_t wide = channels * stage.expansion;
      auto y = stage.expansion == 1
                   ? x
                   : b.convolution(x, {name + ".expand", size, size, channels, wide, 1, 1, 1, 1, false});
      y = b.convolution(y, {name + ".depthwise", size, size, wide, wide, 3, 3, stride, 1, true});
      size = (size - 1) / stride + 1;
      y = b.convolution(y, {name + ".project", size, size, wide, stage.channels, 1, 1, 1, 1, false});
      x = stride == 1 && channels == stage.channels ? b.add_residual(x, y) : y;
      channels = stage.channels;
    }
  }
  x = b.convolution(x, {"head", size, size, channels, 1280, 1, 1, 1, 1, false});
  x = b.convolution(b.average_pool(x), {"classes", 1, 1, 1280, 1000, 1, 1, 1, 1, false});
  return b.finish(x);
}

}  // namespace dlasim::benchmarks
