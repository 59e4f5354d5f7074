#pragma once
/// Values between an operation and the truncation unit behind it: number_formats.md section 1.

#include <cstdint>

#include "fixed_point/wide.h"

namespace dlasim::fixed_point {

/// A finite real number, +-0, +-inf or nan, as hardware carries it: sign, a wide significand, an exponent and
/// a sticky bit.
///
/// A finite value is (-1)^negative * (significand + s) * 2^exponent with s = 0, or 0 < s < 1 where `sticky`.
/// Only the sum of two numbers that are too far apart for the adder is sticky; its significand then fills
/// at least 254 bits, which every rounding position leaves far above the sticky bit (truncation_unit.h,
/// `add`, says why wrapping formats are no exception).
struct Exact {
  enum class Class : std::uint8_t { kZero, kFinite, kInfinity, kNan };
  Class kind = Class::kZero;
  bool negative = false;  ///< false for nan: there is one nan
  bool sticky = false;
  std::int64_t exponent = 0;
  Wide significand;  ///< not 0 if finite, else 0

  static constexpr Exact zero(bool negative = false) noexcept {
    return {Class::kZero, negative, false, 0, {}};
  }
  static constexpr Exact infinity(bool negative) noexcept {
    return {Class::kInfinity, negative, false, 0, {}};
  }
  static constexpr Exact nan() noexcept { return {Class::kNan, false, false, 0, {}}; }
  /// (-1)^negative * significand * 2^exponent; a significand of 0 gives a zero of that sign.
  static constexpr Exact finite(bool negative, const Wide& significand, std::int64_t exponent) noexcept {
    if (significand.is_zero()) return zero(negative);
    return {Class::kFinite, negative, false, exponent, significand};
  }
  static constexpr Exact finite(bool negative, std::uint64_t significand, std::int64_t exponent) noexcept {
    return finite(negative, Wide(significand), exponent);
  }
  /// The very value of a double.
  static Exact from_double(double value) noexcept;

  constexpr bool is_zero() const noexcept { return kind == Class::kZero; }
  constexpr bool is_finite_nonzero() const noexcept { return kind == Class::kFinite; }
  constexpr bool is_infinity() const noexcept { return kind == Class::kInfinity; }
  constexpr bool is_nan() const noexcept { return kind == Class::kNan; }
  /// floor(log2 |v|) of a finite nonzero value.
  constexpr std::int64_t floor_log2() const noexcept { return exponent + significand.bit_length() - 1; }
  /// v * 2^k
  constexpr Exact scaled(std::int64_t k) const noexcept {
    Exact r = *this;
    if (kind == Class::kFinite) r.exponent += k;
    return r;
  }
  /// The nearest double: for reports. Exact if the value has at most 53 bits in double's range.
  double to_double() const noexcept;
};

/// Exact product. Finite factors are not sticky and have at most 128 bits: decoded codes and products of two.
Exact multiply(const Exact& a, const Exact& b) noexcept;

/// Sum, exact but for the sticky bit. Finite terms are not sticky and have at most 128 bits.
Exact add(const Exact& a, const Exact& b) noexcept;

/// -1, 0, 1 as a < b, a = b, a > b as numbers: -0 = +0. Neither is nan; neither is sticky.
int compare(const Exact& a, const Exact& b) noexcept;

/// Whether both are the same value with the same sign of zero; nan is itself.
bool identical(const Exact& a, const Exact& b) noexcept;

}  // namespace dlasim::fixed_point
