#pragma once
/// What the clocked engines have in common: the steps of a program, the watchdog and the results.

#include <cstdint>
#include <span>
#include <string>

#include "sim/engine/run.h"
#include "sim/engine/run_counters.h"
#include "sim/memory/dram.h"

namespace dlasim::sim::engine {

/// One accelerator in one SystemC simulation, in front of a DRAM.
class ClockedCore {
 public:
  virtual ~ClockedCore() = default;
  /// Rings the doorbell and runs the stream to its Finish. Throws base::SimulationError if the machine fails.
  virtual void run(const compiler::CommandStream& stream) = 0;
  virtual const RunCounters& counters() const = 0;
  virtual std::uint64_t load_busy_cycles() const = 0;
  virtual std::uint64_t store_busy_cycles() const = 0;
};

/// Runs the command streams on `core` and the other steps on the host, and collects the results.
RunResult run_program(const compiler::Program& program, const network::QuantizedGraph& graph,
                      std::span<const network::Tensor> inputs, const HostFunction& host_function,
                      memory::Dram& dram, ClockedCore& core);

/// The watchdog bites: nothing has moved for longer than the hardware allows.
inline bool is_deadlocked(const RunCounters& counters, const arch::Hardware& hardware) {
  return counters.idle_cycles() > static_cast<std::uint64_t>(hardware.control.watchdog_cycles);
}
/// Throws base::SimulationError with what the blocks wait for.
[[noreturn]] void report_deadlock(const RunCounters& counters, const arch::Hardware& hardware,
                                  const std::string& waits_for);

}  // namespace dlasim::sim::engine
