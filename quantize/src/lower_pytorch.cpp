// What PyTorch's qnnpack engine computes for int8 where it has no multiply-accumulate: sums in 22-bit fixed
// point, averages by a float32 factor, functions by tables. Its uint8 is int8 with the zero point moved by
// 128, which changes none of the formulas.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "lowering.h"

namespace dlasim::quantize {
namespace {

constexpr int kSumBits = 22;

/// A factor with a 31-bit mantissa that is `factor` * 2^-22 to the last bit.
network::Multiplier exact_factor(std::int64_t factor) {
  if (factor == 0) return {0, 0};
  int exponent = 0;
  const double fraction = std::frexp(static_cast<double>(factor), &exponent);
  return {static_cast<std::int32_t>(std::ldexp(fraction, 31)), exponent - kSumBits};
}

}  // namespace

bool Lowering::pytorch_rule(const Node& node) const {
  return options_.rule == network::RequantRule::kPytorch && output(node).dtype == network::DType::kInt8;
}

/// The larger of the inputs' scales over the output's lies between 2^-10, below which the shift has more than
/// the 31 bits of the contract, and 2^8, QNNPACK's own limit.
bool Lowering::pytorch_sums(const Node& node) const {
  if (!pytorch_rule(node)) return false;
  const float y = affine(node, output(node)).scale;
  const float larger =
      std::max(affine(node, input(node, 0)).scale / y, affine(node, input(node, 1)).scale / y);
  return larger >= 0x1p-10F && larger < 0x1p8F;
}

/// QNNPACK's add: with a = s_a / s_y, b = s_b / s_y in float32, e the exponent of the larger and n = 21 - e,
///
///     y = z_y + R(A (q_a - z_a) + B (q_b - z_b), n),   A = rint(a 2^n), B = rint(b 2^n)
///
/// where R divides by 2^n and rounds halves away from zero. In terms of spec/integer_semantics.md: the
/// inputs, shifted left by 22 bits, times A 2^-22 and B 2^-22 are exact; 2^31 - 1 as the output's mantissa
/// makes D's high multiply the identity up to 2^30, so that only its second rounding, which is R, remains.
/// Common factors of two are taken out of A and B to stay below that.
network::QuantizedOperation Lowering::pytorch_sum(const network::op::Binary& op, const Node& node) {
  const Scalar a = affine(node, input(node, 0));
  const Scalar b = affine(node, input(node, 1));
  const Scalar y = affine(node, output(node));
  const float ratio_a = a.scale / y.scale;
  const float ratio_b = b.scale / y.scale;
  const float larger = std::max(ratio_a, ratio_b);
  int shift = kSumBits - 1 - std::ilogb(larger);
  auto factor_a = std::llrint(std::ldexp(ratio_a, shift));
  auto factor_b = std::llrint(std::ldexp(ratio_b, shift));
  for (; shift > 0 && factor_a % 2 == 0 && factor_b % 2 == 0; --shift) {
    factor_a /= 2;
    factor_b /= 2;
  }
  network::qop::Add add;
  add.subtract = op.kind == network::op::Binary::Kind::kSub;
  add.left_shift = kSumBits;
  add.input1_zero_point = a.zero_point;
  add.input2_zero_point = b.zero_point;
  add.output_zero_point = y.zero_point;
  add.input1 = exact_factor(factor_a);
  add.input2 = exact_factor(factor_b);
  add.output = {std::numeric_limits<std::int32_t>::max(), -shift};
  add.rule = network::RequantRule::kDouble;
  add.clamp = clamp(node, op.activation);
  return add;
}

network::Multiplier Lowering::pytorch_average(float scale_in, float scale_out, std::int64_t count) const {
  const float product = scale_out * static_cast<float>(count);
  return {std::bit_cast<std::int32_t>(scale_in / product), 0};
}

/// An average is a depthwise convolution with weights of 1: only there the factor is float32.
network::QuantizedOperation Lowering::pytorch_pool(const network::op::Pool2d& op, const Node& node) {
  const Scalar x = affine(node, input(node, 0));
  const std::int64_t channels = output(node).shape.back();
  network::Tensor ones(network::DType::kInt8, {1, op.kernel[0], op.kernel[1], channels});
  for (std::int64_t i = 0; i < ones.size(); ++i) ones.set_integer(i, 1);
  add_operand(node, "ones", std::move(ones));
  network::qop::MacParameters mac;
  mac.input_zero_point = x.zero_point;
  mac.output_zero_point = x.zero_point;
  mac.multiplier = {pytorch_average(x.scale, x.scale, op.kernel[0] * op.kernel[1])};
  mac.rule = network::RequantRule::kPytorch;
  mac.clamp = clamp(node, op.activation);
  return network::qop::DepthwiseConv2d{op.stride, {1, 1}, op.padding, 1, mac};
}

/// Entry `code & 255` is z_y + rint(f(s_x (code - z_x)) / s_y), in float32 but for f.
network::QuantizedOperation Lowering::pytorch_table(const std::function<double(double)>& function,
                                                    const Node& node) {
  const Scalar x = affine(node, input(node, 0));
  const Scalar y = affine(node, output(node));
  network::Tensor table(network::DType::kInt8, {256});
  const float inverse = 1.0F / y.scale;
  for (std::int64_t code = -128; code < 128; ++code) {
    const float real = static_cast<float>(code - x.zero_point) * x.scale;
    const auto value = static_cast<float>(function(static_cast<double>(real)));
    const double scaled =
        std::nearbyint(static_cast<double>(value * inverse)) + static_cast<double>(y.zero_point);
    table.set_integer(code & 255, static_cast<std::int64_t>(std::clamp(scaled, -128.0, 127.0)));
  }
  add_operand(node, "table", std::move(table));
  return network::qop::Table{};
}

}  // namespace dlasim::quantize
