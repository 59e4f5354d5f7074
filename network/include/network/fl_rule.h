#pragma once
/// How a fractional length that the numerics leave open (`fl: auto`) is chosen: spec/number_formats.md
/// section 7. Names and parameters only; the choice itself is made where the values are.

#include <array>
#include <optional>
#include <string_view>

namespace dlasim::network {

/// How `amax`, the largest |x| of the group, or the values themselves become a fractional length.
enum class FlMethod {
  kMax,                  ///< the largest fl at which nothing overflows
  kRistrettoActivation,  ///< fl = B - ceil(log2 amax): the top half of the range can saturate
  kRistrettoParameter,   ///< fl = B - ceil(log2(amax) + 1)
  kPercentile,           ///< max, of the smallest a with at least p % of all |x| <= a
  kMse,                  ///< the smallest sum of squared errors, from max's fl upwards
  kKlDivergence,         ///< max, of the clipping threshold that distorts the histogram least
};

/// All methods, in the order of the enumeration.
inline constexpr std::array kFlMethods = {
    FlMethod::kMax, FlMethod::kRistrettoActivation, FlMethod::kRistrettoParameter, FlMethod::kPercentile,
    FlMethod::kMse, FlMethod::kKlDivergence};

/// "max", "ristretto_activation", "ristretto_parameter", "percentile", "mse", "kl_divergence".
std::string_view name(FlMethod method);
/// The inverse of `name`.
std::optional<FlMethod> fl_method_from_name(std::string_view name);

/// One `fl: auto`.
struct FlRule {
  FlMethod method = FlMethod::kMax;
  double percentile = 99.99;  ///< kPercentile
  int margin = 0;             ///< subtracted from what the method gives: bits of room above, lost below
  friend bool operator==(const FlRule&, const FlRule&) = default;
};

}  // namespace dlasim::network
