#pragma once
/// Compares the trace of a vector with the golden model's, step by step.

#include <string>

#include "conformance/json_reader.h"
#include "golden/staged.h"

namespace dlasim::conformance {

/// Empty, or the first step in the order of computation that differs: "tile 1: accumulators[3][0]:
/// expected 0x12, got 0x13".
std::string first_wrong_step(const JsonReader& trace, const network::StagedNumerics& numerics,
                             const golden::ElementTrace& got);

}  // namespace dlasim::conformance
