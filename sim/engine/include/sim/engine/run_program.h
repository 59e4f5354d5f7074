#pragma once
/// What the clocked engines have in common: the steps of a program, the watchdog and the results.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sim/engine/run.h"
#include "sim/engine/run_counters.h"
#include "sim/engine/tensor_memory.h"
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

/// Runs the steps of a program in order: the streams by `run_stream`, the others on the host.
void run_steps(const compiler::Program& program, TensorMemory& tensors, const HostFunction& host_function,
               const std::function<void(const compiler::CommandStream&)>& run_stream);

/// What a report says of each layer.
std::vector<LayerResult> layer_results(const std::vector<LayerCounters>& counters);

/// Runs the command streams on `core` and the other steps on the host, and collects the results.
RunResult run_program(const compiler::Program& program, const network::QuantizedGraph& graph,
                      std::span<const network::Tensor> inputs, const HostFunction& host_function,
                      memory::Dram& dram, ClockedCore& core);

/// The watchdog bites: nothing has moved for longer than the hardware allows.
inline bool is_deadlocked(const RunCounters& counters, const arch::Hardware& hardware) {
  return counters.idle_cycles() > static_cast<std::uint64_t>(hardware.control.watchdog_cycles);
}
/// Throws base::SimulationError with what the blocks wait for and the cycle up to which they have.
[[noreturn]] void report_deadlock(std::uint64_t cycle, const arch::Hardware& hardware,
                                  const std::string& waits_for);
[[noreturn]] void report_deadlock(const RunCounters& counters, const arch::Hardware& hardware,
                                  const std::string& waits_for);

}  // namespace dlasim::sim::engine
