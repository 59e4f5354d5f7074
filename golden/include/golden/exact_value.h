#pragma once
/// Exact values of spec/number_formats.md section 1: finite reals that are an integer times a power of two,
/// signed zeros, infinities and one nan. Nothing here rounds.
///
/// `Value` keeps its integer in 128 bits: enough for a code of any format (up to 64 bits) and for the product
/// of two. `WideValue` keeps it in as many words as it takes: for a sum whose addends lie far apart.

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dlasim::golden {

__extension__ using UInt128 = unsigned __int128;

/// Bits of `x` without leading zeros; 0 for 0.
inline int bit_length(UInt128 x) {
  const auto high = static_cast<std::uint64_t>(x >> 64);
  const auto low = static_cast<std::uint64_t>(x);
  return high != 0 ? 128 - std::countl_zero(high) : 64 - std::countl_zero(low);
}

/// What a value is. A finite value is not zero.
enum class ValueKind : std::uint8_t { kZero, kFinite, kInfinity, kNan };

/// (-1)^negative * magnitude * 2^exponent if finite. `negative` is false for nan, the sign of zeros and
/// infinities else; `magnitude` and `exponent` mean something only for finite values.
struct Value {
  ValueKind kind = ValueKind::kZero;
  bool negative = false;
  std::int64_t exponent = 0;
  UInt128 magnitude = 0;

  static Value zero(bool negative = false) { return {ValueKind::kZero, negative, 0, 0}; }
  static Value infinity(bool negative = false) { return {ValueKind::kInfinity, negative, 0, 0}; }
  static Value nan() { return {ValueKind::kNan, false, 0, 0}; }
  /// (-1)^negative * magnitude * 2^exponent; a zero with that sign if `magnitude` is 0.
  static Value scaled(bool negative, UInt128 magnitude, std::int64_t exponent) {
    if (magnitude == 0) return zero(negative);
    return {ValueKind::kFinite, negative, exponent, magnitude};
  }
  static Value integer(std::int64_t i);
  /// Every double is a value; nans of all payloads are the one nan.
  static Value from_double(double x);

  bool is_finite() const { return kind == ValueKind::kFinite; }
  bool is_zero() const { return kind == ValueKind::kZero; }
  bool is_nan() const { return kind == ValueKind::kNan; }
};

/// As Value, with the magnitude in 64-bit words, least significant first, the last one not 0.
struct WideValue {
  ValueKind kind = ValueKind::kZero;
  bool negative = false;
  std::int64_t exponent = 0;
  std::vector<std::uint64_t> words;
};

/// The same value: +0 and -0 differ, nan equals nan.
bool same(const Value& a, const Value& b);

/// a * b, exact. The magnitudes' bit lengths must add up to at most 128 (std::overflow_error else).
Value multiply(const Value& a, const Value& b);
/// a * 2^k: only finite values change.
Value scale_by_power(Value a, std::int64_t k);
/// -a; nan has no sign.
Value negate(Value a);
/// a < b as numbers (-0 is not below +0; false if one is nan).
bool less(const Value& a, const Value& b);

/// a + b if one of them is not finite (a zero, an infinity or nan).
Value add_special(const Value& a, const Value& b);
/// a + b if the exact sum fits a Value. Returns false, and leaves `sum`, where it might not.
bool add_narrow(const Value& a, const Value& b, Value* sum);
/// a + b, always.
WideValue add_wide(const Value& a, const Value& b);

WideValue widen(const Value& a);
/// a * b. `b.magnitude` must have at most 64 bits.
WideValue multiply(const WideValue& a, const Value& b);
/// a < b as numbers.
bool less(const WideValue& a, const WideValue& b);

/// The nearest double, for reports; may round. Below the smallest double: 0; above the largest: inf.
double to_double(const Value& a);
/// spec/vectors.md: `[-]0x<odd hex integer>p<exponent>`, `0x0p+0`, `-0x0p+0`, `inf`, `-inf`, `nan`.
std::string to_string(const Value& a);
/// The inverse, for any number of hex digits (not necessarily odd). Throws base::InputError.
WideValue parse_wide_value(std::string_view text);
/// As parse_wide_value; throws base::InputError beyond 128 bits.
Value parse_value(std::string_view text);

inline bool add_narrow(const Value& a, const Value& b, Value* sum) {
  if (!a.is_finite() || !b.is_finite()) {
    *sum = add_special(a, b);
    return true;
  }
  const bool a_is_upper = a.exponent >= b.exponent;
  const Value& upper = a_is_upper ? a : b;
  const Value& lower = a_is_upper ? b : a;
  const std::int64_t shift = upper.exponent - lower.exponent;
  // Both magnitudes below 2^127 on the common exponent: neither the shift nor the sum can overflow.
  if (shift + bit_length(upper.magnitude) > 127 || bit_length(lower.magnitude) > 127) return false;
  const UInt128 x = upper.magnitude << shift;
  const UInt128 y = lower.magnitude;
  if (upper.negative == lower.negative) {
    *sum = {ValueKind::kFinite, upper.negative, lower.exponent, x + y};
  } else if (x > y) {
    *sum = {ValueKind::kFinite, upper.negative, lower.exponent, x - y};
  } else if (x < y) {
    *sum = {ValueKind::kFinite, lower.negative, lower.exponent, y - x};
  } else {
    *sum = Value::zero();
  }
  return true;
}

}  // namespace dlasim::golden
