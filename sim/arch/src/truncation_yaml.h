#pragma once
/// The formats of `hardware.truncation`.

#include "base/yaml.h"
#include "sim/arch/truncation.h"

namespace dlasim::sim::arch {

/// Reads `kind`, `operands` and `points`; the integers of the section are in hardware_fields.h. DFP: a number
/// of bits each; minifloat: a preset's name or a map of exp, man, bias, exp_zero, specials. All formats must
/// be there; `product` may be `exact`. Throws base::InputError.
void read_formats(const base::YamlNode& node, Truncation& truncation);

}  // namespace dlasim::sim::arch
