// What the machine itself makes of the same integers, on one core: the layer of cycle_engine_bench as plain
// loops and with AVX2's pmaddwd, sums only. oneDNN's rows are in fast_engine_bench, beside the engine that is
// measured by them.

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dlasim::benchmarks {
namespace {

constexpr std::size_t kPositions = 2048, kInputs = 64, kOutputs = 128, kTaps = 2, kDilation = 8;

/// int8 activations [position][ic] and weights [tap][ic][oc].
struct Operands {
  std::vector<std::int8_t> x = codes((kPositions + (kTaps - 1) * kDilation) * kInputs);
  std::vector<std::int8_t> w = codes(kTaps * kInputs * kOutputs);

  static std::vector<std::int8_t> codes(std::size_t n) {
    std::mt19937_64 random(1);
    std::vector<std::int8_t> values(n);
    for (std::int8_t& v : values) v = static_cast<std::int8_t>(random());
    return values;
  }
};

void plain_loops(const Operands& o, std::int32_t* sums) {
  for (std::size_t p = 0; p < kPositions; ++p) {
    std::array<std::int32_t, kOutputs> row{};
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      const std::int8_t* x = o.x.data() + (p + tap * kDilation) * kInputs;
      for (std::size_t ic = 0; ic < kInputs; ++ic) {
        const std::int8_t* w = o.w.data() + (tap * kInputs + ic) * kOutputs;
        for (std::size_t oc = 0; oc < kOutputs; ++oc) row[oc] += std::int32_t{x[ic]} * w[oc];
      }
    }
    std::copy(row.begin(), row.end(), sums + p * kOutputs);
  }
}

#if defined(__x86_64__)
/// Weights as pairs of input channels side by side, [tap][ic / 2][oc][2]: what pmaddwd multiplies.
std::vector<std::int16_t> paired(const Operands& o) {
  std::vector<std::int16_t> pairs(o.w.size());
  for (std::size_t row = 0; row < kTaps * kInputs; ++row)
    for (std::size_t oc = 0; oc < kOutputs; ++oc)
      pairs[((row / 2) * kOutputs + oc) * 2 + row % 2] = o.w[row * kOutputs + oc];
  return pairs;
}

/// Four positions times 16 output channels stay in registers.
[[gnu::target("avx2")]] void with_pmaddwd(const std::int16_t* x, const std::int16_t* pairs,
                                          std::int32_t* sums) {
  constexpr std::size_t kRows = 4, kColumns = 2, kLanes = 8;
  for (std::size_t p = 0; p < kPositions; p += kRows) {
    for (std::size_t oc = 0; oc < kOutputs; oc += kColumns * kLanes) {
      __m256i acc[kRows][kColumns] = {};
      for (std::size_t tap = 0; tap < kTaps; ++tap) {
        for (std::size_t ic = 0; ic < kInputs; ic += 2) {
          const std::int16_t* w = pairs + ((tap * kInputs + ic) / 2 * kOutputs + oc) * 2;
          const __m256i w0 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
          const __m256i w1 = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w + 2 * kLanes));
          for (std::size_t r = 0; r < kRows; ++r) {
            std::int32_t pair = 0;
            __builtin_memcpy(&pair, x + (p + r + tap * kDilation) * kInputs + ic, sizeof pair);
            const __m256i both = _mm256_set1_epi32(pair);
            acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(both, w0));
            acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(both, w1));
          }
        }
      }
      for (std::size_t r = 0; r < kRows; ++r)
        for (std::size_t c = 0; c < kColumns; ++c)
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + (p + r) * kOutputs + oc + c * kLanes),
                              acc[r][c]);
    }
  }
}
#endif

void count_macs(benchmark::State& state) {
  state.counters["MMAC/s"] =
      benchmark::Counter(static_cast<double>(kPositions * kInputs * kOutputs * kTaps) / 1e6,
                         benchmark::Counter::kIsIterationInvariantRate);
}

void plain(benchmark::State& state) {
  const Operands operands;
  std::vector<std::int32_t> sums(kPositions * kOutputs);
  for (auto _ : state) {
    plain_loops(operands, sums.data());
    benchmark::DoNotOptimize(sums.data());
    benchmark::ClobberMemory();
  }
  count_macs(state);
}
BENCHMARK(plain)->Name("native/plain_loops")->Unit(benchmark::kMillisecond);

#if defined(__x86_64__)
void pmaddwd(benchmark::State& state) {
  if (__builtin_cpu_supports("avx2") == 0) {
    state.SkipWithError("this processor has no AVX2");
    return;
  }
  const Operands operands;
  const std::vector<std::int16_t> pairs = paired(operands);
  const std::vector<std::int16_t> x(operands.x.begin(), operands.x.end());
  std::vector<std::int32_t> sums(kPositions * kOutputs), plain_sums(sums.size());
  plain_loops(operands, plain_sums.data());
  for (auto _ : state) {
    with_pmaddwd(x.data(), pairs.data(), sums.data());
    benchmark::DoNotOptimize(sums.data());
    benchmark::ClobberMemory();
  }
  if (sums != plain_sums) state.SkipWithError("pmaddwd and the plain loops differ");
  count_macs(state);
}
BENCHMARK(pmaddwd)->Name("native/avx2_pmaddwd")->Unit(benchmark::kMillisecond);
#endif

}  // namespace
}  // namespace dlasim::benchmarks
