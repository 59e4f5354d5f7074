// Included by one source file a instruction set, which defines DLA_LANE_KERNELS_NAMESPACE.

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <type_traits>

#include "lane_kernels.h"

namespace dlasim::sim::blocks::DLA_LANE_KERNELS_NAMESPACE {
namespace {

/// Lanes that are done at once: known to the compiler, so that no loop remains to be entered and left.
constexpr std::size_t kBlock = 16, kWideBlock = 64;

template <bool kAdds, std::size_t kLanes, class Accumulator>
inline void multiply_block(Accumulator* __restrict sums, const std::int32_t* __restrict weights,
                           Accumulator activation) {
  for (std::size_t oc = 0; oc < kLanes; ++oc) {
    const Accumulator product = activation * static_cast<Accumulator>(weights[oc]);
    sums[oc] = kAdds ? sums[oc] + product : product;
  }
}

template <bool kAdds, std::size_t kLanes, class Accumulator>
inline void multiply_column(Accumulator* __restrict sums, const std::int32_t* __restrict weights,
                            const std::int32_t* x, std::size_t ic_lanes, std::size_t oc_lanes) {
  for (std::size_t ic = 0; ic < ic_lanes; ++ic, sums += oc_lanes, weights += oc_lanes)
    multiply_block<kAdds, kLanes>(sums, weights, static_cast<Accumulator>(x[ic]));
}

/// One lane of a pair of taps.
template <bool kAdds>
inline void multiply_pair(std::int32_t* sum, const std::int16_t* weights, std::uint32_t x) {
  const auto product = [](std::uint32_t activation, std::int16_t weight) {
    return static_cast<std::uint32_t>(static_cast<std::int16_t>(activation) * weight);
  };
  const std::uint32_t both = product(x, weights[0]) + product(x >> 16, weights[1]);
  *sum = static_cast<std::int32_t>(kAdds ? static_cast<std::uint32_t>(*sum) + both : both);
}

template <bool kAdds, class Accumulator>
void products(Accumulator* sums, const std::int32_t* weights, const std::int32_t* x, std::size_t ic_lanes,
              std::size_t oc_lanes) {
  std::size_t oc = 0;
  // Wide rows go from end to end: columns of one cache line each would touch two, as rows begin anywhere in
  // one.
  for (; oc + kWideBlock <= oc_lanes; oc += kWideBlock)
    multiply_column<kAdds, kWideBlock>(sums + oc, weights + oc, x, ic_lanes, oc_lanes);
  for (; oc + kBlock <= oc_lanes; oc += kBlock)
    multiply_column<kAdds, kBlock>(sums + oc, weights + oc, x, ic_lanes, oc_lanes);
  for (; oc < oc_lanes; ++oc) multiply_column<kAdds, 1>(sums + oc, weights + oc, x, ic_lanes, oc_lanes);
}

/// kPairLanes neighbouring lanes of a pair of taps.
#if defined(__AVX512BW__)
constexpr std::size_t kPairLanes = 16;
template <bool kAdds>
inline void multiply_pairs(std::int32_t* sums, const std::int16_t* weights, std::uint32_t x) {
  __m512i v = _mm512_madd_epi16(_mm512_loadu_si512(weights), _mm512_set1_epi32(static_cast<int>(x)));
  if constexpr (kAdds) v = _mm512_add_epi32(v, _mm512_loadu_si512(sums));
  _mm512_storeu_si512(sums, v);
}
#elif defined(__AVX2__)
constexpr std::size_t kPairLanes = 8;
template <bool kAdds>
inline void multiply_pairs(std::int32_t* sums, const std::int16_t* weights, std::uint32_t x) {
  auto* to = reinterpret_cast<__m256i*>(sums);
  __m256i v = _mm256_madd_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights)),
                                _mm256_set1_epi32(static_cast<int>(x)));
  if constexpr (kAdds) v = _mm256_add_epi32(v, _mm256_loadu_si256(to));
  _mm256_storeu_si256(to, v);
}
#else
constexpr std::size_t kPairLanes = 1;
template <bool kAdds>
inline void multiply_pairs(std::int32_t* sums, const std::int16_t* weights, std::uint32_t x) {
  multiply_pair<kAdds>(sums, weights, x);
}
#endif

template <bool kAdds, std::size_t kVectors>
inline void multiply_pair_column(std::int32_t* sums, const std::int16_t* weights, const std::uint32_t* x,
                                 std::size_t ic_lanes, std::size_t oc_lanes) {
  for (std::size_t ic = 0; ic < ic_lanes; ++ic, sums += oc_lanes, weights += 2 * oc_lanes) {
#pragma GCC unroll 4
    for (std::size_t i = 0; i < kVectors; ++i)
      multiply_pairs<kAdds>(sums + i * kPairLanes, weights + 2 * i * kPairLanes, x[ic]);
  }
}

template <bool kAdds>
void pair_products(std::int32_t* sums, const std::int16_t* weights, const std::uint32_t* x,
                   std::size_t ic_lanes, std::size_t oc_lanes) {
  std::size_t oc = 0;
  for (; oc + 4 * kPairLanes <= oc_lanes; oc += 4 * kPairLanes)
    multiply_pair_column<kAdds, 4>(sums + oc, weights + 2 * oc, x, ic_lanes, oc_lanes);
  for (; oc + 2 * kPairLanes <= oc_lanes; oc += 2 * kPairLanes)
    multiply_pair_column<kAdds, 2>(sums + oc, weights + 2 * oc, x, ic_lanes, oc_lanes);
  for (; oc + kPairLanes <= oc_lanes; oc += kPairLanes)
    multiply_pair_column<kAdds, 1>(sums + oc, weights + 2 * oc, x, ic_lanes, oc_lanes);
  for (; oc < oc_lanes; ++oc) {
    for (std::size_t ic = 0, lane = oc; ic < ic_lanes; ++ic, lane += oc_lanes)
      multiply_pair<kAdds>(sums + lane, weights + 2 * lane, x[ic]);
  }
}

template <class Accumulator>
void sum_lanes(const Accumulator* lanes, std::size_t count, std::size_t oc_lanes, std::int64_t* sum) {
  using Bits = std::make_unsigned_t<Accumulator>;
  std::size_t first = 0;
  for (; first + kBlock <= oc_lanes; first += kBlock) {
    Bits sums[kBlock] = {};
    for (std::size_t i = 0; i < count; ++i) {
      const Accumulator* lane = lanes + i * oc_lanes + first;
      for (std::size_t oc = 0; oc < kBlock; ++oc) sums[oc] += static_cast<Bits>(lane[oc]);
    }
    for (std::size_t oc = 0; oc < kBlock; ++oc) sum[first + oc] = static_cast<Accumulator>(sums[oc]);
  }
  for (; first < oc_lanes; ++first) {
    Bits total = 0;
    for (std::size_t i = 0; i < count; ++i) total += static_cast<Bits>(lanes[i * oc_lanes + first]);
    sum[first] = static_cast<Accumulator>(total);
  }
}

}  // namespace

extern const LaneKernels<std::int32_t> kNarrow;
extern const LaneKernels<std::int64_t> kWide;
extern const TapPairKernels kTapPairs;
const LaneKernels<std::int32_t> kNarrow{products<false, std::int32_t>, products<true, std::int32_t>,
                                        sum_lanes<std::int32_t>};
const LaneKernels<std::int64_t> kWide{products<false, std::int64_t>, products<true, std::int64_t>,
                                      sum_lanes<std::int64_t>};
const TapPairKernels kTapPairs{pair_products<false>, pair_products<true>};

}  // namespace dlasim::sim::blocks::DLA_LANE_KERNELS_NAMESPACE
