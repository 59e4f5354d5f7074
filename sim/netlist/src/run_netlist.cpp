#include "sim/netlist/run_netlist.h"

#include <exception>
#include <functional>
#include <systemc>

#include "base/error.h"
#include "sim/engine/run_program.h"
#include "sim/engine/simulation_context.h"
#include "sim/memory/dram.h"
#include "sim/netlist/netlist.h"

namespace dlasim::sim::netlist {
namespace {

/// The test bench: gives clock and reset, rings the doorbell and watches what moves.
class Host final : public sc_core::sc_module, public engine::ClockedCore {
 public:
  SC_HAS_PROCESS(Host);
  Host(const sc_core::sc_module_name& name, Netlist& netlist, const arch::Hardware& hardware,
       const compiler::Program& program, sc_core::sc_time period, const engine::RunOptions& options,
       const NetlistOptions& netlist_options)
      : sc_module(name),
        clock_("clock", period, 0.5, period, true),
        netlist_(netlist),
        hardware_(hardware),
        period_(period),
        progress_(options.progress),
        tiles_(static_cast<double>(program.tiles)),
        observer_(netlist_options.observer),
        counters_(program.layers.size()) {
    netlist.clk_i(clock_);
    netlist.rst_ni(reset_n_);
    netlist.start_i(start_);
    netlist.start_address_i(address_);
    netlist.start_bytes_i(bytes_);
    netlist.finished_o(finished_);
    SC_METHOD(on_clock);
    sensitive << clock_.posedge_event();
    dont_initialize();
    SC_METHOD(on_finished);
    sensitive << finished_.posedge_event();
    dont_initialize();
  }

  void run(const compiler::CommandStream& stream) override {
    if (!reset_n_.read()) reset();
    address_.write(stream.address);
    bytes_.write(stream.bytes);
    start_.write(true);
    counters_.restart();
    simulate();
  }
  const engine::RunCounters& counters() const override { return counters_; }
  std::uint64_t load_busy_cycles() const override { return netlist_.dma.load_busy_cycles(); }
  std::uint64_t store_busy_cycles() const override { return netlist_.dma.store_busy_cycles(); }

 private:
  /// One rising edge with reset low; returns between two edges.
  void reset() {
    sc_core::sc_start(period_ * 1.5);
    reset_n_.write(true);
  }

  void simulate() {
    try {
      sc_core::sc_start();
    } catch (const sc_core::sc_report& report) {
      // What a block throws leaves SystemC's kernel in this form.
      throw base::SimulationError(report.get_msg());
    }
    if (error_) std::rethrow_exception(error_);
  }

  void on_clock() {
    if (!reset_n_.read()) return;
    if (observer_) observer_(netlist_.state(counters_.cycle()));
    counters_.count(netlist_.activity());
    start_.write(false);
    if (progress_ && counters_.cycle() % kCyclesBetweenReports == 0)
      progress_(static_cast<double>(netlist_.tiles_done()) / tiles_);
    if (!engine::is_deadlocked(counters_, hardware_)) return;
    try {
      engine::report_deadlock(counters_, hardware_, netlist_.describe_stall());
    } catch (const base::SimulationError&) {
      error_ = std::current_exception();
      sc_core::sc_pause();
    }
  }

  void on_finished() { sc_core::sc_pause(); }

  static constexpr std::uint64_t kCyclesBetweenReports = 256;

  sc_core::sc_clock clock_;
  sc_core::sc_signal<bool> reset_n_{"reset_n"};
  // Raised from outside the simulation, lowered by the process.
  sc_core::sc_signal<bool, sc_core::SC_MANY_WRITERS> start_{"start"};
  sc_core::sc_signal<std::uint64_t> address_{"address"}, bytes_{"bytes"};
  sc_core::sc_signal<bool> finished_{"finished"};
  Netlist& netlist_;
  const arch::Hardware hardware_;
  const sc_core::sc_time period_;
  const std::function<void(double)> progress_;
  const double tiles_;
  const std::function<void(const HandshakeState&)> observer_;
  engine::RunCounters counters_;
  std::exception_ptr error_;
};

/// A SystemC trace file that is closed with its owner.
class TraceFile {
 public:
  TraceFile(const std::filesystem::path& path, const Netlist& netlist) {
    if (path.empty()) return;
    std::filesystem::path stem = path;
    if (stem.extension() == ".vcd") stem.replace_extension();  // SystemC adds it
    file_ = sc_core::sc_create_vcd_trace_file(stem.c_str());
    netlist.trace(file_);
  }
  ~TraceFile() {
    if (file_ != nullptr) sc_core::sc_close_vcd_trace_file(file_);
  }
  TraceFile(const TraceFile&) = delete;
  TraceFile& operator=(const TraceFile&) = delete;

 private:
  sc_core::sc_trace_file* file_ = nullptr;
};

}  // namespace

engine::RunResult run_netlist(const compiler::Program& program, const network::QuantizedGraph& graph,
                              const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                              const engine::RunOptions& options, const NetlistOptions& netlist_options) {
  if (options.fault)
    throw base::UnsupportedError(
        "the netlist has no faults on purpose: they are planned on the stepped engine");
  if (options.trace != nullptr)
    throw base::UnsupportedError("the netlist writes its waves by NetlistOptions::systemc_trace");
  const engine::SimulationContext context;
  const sc_core::sc_time period(1e3 / hardware.clock_mhz, sc_core::SC_NS);
  memory::Dram dram("dram", hardware, memory::DramContents(program.image, program.fixed_from), period);
  const BlockFactory models;
  const BlockFactory& factory = netlist_options.factory == nullptr ? models : *netlist_options.factory;
  Netlist netlist("dla", hardware, period, options.stalls, factory);
  netlist.memory_socket().bind(dram.socket);
  Host host("host", netlist, hardware, program, period, options, netlist_options);
  const TraceFile trace(netlist_options.systemc_trace, netlist);
  return engine::run_program(program, graph, inputs, options.host, dram, host);
}

}  // namespace dlasim::sim::netlist
