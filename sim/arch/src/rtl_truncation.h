#pragma once
/// The truncation units' part of the SystemVerilog package.

#include <string>

#include "sim/arch/hardware.h"

namespace dlasim::sim::arch {

/// Kinds, formats and the functions that read a packed format.
std::string truncation_constants(const Hardware& hardware);

}  // namespace dlasim::sim::arch
