#pragma once
/// The cycle engine, stepped: one clocked SystemC process steps all blocks; TLM-2.0 to the DRAM.

#include <span>

#include "sim/engine/run.h"

namespace dlasim::sim::engine {

/// Runs `program` on `inputs` (in the order of graph.inputs). Every call is a simulation of its own.
/// Throws base::SimulationError on deadlock (no progress for hardware.control.watchdog_cycles) or an access
/// outside a memory, base::InputError if the inputs are not the graph's.
RunResult run_cycle(const compiler::Program& program, const network::QuantizedGraph& graph,
                    const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                    const RunOptions& options = {});

}  // namespace dlasim::sim::engine
