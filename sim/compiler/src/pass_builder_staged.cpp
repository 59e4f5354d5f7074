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
    const Pass merged = merge_mx_input(node, pass.input, passes);
    pass.input = merged.output;
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

Pass PassBuilder::merge_mx_input(const Node& node, const View& elements, std::vector<Pass>& passes) {
  const auto& info = tensor(node.inputs[0]);
  if (info.mx_scales == network::kNoTensor) {
    throw base::InputError(fmt::format("{} '{}': MX tensor '{}' has no scales", network::name(node.operation),
                                       node.name, info.name));
  }
  const int ic_lanes = hardware_.pe_array.ic_lanes;
  const int oc_lanes = hardware_.pe_array.oc_lanes;
  const std::int64_t block = node.staged->input.mx_block;
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
  passes.push_back(std::move(spread));
  passes.push_back(sum);
  return sum;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::StagedBinary& /*op*/) {
  BinaryPass binary = binary_geometry(node, pass_through());
  stage_elementwise(graph_, hardware_, node, binary.value != node.inputs[0], binary.pass);
  return {std::move(binary.pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::StagedConvert& /*op*/) {
  Pass pass = channelwise(node);
  stage_elementwise(graph_, hardware_, node, false, pass);
  return {std::move(pass)};
}

}  // namespace dlasim::sim::compiler
