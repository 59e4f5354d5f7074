#pragma once
/// Compares the trace of a vector, step by step, with the golden model's and with the wires of a datapath.

#include <span>
#include <string>

#include "conformance/json_reader.h"
#include "conformance/number_format_vector.h"
#include "golden/staged.h"

namespace dlasim::conformance {

/// Empty, or the first step in the order of computation that differs: "tile 1: accumulators[3][0]:
/// expected 0x12, got 0x13".
std::string first_wrong_step(const JsonReader& trace, const network::StagedNumerics& numerics,
                             const golden::ElementTrace& got);

/// The same for the steps that are wires between blocks.
std::string first_wrong_wire(const JsonReader& trace, std::span<const WireSteps> got);

}  // namespace dlasim::conformance
