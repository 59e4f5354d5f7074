#pragma once
/// Requantisation of an integer accumulator: the four rules of integer_semantics.md section 1 and
/// tflite_semantics.md section 1, each as the datapath builds it: multiplier, rounding constant,
/// arithmetic shift.
///
/// A unit is configured once a channel (`DoubleRounding`, ...) and then maps accumulators to int32. Zero
/// point and clamp follow in `OutputStage`. `RequantizeRow` runs a row of lanes at a time and is equal bit
/// for bit.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace dlasim::fixed_point {

/// Which rule a post-processor runs.
enum class RequantizeRule {
  kDouble,   ///< D: high multiply, then rounding shift: CMSIS-NN and TFLite default
  kSingle,   ///< S: one rounding at the end: CMSIS_NN_USE_SINGLE_ROUNDING
  kInt64,    ///< Q: 48-bit accumulators of int16 activations, multiplier reduced to 15 bits
  kPytorch,  ///< float32 multiply, then nearest even: PyTorch's qnnpack; the mantissa is M's bit pattern
};

/// A real factor `mantissa * 2^(shift - 31)`; for kPytorch the mantissa holds the bits of a float32 and the
/// shift is unused.
struct Multiplier {
  std::int32_t mantissa = 0;
  int shift = 0;
  friend bool operator==(const Multiplier&, const Multiplier&) = default;
};

/// Whether the unit's registers hold this multiplier: the shift's range of section 1 (D and S: -31..30, Q:
/// -31..7), a mantissa above -2^31, a finite M.
constexpr bool is_supported(RequantizeRule rule, Multiplier multiplier) noexcept {
  if (rule == RequantizeRule::kPytorch)
    return (static_cast<std::uint32_t>(multiplier.mantissa) & 0x7F800000U) != 0x7F800000U;
  const int largest_shift = rule == RequantizeRule::kInt64 ? 7 : 30;
  return multiplier.mantissa != std::numeric_limits<std::int32_t>::min() && multiplier.shift >= -31 &&
         multiplier.shift <= largest_shift;
}

/// `x / 2^n` rounded half away from zero, for n in 0..31 and |x| < 2^62: `R` of section 1
/// (arm_nn_divide_by_power_of_two, gemmlowp's RoundingDivideByPOT). Adding half and taking one off
/// negative numbers before the floor is what turns "half up" into "half away".
constexpr std::int64_t rounding_shift_right(std::int64_t x, int n) noexcept {
  if (n == 0) return x;
  return (x + (std::int64_t{1} << (n - 1)) - (x < 0 ? 1 : 0)) >> n;
}

/// `(a * b + 2^30) >> 31`, saturated to 2^31 - 1 for a = b = -2^31: SRDHM of tflite_semantics.md section 1.
constexpr std::int32_t doubling_high_multiply(std::int32_t a, std::int32_t b) noexcept {
  const std::int64_t high = (std::int64_t{a} * b + (std::int64_t{1} << 30)) >> 31;
  return static_cast<std::int32_t>(std::min<std::int64_t>(high, std::numeric_limits<std::int32_t>::max()));
}

/// D. Where `v * 2^shift` leaves int32 the barrel shifter drops the high bits, as TFLite's code does.
class DoubleRounding {
 public:
  constexpr explicit DoubleRounding(Multiplier m) noexcept
      : mantissa_(m.mantissa), left_(std::max(m.shift, 0)), right_(std::max(-m.shift, 0)) {}
  constexpr std::int32_t operator()(std::int32_t v) const noexcept {
    const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(v) << left_);
    return static_cast<std::int32_t>(
        rounding_shift_right(doubling_high_multiply(shifted, mantissa_), right_));
  }

 private:
  std::int32_t mantissa_;
  int left_, right_;
};

/// S. The result keeps its low 32 bits where it leaves int32 (outside the contract).
class SingleRounding {
 public:
  constexpr explicit SingleRounding(Multiplier m) noexcept
      : mantissa_(m.mantissa), constant_(std::int64_t{1} << (30 - m.shift)), right_(31 - m.shift) {}
  constexpr std::int32_t operator()(std::int32_t v) const noexcept {
    return static_cast<std::int32_t>((mantissa_ * v + constant_) >> right_);
  }

 private:
  std::int64_t mantissa_, constant_;
  int right_;
};

/// Q. `v` in [-2^47, 2^47); only 15 bits of the multiplier count.
class Int64Rounding {
 public:
  constexpr explicit Int64Rounding(Multiplier m) noexcept
      : mantissa_(reduce(m.mantissa)), constant_(std::int64_t{1} << (14 - m.shift)), right_(15 - m.shift) {}
  constexpr std::int32_t operator()(std::int64_t v) const noexcept {
    return static_cast<std::int32_t>((v * mantissa_ + constant_) >> right_);
  }
  /// The 16-bit multiplier register: REDUCE_MULTIPLIER of CMSIS-NN.
  static constexpr std::int32_t reduce(std::int32_t mantissa) noexcept {
    return mantissa < 0x7FFF0000 ? (mantissa + (1 << 15)) >> 16 : 0x7FFF;
  }

 private:
  std::int64_t mantissa_, constant_;
  int right_;
};

/// float32(v) * M in float32, then to the nearest even integer; saturates to int32 where M is above 1.
/// Needs the default floating-point rounding mode.
class PytorchRounding {
 public:
  explicit PytorchRounding(Multiplier m) noexcept : factor_(std::bit_cast<float>(m.mantissa)) {}
  std::int32_t operator()(std::int64_t v) const noexcept {
    const double rounded = std::rint(static_cast<float>(v) * factor_);
    return static_cast<std::int32_t>(std::clamp(rounded, -2147483648.0, 2147483647.0));
  }

 private:
  float factor_;
};

/// One accumulator through `rule`: D and S read the low 32 bits of `v`.
inline std::int32_t requantize(RequantizeRule rule, std::int64_t v, Multiplier m) noexcept {
  switch (rule) {
    case RequantizeRule::kDouble:
      return DoubleRounding(m)(static_cast<std::int32_t>(v));
    case RequantizeRule::kSingle:
      return SingleRounding(m)(static_cast<std::int32_t>(v));
    case RequantizeRule::kInt64:
      return Int64Rounding(m)(v);
    case RequantizeRule::kPytorch:
      return PytorchRounding(m)(v);
  }
  return 0;
}

/// What follows every requantisation (section 2): add the output's zero point, then the only saturation.
struct OutputStage {
  std::int32_t zero_point = 0;
  std::int32_t min = -128, max = 127;  ///< both ends included
  constexpr std::int32_t operator()(std::int32_t v) const noexcept {
    const std::int64_t shifted = std::int64_t{v} + zero_point;
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(shifted, min, max));
  }
};

namespace detail {
/// The registers of a row of lanes as arrays. D: `left`, `right`, `constant` (half), `nudge` (1 where `right`
/// is not 0). S and Q: `constant`, `right`. Shifts are int64 so that they load as vector lanes.
struct RequantizeLanes {
  std::vector<std::int64_t> mantissa, constant, left, right, nudge;
  std::vector<float> factor;
};
}  // namespace detail

/// A row of lanes, one multiplier each: the oc lanes of the post-processor. Construct once an output
/// tile; a call then costs a few instructions a lane. The same values as `requantize` followed by
/// `OutputStage`.
class RequantizeRow {
 public:
  /// `lanes`: one multiplier a lane; each must satisfy is_supported(rule, m).
  RequantizeRow(RequantizeRule rule, std::span<const Multiplier> lanes, OutputStage output);

  std::size_t lanes() const noexcept { return lanes_; }
  /// Whether the low 32 bits of the accumulators are all that the rule reads.
  bool reads_low_halves() const noexcept {
    return rule_ == RequantizeRule::kDouble || rule_ == RequantizeRule::kSingle;
  }
  /// `accumulators` and `out` hold `positions` rows of lanes() values, one row after the other;
  /// they may be the same memory.
  void operator()(const std::int32_t* accumulators, std::int32_t* out,
                  std::size_t positions = 1) const noexcept;
  void operator()(const std::int64_t* accumulators, std::int32_t* out,
                  std::size_t positions = 1) const noexcept;

 private:
  RequantizeRule rule_;
  std::size_t lanes_;
  OutputStage output_;
  detail::RequantizeLanes registers_;
};

}  // namespace dlasim::fixed_point
