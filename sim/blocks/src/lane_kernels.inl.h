// Included by one source file a instruction set, which defines DLA_LANE_KERNELS_NAMESPACE.

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
const LaneKernels<std::int32_t> kNarrow{products<false, std::int32_t>, products<true, std::int32_t>,
                                        sum_lanes<std::int32_t>};
const LaneKernels<std::int64_t> kWide{products<false, std::int64_t>, products<true, std::int64_t>,
                                      sum_lanes<std::int64_t>};

}  // namespace dlasim::sim::blocks::DLA_LANE_KERNELS_NAMESPACE
