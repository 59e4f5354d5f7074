#pragma once
/// The truncation units of the accelerator's model, one value at a time, for conformance vectors.

#include "conformance/hardware_units.h"
#include "fixed_point/exact.h"

namespace dlasim::cli {

/// Throws base::UnsupportedError for a value of more than 256 bits.
fixed_point::Exact exact(const golden::WideValue& value);

/// fixed_point's scalar units, whatever the formats: what the blocks of sim/ round with.
conformance::UnitMaker model_units();

}  // namespace dlasim::cli
