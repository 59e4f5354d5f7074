/// Passes of convolutions and fully connected layers: trained weights that are constants.
#include <algorithm>
#include <utility>

#include "output_weights.h"
#include "pass_builder.h"
#include "pass_parts.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;

namespace {

/// Folded as the hardware does: the array multiplies raw codes, padding is the zero point, and the bias
/// takes back what the zero point adds.
std::function<arch::ChannelParameters(std::int64_t)> folded_parameters(std::vector<std::int64_t> biases,
                                                                       WeightSums sums,
                                                                       qop::MacParameters mac) {
  return [biases = std::move(biases), sums = std::move(sums), mac = std::move(mac)](std::int64_t oc) {
    const auto o = static_cast<std::size_t>(oc);
    const network::Multiplier& m = entry(mac.multiplier, oc);
    return arch::ChannelParameters{biases[o] - mac.input_zero_point * sums.sum[o], m.mantissa, m.shift};
  };
}

/// Kernel, stride and dilation of a direct convolution.
template <class Convolution>
void set_window(const Convolution& op, const network::Shape& weight, Pass& pass) {
  pass.kernel_height = weight[1];
  pass.kernel_width = weight[2];
  pass.settings.stride_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.stride_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.dilation_y = static_cast<std::uint32_t>(op.dilation[0]);
  pass.settings.dilation_x = static_cast<std::uint32_t>(op.dilation[1]);
}

/// The same as a direct convolution of the input with zeros between its elements, kernel turned by 180
/// degrees.
void set_window(const qop::TransposeConv2d& op, const network::Shape& weight, Pass& pass) {
  pass.kernel_height = weight[1];
  pass.kernel_width = weight[2];
  pass.settings.upsample_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.upsample_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.dilation_y = static_cast<std::uint32_t>(op.dilation[0]);
  pass.settings.dilation_x = static_cast<std::uint32_t>(op.dilation[1]);
  pass.pad_top = (weight[1] - 1) * op.dilation[0] - op.padding.top;
  pass.pad_left = (weight[2] - 1) * op.dilation[1] - op.padding.left;
}

}  // namespace

Pass PassBuilder::convolution(const Node& node, const network::Padding& padding,
                              const qop::MacParameters& mac) const {
  Pass pass;
  pass.input = view(node.inputs[0]);
  pass.output = view(node.outputs[0]);
  pass.pad_top = padding.top;
  pass.pad_left = padding.left;
  pass.settings.pad_value = i32(mac.input_zero_point);
  pass.settings.post.requant = requant_of(mac.rule);
  pass.settings.post.output_zero_point = i32(mac.output_zero_point);
  pass.settings.post.clamp_min = mac.clamp.min;
  pass.settings.post.clamp_max = mac.clamp.max;
  return pass;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Conv2d& op) {
  const network::Tensor& codes = weights_of(node);
  const network::Shape shape = codes.shape();  // O, KH, KW, I/groups
  const OutputWeights weights = output_first(codes, op.mac.weight_zero_point);
  const std::int64_t inputs = shape[3];
  const std::int64_t outputs_of_group = shape[0] / op.groups;
  Pass pass = convolution(node, op.padding, op.mac);
  set_window(op, shape, pass);
  pass.oc_tiles = dense_tiles(inputs * op.groups, shape[0], op.groups, !node.staged);
  pass.weights = ConstantWeights{[weights, shape, inputs, outputs_of_group](
                                     std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic) {
    if (ic / inputs != oc / outputs_of_group) return 0;  // another group's channel in a shared tile
    return i32(weights.at(oc, (ky * shape[2] + kx) * inputs + ic % inputs));
  }};
  return finish(node, op.mac, weights, std::move(pass));
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::DepthwiseConv2d& op) {
  const network::Tensor& codes = weights_of(node);
  const network::Shape shape = codes.shape();  // 1, KH, KW, O
  const OutputWeights weights = output_last(codes, op.mac.weight_zero_point);
  const std::int64_t multiplier = op.channel_multiplier;
  const std::int64_t groups = shape[3] / multiplier;
  Pass pass = convolution(node, op.padding, op.mac);
  set_window(op, shape, pass);
  pass.oc_tiles = dense_tiles(groups, shape[3], groups, !node.staged);
  pass.weights = ConstantWeights{
      [weights, shape, multiplier](std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic) {
        if (oc / multiplier != ic) return 0;  // another output's channel in a shared tile
        return i32(weights.at(oc, ky * shape[2] + kx));
      }};
  return finish(node, op.mac, weights, std::move(pass));
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::TransposeConv2d& op) {
  const network::Tensor& codes = weights_of(node);
  const network::Shape shape = codes.shape();  // O, KH, KW, I
  const OutputWeights weights = output_first(codes, op.mac.weight_zero_point);
  Pass pass = convolution(node, op.padding, op.mac);
  set_window(op, shape, pass);
  pass.oc_tiles = dense_tiles(shape[3], shape[0], 1, true);
  pass.weights =
      ConstantWeights{[weights, shape](std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic) {
        const std::int64_t y = shape[1] - 1 - ky;
        const std::int64_t x = shape[2] - 1 - kx;
        return i32(weights.at(oc, (y * shape[2] + x) * shape[3] + ic));
      }};
  return finish(node, op.mac, weights, std::move(pass));
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::FullyConnected& op) {
  const network::Tensor& codes = weights_of(node);
  const OutputWeights weights = output_first(codes, op.mac.weight_zero_point);
  const std::int64_t outputs = codes.shape()[0];
  const std::int64_t inputs = codes.shape()[1];
  const std::int64_t rows =
      network::element_count(tensor(node.inputs[0]).shape) / std::max<std::int64_t>(inputs, 1);
  Pass pass = convolution(node, {}, op.mac);
  pass.input = dense_view(address(node.inputs[0]), tensor(node.inputs[0]).dtype, {1, 1, rows, inputs});
  pass.output = dense_view(address(node.outputs[0]), tensor(node.outputs[0]).dtype, {1, 1, rows, outputs});
  pass.oc_tiles = dense_tiles(inputs, outputs, 1, true);
  pass.weights = ConstantWeights{[weights](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) {
    return i32(weights.at(oc, ic));
  }};
  return finish(node, op.mac, weights, std::move(pass));
}

std::vector<Pass> PassBuilder::finish(const Node& node, const qop::MacParameters& mac,
                                      const OutputWeights& weights, Pass pass) {
  WeightSums sums = sum_weights(weights);
  pass.settings.wide_accumulator = needs_wide(sums, largest_magnitude(node.inputs[0]));
  std::vector<std::int64_t> biases(static_cast<std::size_t>(weights.outputs));
  for (std::int64_t o = 0; o < weights.outputs; ++o)
    biases[static_cast<std::size_t>(o)] = bias_of(node, 2, o);
  pass.parameters = folded_parameters(std::move(biases), std::move(sums), mac);
  if (node.staged) return stage(node, std::move(pass));
  return {std::move(pass)};
}

}  // namespace dlasim::sim::compiler
