#pragma once
/// The named formats of number_formats.md sections 3, 4 and 6.

#include <optional>
#include <string_view>

#include "fixed_point/format.h"

namespace dlasim::fixed_point {

/// "exact", "intN" and "uintN" (N = 1..64), "fp32", "tf32", "bf16", "fp16", "fp8_e5m2", "fp8_e4m3",
/// "fp6_e3m2", "fp6_e2m3", "fp4_e2m1", "ristretto_eXmY"; nothing for any other name.
std::optional<Format> preset(std::string_view name) noexcept;

/// The element formats of section 6 by the same names, where "int8" is MXINT8: DFP(8, 6), saturate_symmetric.
std::optional<Format> mx_element(std::string_view name) noexcept;

}  // namespace dlasim::fixed_point
