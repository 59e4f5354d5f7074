// Throughput of the datapath's arithmetic on one core. DLASIM_CPU=scalar|avx2 measures the slower kernels.
#include <benchmark/benchmark.h>

#include <random>

#include "fixed_point/kernels.h"
#include "fixed_point/presets.h"
#include "fixed_point/requantize.h"

namespace dlasim::fixed_point {
namespace {

struct Numerics {
  StagedFormats formats;
  OperandFormats operands;
};

Numerics minifloat_numerics(const char* operand, const Format& product, const char* accumulator) {
  const Format sum = preset(accumulator).value();
  const Format in = preset(operand).value();
  return {{product, sum, {sum}, sum, sum, exact_format(), in, exact_format()}, {in, in, sum}};
}

Numerics dfp_numerics(Rounding rounding, Overflow overflow) {
  Format product = dfp(14, 11);
  Format sum = dfp(16, 10);
  product.rounding = sum.rounding = rounding;
  sum.overflow = overflow;
  return {{product, sum, {dfp(18, 10)}, dfp(20, 8), dfp(20, 8), exact_format(), dfp(8, 4), exact_format()},
          {dfp(8, 5), dfp(8, 9), dfp(8, 9)}};
}

/// One tap of a 16 x 16 array: 256 products into 256 accumulators, fresh ones every nine taps.
void multiply_accumulate(benchmark::State& state, const Numerics& numerics) {
  constexpr std::size_t kRow = 256;
  constexpr std::size_t kTaps = 9;
  const StagedKernels kernels(numerics.formats, numerics.operands, {}, 16);
  std::mt19937_64 random(1);
  std::vector<double> x(kRow * kTaps), w(kRow * kTaps), acc(kRow);
  for (double& v : x) v = kernels.input_codec().decode(random() & 0x3F);
  for (double& v : w) v = kernels.weight_codec().decode(random() & 0x3F);
  PointEvents events{};
  for (auto _ : state) {
    std::fill(acc.begin(), acc.end(), 0.0);
    for (std::size_t tap = 0; tap < kTaps; ++tap)
      kernels.multiply_accumulate(x.data() + tap * kRow, w.data() + tap * kRow, acc.data(), kRow, events);
    benchmark::DoNotOptimize(acc.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRow * kTaps));
}
BENCHMARK_CAPTURE(multiply_accumulate, fp8_rounded_products_fp16,
                  minifloat_numerics("fp8_e4m3", minifloat(5, 7), "fp16"));
BENCHMARK_CAPTURE(multiply_accumulate, fp8_exact_products_fp16,
                  minifloat_numerics("fp8_e4m3", exact_format(), "fp16"));
BENCHMARK_CAPTURE(multiply_accumulate, bf16_fused_fp32, minifloat_numerics("bf16", exact_format(), "fp32"));
BENCHMARK_CAPTURE(multiply_accumulate, dfp8_floor, dfp_numerics(Rounding::kFloor, Overflow::kSaturate));
BENCHMARK_CAPTURE(multiply_accumulate, dfp8_nearest_even,
                  dfp_numerics(Rounding::kNearestEven, Overflow::kSaturate));
BENCHMARK_CAPTURE(multiply_accumulate, dfp8_nearest_away_wrap,
                  dfp_numerics(Rounding::kNearestAway, Overflow::kWrap));

/// The same element by element through the scalar units.
void scalar_units(benchmark::State& state) {
  const Numerics n = minifloat_numerics("fp8_e4m3", minifloat(5, 7), "fp16");
  ElementReducer reducer(n.formats, n.operands, {}, 16);
  const std::vector<std::optional<std::uint64_t>> x(16 * 9, 0x35);
  const std::vector<std::uint64_t> w(16 * 9, 0x31);
  ElementOperands operands;
  operands.channels = 16;
  operands.taps = 9;
  operands.x = x;
  operands.w = w;
  for (auto _ : state) benchmark::DoNotOptimize(reducer.reduce(operands));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * 16 * 9));
}
BENCHMARK(scalar_units);

template <typename Accumulator>
void requantize_row(benchmark::State& state, RequantizeRule rule) {
  constexpr std::size_t kLanes = 16;
  constexpr std::size_t kPositions = 256;
  const Multiplier m =
      rule == RequantizeRule::kPytorch ? Multiplier{0x3A123456, 0} : Multiplier{1234567890, -8};
  const RequantizeRow row(rule, std::vector<Multiplier>(kLanes, m), OutputStage{});
  std::mt19937 random(1);
  std::vector<Accumulator> acc(kLanes * kPositions);
  for (auto& v : acc) v = static_cast<std::int32_t>(random()) >> 12;
  std::vector<std::int32_t> out(acc.size());
  for (auto _ : state) {
    row(acc.data(), out.data(), kPositions);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * acc.size()));
}
void requantize_int32(benchmark::State& state, RequantizeRule rule) {
  requantize_row<std::int32_t>(state, rule);
}
void requantize_int64(benchmark::State& state, RequantizeRule rule) {
  requantize_row<std::int64_t>(state, rule);
}
BENCHMARK_CAPTURE(requantize_int32, double_rounding, RequantizeRule::kDouble);
BENCHMARK_CAPTURE(requantize_int32, single_rounding, RequantizeRule::kSingle);
BENCHMARK_CAPTURE(requantize_int64, int64_rounding, RequantizeRule::kInt64);
BENCHMARK_CAPTURE(requantize_int32, pytorch_rounding, RequantizeRule::kPytorch);

}  // namespace
}  // namespace dlasim::fixed_point
