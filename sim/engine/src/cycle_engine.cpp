#include "sim/engine/cycle_engine.h"

#include <exception>
#include <functional>
#include <systemc>

#include "sim/engine/run_program.h"
#include "sim/engine/simulation_context.h"
#include "sim/memory/dram.h"
#include "sim/memory/tlm_memory_port.h"

namespace dlasim::sim::engine {
namespace {

/// The accelerator as one SystemC module: a clocked process and the DMA's socket.
class SteppedAccelerator final : public sc_core::sc_module, public ClockedCore {
 public:
  SC_HAS_PROCESS(SteppedAccelerator);
  SteppedAccelerator(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                     const compiler::Program& program, const RunOptions& options, sc_core::sc_time period)
      : sc_module(name),
        memory_port("socket", period),
        hardware_(hardware),
        accelerator_(hardware, memory_port, program.layers.size(), options.stalls),
        trace_(options.trace),
        period_(period),
        progress_(options.progress),
        tiles_(static_cast<double>(program.tiles)) {
    if (options.fault) accelerator_.inject(*options.fault);
    SC_METHOD(on_clock);
  }

  memory::TlmMemoryPort memory_port;

  void run(const compiler::CommandStream& stream) override {
    accelerator_.start(stream.address, stream.bytes);
    restart_.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    accelerator_.collect_events();
    if (error_) std::rethrow_exception(error_);
  }
  const RunCounters& counters() const override { return accelerator_.counters(); }
  std::uint64_t load_busy_cycles() const override { return accelerator_.load.busy_cycles(); }
  std::uint64_t store_busy_cycles() const override { return accelerator_.store.busy_cycles(); }

 private:
  /// Cycles a call of the process: nothing outside looks at the blocks in between, and the kernel's share
  /// of the time becomes small. The process runs ahead of SystemC's time by the rest of its batch.
  static constexpr std::uint64_t kBatch = 256;

  void on_clock() {
    try {
      // A slice of cycles that no trace looks at runs as if there were none.
      const std::uint64_t first = accelerator_.cycle();
      const bool traced = trace_ != nullptr && trace_->watches(first, first + kBatch - 1);
      for (std::uint64_t i = 0; i < kBatch && !accelerator_.finished(); ++i) {
        traced ? accelerator_.step(*trace_) : accelerator_.step();
        if (is_deadlocked(counters(), hardware_))
          report_deadlock(counters(), hardware_, accelerator_.describe_stall());
      }
      if (progress_) progress_(static_cast<double>(accelerator_.output_buffer.tiles_done()) / tiles_);
    } catch (...) {
      error_ = std::current_exception();
    }
    if (error_ || accelerator_.finished()) {
      sc_core::sc_pause();
      next_trigger(restart_);
      return;
    }
    next_trigger(period_ * static_cast<double>(kBatch));
  }

  const arch::Hardware hardware_;
  Accelerator accelerator_;
  trace::TraceSink* const trace_;
  const sc_core::sc_time period_;
  const std::function<void(double)> progress_;
  const double tiles_;
  sc_core::sc_event restart_;
  std::exception_ptr error_;
};

}  // namespace

RunResult run_cycle(const compiler::Program& program, const network::QuantizedGraph& graph,
                    const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                    const RunOptions& options) {
  const SimulationContext context;
  const sc_core::sc_time period(1e3 / hardware.clock_mhz, sc_core::SC_NS);
  memory::Dram dram("dram", hardware, memory::DramContents(program.image, program.fixed_from), period);
  SteppedAccelerator core("core", hardware, program, options, period);
  core.memory_port.socket.bind(dram.socket);
  return run_program(program, graph, inputs, options.host, dram, core);
}

}  // namespace dlasim::sim::engine
