#pragma once
/// Where golden, the cycle engine and the RTL part: layer, output element, stage and cycle, with waves.

#include <filesystem>
#include <optional>
#include <vector>

#include "session.h"
#include "sim/arch/fault.h"
#include "sim/blocks/handshake.h"
#include "sim/compiler/program.h"
#include "sim/cosim/divergence.h"

namespace dlasim::cli {

struct DivergenceQuery {
  const Session& session;
  const network::QuantizedGraph& graph;
  const sim::compiler::Program& program;
  sim::blocks::StallPlan stalls;
  std::vector<sim::arch::Fault> faults;              ///< in the models, or at ports of the RTL if `rtl`
  std::optional<sim::cosim::RtlRecorder::What> rtl;  ///< compare models with RTL, too
  sim::cosim::RtlToolchain toolchain;
  /// Directory for divergence.vcd and its GTKWave layout; replaced as a whole.
  std::filesystem::path folder;
};

/// Beside the directory of the session's results.
std::filesystem::path divergence_folder(const Session& session);

/// Runs what is needed, prints what differs first and writes the window. kDone if nothing differs, else
/// kMismatch. Throws as all verbs.
int report_divergence(const DivergenceQuery& query);

}  // namespace dlasim::cli
