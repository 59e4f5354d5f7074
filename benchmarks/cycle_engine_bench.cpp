// Simulated multiply-accumulates and cycles a second of the cycle engine on one core: every block, DMA and
// DRAM included. Rows: int8 by array size and by MACs, the number formats, waves. `scripts/bench` makes the
// table.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "layer.h"
#include "numerics.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/trace/vcd_trace.h"

namespace dlasim::benchmarks {
namespace {

using network::StagedNumerics;

/// A layer and the program that runs it on an array of `lanes` x `lanes`, with a bus as wide for it as the
/// default hardware's is for 16 x 16: a large array on a narrow bus waits, and what is measured is the
/// waiting.
struct Workload {
  Workload(const LayerShape& s, const std::optional<StagedNumerics>& numerics, int lanes)
      : shape(s), layer(convolution(s, numerics)) {
    hardware.pe_array.ic_lanes = hardware.pe_array.oc_lanes = lanes;
    hardware.dram.bus_bytes = 2 * lanes;
    hardware.dram.burst_bytes = 4 * lanes;
    program = sim::compiler::compile(layer.graph, hardware);
  }
  sim::engine::RunResult run(const sim::engine::RunOptions& options = {}) const {
    return sim::engine::run_cycle(program, layer.graph, hardware, layer.inputs, options);
  }
  LayerShape shape;
  Layer layer;
  sim::arch::Hardware hardware;
  sim::compiler::Program program;
};

void count(benchmark::State& state, const Workload& w, std::uint64_t cycles) {
  const auto rate = [](double n) {
    return benchmark::Counter(n / 1e6, benchmark::Counter::kIsIterationInvariantRate);
  };
  state.counters["MMAC/s"] = rate(static_cast<double>(w.shape.macs()));
  state.counters["Mcycle/s"] = rate(static_cast<double>(cycles));
}

void run(benchmark::State& state, const Workload& w) {
  std::uint64_t cycles = 0;
  for (auto _ : state) cycles = w.run().cycles;
  count(state, w, cycles);
}

/// With a VCD file of all cycles, or of the window [from, to].
void run_with_waves(benchmark::State& state, const Workload& w, const sim::trace::VcdOptions& waves) {
  const auto file =
      std::filesystem::temp_directory_path() / ("dlasim_bench_" + std::to_string(getpid()) + ".vcd");
  std::uint64_t cycles = 0;
  for (auto _ : state) {
    sim::trace::VcdTrace vcd(file, w.hardware, waves);
    sim::engine::RunOptions options;
    options.trace = &vcd;
    cycles = w.run(options).cycles;
    vcd.close();
    if (vcd.signals() != nullptr) state.counters["signals"] = static_cast<double>(vcd.signals()->ids());
  }
  std::filesystem::remove(file);
  count(state, w, cycles);
}

benchmark::internal::Benchmark* add(const std::string& name, const std::shared_ptr<const Workload>& w) {
  return benchmark::RegisterBenchmark(name.c_str(), [w](benchmark::State& s) { run(s, *w); })
      ->Unit(benchmark::kMillisecond);
}

void add_int8() {
  for (const int lanes : {4, 8, 16, 32, 64})
    add("cycle/int8/array_" + std::to_string(lanes),
        std::make_shared<Workload>(LayerShape{}, std::nullopt, lanes));
  // 10^6 to 10^10 MACs: the same layer, longer.
  for (const std::int64_t positions : {64, 640, 6400, 64000, 640000}) {
    LayerShape shape;
    shape.positions = positions;
    const auto row = [shape](benchmark::State& s) { run(s, Workload(shape, std::nullopt, 16)); };
    auto* b = benchmark::RegisterBenchmark(("cycle/int8/macs_" + power_of_ten(shape.macs())).c_str(), row)
                  ->Unit(benchmark::kMillisecond);
    if (positions > 100'000) b->Iterations(1);
  }
}

void add_formats() {
  const auto add_format = [](const std::string& name, const StagedNumerics& n) {
    add("cycle/" + name, std::make_shared<Workload>(LayerShape{}, n, 16));
  };
  add_format("fp8_exact_products_fp16", fp8(exact()));
  add_format("fp8_rounded_products_fp16", fp8(ieee(5, 4)));
  add_format("fp8_exact_products_fp32", fp8_fp32());
  add_format("dfp_truncating", truncating_dfp());
  add_format("dfp_wide", wide_dfp());
  add_format("dfp_stochastic", stochastic_dfp());
  add_format("mxfp8", mxfp8());
}

void add_waves() {
  const auto w = std::make_shared<Workload>(LayerShape{}, std::nullopt, 16);
  const auto add_row = [&w](const std::string& name, const sim::trace::VcdOptions& waves) {
    benchmark::RegisterBenchmark(name.c_str(), [w, waves](benchmark::State& s) {
      run_with_waves(s, *w, waves);
    })->Unit(benchmark::kMillisecond);
  };
  sim::trace::VcdOptions all, window, none;
  window.window = {10'000, 11'000, std::nullopt};
  none.window = {~std::uint64_t{0}, ~std::uint64_t{0}, std::nullopt};
  add_row("cycle/int8/vcd", all);
  add_row("cycle/int8/vcd_1000_cycles", window);
  add_row("cycle/int8/vcd_no_cycle", none);
}

}  // namespace
}  // namespace dlasim::benchmarks

// SystemC brings a main of its own.
int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  dlasim::benchmarks::add_int8();
  dlasim::benchmarks::add_formats();
  dlasim::benchmarks::add_waves();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
