#pragma once
/// Co-simulation of a network: RTL in the place of blocks, or beside them.

#include <cstdint>

#include "session.h"
#include "sim/cosim/cosim_factory.h"

namespace dlasim::cli {

struct CosimRun {
  std::uint32_t stall_per_mille = 0;
  std::uint64_t stall_seed = 1;
  bool cycles = false;  ///< compare each layer's cycles with the cycle engine's, too
};

/// Runs the session's test clip in the netlist with the factory's blocks, compares every layer with golden
/// and prints what was compared. kDone or kMismatch; throws base::InputError and base::SimulationError as all
/// verbs.
int run_cosim(const CosimRun& run, const Session& session, const sim::cosim::CosimFactory& factory);

}  // namespace dlasim::cli
