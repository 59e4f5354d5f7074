/// Passes of staged nodes: truncation units, and MX scales joined to their elements.
#include <fmt/format.h>

#include <vector>

#include "base/error.h"
#include "pass_builder.h"
#include "pass_parts.h"
#include "staged_pass.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;

std::vector<Pass> PassBuilder::stage(const Node& node, Pass pass) {
  std::vector<Pass> passes;
  stage_reduction(graph_, hardware_, node, pass);
  if (pass.staged->scaled_input != 0) {
    pass.input = merge_mx(node, node.inputs[0], node.staged->input.mx_block, pass.input, passes);
  }
  // Padding is +0 and no zero point; the bias is the code as it is.
  std::vector<std::int64_t> biases;
  for (std::int64_t o = 0; o < pass.output.channels(); ++o) biases.push_back(bias_of(node, 2, o));
  const bool affine = pass.staged->affine != 0;
  pass.parameters = [biases = std::move(biases), affine, folded = pass.parameters](std::int64_t oc) {
    arch::ChannelParameters p;
    if (affine) p = folded(oc);
    p.bias = biases[static_cast<std::size_t>(oc)];
    return p;
  };
  passes.push_back(std::move(pass));
  return passes;
}

const network::Tensor& PassBuilder::weights_of(const Node& node) {
  const network::Tensor& codes = constant(node, 1);
  const auto& info = tensor(node.inputs[1]);
  if (!node.staged || node.staged->weight.mx_block == 0) return codes;
  if (info.mx_scales == network::kNoTensor || !tensor(info.mx_scales).constant) {
    throw base::UnsupportedError(fmt::format("{} '{}': the scales of '{}' must be a constant",
                                             network::name(node.operation), node.name, info.name));
  }
  const network::Tensor& scales = *tensor(info.mx_scales).constant;
  const std::int64_t channels = codes.shape().back();
  const std::int64_t block = node.staged->weight.mx_block;
  const std::int64_t blocks = scales.shape().back();
  network::Tensor& merged = merged_weights_.emplace_back(network::DType::kInt16, codes.shape());
  for (std::int64_t i = 0; i < codes.size(); ++i) {
    const std::int64_t scale = scales.integer(i / channels * blocks + i % channels / block);
    merged.set_integer(i, scaled_code(codes.integer(i), scale));
  }
  return merged;
}

View PassBuilder::merge_mx(const Node& node, network::TensorId t, std::int64_t block, const View& elements,
                           std::vector<Pass>& passes) {
  const auto& info = tensor(t);
  if (info.mx_scales == network::kNoTensor) {
    throw base::InputError(fmt::format("{} '{}': MX tensor '{}' has no scales", network::name(node.operation),
                                       node.name, info.name));
  }
  const int ic_lanes = hardware_.pe_array.ic_lanes;
  const int oc_lanes = hardware_.pe_array.oc_lanes;
  const auto lanes_view = [&] {
    const std::int64_t count = elements.size[0] * elements.size[1] * elements.size[2] * elements.size[3];
    return dense_view(image_.reserve(static_cast<std::uint64_t>(count * 2)), network::DType::kInt16,
                      {elements.size.begin(), elements.size.end()});
  };
  // Each block's scale next to each of its channels, in the upper byte.
  Pass spread;
  spread.name = node.name;
  spread.input = dense_view(
      address(info.mx_scales), network::DType::kUInt8,
      {elements.size[0], elements.size[1], elements.size[2], (elements.size[3] + block - 1) / block});
  spread.output = lanes_view();
  spread.settings.post = pass_through();
  spread.oc_tiles = dense_tiles(spread.input.channels(), elements.channels(), 1, true);
  spread.weights = ConstantWeights{[block](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) {
    return oc / block == ic ? 256 : 0;
  }};
  spread.parameters = bias_only(0);
  // Their sum with the element codes.
  Pass sum;
  sum.name = node.name;
  sum.input = elements;
  sum.output = lanes_view();
  sum.operand = spread.output;
  sum.settings.post = pass_through();
  arch::PostSettings& post = sum.settings.post;
  const arch::Scale one{1 << 30, 1};
  post.combine = arch::Combine::kAdd;
  post.first = post.second = post.combined = one;
  post.combine_min = kNoClampMin;
  post.combine_max = kNoClampMax;
  sum.oc_tiles = channelwise_tiles(elements.channels(), ic_lanes, oc_lanes);
  sum.weights = identity();
  sum.parameters = bias_only(0);
  const View lanes = sum.output;
  passes.push_back(std::move(spread));
  passes.push_back(std::move(sum));
  return lanes;
}

View PassBuilder::staged_operand(const Node& node, network::TensorId t, std::vector<Pass>& passes) {
  const auto& format = tensor(t).format;
  if (!format || format->mx_block == 0) return view(t);
  return merge_mx(node, t, format->mx_block, view(t), passes);
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::StagedBinary& /*op*/) {
  std::vector<Pass> passes;
  const View value = staged_operand(node, node.inputs[0], passes);
  const View operand = staged_operand(node, node.inputs[1], passes);
  BinaryPass binary = binary_geometry(node, pass_through(), value, operand);
  stage_elementwise(graph_, hardware_, node, binary.swapped, binary.pass);
  passes.push_back(std::move(binary.pass));
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::StagedConvert& /*op*/) {
  const auto& format = tensor(node.outputs[0]).format;
  if (format && format->mx_block != 0) return convert_to_mx(node, format->mx_block);
  std::vector<Pass> passes;
  Pass pass = channelwise(node);
  pass.input = staged_operand(node, node.inputs[0], passes);
  stage_elementwise(graph_, hardware_, node, false, pass);
  passes.push_back(std::move(pass));
  return passes;
}

std::vector<Pass> PassBuilder::convert_to_mx(const Node& node, std::int64_t block) {
  std::vector<Pass> passes;
  const View source = staged_operand(node, node.inputs[0], passes);
  const auto in_block = [block](std::int64_t channel, std::int64_t index) {
    return channel / block == index ? 1 : 0;
  };
  Pass scales;
  scales.input = source;
  scales.output = mx_scales_view(node, block);
  scales.settings.post = pass_through();
  scales.oc_tiles = dense_tiles(source.channels(), scales.output.channels(), 1, true);
  scales.weights = ConstantWeights{
      [in_block](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) { return in_block(ic, oc); }};
  scales.parameters = bias_only(0);
  stage_mx_scales(graph_, hardware_, node, scales);
  Pass elements;
  elements.input = scales.output;
  elements.output = view(node.outputs[0]);
  elements.operand = source;
  elements.settings.post = pass_through();
  elements.oc_tiles = dense_tiles(scales.output.channels(), source.channels(), 1, true);
  elements.weights = ConstantWeights{
      [in_block](std::int64_t oc, std::int64_t, std::int64_t, std::int64_t ic) { return in_block(oc, ic); }};
  elements.parameters = bias_only(0);
  stage_mx_elements(graph_, hardware_, node, elements);
  passes.push_back(std::move(scales));
  passes.push_back(std::move(elements));
  return passes;
}

View PassBuilder::mx_scales_view(const Node& node, std::int64_t block) const {
  const auto& elements = tensor(node.outputs[0]);
  network::Shape expected = elements.shape.empty() ? network::Shape{1} : elements.shape;
  expected.back() = (expected.back() + block - 1) / block;
  if (node.outputs.size() < 2) {
    throw base::InputError(fmt::format("{} '{}': MX output '{}' needs a second output for its scales",
                                       network::name(node.operation), node.name, elements.name));
  }
  const auto& scales = tensor(node.outputs[1]);
  if (scales.dtype != network::DType::kUInt8 ||
      network::element_count(scales.shape) != network::element_count(expected)) {
    throw base::InputError(fmt::format("{} '{}': the scales '{}' are {} {}, not uint8 {}",
                                       network::name(node.operation), node.name, scales.name,
                                       network::name(scales.dtype), network::to_string(scales.shape),
                                       network::to_string(expected)));
  }
  return dense_view(address(node.outputs[1]), scales.dtype, expected);
}

}  // namespace dlasim::sim::compiler
