#include "golden/exact_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <stdexcept>

#include "base/error.h"

namespace dlasim::golden {

namespace {

using Words = std::vector<std::uint64_t>;

/// A distance that no valid format reaches: guards the memory of far-apart sums.
constexpr std::int64_t kMaxDistance = std::int64_t{1} << 24;

void trim(Words* words) {
  while (!words->empty() && words->back() == 0) words->pop_back();
}

std::int64_t word_bits(const Words& words) {
  return words.empty() ? 0 : static_cast<std::int64_t>(words.size()) * 64 - std::countl_zero(words.back());
}

Words to_words(UInt128 x) {
  Words words{static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(x >> 64)};
  trim(&words);
  return words;
}

Words shifted_left(const Words& words, std::int64_t shift) {
  if (words.empty()) return {};
  if (shift > kMaxDistance) throw base::UnsupportedError("values more than 2^24 binades apart");
  const auto whole = static_cast<std::size_t>(shift / 64);
  const int part = static_cast<int>(shift % 64);
  Words result(whole, 0);
  std::uint64_t carry = 0;
  for (const std::uint64_t word : words) {
    result.push_back((word << part) | carry);
    carry = part == 0 ? 0 : word >> (64 - part);
  }
  result.push_back(carry);
  trim(&result);
  return result;
}

bool words_less(const Words& a, const Words& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

Words add_words(Words a, Words b) {
  if (a.size() < b.size()) std::swap(a, b);
  UInt128 carry = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    carry += a[i];
    if (i < b.size()) carry += b[i];
    a[i] = static_cast<std::uint64_t>(carry);
    carry >>= 64;
  }
  a.push_back(static_cast<std::uint64_t>(carry));
  trim(&a);
  return a;
}

/// a - b for a >= b.
Words subtract_words(Words a, const Words& b) {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const UInt128 subtrahend = static_cast<UInt128>(i < b.size() ? b[i] : 0) + borrow;
    borrow = a[i] < subtrahend ? 1 : 0;
    a[i] -= static_cast<std::uint64_t>(subtrahend);
  }
  trim(&a);
  return a;
}

WideValue make_wide(bool negative, std::int64_t exponent, Words words) {
  if (words.empty()) return {ValueKind::kZero, negative, 0, {}};
  return {ValueKind::kFinite, negative, exponent, std::move(words)};
}

/// -1, 0, 1 as |a| is below, equal to, above |b|, both finite.
int compare_magnitudes(const WideValue& a, const WideValue& b) {
  const std::int64_t a_top = word_bits(a.words) + a.exponent;
  const std::int64_t b_top = word_bits(b.words) + b.exponent;
  if (a_top != b_top) return a_top < b_top ? -1 : 1;
  const std::int64_t common = std::min(a.exponent, b.exponent);
  const Words x = shifted_left(a.words, a.exponent - common);
  const Words y = shifted_left(b.words, b.exponent - common);
  return words_less(x, y) ? -1 : words_less(y, x) ? 1 : 0;
}

/// Sign of a value that is not nan: -1, 0, 1.
int sign_of(const WideValue& a) {
  return a.kind == ValueKind::kZero ? 0 : a.negative ? -1 : 1;
}

WideValue parse_finite(std::string_view text, std::string_view digits, bool negative) {
  const auto fail = [&]() -> base::InputError {
    return base::InputError("'" + std::string(text) + "' is not a value such as -0x3p-4, inf or nan");
  };
  const std::size_t p = digits.find('p');
  if (!digits.starts_with("0x") || p == std::string_view::npos || p == 2 || p > 4096) throw fail();
  Words words;
  for (const char c : digits.substr(2, p - 2)) {
    std::uint64_t nibble = 0;
    const auto [end, error] = std::from_chars(&c, &c + 1, nibble, 16);
    if (error != std::errc() || end != &c + 1) throw fail();
    words = add_words(shifted_left(words, 4), to_words(nibble));
  }
  std::string_view exponent_text = digits.substr(p + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  std::int32_t exponent = 0;
  const char* last = exponent_text.data() + exponent_text.size();
  const auto [end, error] = std::from_chars(exponent_text.data(), last, exponent);
  if (error != std::errc() || end != last) throw fail();
  return make_wide(negative, exponent, std::move(words));
}

}  // namespace

Value Value::integer(std::int64_t i) {
  const auto bits = static_cast<std::uint64_t>(i);
  return scaled(i < 0, i < 0 ? ~bits + 1 : bits, 0);
}

Value Value::from_double(double x) {
  if (std::isnan(x)) return nan();
  if (std::isinf(x)) return infinity(std::signbit(x));
  int exponent = 0;
  const double mantissa = std::frexp(std::fabs(x), &exponent);
  const auto magnitude = static_cast<std::uint64_t>(std::ldexp(mantissa, 53));
  return scaled(std::signbit(x), magnitude, exponent - 53);
}

bool same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.negative != b.negative) return false;
  return !a.is_finite() || compare_magnitudes(widen(a), widen(b)) == 0;
}

Value multiply(const Value& a, const Value& b) {
  if (a.is_nan() || b.is_nan()) return Value::nan();
  const bool negative = a.negative != b.negative;
  if (a.is_finite() && b.is_finite()) {
    if (((a.magnitude | b.magnitude) >> 64) != 0 && bit_length(a.magnitude) + bit_length(b.magnitude) > 128) {
      throw std::overflow_error("product of values with more than 128 bits");
    }
    return {ValueKind::kFinite, negative, a.exponent + b.exponent, a.magnitude * b.magnitude};
  }
  if (a.kind == ValueKind::kInfinity || b.kind == ValueKind::kInfinity) {
    return a.is_zero() || b.is_zero() ? Value::nan() : Value::infinity(negative);
  }
  return Value::zero(negative);
}

Value scale_by_power(Value a, std::int64_t k) {
  if (a.is_finite()) a.exponent += k;
  return a;
}

Value negate(Value a) {
  a.negative = !a.negative && !a.is_nan();
  return a;
}

bool less(const Value& a, const Value& b) {
  return less(widen(a), widen(b));
}

bool less(const WideValue& a, const WideValue& b) {
  if (a.kind == ValueKind::kNan || b.kind == ValueKind::kNan) return false;
  const int a_sign = sign_of(a);
  const int b_sign = sign_of(b);
  if (a_sign != b_sign) return a_sign < b_sign;
  if (a_sign == 0) return false;
  const WideValue& inner = a_sign > 0 ? a : b;  // of two negative numbers the larger magnitude is less
  const WideValue& outer = a_sign > 0 ? b : a;
  if (inner.kind == ValueKind::kInfinity) return false;
  if (outer.kind == ValueKind::kInfinity) return true;
  return compare_magnitudes(inner, outer) < 0;
}

Value add_special(const Value& a, const Value& b) {
  if (a.is_nan() || b.is_nan()) return Value::nan();
  const bool a_infinite = a.kind == ValueKind::kInfinity;
  const bool b_infinite = b.kind == ValueKind::kInfinity;
  if (a_infinite && b_infinite) return a.negative == b.negative ? a : Value::nan();
  if (a_infinite) return a;
  if (b_infinite) return b;
  if (a.is_zero() && b.is_zero()) return Value::zero(a.negative && b.negative);
  return a.is_zero() ? b : a;
}

WideValue add_wide(const Value& a, const Value& b) {
  if (!a.is_finite() || !b.is_finite()) return widen(add_special(a, b));
  const std::int64_t common = std::min(a.exponent, b.exponent);
  Words x = shifted_left(to_words(a.magnitude), a.exponent - common);
  Words y = shifted_left(to_words(b.magnitude), b.exponent - common);
  if (a.negative == b.negative) return make_wide(a.negative, common, add_words(std::move(x), std::move(y)));
  if (x == y) return make_wide(false, 0, {});
  if (words_less(y, x)) return make_wide(a.negative, common, subtract_words(std::move(x), y));
  return make_wide(b.negative, common, subtract_words(std::move(y), x));
}

WideValue widen(const Value& a) {
  return {a.kind, a.negative, a.exponent, a.is_finite() ? to_words(a.magnitude) : Words{}};
}

WideValue multiply(const WideValue& a, const Value& b) {
  if (a.kind != ValueKind::kFinite || !b.is_finite()) {
    // Only the kinds and the signs matter here: any finite number stands for the wide one.
    const Value narrow{a.kind, a.negative, 0, 1};
    return widen(multiply(narrow, b));
  }
  if ((b.magnitude >> 64) != 0) throw std::overflow_error("factor with more than 64 bits");
  Words words;
  UInt128 carry = 0;
  for (const std::uint64_t word : a.words) {
    carry += static_cast<UInt128>(word) * static_cast<std::uint64_t>(b.magnitude);
    words.push_back(static_cast<std::uint64_t>(carry));
    carry >>= 64;
  }
  words.push_back(static_cast<std::uint64_t>(carry));
  trim(&words);
  return make_wide(a.negative != b.negative, a.exponent + b.exponent, std::move(words));
}

double to_double(const Value& a) {
  switch (a.kind) {
    case ValueKind::kZero:
      return a.negative ? -0.0 : 0.0;
    case ValueKind::kInfinity:
      return a.negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    case ValueKind::kNan:
      return std::numeric_limits<double>::quiet_NaN();
    case ValueKind::kFinite:
      break;
  }
  // Reports may round: 64 leading bits are plenty.
  const int drop = std::max(0, bit_length(a.magnitude) - 64);
  const auto leading = static_cast<double>(static_cast<std::uint64_t>(a.magnitude >> drop));
  const std::int64_t exponent = a.exponent + drop;
  double magnitude = 0.0;
  if (exponent >= -1022 && exponent <= 900) {  // 2^exponent is a normal double and the product is finite
    magnitude = leading * std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
  } else {
    magnitude = std::ldexp(leading, static_cast<int>(std::clamp<std::int64_t>(exponent, -5000, 5000)));
  }
  return a.negative ? -magnitude : magnitude;
}

std::string to_string(const Value& a) {
  const std::string sign = a.negative ? "-" : "";
  switch (a.kind) {
    case ValueKind::kZero:
      return sign + "0x0p+0";
    case ValueKind::kInfinity:
      return sign + "inf";
    case ValueKind::kNan:
      return "nan";
    case ValueKind::kFinite:
      break;
  }
  UInt128 odd = a.magnitude;
  std::int64_t exponent = a.exponent;
  for (; (odd & 1) == 0; odd >>= 1) ++exponent;
  std::string digits;
  for (; odd != 0; odd >>= 4) digits.insert(digits.begin(), "0123456789abcdef"[static_cast<int>(odd & 15)]);
  return sign + "0x" + digits + (exponent < 0 ? "p-" : "p+") + std::to_string(std::abs(exponent));
}

WideValue parse_wide_value(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view rest = negative ? text.substr(1) : text;
  if (rest == "inf") return {ValueKind::kInfinity, negative, 0, {}};
  if (text == "nan") return {ValueKind::kNan, false, 0, {}};
  return parse_finite(text, rest, negative);
}

Value parse_value(std::string_view text) {
  const WideValue wide = parse_wide_value(text);
  if (wide.words.size() > 2) throw base::InputError("'" + std::string(text) + "' has more than 128 bits");
  UInt128 magnitude = 0;
  for (auto word = wide.words.rbegin(); word != wide.words.rend(); ++word) {
    magnitude = (magnitude << 64) | *word;
  }
  return {wide.kind, wide.negative, wide.exponent, magnitude};
}

}  // namespace dlasim::golden
