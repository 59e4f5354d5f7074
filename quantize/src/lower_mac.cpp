// Multiply-accumulate operators: spec/tflite_semantics.md sections 2 and 3.

#include <algorithm>
#include <string>

#include "lowering.h"
#include "quantize/multiplier.h"

namespace dlasim::quantize {

using network::DType;
using network::RequantRule;

/// The bias' type selects the accumulator of int16 activations: int32, or else 64 bits.
RequantRule Lowering::mac_rule(const Node& node) const {
  const DType activations = input(node, 0).dtype;
  const bool has_bias = has_input(node, 2);
  const DType bias = has_bias ? input(node, 2).dtype : DType::kInt64;
  if (activations == DType::kInt8) {
    if (has_bias && bias != DType::kInt32)
      refuse(node, "int8 activations need an int32 bias, found " + std::string(name(bias)));
    return options_.rule;
  }
  if (bias == DType::kInt64) return RequantRule::kInt64;
  if (bias != DType::kInt32)
    refuse(node, "a bias of " + std::string(name(bias)) + "; int32 and int64 are allowed");
  const bool both_kinds = std::holds_alternative<network::op::Conv2d>(node.operation) ||
                          std::holds_alternative<network::op::FullyConnected>(node.operation);
  if (!both_kinds) refuse(node, "int16 activations need an int64 bias here, found int32");
  return options_.rule;
}

std::vector<network::Multiplier> Lowering::mac_multipliers(const Node& node, ScaleRule rule) const {
  const float in = affine(node, input(node, 0)).scale;
  const float out = affine(node, output(node)).scale;
  const Tensor& weight = input(node, 1);
  if (!weight.affine) wrong(node, "weight '" + weight.name + "' has no scale");
  const std::vector<float>& scales = weight.affine->scale;
  std::vector<network::Multiplier> multipliers;
  for (const float w : scales) {
    if (mac_rule(node) == RequantRule::kPytorch) {
      multipliers.push_back(pytorch_multiplier(in, w, out));
    } else if (rule == ScaleRule::kFullyConnected && scales.size() == 1) {
      multipliers.push_back(factor(fully_connected_factor(in, w, out)));
    } else {
      multipliers.push_back(factor(conv_factor(in, w, out)));
    }
  }
  if (mac_rule(node) == RequantRule::kInt64) {
    for (const auto& m : multipliers) {
      if (m.shift > 7)
        wrong(node, "a factor of " + std::to_string(real_value(m)) +
                        " is too large for 64-bit accumulators; below 128 is allowed");
    }
  }
  return multipliers;
}

network::qop::MacParameters Lowering::mac(const Node& node, ScaleRule rule,
                                          network::FusedActivation activation) {
  const Tensor& weight = input(node, 1);
  require_activations(node, {&input(node, 0), &output(node)});
  if (weight.dtype != DType::kInt8 && weight.dtype != DType::kInt4) {
    refuse(node, "weight '" + weight.name + "' is " + std::string(name(weight.dtype)) +
                     "; int8 and int4 are allowed");
  }
  network::qop::MacParameters mac;
  mac.multiplier = mac_multipliers(node, rule);
  mac.rule = mac_rule(node);
  mac.input_zero_point = affine(node, input(node, 0)).zero_point;
  mac.output_zero_point = affine(node, output(node)).zero_point;
  mac.clamp = clamp(node, activation);
  const auto& zero_points = weight.affine->zero_point;
  const bool one = std::all_of(zero_points.begin(), zero_points.end(),
                               [&](std::int64_t z) { return z == zero_points.front(); });
  if (!zero_points.empty() && one && input(node, 0).dtype == DType::kInt8) {
    mac.weight_zero_point = zero_points[0];
  } else if (std::any_of(zero_points.begin(), zero_points.end(), [](std::int64_t z) { return z != 0; })) {
    refuse(node, "weight '" + weight.name + "' has a zero point other than 0");
  }
  return mac;
}

namespace {

/// A scale a channel must lie on the axis of output channels.
bool on_axis(const network::TensorInfo& weight, int axis) {
  return weight.affine && (weight.affine->scale.size() == 1 || weight.affine->axis == axis);
}

}  // namespace

network::QuantizedOperation Lowering::convert(const network::op::Conv2d& op, const Node& node) {
  if (!on_axis(input(node, 1), 0)) wrong(node, "the weight's scales are not along axis 0");
  return network::qop::Conv2d{op.stride, op.dilation, op.padding, op.groups,
                              mac(node, ScaleRule::kConvolution, op.activation)};
}

network::QuantizedOperation Lowering::convert(const network::op::DepthwiseConv2d& op, const Node& node) {
  if (!on_axis(input(node, 1), 3)) wrong(node, "the weight's scales are not along axis 3");
  return network::qop::DepthwiseConv2d{op.stride, op.dilation, op.padding, op.channel_multiplier,
                                       mac(node, ScaleRule::kConvolution, op.activation)};
}

network::QuantizedOperation Lowering::convert(const network::op::TransposeConv2d& op, const Node& node) {
  if (!on_axis(input(node, 1), 0)) wrong(node, "the weight's scales are not along axis 0");
  return network::qop::TransposeConv2d{
      op.stride, {1, 1}, op.padding, mac(node, ScaleRule::kConvolution, op.activation)};
}

network::QuantizedOperation Lowering::convert(const network::op::FullyConnected& op, const Node& node) {
  if (!on_axis(input(node, 1), 0)) wrong(node, "the weight's scales are not along axis 0");
  return network::qop::FullyConnected{mac(node, ScaleRule::kFullyConnected, op.activation)};
}

network::QuantizedOperation Lowering::convert(const network::op::BatchMatmul& op, const Node& node) {
  const Tensor& a = input(node, 0);
  const Tensor& b = input(node, 1);
  require_activations(node, {&a, &b, &output(node)});
  network::qop::BatchMatmul result{op.adj_x, op.adj_y, {}};
  const float out = affine(node, output(node)).scale;
  result.mac.rule = a.dtype == DType::kInt16 ? RequantRule::kInt64 : options_.rule;
  result.mac.input_zero_point = affine(node, a).zero_point;
  result.mac.weight_zero_point = affine(node, b).zero_point;
  result.mac.output_zero_point = affine(node, output(node)).zero_point;
  result.mac.clamp = clamp(node, network::FusedActivation::kNone);
  if (result.mac.rule == RequantRule::kPytorch) {
    result.mac.multiplier = {pytorch_multiplier(affine(node, a).scale, affine(node, b).scale, out)};
  } else {
    result.mac.multiplier = {
        factor(fully_connected_factor(affine(node, a).scale, affine(node, b).scale, out))};
  }
  return result;
}

}  // namespace dlasim::quantize
