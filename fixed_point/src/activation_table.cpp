#include "fixed_point/activation_table.h"

#include <algorithm>
#include <cmath>

namespace dlasim::fixed_point {
namespace {

// Fixed-point functions of tflite_semantics.md 7.1. A Qk number has k integer bits and 31 - k fraction bits.

constexpr std::int32_t kOne = std::numeric_limits<std::int32_t>::max();  // 1.0 in Q0
constexpr std::int32_t kLowest = std::numeric_limits<std::int32_t>::min();

std::int32_t srdhm(std::int32_t a, std::int32_t b) noexcept {
  return doubling_high_multiply(a, b);
}
std::int32_t rdp(std::int32_t x, int n) noexcept {
  return static_cast<std::int32_t>(rounding_shift_right(x, n));
}

/// x * 2^n, saturated.
std::int32_t saturating_shift_left(std::int32_t x, int n) noexcept {
  const std::int64_t limit = (std::int64_t{1} << (31 - n)) - 1;
  if (x > limit) return kOne;
  if (x < -limit) return kLowest;
  return static_cast<std::int32_t>(std::int64_t{x} * (std::int64_t{1} << n));
}

/// exp(a) in Q0 for a in Q0, -1/4 <= a < 0: Taylor series around -1/8.
std::int32_t exp_between_minus_quarter_and_zero(std::int32_t a) noexcept {
  constexpr std::int32_t kExpOfMinusEighth = 1895147668;
  constexpr std::int32_t kThird = 715827883;
  const std::int32_t x = a + (1 << 28);
  const std::int32_t x2 = srdhm(x, x);
  const std::int32_t x3 = srdhm(x2, x);
  const std::int32_t x4 = srdhm(x2, x2);
  const std::int32_t tail = rdp(srdhm(rdp(x4, 2) + x3, kThird) + x2, 1);
  return kExpOfMinusEighth + srdhm(kExpOfMinusEighth, x + tail);
}

/// exp(a) in Q0 for a <= 0 in Q(integer_bits): the part below 1/4 by series, each binary digit above it by a
/// factor.
std::int32_t exp_on_negative_values(std::int32_t a, int integer_bits) noexcept {
  struct Factor {
    int exponent;             // of the digit 2^exponent
    std::int32_t multiplier;  // exp(-2^exponent) in Q0
  };
  constexpr Factor kFactors[] = {{-2, 1672461947}, {-1, 1302514674}, {0, 790015084}, {1, 290630308},
                                 {2, 39332535},    {3, 720401},      {4, 242}};
  if (a == 0) return kOne;
  const std::int32_t quarter = 1 << (29 - integer_bits);
  const std::int32_t fraction = (a & (quarter - 1)) - quarter;
  const std::int32_t digits = fraction - a;
  std::int32_t y = exp_between_minus_quarter_and_zero(saturating_shift_left(fraction, integer_bits));
  for (const Factor& f : kFactors) {
    if (integer_bits <= f.exponent) break;
    if (((digits >> (31 - integer_bits + f.exponent)) & 1) != 0) y = srdhm(y, f.multiplier);
  }
  return y;
}

/// 2 / (1 + a) in Q2 for a >= 0 in Q0: three Newton steps.
std::int32_t twice_reciprocal_of_one_plus(std::int32_t a) noexcept {
  const auto half = static_cast<std::int32_t>((std::int64_t{a} + (std::int64_t{1} << 31)) >> 1);
  std::int32_t x = 1515870810 + srdhm(half, -1010580540);
  for (int i = 0; i < 3; ++i) x += saturating_shift_left(srdhm(x, (1 << 29) - srdhm(half, x)), 2);
  return x;
}

std::int32_t tanh_q0(std::int32_t a, int integer_bits) noexcept {
  if (a == 0) return 0;
  // The same bits read with one more integer bit are twice the number.
  const std::int32_t exp_of_twice = exp_on_negative_values(a < 0 ? a : -a, integer_bits + 1);
  const std::int32_t t = saturating_shift_left(twice_reciprocal_of_one_plus(exp_of_twice) - (1 << 29), 2);
  return a < 0 ? -t : t;
}

std::int32_t sigmoid_q0(std::int32_t a, int integer_bits) noexcept {
  if (a == 0) return 1 << 30;
  const std::int32_t exp = exp_on_negative_values(a < 0 ? a : -a, integer_bits);
  const std::int32_t p = saturating_shift_left(twice_reciprocal_of_one_plus(exp), 1);
  return a > 0 ? p : kOne - p;
}

constexpr int kInputIntegerBits = 4;

std::int8_t int8_curve(Curve curve, const Int8CurveParameters& p, std::int32_t x) noexcept {
  const std::int32_t v = x - p.input_zero_point;
  if (v <= -p.input_range_radius) return -128;
  if (v >= p.input_range_radius) return 127;
  const std::int32_t u = DoubleRounding(p.input)(v);
  const std::int32_t y = curve == Curve::kTanh ? rdp(tanh_q0(u, kInputIntegerBits), 24)
                                               : rdp(sigmoid_q0(u, kInputIntegerBits), 23) - 128;
  return static_cast<std::int8_t>(std::clamp(y, -128, 127));
}

std::array<std::uint16_t, 256> make_int16_table() noexcept {
  const auto g = [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
  std::array<std::uint16_t, 256> table{};
  for (std::size_t i = 0; i < 255; ++i) {
    const auto u = static_cast<double>(i);
    const double chord_middle = (g(u / 24) + g((u + 1) / 24)) / 2;
    const double lowered = g(u / 24) - (chord_middle - g((u + 0.5) / 24)) / 2;
    table[i] = static_cast<std::uint16_t>(std::lround(65536 * lowered));
  }
  table[255] = 65535;
  return table;
}

}  // namespace

Int8Table int8_table(Curve curve, const Int8CurveParameters& parameters) noexcept {
  Int8Table table{};
  for (std::int32_t x = -128; x < 128; ++x)
    table[static_cast<std::uint8_t>(x)] = int8_curve(curve, parameters, x);
  return table;
}

Int16Curve::Int16Curve(Curve curve) noexcept {
  const bool is_sigmoid = curve == Curve::kSigmoid;
  fraction_bits_ = is_sigmoid ? 9 : 8;
  flat_ = is_sigmoid ? std::int64_t{0x7FFF} << 10 : std::int64_t{0xFFFF} << 8;
  output_shift_ = is_sigmoid ? 10 : 8;
  offset_ = is_sigmoid ? 0 : std::int64_t{1} << 23;
  mirror_ = is_sigmoid ? std::int64_t{1} << 25 : std::int64_t{1} << 23;
}

const std::array<std::uint16_t, 256>& Int16Curve::table() noexcept {
  static const std::array<std::uint16_t, 256> kTable = make_int16_table();
  return kTable;
}

std::int16_t Int16Curve::interpolate(std::int64_t d) const noexcept {
  const auto& t = table();
  const std::int64_t magnitude = d < 0 ? -d : d;
  const std::int64_t u = magnitude >> fraction_bits_;
  const std::int64_t fraction = magnitude & ((std::int64_t{1} << fraction_bits_) - 1);
  std::int64_t y = flat_;
  if (u < 255) {
    const auto i = static_cast<std::size_t>(u);
    y = (std::int64_t{t[i]} << fraction_bits_) + fraction * (std::int64_t{t[i + 1]} - t[i]);
  }
  const std::int64_t half = std::int64_t{1} << (output_shift_ - 1);
  const std::int64_t rounded =
      d >= 0 ? (y - offset_ + half) >> output_shift_ : (mirror_ - y + half - 1) >> output_shift_;
  return static_cast<std::int16_t>(rounded);
}

}  // namespace dlasim::fixed_point
