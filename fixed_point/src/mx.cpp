#include "fixed_point/mx.h"

#include <algorithm>

namespace dlasim::fixed_point {

std::uint8_t mx_convert(std::span<const Exact> values, const Format& element,
                        std::span<std::uint64_t> codes) noexcept {
  std::uint8_t scale = 0;
  for (const Exact& v : values) scale = std::max(scale, mx_scale_of(v, element));
  std::ranges::transform(values, codes.begin(),
                         [&](const Exact& v) { return mx_element_code(v, scale, element); });
  return scale;
}

Exact mx_decode(std::uint8_t scale, std::uint64_t code, const Format& element) noexcept {
  return mx_scaled(decode(code, element), scale);
}

}  // namespace dlasim::fixed_point
