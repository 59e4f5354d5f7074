// The fast engine beside oneDNN on the same int8 convolutions, requantisation included, and on a whole
// MobileNet v2. Rows: fast/NETWORK/threads of an engine that has run before, as oneDNN's primitive has, and
// fast_once/NETWORK/threads with all that a first run takes; onednn/LAYER (one thread, if libdnnl-dev is
// installed), timing/NETWORK (the cycle counts alone); fast/FORMAT, the same layer L1 in number formats;
// fast/macs_N, it from 10^6 to 10^10 MACs; fast/array_N, it on arrays of N x N.

#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "layer.h"
#include "network_builder.h"
#include "numerics.h"
#include "sim/compiler/compile.h"
#include "sim/fast/fast_engine.h"
#ifdef DLA_HAS_DNNL
#include "dnnl_convolution.h"
#endif

namespace dlasim::benchmarks {
namespace {

/// L1 is the WaveNet layer of docs/performance.md; the others are of ResNet-50 and MobileNet.
const std::array kLayers{
    ConvolutionShape{"L1", 1, 2048, 64, 128, 1, 2, 1, 8, false},
    ConvolutionShape{"resnet_3x3", 28, 28, 128, 128, 3, 3, 1, 1, false},
    ConvolutionShape{"resnet_1x1", 14, 14, 1024, 256, 1, 1, 1, 1, false},
    ConvolutionShape{"mobilenet_expand", 28, 28, 32, 192, 1, 1, 1, 1, false},
    ConvolutionShape{"mobilenet_depthwise", 28, 28, 192, 192, 3, 3, 1, 1, true},
};

void count_macs(benchmark::State& state, std::int64_t macs) {
  state.counters["MMAC/s"] =
      benchmark::Counter(static_cast<double>(macs) / 1e6, benchmark::Counter::kIsIterationInvariantRate);
}

/// A network compiled for the default array.
struct Workload {
  NetworkBuilder builder;
  const network::QuantizedGraph* graph = nullptr;
  sim::arch::Hardware hardware;
  sim::compiler::Program program;

  explicit Workload(const ConvolutionShape& s) {
    const auto x = builder.input({1, s.height, s.width, s.inputs});
    compile(builder.finish(builder.convolution(x, s)));
  }
  Workload() { compile(mobilenet_v2(builder)); }

 private:
  void compile(const network::QuantizedGraph& g) {
    graph = &g;
    program = sim::compiler::compile(g, hardware);
  }
};

/// L1, longer or shorter, in integers or a number format, on one thread.
void run_shape(benchmark::State& state, const LayerShape& shape,
               const std::optional<network::StagedNumerics>& numerics,
               const sim::arch::Hardware& hardware = {}) {
  const Layer layer = convolution(shape, numerics);
  const auto program = sim::compiler::compile(layer.graph, hardware);
  sim::fast::FastEngine engine(program, layer.graph, hardware, 1);
  std::uint64_t cycles = engine.run(layer.inputs).cycles;
  for (auto _ : state) cycles = engine.run(layer.inputs).cycles;
  count_macs(state, shape.macs());
  state.counters["Mcycle/s"] =
      benchmark::Counter(static_cast<double>(cycles) / 1e6, benchmark::Counter::kIsIterationInvariantRate);
}

/// One run, from inputs to tensors and cycles: nothing is kept from the run before.
void run_once(benchmark::State& state, const Workload& w) {
  const int threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const auto result = sim::fast::run_fast(w.program, *w.graph, w.hardware, w.builder.inputs(), {}, threads);
    benchmark::DoNotOptimize(result.cycles);
  }
  count_macs(state, w.builder.macs());
}

/// Runs of an engine that is kept, as streaming and `dlasim generate` have one.
void run_again(benchmark::State& state, const Workload& w) {
  sim::fast::FastEngine engine(w.program, *w.graph, w.hardware, static_cast<int>(state.range(0)));
  engine.run(w.builder.inputs());
  for (auto _ : state) {
    const auto result = engine.run(w.builder.inputs());
    benchmark::DoNotOptimize(result.cycles);
  }
  count_macs(state, w.builder.macs());
}

/// fast/NAME and fast_once/NAME, on one thread and two.
void register_runs(const std::string& name, const std::shared_ptr<const Workload>& workload,
                   benchmark::TimeUnit unit) {
  const auto add = [&](const char* kind, void (*run)(benchmark::State&, const Workload&)) {
    benchmark::RegisterBenchmark((kind + name).c_str(),
                                 [run, workload](benchmark::State& s) { run(s, *workload); })
        ->Arg(1)
        ->Arg(2)
        ->UseRealTime()
        ->Unit(unit);
  };
  add("fast/", run_again);
  add("fast_once/", run_once);
}

void time_layer(benchmark::State& state, const Workload& w) {
  std::uint64_t cycles = 0;
  for (auto _ : state) cycles = sim::fast::time_program(w.program, w.hardware).cycles;
  state.counters["Mcycle/s"] =
      benchmark::Counter(static_cast<double>(cycles) / 1e6, benchmark::Counter::kIsIterationInvariantRate);
}

void register_formats() {
  const auto add = [](const std::string& name, const network::StagedNumerics& numerics) {
    benchmark::RegisterBenchmark(("fast/" + name).c_str(), [numerics](benchmark::State& s) {
      run_shape(s, {}, numerics);
    })->Unit(benchmark::kMillisecond);
  };
  add("dfp_truncating", truncating_dfp());
  add("dfp_wide", wide_dfp());
  add("fp8_exact_products_fp16", fp8(exact()));
  add("fp8_rounded_products_fp16", fp8(ieee(5, 4)));
  add("fp8_exact_products_fp32", fp8_fp32());
}

void register_growth() {
  for (const std::int64_t positions : {64, 640, 6400, 64000, 640000}) {
    LayerShape shape;
    shape.positions = positions;
    const std::string name = "fast/macs_" + power_of_ten(shape.macs());
    auto* b = benchmark::RegisterBenchmark(name.c_str(), [shape](benchmark::State& s) {
                run_shape(s, shape, std::nullopt);
              })->Unit(benchmark::kMillisecond);
    if (positions > 100'000) b->Iterations(1);
  }
}

void register_arrays() {
  for (const int lanes : {4, 8, 16, 32, 64}) {
    sim::arch::Hardware hardware;
    hardware.pe_array.ic_lanes = hardware.pe_array.oc_lanes = lanes;
    benchmark::RegisterBenchmark(("fast/array_" + std::to_string(lanes)).c_str(), [hardware](auto& state) {
      run_shape(state, {}, std::nullopt, hardware);
    })->Unit(benchmark::kMillisecond);
  }
}

void register_all() {
  register_formats();
  register_growth();
  register_arrays();
  for (const ConvolutionShape& layer : kLayers) {
    const auto workload = std::make_shared<const Workload>(layer);
    register_runs(layer.name, workload, benchmark::kMicrosecond);
    benchmark::RegisterBenchmark(("timing/" + layer.name).c_str(), [workload](benchmark::State& s) {
      time_layer(s, *workload);
    })->Unit(benchmark::kMicrosecond);
#ifdef DLA_HAS_DNNL
    benchmark::RegisterBenchmark(("onednn/" + layer.name).c_str(), [layer](benchmark::State& s) {
      DnnlConvolution convolution(layer);
      for (auto _ : s) convolution.run();
      count_macs(s, layer.macs());
    })->Unit(benchmark::kMicrosecond);
#endif
  }
  const auto mobilenet = std::make_shared<const Workload>();
  register_runs("mobilenet_v2", mobilenet, benchmark::kMillisecond);
  benchmark::RegisterBenchmark("timing_mobilenet_v2", [mobilenet](benchmark::State& s) {
    time_layer(s, *mobilenet);
  })->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace dlasim::benchmarks

// SystemC brings a main of its own.
int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  dlasim::benchmarks::register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
