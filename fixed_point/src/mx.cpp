#include "fixed_point/mx.h"

#include <algorithm>

namespace dlasim::fixed_point {

std::uint8_t mx_convert(std::span<const Exact> values, const Format& element,
                        std::span<std::uint64_t> codes) noexcept {
  std::int64_t k = -kMxScaleBias;
  for (const Exact& v : values) {
    if (v.is_nan() || v.is_infinity()) {
      std::fill(codes.begin(), codes.end(), std::uint64_t{0});
      return kMxScaleNan;
    }
    // The largest magnitude has the largest floor(log2): no comparison of values is needed.
    if (v.is_finite_nonzero()) k = std::max(k, v.floor_log2() - mx_emax(element));
  }
  k = std::min<std::int64_t>(k, kMxScaleBias);
  for (std::size_t i = 0; i < values.size(); ++i) codes[i] = convert(values[i].scaled(-k), element).code;
  return static_cast<std::uint8_t>(k + kMxScaleBias);
}

Exact mx_decode(std::uint8_t scale, std::uint64_t code, const Format& element) noexcept {
  return mx_scaled(decode(code, element), scale);
}

}  // namespace dlasim::fixed_point
