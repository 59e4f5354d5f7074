#pragma once
/// Element-wise units of the integer post-processor: addition, multiplication, leaky ReLU, the divider of
/// average pooling. integer_semantics.md sections 3 and 4, tflite_semantics.md sections 4 and 6.

#include <cstdint>

#include "fixed_point/requantize.h"

namespace dlasim::fixed_point {

/// Sum or difference of two tensors of different scales: three requantisations. `rule` is kDouble or kSingle.
struct ElementwiseAdd {
  RequantizeRule rule = RequantizeRule::kDouble;
  bool subtract = false;
  std::int32_t zero_point1 = 0, zero_point2 = 0;
  int left_shift = 20;  ///< headroom of the common scale: 20 for int8, 15 for int16
  Multiplier input1, input2, output;
  OutputStage stage;

  std::int32_t operator()(std::int32_t x1, std::int32_t x2) const noexcept {
    const std::int32_t a = to_common_scale(x1, zero_point1, input1);
    const std::int32_t b = to_common_scale(x2, zero_point2, input2);
    return stage(requantize(rule, subtract ? std::int64_t{a} - b : std::int64_t{a} + b, output));
  }

 private:
  std::int32_t to_common_scale(std::int32_t x, std::int32_t zero_point, Multiplier m) const noexcept {
    return requantize(rule, (std::int64_t{x} - zero_point) * (std::int64_t{1} << left_shift), m);
  }
};

/// Product of two tensors: one requantisation. `rule` is kDouble or kSingle.
struct ElementwiseMul {
  RequantizeRule rule = RequantizeRule::kDouble;
  std::int32_t zero_point1 = 0, zero_point2 = 0;
  Multiplier output;
  OutputStage stage;

  std::int32_t operator()(std::int32_t x1, std::int32_t x2) const noexcept {
    const std::int64_t product = (std::int64_t{x1} - zero_point1) * (std::int64_t{x2} - zero_point2);
    return stage(requantize(rule, product, output));
  }
};

/// Two slopes, chosen by the sign of x - input_zero_point. A negative slope is a negative mantissa of
/// `alpha`; its result is negated after the rounding. Not so with kPytorch: its mantissa is a float's bits.
struct LeakyRelu {
  RequantizeRule rule = RequantizeRule::kDouble;
  std::int32_t input_zero_point = 0;
  Multiplier identity, alpha;
  OutputStage stage;

  std::int32_t operator()(std::int32_t x) const noexcept {
    const std::int32_t v = x - input_zero_point;
    if (v >= 0) return stage(requantize(rule, v, identity));
    if (alpha.mantissa >= 0 || rule == RequantizeRule::kPytorch) return stage(requantize(rule, v, alpha));
    return stage(-requantize(rule, v, {-alpha.mantissa, alpha.shift}));
  }
};

/// The mean of `count` (1 or more) values, halves away from zero where count is even.
constexpr std::int64_t average_divide(std::int64_t sum, std::int64_t count) noexcept {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

}  // namespace dlasim::fixed_point
