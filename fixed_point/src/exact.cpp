#include "fixed_point/exact.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace dlasim::fixed_point {

Exact Exact::from_double(double value) noexcept {
  if (std::isnan(value)) return nan();
  const bool negative = std::signbit(value);
  if (std::isinf(value)) return infinity(negative);
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  return finite(negative, static_cast<std::uint64_t>(std::ldexp(fraction, 53)), exponent - 53);
}

double Exact::to_double() const noexcept {
  const double sign = negative ? -1.0 : 1.0;
  switch (kind) {
    case Class::kNan:
      return std::nan("");
    case Class::kInfinity:
      return sign * HUGE_VAL;
    case Class::kZero:
      return sign * 0.0;
    case Class::kFinite:
      break;
  }
  // 64 bits with the lowest one standing for all below: round to odd, so that the conversion to
  // double rounds once.
  const int drop = std::max(significand.bit_length() - 63, 0);
  std::uint64_t top = significand.bits_from(drop);
  if (sticky || significand.any_below(drop)) top |= 1;
  const std::int64_t scale = std::clamp<std::int64_t>(exponent + drop, -3000, 3000);
  return sign * std::ldexp(static_cast<double>(top), static_cast<int>(scale));
}

Exact multiply(const Exact& a, const Exact& b) noexcept {
  if (a.is_nan() || b.is_nan()) return Exact::nan();
  const bool negative = a.negative != b.negative;
  if (a.is_infinity() || b.is_infinity())
    return a.is_zero() || b.is_zero() ? Exact::nan() : Exact::infinity(negative);
  if (a.is_zero() || b.is_zero()) return Exact::zero(negative);
  return Exact::finite(negative, Wide::product_of_halves(a.significand, b.significand),
                       a.exponent + b.exponent);
}

namespace {

/// a + b for finite nonzero terms, |a|'s leading bit not below |b|'s.
Exact add_finite(const Exact& a, const Exact& b) noexcept {
  // The adder's window: its top is one bit above the leading bit, for the carry.
  const std::int64_t top = a.floor_log2() + 2;
  const std::int64_t lowest = std::min(a.exponent, b.exponent);
  const std::int64_t base = std::max(lowest, top - Wide::kBits);
  const Wide larger =
      a.significand.shifted_left(static_cast<int>(a.exponent - base));  // at most 128 bits: fits
  Wide smaller;
  bool sticky = false;
  if (b.exponent >= base) {
    smaller = b.significand.shifted_left(static_cast<int>(b.exponent - base));
  } else {
    const auto drop = static_cast<int>(std::min<std::int64_t>(base - b.exponent, Wide::kBits));
    smaller = b.significand.shifted_right(drop);
    sticky = b.significand.any_below(drop);
  }
  Exact sum{Exact::Class::kFinite, a.negative, sticky, base, {}};
  if (a.negative == b.negative) {
    sum.significand = larger + smaller;
  } else if (smaller < larger) {
    // A sticky subtrahend is a little larger than `smaller`: the difference is a little above one less.
    sum.significand = larger - smaller - Wide(std::uint64_t{sticky});
  } else {
    sum.significand = smaller - larger;
    sum.negative = b.negative;
  }
  return sum.significand.is_zero() ? Exact::zero() : sum;
}

}  // namespace

Exact add(const Exact& a, const Exact& b) noexcept {
  if (a.is_nan() || b.is_nan()) return Exact::nan();
  if (a.is_infinity() || b.is_infinity()) {
    if (a.is_infinity() && b.is_infinity() && a.negative != b.negative) return Exact::nan();
    return a.is_infinity() ? a : b;
  }
  if (a.is_zero() && b.is_zero()) return Exact::zero(a.negative && b.negative);
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  return a.floor_log2() >= b.floor_log2() ? add_finite(a, b) : add_finite(b, a);
}

namespace {

int compare_magnitude(const Exact& a, const Exact& b) noexcept {
  if (a.is_zero() || b.is_zero()) return static_cast<int>(b.is_zero()) - static_cast<int>(a.is_zero());
  if (a.is_infinity() || b.is_infinity())
    return static_cast<int>(a.is_infinity()) - static_cast<int>(b.is_infinity());
  if (a.floor_log2() != b.floor_log2()) return a.floor_log2() < b.floor_log2() ? -1 : 1;
  const Wide x = a.significand.shifted_left(Wide::kBits - a.significand.bit_length());
  const Wide y = b.significand.shifted_left(Wide::kBits - b.significand.bit_length());
  return x < y ? -1 : y < x ? 1 : 0;
}

}  // namespace

int compare(const Exact& a, const Exact& b) noexcept {
  if (a.is_zero() && b.is_zero()) return 0;
  const bool a_below = a.negative && !a.is_zero();
  const bool b_below = b.negative && !b.is_zero();
  if (a_below != b_below) return a_below ? -1 : 1;
  const int magnitude = compare_magnitude(a, b);
  return a_below ? -magnitude : magnitude;
}

bool identical(const Exact& a, const Exact& b) noexcept {
  if (a.is_nan() || b.is_nan()) return a.is_nan() && b.is_nan();
  return a.negative == b.negative && compare(a, b) == 0;
}

}  // namespace dlasim::fixed_point
