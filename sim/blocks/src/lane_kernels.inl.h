// Included by one source file a instruction set, which defines DLA_LANE_KERNELS_NAMESPACE.

#include <algorithm>

#include "lane_kernels.h"

namespace dlasim::sim::blocks::DLA_LANE_KERNELS_NAMESPACE {
namespace {

template <class Accumulator>
void set_products(Accumulator* __restrict sums, const std::int32_t* __restrict weights, const std::int32_t* x,
                  std::size_t ic_lanes, std::size_t oc_lanes) {
  for (std::size_t ic = 0; ic < ic_lanes; ++ic, sums += oc_lanes, weights += oc_lanes) {
    const auto activation = static_cast<Accumulator>(x[ic]);
    for (std::size_t oc = 0; oc < oc_lanes; ++oc)
      sums[oc] = activation * static_cast<Accumulator>(weights[oc]);
  }
}

template <class Accumulator>
void add_products(Accumulator* __restrict sums, const std::int32_t* __restrict weights, const std::int32_t* x,
                  std::size_t ic_lanes, std::size_t oc_lanes) {
  for (std::size_t ic = 0; ic < ic_lanes; ++ic, sums += oc_lanes, weights += oc_lanes) {
    const auto activation = static_cast<Accumulator>(x[ic]);
    for (std::size_t oc = 0; oc < oc_lanes; ++oc)
      sums[oc] += activation * static_cast<Accumulator>(weights[oc]);
  }
}

template <class Accumulator>
void add_level(Accumulator* nodes, const Accumulator* from, std::size_t count, std::size_t oc_lanes) {
  for (std::size_t i = 0; i + 1 < count; i += 2) {
    Accumulator* node = nodes + i / 2 * oc_lanes;
    const Accumulator* left = from + i * oc_lanes;
    const Accumulator* right = left + oc_lanes;
    for (std::size_t oc = 0; oc < oc_lanes; ++oc) node[oc] = left[oc] + right[oc];
  }
  if (count % 2 == 1) std::copy_n(from + (count - 1) * oc_lanes, oc_lanes, nodes + count / 2 * oc_lanes);
}

}  // namespace

extern const LaneKernels<std::int32_t> kNarrow;
extern const LaneKernels<std::int64_t> kWide;
const LaneKernels<std::int32_t> kNarrow{set_products<std::int32_t>, add_products<std::int32_t>,
                                        add_level<std::int32_t>};
const LaneKernels<std::int64_t> kWide{set_products<std::int64_t>, add_products<std::int64_t>,
                                      add_level<std::int64_t>};

}  // namespace dlasim::sim::blocks::DLA_LANE_KERNELS_NAMESPACE
