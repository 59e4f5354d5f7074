/// Passes of pooling and reductions: a window without trained weights.
#include <algorithm>
#include <limits>

#include "pass_builder.h"
#include "pass_parts.h"
#include "support_limits.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Pool2d& op) {
  Pass pass = channelwise(node);
  const bool average = op.kind == network::op::Pool2d::Kind::kAverage;
  pass.kernel_height = op.kernel[0];
  pass.kernel_width = op.kernel[1];
  pass.pad_top = op.padding.top;
  pass.pad_left = op.padding.left;
  pass.settings.stride_y = static_cast<std::uint32_t>(op.stride[0]);
  pass.settings.stride_x = static_cast<std::uint32_t>(op.stride[1]);
  pass.settings.mode = average ? arch::PeMode::kMultiplyAccumulate : arch::PeMode::kMaximum;
  if (average) {
    pass.settings.post.requant = arch::Requant::kAverage;
    pass.settings.wide_accumulator = op.kernel[0] * op.kernel[1] > std::numeric_limits<std::int32_t>::max() /
                                                                       largest_magnitude(node.inputs[0]);
  }
  pass.settings.post.clamp_min = op.clamp.min;
  pass.settings.post.clamp_max = op.clamp.max;
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Reduce& op) {
  const network::Shape& shape = tensor(node.inputs[0]).shape;
  // Reduced axes are the kernel, kept ones images and channels.
  const ReducedAxes axes =
      reduced_axes(shape, op.axes, network::bytes_per_element(tensor(node.inputs[0]).dtype));
  std::vector<ReducedAxes::Axis> kernel = axes.window;
  kernel.insert(kernel.begin(), 2 - kernel.size(), {1, 0});
  const ReducedAxes::Axis images = axes.kept.empty() ? ReducedAxes::Axis{1, 0} : axes.kept.front();
  const bool over_channels = axes.over_channels;
  std::int64_t count = kernel[0].size * kernel[1].size * (over_channels ? shape.back() : 1);

  Pass pass;
  pass.input.address = address(node.inputs[0]);
  pass.input.element = element_of(tensor(node.inputs[0]).dtype);
  pass.input.size = {images.size, kernel[0].size, kernel[1].size, shape.back()};
  pass.input.stride = {images.stride, kernel[0].stride, kernel[1].stride};
  const std::int64_t channels = over_channels ? 1 : shape.back();
  pass.output =
      dense_view(address(node.outputs[0]), tensor(node.outputs[0]).dtype, {images.size, 1, 1, channels});
  pass.kernel_height = kernel[0].size;
  pass.kernel_width = kernel[1].size;
  if (over_channels) {
    pass.oc_tiles = dense_tiles(shape.back(), 1, 1, true);
    pass.weights = ConstantWeights{[](std::int64_t, std::int64_t, std::int64_t, std::int64_t) { return 1; }};
  } else {
    pass.oc_tiles = channelwise_tiles(channels, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
    pass.weights = identity();
  }
  pass.settings.wide_accumulator =
      count > std::numeric_limits<std::int32_t>::max() / largest_magnitude(node.inputs[0]);
  arch::PostSettings& post = pass.settings.post;
  post.requant = requant_of(op.rule);
  post.output_zero_point = i32(op.output_zero_point);
  post.clamp_min = op.clamp.min;
  post.clamp_max = op.clamp.max;
  const arch::ChannelParameters parameters{-op.input_zero_point * count, op.multiplier.mantissa,
                                           op.multiplier.shift};
  pass.parameters = [parameters](std::int64_t) { return parameters; };
  return {std::move(pass)};
}

}  // namespace dlasim::sim::compiler
