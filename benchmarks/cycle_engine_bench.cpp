// Simulated multiply-accumulates a second of the cycle engine on one core: a convolution of 2048 positions,
// 64 to 128 channels, 2 taps, on the default 16x16 array.

#include <benchmark/benchmark.h>

#include <optional>
#include <random>

#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"

namespace dlasim {
namespace {

using network::DType;
using network::NumberFormat;
using network::QuantizedGraph;
using network::Tensor;

constexpr std::int64_t kPositions = 2048, kInputs = 64, kOutputs = 128, kTaps = 2;

/// Uniform codes; of a minifloat those of up to 72 of 128 magnitudes, as a calibrated network has them: no
/// nan, and no sum that overflows.
Tensor random_codes(const network::Shape& shape, bool minifloat) {
  std::mt19937_64 random(1);
  Tensor t(DType::kInt8, shape);
  for (std::int64_t i = 0; i < t.size(); ++i) {
    const auto r = static_cast<std::int64_t>(random() % 200);
    t.set_integer(i, minifloat ? r % 72 - 128 * (r / 100) : r - 100);
  }
  return t;
}

struct Layer {
  QuantizedGraph graph;
  std::vector<Tensor> inputs;
};

Layer convolution(const std::optional<network::StagedNumerics>& numerics) {
  Layer layer;
  const bool minifloat = numerics && numerics->input.element.kind == NumberFormat::Kind::kMinifloat;
  const auto add = [&](const char* name, const network::Shape& shape, bool constant) {
    network::QuantizedTensor t;
    t.name = name;
    t.dtype = DType::kInt8;
    t.shape = shape;
    if (constant) t.constant = random_codes(shape, minifloat);
    return layer.graph.add_tensor(std::move(t));
  };
  network::qop::Conv2d op;
  op.mac.multiplier = {{1 << 30, -8}};
  network::QuantizedNode node;
  node.name = "conv";
  node.inputs = {add("input", {1, 1, kPositions + kTaps - 1, kInputs}, false),
                 add("weight", {kOutputs, 1, kTaps, kInputs}, true), network::kNoTensor};
  node.outputs = {add("output", {1, 1, kPositions, kOutputs}, false)};
  if (numerics) {
    layer.graph.tensors[0].format = numerics->input;
    layer.graph.tensors[1].format = numerics->weight;
    layer.graph.tensors[2].format = network::OperandFormat{numerics->output, 0};
  }
  node.operation = op;
  node.staged = numerics;
  layer.graph.inputs = {node.inputs[0]};
  layer.graph.outputs = node.outputs;
  layer.graph.nodes.push_back(std::move(node));
  layer.inputs = {random_codes({1, 1, kPositions + kTaps - 1, kInputs}, minifloat)};
  return layer;
}

NumberFormat minifloat(int exp, int man, network::Specials specials, network::Overflow overflow) {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kMinifloat;
  f.exp = exp;
  f.man = man;
  f.bias = (1 << (exp - 1)) - 1;
  f.specials = specials;
  f.overflow = overflow;
  return f;
}

NumberFormat dfp(int bits, int fl, network::Rounding rounding) {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kDfp;
  f.bits = bits;
  f.fl = fl;
  f.rounding = rounding;
  return f;
}

NumberFormat exact() {
  NumberFormat f;
  f.kind = NumberFormat::Kind::kExact;
  return f;
}

/// E4M3 operands, fp16 from the accumulator on.
network::StagedNumerics fp8(const NumberFormat& product) {
  const NumberFormat e4m3 = minifloat(4, 3, network::Specials::kFn, network::Overflow::kSaturate);
  const NumberFormat fp16 = minifloat(5, 10, network::Specials::kIeee, network::Overflow::kInf);
  network::StagedNumerics n;
  n.input.element = n.weight.element = n.output = e4m3;
  n.product = product;
  n.accumulator = n.partial_sum = n.bias = fp16;
  n.tree = {fp16};
  return n;
}

/// Dynamic fixed point with a truncated product, as conv2 of the contract's example.
network::StagedNumerics fixed() {
  network::StagedNumerics n;
  n.input.element = dfp(8, 5, network::Rounding::kNearestEven);
  n.weight.element = dfp(8, 9, network::Rounding::kNearestEven);
  n.product = dfp(14, 11, network::Rounding::kFloor);
  n.accumulator = dfp(16, 10, network::Rounding::kFloor);
  n.tree = {dfp(18, 10, network::Rounding::kNearestUp)};
  n.partial_sum = n.bias = dfp(20, 8, network::Rounding::kNearestEven);
  n.output = dfp(8, 4, network::Rounding::kNearestEven);
  return n;
}

/// As `fixed`, the output rounded at random: one LFSR makes the whole layer run value by value.
network::StagedNumerics stochastic() {
  network::StagedNumerics n = fixed();
  n.output.rounding = network::Rounding::kStochastic;
  n.output.lfsr = network::Lfsr{16, 6};
  return n;
}

void run(benchmark::State& state, const std::optional<network::StagedNumerics>& numerics) {
  const Layer layer = convolution(numerics);
  const sim::arch::Hardware hardware;
  const auto program = sim::compiler::compile(layer.graph, hardware);
  for (auto _ : state) {
    benchmark::DoNotOptimize(sim::engine::run_cycle(program, layer.graph, hardware, layer.inputs).cycles);
  }
  state.counters["MMAC/s"] =
      benchmark::Counter(static_cast<double>(kPositions * kInputs * kOutputs * kTaps) / 1e6,
                         benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(run, int8, std::nullopt)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run, fp8_exact_products, fp8(exact()))->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run, fp8_rounded_products,
                  fp8(minifloat(5, 4, network::Specials::kIeee, network::Overflow::kInf)))
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run, dfp, fixed())->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(run, dfp_stochastic, stochastic())->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dlasim

// SystemC brings a main of its own.
BENCHMARK_MAIN();
