#pragma once
/// Number formats in YAML: the syntax of spec/number_formats.md section 8. Every error names the place.

#include "base/yaml.h"
#include "network/fl_rule.h"
#include "network/number_format.h"

namespace dlasim::network {

/// A preset's name; a map with `preset` and fields that override it; or a map with `kind` dfp, minifloat or
/// exact. Refuses combinations that no unit can have (an inf where the format has no code for it, `ieee`
/// without a mantissa bit, stochastic rounding without an LFSR). Where `exp` overrides a preset and `bias`
/// does not, the bias is that of the new `exp`.
NumberFormat read_number_format(const base::YamlNode& node);

/// As read_number_format (but not `exact`), or `{kind: mx, element, block: 32, rounding}`.
OperandFormat read_operand_format(const base::YamlNode& node);

/// A format whose fractional length may be left open.
struct OpenNumberFormat {
  NumberFormat format;            ///< with fl 0 where `fl` is open
  std::optional<FlRule> open_fl;  ///< present: chosen from the values
};
struct OpenOperandFormat {
  OperandFormat format;
  std::optional<FlRule> open_fl;
};

/// As read_number_format, and a DFP format may say `fl: auto` with `fl_method` (a name of section 7, default
/// max), `percentile` (for that method, default 99.99) and `fl_margin` (bits of room above, default 0; may be
/// negative).
OpenNumberFormat read_open_number_format(const base::YamlNode& node);
/// As read_operand_format, with `fl: auto` as above.
OpenOperandFormat read_open_operand_format(const base::YamlNode& node);

/// `none`, `relu`, or `{type: none | relu | leaky_relu | clamp}` with `slope`, or `min` and `max`.
StagedActivation read_staged_activation(const base::YamlNode& node);

}  // namespace dlasim::network
