/// Passes of one or two values an element: identity weights, the post-processor works.
#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "fixed_point/activation_table.h"
#include "pass_builder.h"
#include "pass_parts.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;

Pass PassBuilder::channelwise(const Node& node) const {
  Pass pass;
  pass.input = view(node.inputs[0]);
  pass.output = view(node.outputs[0]);
  pass.settings.post = pass_through();
  pass.oc_tiles =
      channelwise_tiles(pass.input.channels(), hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
  pass.weights = identity();
  pass.parameters = bias_only(0);
  return pass;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Requantize& op) {
  Pass pass = channelwise(node);
  arch::PostSettings& post = pass.settings.post;
  post.requant = requant_of(op.rule);
  post.output_zero_point = i32(op.output_zero_point);
  post.clamp_min = op.clamp.min;
  post.clamp_max = op.clamp.max;
  pass.parameters = [op](std::int64_t oc) {
    const network::Multiplier& m = entry(op.multiplier, oc);
    return arch::ChannelParameters{-op.input_zero_point, m.mantissa, m.shift};
  };
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::ClampOnly& op) {
  Pass pass = channelwise(node);
  pass.settings.post.clamp_min = op.clamp.min;
  pass.settings.post.clamp_max = op.clamp.max;
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::LeakyRelu& op) {
  Pass pass = channelwise(node);
  arch::PostSettings& post = pass.settings.post;
  post.requant = requant_of(op.rule);
  post.output_zero_point = i32(op.output_zero_point);
  post.clamp_min = op.clamp.min;
  post.clamp_max = op.clamp.max;
  post.negative_enable = 1;
  post.negative = scale_of(op.alpha);
  pass.parameters = [op](std::int64_t) {
    return arch::ChannelParameters{-op.input_zero_point, op.identity.mantissa, op.identity.shift};
  };
  return {std::move(pass)};
}

std::vector<Pass> PassBuilder::build_table(const Node& node) {
  Pass pass = channelwise(node);
  apply_table(node, pass.settings.post.lower, pass.tables[0], 0);
  return {std::move(pass)};
}

void PassBuilder::apply_table(const Node& node, arch::TableStage& stage, std::vector<std::int32_t>& table,
                              std::uint32_t bank) const {
  if (const auto* op = std::get_if<qop::TableInt8>(&node.operation)) {
    const auto curve = op->sigmoid ? fixed_point::Curve::kSigmoid : fixed_point::Curve::kTanh;
    const auto entries = fixed_point::int8_table(
        curve,
        {{op->input.mantissa, op->input.shift}, i32(op->input_range_radius), i32(op->input_zero_point)});
    table.assign(entries.begin(), entries.end());
  } else if (std::holds_alternative<qop::Table>(node.operation)) {
    const network::Tensor& entries = constant(node, 1);
    for (std::int64_t i = 0; i < entries.size(); ++i) table.push_back(i32(entries.integer(i)));
  } else if (const auto* cmsis = std::get_if<qop::ActivationS16>(&node.operation)) {
    stage.kind = cmsis->sigmoid ? arch::Table::kSigmoid16 : arch::Table::kTanh16;
    stage.shift = cmsis->input_shift;
    return;
  } else if (const auto* tflite = std::get_if<qop::ActivationS16Tflite>(&node.operation)) {
    stage.kind = tflite->sigmoid ? arch::Table::kSigmoid16Tflite : arch::Table::kTanh16Tflite;
    stage.multiplier = tflite->input_multiplier;
    stage.shift = tflite->input_right_shift;
    return;
  } else {
    throw base::UnsupportedError(
        fmt::format("{} '{}' does not run on the accelerator", network::name(node.operation), node.name));
  }
  const auto entries = static_cast<std::int64_t>(table.size());
  stage.kind = arch::Table::kLookup;
  stage.bank = bank;
  stage.index_mask = static_cast<std::uint32_t>(entries - 1);
}

void PassBuilder::apply_combine(const Node& node, network::TensorId value, arch::PostSettings& post) const {
  // `first` is the value that comes through the pipeline, `second` the operand.
  const bool value_is_first = node.inputs[0] == value;
  if (const auto* op = std::get_if<qop::Add>(&node.operation)) {
    post.combine = !op->subtract    ? arch::Combine::kAdd
                   : value_is_first ? arch::Combine::kSubtract
                                    : arch::Combine::kSubtractFrom;
    post.combine_rule = requant_of(op->rule);
    post.left_shift = op->left_shift;
    post.first_zero_point = i32(value_is_first ? op->input1_zero_point : op->input2_zero_point);
    post.second_zero_point = i32(value_is_first ? op->input2_zero_point : op->input1_zero_point);
    post.first = scale_of(value_is_first ? op->input1 : op->input2);
    post.second = scale_of(value_is_first ? op->input2 : op->input1);
    post.combined = scale_of(op->output);
    post.combine_zero_point = i32(op->output_zero_point);
    post.combine_min = op->clamp.min;
    post.combine_max = op->clamp.max;
  } else if (const auto* mul = std::get_if<qop::Mul>(&node.operation)) {
    post.combine = arch::Combine::kMultiply;
    post.combine_rule = requant_of(mul->rule);
    post.first_zero_point = i32(value_is_first ? mul->input1_zero_point : mul->input2_zero_point);
    post.second_zero_point = i32(value_is_first ? mul->input2_zero_point : mul->input1_zero_point);
    post.combined = scale_of(mul->output);
    post.combine_zero_point = i32(mul->output_zero_point);
    post.combine_min = mul->clamp.min;
    post.combine_max = mul->clamp.max;
  } else {
    post.combine =
        std::get<qop::MinMax>(node.operation).maximum ? arch::Combine::kMaximum : arch::Combine::kMinimum;
    post.combine_min = kNoClampMin;
    post.combine_max = kNoClampMax;
  }
}

std::vector<Pass> PassBuilder::binary(const Node& node, const arch::PostSettings& post) {
  BinaryPass binary = binary_geometry(node, post, view(node.inputs[0]), view(node.inputs[1]));
  apply_combine(node, node.inputs[binary.swapped ? 1 : 0], binary.pass.settings.post);
  return {std::move(binary.pass)};
}

PassBuilder::BinaryPass PassBuilder::binary_geometry(const Node& node, const arch::PostSettings& post,
                                                     View value, View operand) const {
  const View out = view(node.outputs[0]);
  // The operand comes in as the output's tile; only the array can spread one channel over many.
  const bool swapped = operand.channels() != out.channels();
  if (swapped) std::swap(value, operand);
  Pass pass;
  pass.output = out;
  pass.input = broadcast(value, out.size);
  pass.operand = broadcast(operand, out.size);
  pass.settings.post = post;
  if (value.channels() == out.channels()) {
    pass.oc_tiles =
        channelwise_tiles(out.channels(), hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
    pass.weights = identity();
  } else {
    pass.oc_tiles = dense_tiles(1, out.channels(), 1, true);
    pass.weights = ConstantWeights{[](std::int64_t, std::int64_t, std::int64_t, std::int64_t) { return 1; }};
  }
  pass.parameters = bias_only(0);
  return {std::move(pass), swapped};
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Add&) {
  return binary(node, pass_through());
}
std::vector<Pass> PassBuilder::build(const Node& node, const qop::Mul&) {
  return binary(node, pass_through());
}
std::vector<Pass> PassBuilder::build(const Node& node, const qop::MinMax&) {
  return binary(node, pass_through());
}

}  // namespace dlasim::sim::compiler
