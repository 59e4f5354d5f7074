#pragma once
/// The choice of a fractional length for a group of values: spec/number_formats.md section 7.

#include <optional>
#include <span>
#include <string_view>

#include "network/number_format.h"

namespace dlasim::quantize {

/// How `amax`, the largest |x| of the group, or the values themselves become a fractional length.
enum class FlMethod {
  kMax,                  ///< the largest fl at which nothing overflows
  kRistrettoActivation,  ///< fl = B - ceil(log2 amax): the top half of the range can saturate
  kRistrettoParameter,   ///< fl = B - ceil(log2(amax) + 1)
  kPercentile,           ///< max, of the smallest a with at least p % of all |x| <= a
  kMse,                  ///< the smallest sum of squared errors, from max's fl upwards
  kKlDivergence,         ///< max, of the clipping threshold that distorts the histogram least
};

/// "max", "ristretto_activation", "ristretto_parameter", "percentile", "mse", "kl_divergence".
std::string_view name(FlMethod method);
/// The inverse of `name`.
std::optional<FlMethod> fl_method_from_name(std::string_view name);
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
