#pragma once
/// "Explain this requantisation": spec/integer_semantics.md section 1, integer by integer.

#include <cstdint>
#include <optional>

#include "network/quantized_graph.h"
#include "report/explain_report.h"

namespace dlasim::cli {

/// The parameters of one layer in the network's own dialect and in two others: a factor is an integer in
/// `integer` and a float32 in `pytorch`. The last two may be absent; they do not matter for 64-bit sums.
struct LayerDialects {
  network::qop::MacParameters own;
  std::optional<network::qop::MacParameters> integer, pytorch;
};

/// Adds the way from `total` to the output of `channel` in all three dialects, marked which one the layer
/// runs; the 64-bit rule alone where the layer runs that. An integer dialect is left out if another is used
/// and the total leaves its 32 bits. Throws base::UnsupportedError if that happens in the layer's own.
void add_requantisation(std::int64_t total, std::int64_t channel, const LayerDialects& layer,
                        report::Explanation* out);

}  // namespace dlasim::cli
