#pragma once
/// tanh and sigmoid of the integer post-processor: 256-entry tables for int8, an interpolating unit for
/// int16. tflite_semantics.md section 7, integer_semantics.md section 5.

#include <array>
#include <cstdint>

#include "fixed_point/requantize.h"

namespace dlasim::fixed_point {

enum class Curve : std::uint8_t { kTanh, kSigmoid };

/// What an int8 table is computed from: 7.2's m and s, the radius R beyond which the curve is flat, zp_in.
struct Int8CurveParameters {
  Multiplier input;
  std::int64_t input_range_radius = 0;
  std::int32_t input_zero_point = 0;
};

/// int8 outputs by the code's unsigned bits: table[x & 0xff]. tanh has output scale 1/128 and zero point 0,
/// sigmoid 1/256 and -128.
using Int8Table = std::array<std::int8_t, 256>;
Int8Table int8_table(Curve curve, const Int8CurveParameters& parameters) noexcept;

/// The int16 unit: scale the input to steps of 1/24, look up, interpolate linearly, fold the sign. Output in
/// Q0.15.
class Int16Curve {
 public:
  explicit Int16Curve(Curve curve) noexcept;

  /// CMSIS-NN (arm_nn_activation_s16): real input = x * 2^(input_shift - 12), input_shift in -31..31.
  std::int16_t cmsis(std::int16_t x, int input_shift) const noexcept {
    return interpolate(scaled_by_shift(x, input_shift));
  }
  /// TFLite 7.3: input factor M * 2^-S, S in 0..31.
  std::int16_t tflite(std::int16_t x, std::int32_t multiplier, int right_shift) const noexcept {
    const std::int64_t round = right_shift > 0 ? std::int64_t{1} << (right_shift - 1) : 0;
    return interpolate((std::int64_t{x} * multiplier + round) >> right_shift);
  }
  /// The table memory's contents: sigmoid at i / 24 in Q0.16, lowered by half the interpolation's mid error.
  static const std::array<std::uint16_t, 256>& table() noexcept;

 private:
  static std::int64_t scaled_by_shift(std::int16_t x, int input_shift) noexcept {
    const std::int64_t tripled = 3 * std::int64_t{x};
    if (input_shift >= 0) return tripled * (std::int64_t{1} << input_shift);
    return (tripled + (std::int64_t{1} << (-input_shift - 1))) >> -input_shift;
  }
  std::int16_t interpolate(std::int64_t d) const noexcept;

  int fraction_bits_;
  std::int64_t flat_;  ///< the interpolated value beyond the table
  int output_shift_;
  std::int64_t offset_;  ///< subtracted before the output shift: 0.5 for tanh = 2 sigmoid(2x) - 1
  std::int64_t mirror_;  ///< what a negative input is mirrored at
};

}  // namespace dlasim::fixed_point
