#include "sim/engine/run_program.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace dlasim::sim::engine {

std::vector<LayerResult> layer_results(const std::vector<LayerCounters>& counters) {
  std::vector<LayerResult> results;
  std::uint64_t end = 0;
  for (const LayerCounters& c : counters) {
    const std::uint64_t last = std::max(c.last_cycle, end);
    results.push_back({last - end, c.beats, c.events});
    end = last;
  }
  return results;
}

void run_steps(const compiler::Program& program, TensorMemory& tensors, const HostFunction& host_function,
               const std::function<void(const compiler::CommandStream&)>& run_stream) {
  for (const compiler::Step& step : program.steps) {
    if (const auto* host = std::get_if<compiler::HostStep>(&step)) {
      tensors.run_on_host(*host, host_function);
    } else {
      run_stream(std::get<compiler::CommandStream>(step));
    }
  }
}

RunResult run_program(const compiler::Program& program, const network::QuantizedGraph& graph,
                      std::span<const network::Tensor> inputs, const HostFunction& host_function,
                      memory::Dram& dram, ClockedCore& core) {
  TensorMemory tensors(program, graph, dram.contents());
  tensors.write_inputs(inputs);
  run_steps(program, tensors, host_function,
            [&core](const compiler::CommandStream& stream) { core.run(stream); });
  RunResult result;
  result.cycles = core.counters().cycle();
  result.layers = layer_results(core.counters().layers());
  result.dram = dram.timing().counters();
  result.load_busy_cycles = core.load_busy_cycles();
  result.store_busy_cycles = core.store_busy_cycles();
  result.tensors = tensors.read_all();
  return result;
}

void report_deadlock(std::uint64_t cycle, const arch::Hardware& hardware, const std::string& waits_for) {
  throw base::SimulationError(fmt::format("deadlock: nothing moved for {} cycles, up to cycle {}: {}",
                                          hardware.control.watchdog_cycles, cycle, waits_for));
}

void report_deadlock(const RunCounters& counters, const arch::Hardware& hardware,
                     const std::string& waits_for) {
  report_deadlock(counters.cycle(), hardware, waits_for);
}

}  // namespace dlasim::sim::engine
