// The SystemC netlist: every block a module, as models and as Verilated RTL, beside the engine that steps the
// same blocks in one process. On configs/hardware/small.yaml, the hardware whose RTL is compiled.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "layer.h"
#include "sim/compiler/compile.h"
#include "sim/cosim/configurations.h"
#include "sim/cosim/cosim_factory.h"
#include "sim/engine/cycle_engine.h"
#include "sim/netlist/run_netlist.h"

namespace dlasim::benchmarks {
namespace {

struct Workload {
  LayerShape shape{256, 16, 32, 2, 8};
  Layer layer = convolution(shape);
  sim::arch::Hardware hardware = sim::cosim::configuration("small");
  sim::compiler::Program program = sim::compiler::compile(layer.graph, hardware);
};

void count(benchmark::State& state, const Workload& w, std::uint64_t cycles) {
  const auto rate = [](double n) {
    return benchmark::Counter(n / 1e6, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["MMAC/s"] = rate(static_cast<double>(w.shape.macs()));
  state.counters["Mcycle/s"] = rate(static_cast<double>(cycles));
}

void stepped(benchmark::State& state) {
  const Workload w;
  std::uint64_t cycles = 0;
  for (auto _ : state)
    cycles = sim::engine::run_cycle(w.program, w.layer.graph, w.hardware, w.layer.inputs).cycles;
  count(state, w, cycles);
}
BENCHMARK(stepped)->Name("small/stepped")->Unit(benchmark::kMillisecond);

void run_netlist(benchmark::State& state, const Workload& w, const sim::netlist::NetlistOptions& options) {
  std::uint64_t cycles = 0;
  for (auto _ : state)
    cycles =
        sim::netlist::run_netlist(w.program, w.layer.graph, w.hardware, w.layer.inputs, {}, options).cycles;
  count(state, w, cycles);
}

void netlist_of_models(benchmark::State& state) {
  run_netlist(state, {}, {});
}
BENCHMARK(netlist_of_models)->Name("small/netlist_models")->Unit(benchmark::kMillisecond);

void netlist_of_rtl(benchmark::State& state) {
  if (!sim::cosim::is_available()) {
    state.SkipWithError("not installed: verilator");
    return;
  }
  sim::cosim::CosimFactory factory;
  factory.set_mode(sim::cosim::kAllBlocks, sim::cosim::Mode::kRtl);
  sim::netlist::NetlistOptions options;
  options.factory = &factory;
  run_netlist(state, {}, options);
}
BENCHMARK(netlist_of_rtl)->Name("small/netlist_verilated")->Unit(benchmark::kMillisecond);

/// SystemC's own trace of all wires.
void netlist_with_systemc_trace(benchmark::State& state) {
  sim::netlist::NetlistOptions options;
  options.systemc_trace =
      std::filesystem::temp_directory_path() / ("dlasim_bench_" + std::to_string(getpid()));
  run_netlist(state, {}, options);
  std::filesystem::remove(options.systemc_trace);
  std::filesystem::remove(options.systemc_trace.string() + ".vcd");
}
BENCHMARK(netlist_with_systemc_trace)->Name("small/netlist_sc_trace")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dlasim::benchmarks

// SystemC brings a main of its own.
BENCHMARK_MAIN();
