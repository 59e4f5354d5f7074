#pragma once
/// Number formats by name: the presets of spec/number_formats.md sections 3, 4 and 6, as plain data.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/number_format.h"

namespace dlasim::network {

/// "fp32", "bf16", "fp8_e4m3", ..., "ristretto_eXmY", "intN" and "uintN" (N = 1..64), "exact"; nothing for
/// another name or a number outside its range.
std::optional<NumberFormat> number_format_preset(std::string_view name);

/// Names for messages: the fixed ones, and one example of each family.
std::vector<std::string> number_format_preset_names();

/// An MX element: "fp8_e5m2", "fp8_e4m3", "fp6_e3m2", "fp6_e2m3", "fp4_e2m1" or "int8" (MXINT8, which is
/// DFP(8, 6) with a symmetric range, not the preset int8); nothing for another name.
std::optional<NumberFormat> mx_element_preset(std::string_view name);
std::vector<std::string> mx_element_names();

}  // namespace dlasim::network
