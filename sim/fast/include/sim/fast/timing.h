#pragma once
/// When everything happens: the cycle engine's counts from the commands alone, without any data.
///
/// The machine is deterministic and its datapath never waits for its consumer, so a tile's beats, its weight
/// rows and its last output word follow from the cycle of its issue by a handful of additions. What shares
/// the DRAM (fetch, load and store channel) and what waits for tokens (command processor) is followed request
/// by request; stretches in which nothing of that can change are skipped. The counts are equal to those of
/// the cycle engine: a differential test runs both.

#include <cstdint>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/compiler/program.h"
#include "sim/engine/run_counters.h"
#include "sim/memory/dram_timing.h"

namespace dlasim::sim::fast {

struct Timing {
  std::uint64_t cycles = 0;
  std::vector<engine::LayerCounters> layers;  ///< `events` are left at 0
  memory::DramTiming::Counters dram;
  std::uint64_t load_busy_cycles = 0, store_busy_cycles = 0;
};

/// Runs the command streams of `program` one after the other. Throws base::SimulationError for a deadlock,
/// naming engine and token, and for words that are no command.
Timing time_program(const compiler::Program& program, const arch::Hardware& hardware);

}  // namespace dlasim::sim::fast
