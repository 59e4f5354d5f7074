#pragma once
/// Requantisation: an accumulator times a real factor, rounded to an integer. The rules differ in the
/// last bit (spec/integer_semantics.md section 1).
///
/// `v` is the accumulator, `m` the multiplier, `s` its shift (positive to the left);
/// real = v * m * 2^(s - 31).

#include <cstdint>
#include <span>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::golden {

/// R(x, n): x / 2^n, halves away from zero; n in [0, 62].
std::int64_t divide_by_power_of_two(std::int64_t x, int n);

/// H(a, b) = (a * b + 2^30) >> 31 of two int32, except H(-2^31, -2^31) = 2^31 - 1 (gemmlowp's
/// SaturatingRoundingDoublingHighMul, arm_nn_doubling_high_mult).
std::int64_t doubling_high_multiply(std::int64_t a, std::int64_t b);

/// The low 32 bits of x as two's complement.
std::int64_t wrap32(std::int64_t x);

/// D: doubling high multiply, then a rounding division: rounds twice. `v * 2^max(s, 0)` wraps to 32 bits,
/// as TensorFlow Lite's MultiplyByQuantizedMultiplier does; inside the contract's range it never wraps.
std::int64_t requantize_double(std::int64_t v, network::Multiplier multiplier);

/// S: one rounding, halves up (CMSIS_NN_USE_SINGLE_ROUNDING).
std::int64_t requantize_single(std::int64_t v, network::Multiplier multiplier);

/// Q: the multiplier is first reduced to 15 bits, then one rounding (arm_nn_requantize_s64).
std::int64_t requantize_int64(std::int64_t v, network::Multiplier multiplier);

/// float32 rule of PyTorch's integer back ends: rint_half_even(float(v) * M), where the mantissa is the
/// bit pattern of the float M and the shift is unused.
std::int64_t requantize_pytorch(std::int64_t v, network::Multiplier multiplier);

/// T of an operator: the rule applied to `v`.
std::int64_t requantize(std::int64_t v, network::Multiplier multiplier, network::RequantRule rule);

/// Throws base::InputError unless the rule is defined for this multiplier: the shift in [-31, 30] (Q:
/// [-31, 14]), the mantissa not -2^31; PyTorch: a finite float.
void check_multiplier(network::Multiplier multiplier, network::RequantRule rule);

/// clamp(T(acc, multiplier[channel]) + zero_point, clamp): how every multiply-accumulate operator ends.
class OutputStage {
 public:
  /// Throws base::InputError unless there is one multiplier or one a channel, each valid for the rule, and
  /// the clamp lies in the range of `dtype`.
  OutputStage(std::vector<network::Multiplier> multiplier, network::RequantRule rule, std::int64_t zero_point,
              network::Clamp clamp, network::DType dtype, std::int64_t channels);

  std::int64_t operator()(std::int64_t accumulator, std::int64_t channel) const;

 private:
  std::vector<network::Multiplier> multiplier_;  ///< one a channel
  network::RequantRule rule_;
  std::int64_t zero_point_;
  network::Clamp clamp_;
};

}  // namespace dlasim::golden
