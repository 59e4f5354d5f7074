#include "sim/engine/cycle_engine.h"

#include <fmt/format.h>
#include <tlm_utils/simple_initiator_socket.h>

#include <algorithm>
#include <exception>
#include <systemc>
#include <tlm>

#include "base/error.h"
#include "sim/engine/simulation_context.h"
#include "sim/engine/tensor_memory.h"
#include "sim/memory/dram.h"
#include "sim/memory/memory_port.h"

namespace dlasim::sim::engine {
namespace {

/// The accelerator as one SystemC module: a clocked process and the DMA's socket.
class SteppedAccelerator final : public sc_core::sc_module, public memory::MemoryPort {
 public:
  tlm_utils::simple_initiator_socket<SteppedAccelerator> socket{"socket"};

  SC_HAS_PROCESS(SteppedAccelerator);
  SteppedAccelerator(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                     const compiler::Program& program, const RunOptions& options, sc_core::sc_time period)
      : sc_module(name),
        hardware_(hardware),
        accelerator_(hardware, *this, program.layers.size(), options.stalls),
        trace_(options.trace),
        period_(period),
        progress_(options.progress),
        tiles_(static_cast<double>(program.tiles)) {
    SC_METHOD(on_clock);
  }

  Accelerator& accelerator() { return accelerator_; }
  const std::exception_ptr& error() const { return error_; }

  std::uint64_t read(std::uint64_t now, std::uint64_t address, std::span<std::byte> to) override {
    return transport(tlm::TLM_READ_COMMAND, now, address, to.data(), to.size());
  }
  std::uint64_t write(std::uint64_t now, std::uint64_t address, std::span<const std::byte> from) override {
    // TLM's payload has one data pointer for both directions; a write only reads through it.
    return transport(tlm::TLM_WRITE_COMMAND, now, address, const_cast<std::byte*>(from.data()), from.size());
  }

 private:
  /// Cycles a call of the process: nothing outside looks at the blocks in between, and the kernel's share
  /// of the time becomes small. Transfers carry their place in the batch as TLM delay.
  static constexpr std::uint64_t kBatch = 256;

  void on_clock() {
    try {
      for (std::uint64_t i = 0; i < kBatch && !accelerator_.finished(); ++i) {
        trace_ == nullptr ? accelerator_.step() : accelerator_.step(*trace_);
        check_progress();
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

  void check_progress() const {
    if (accelerator_.idle_cycles() <= static_cast<std::uint64_t>(hardware_.control.watchdog_cycles)) return;
    throw base::SimulationError(fmt::format("deadlock: nothing moved for {} cycles, up to cycle {}: {}",
                                            hardware_.control.watchdog_cycles, accelerator_.cycle(),
                                            accelerator_.describe_stall()));
  }

  std::uint64_t transport(tlm::tlm_command command, std::uint64_t now, std::uint64_t address, std::byte* data,
                          std::size_t bytes) {
    payload_.set_command(command);
    payload_.set_address(address);
    payload_.set_data_ptr(reinterpret_cast<unsigned char*>(data));
    payload_.set_data_length(static_cast<unsigned>(bytes));
    payload_.set_streaming_width(static_cast<unsigned>(bytes));
    payload_.set_byte_enable_ptr(nullptr);
    payload_.set_dmi_allowed(false);
    payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    // The process runs ahead of SystemC's time by the rest of its batch.
    const sc_core::sc_time begin = period_ * static_cast<double>(now) - sc_core::sc_time_stamp();
    sc_core::sc_time delay = begin;
    socket->b_transport(payload_, delay);
    if (!payload_.is_response_ok()) {
      throw base::SimulationError(fmt::format("dma: {} of {} bytes at {:#x}: {}",
                                              command == tlm::TLM_READ_COMMAND ? "read" : "write", bytes,
                                              address, payload_.get_response_string()));
    }
    return now + static_cast<std::uint64_t>((delay - begin) / period_ + 0.5);
  }

 public:
  sc_core::sc_event restart_;

 private:
  const arch::Hardware hardware_;
  Accelerator accelerator_;
  trace::TraceSink* const trace_;
  const sc_core::sc_time period_;
  const std::function<void(double)> progress_;
  const double tiles_;
  tlm::tlm_generic_payload payload_;
  std::exception_ptr error_;
};

std::vector<LayerResult> layer_results(const std::vector<LayerCounters>& counters) {
  std::vector<LayerResult> results;
  std::uint64_t end = 0;
  for (const LayerCounters& c : counters) {
    const std::uint64_t last = std::max(c.last_cycle, end);
    results.push_back({last - end, c.beats});
    end = last;
  }
  return results;
}

}  // namespace

RunResult run_cycle(const compiler::Program& program, const network::QuantizedGraph& graph,
                    const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                    const RunOptions& options) {
  const SimulationContext context;
  const sc_core::sc_time period(1e3 / hardware.clock_mhz, sc_core::SC_NS);
  memory::Dram dram("dram", hardware, program.image, period);
  SteppedAccelerator core("core", hardware, program, options, period);
  core.socket.bind(dram.socket);
  Accelerator& accelerator = core.accelerator();

  TensorMemory tensors(program, graph, dram.bytes());
  tensors.write_inputs(inputs);
  for (const compiler::Step& step : program.steps) {
    if (const auto* host = std::get_if<compiler::HostStep>(&step)) {
      tensors.run_on_host(*host, options.host);
      continue;
    }
    const auto& stream = std::get<compiler::CommandStream>(step);
    accelerator.start(stream.address, stream.bytes);
    core.restart_.notify(sc_core::SC_ZERO_TIME);
    sc_core::sc_start();
    if (core.error()) std::rethrow_exception(core.error());
  }
  RunResult result;
  result.cycles = accelerator.cycle();
  result.layers = layer_results(accelerator.layers());
  result.dram = dram.timing().counters();
  result.load_busy_cycles = accelerator.load.busy_cycles();
  result.store_busy_cycles = accelerator.store.busy_cycles();
  result.tensors = tensors.read_all();
  return result;
}

}  // namespace dlasim::sim::engine
