#pragma once
/// Running a quantised network on the golden model alone.

#include <vector>

#include "base/file.h"
#include "golden/staged.h"
#include "session.h"

namespace dlasim::cli {

/// What golden computed.
struct GoldenResult {
  std::vector<network::Tensor> tensors;  ///< by tensor id; graph inputs and constants are empty
  /// By node; nothing for nodes without truncation units.
  std::vector<std::optional<golden::StageEvents>> events;
  double seconds = 0.0;
};

/// Runs the session's test clip.
GoldenResult run_golden_model(const Session& session, const network::QuantizedGraph& graph);

/// Multiply-accumulates of a node; 0 for operators without.
std::uint64_t count_macs(const network::QuantizedGraph& graph, const network::QuantizedNode& node);

/// Any tensor of `graph`: constants, the clip's `inputs` (integer_inputs), and what golden computed. All
/// three must outlive it.
golden::StagedTensorLookup tensor_lookup(const network::QuantizedGraph& graph,
                                         const std::vector<network::Tensor>& inputs,
                                         const GoldenResult& result);

/// `dlasim run --engine golden`: writes and prints the report; returns the exit code.
int run_golden_only(const Session& session, const QuantizedNetwork& network, base::OutputDirectory& directory,
                    bool json);

}  // namespace dlasim::cli
