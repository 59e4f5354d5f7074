#pragma once
/// "Explain this requantisation": spec/integer_semantics.md section 1, integer by integer.

#include <cstdint>

#include "network/quantized_graph.h"
#include "report/explain_report.h"

namespace dlasim::cli {

/// Adds the way from `total` to the output of `channel`: both dialects where both are defined, marked which
/// one the layer runs; the 64-bit and the float rule alone where the layer runs them. Throws
/// base::UnsupportedError for a total that leaves the 32 bits of the contract.
void add_requantisation(std::int64_t total, std::int64_t channel, const network::qop::MacParameters& mac,
                        report::Explanation* out);

}  // namespace dlasim::cli
