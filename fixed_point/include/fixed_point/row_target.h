#pragma once
/// The registers of a vector truncation unit. Plain data: it is shared by code of several instruction sets.

#include <cstdint>

namespace dlasim::fixed_point::detail {

/// A target format as the constants of its rounding, all exact as doubles.
struct RowTarget {
  // DFP
  double scale = 1, inverse_scale = 1;  // 2^fl, 2^-fl
  double lowest = 0, highest = 0;       // q's range
  double modulus = 1, inverse_modulus = 1;
  // Minifloat, of magnitudes
  double smallest_power = 0;  // subnormals: 2^(1 - bias), where rounding stops to follow the exponent; else 0
  double power_cap = 1;       // the first power of two that is too large
  double magic = 1;  // 1.5 * 2^(52 - M): times the value's power of two, its ulp is the value's last place
  double last_place = 1;  // 2^-M
  double flush_below = 0;
  double largest = 0;
  double overflowed_positive = 0, overflowed_negative = 0, overflowed_infinite = 0;
  double of_nan = 0;
  std::int64_t invalid_mask = 0;  // -1 if nan has no code, else 0
};

}  // namespace dlasim::fixed_point::detail
