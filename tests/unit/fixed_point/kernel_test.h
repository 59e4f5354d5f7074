#pragma once
/// What the tests of row kernels compare with and draw from.

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "fixed_point/format.h"

namespace dlasim::fixed_point {

/// The roundings that draw no random bits.
inline constexpr Rounding kDeterministic[] = {Rounding::kFloor, Rounding::kTrunc, Rounding::kNearestUp,
                                              Rounding::kNearestAway, Rounding::kNearestEven};

/// Equal with the sign of zero; any nan is any nan.
inline bool same_value(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// One of 0..n-1.
inline std::uint64_t uniform(std::mt19937_64& random, std::uint64_t n) {
  return random() % n;
}

}  // namespace dlasim::fixed_point
