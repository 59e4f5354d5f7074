#pragma once
/// The choice of a fractional length for a group of values: spec/number_formats.md section 7.

#include <span>

#include "network/fl_rule.h"
#include "network/number_format.h"

namespace dlasim::quantize {

using network::fl_method_from_name;
using network::FlMethod;

/// True for the methods that know only `amax`.
bool needs_only_amax(FlMethod method);

/// What is fixed of the DFP format before its fl is chosen.
struct FlFormat {
  int bits = 8;  ///< 1..64
  bool is_signed = true;
  /// As the values will be rounded. Stochastic rounding is taken to round up where it can.
  network::Rounding rounding = network::Rounding::kNearestEven;
};

/// The fractional length for values up to `amax` (finite, not negative). Exact: no logarithm is rounded.
/// `method` must need no more than `amax`. Throws base::InputError where an argument is out of range.
int choose_fl(FlMethod method, const FlFormat& format, double amax);

/// The same from the values, for every method. `percentile` in (0, 100]. No values count as amax 0. Throws
/// base::InputError on inf or nan. MSE judges by nearest-even where the rounding is stochastic.
int choose_fl(FlMethod method, const FlFormat& format, std::span<const float> values,
              double percentile = 99.99);

}  // namespace dlasim::quantize
