#pragma once
/// Number formats in YAML: the syntax of spec/number_formats.md section 8. Every error names the place.

#include "base/yaml.h"
#include "network/number_format.h"

namespace dlasim::network {

/// A preset's name; a map with `preset` and fields that override it; or a map with `kind` dfp, minifloat or
/// exact. Refuses combinations that no unit can have (an inf where the format has no code for it, `ieee`
/// without a mantissa bit, stochastic rounding without an LFSR). Where `exp` overrides a preset and `bias`
/// does not, the bias is that of the new `exp`.
NumberFormat read_number_format(const base::YamlNode& node);

/// As read_number_format (but not `exact`), or `{kind: mx, element, block: 32, rounding}`.
OperandFormat read_operand_format(const base::YamlNode& node);

/// `none`, `relu`, or `{type: none | relu | leaky_relu | clamp}` with `slope`, or `min` and `max`.
StagedActivation read_staged_activation(const base::YamlNode& node);

}  // namespace dlasim::network
