#pragma once
/// The inner loops over oc lanes, compiled once for each instruction set and chosen when a block is made.

#include <cstddef>
#include <cstdint>

namespace dlasim::sim::blocks {

/// Loops for one accumulator type. All values are exact integers: every instruction set gives the same.
template <class Accumulator>
struct LaneKernels {
  /// sums[ic][oc] = x[ic] * weights[ic][oc] for the first tap, += for the others.
  void (*set_products)(Accumulator* sums, const std::int32_t* weights, const std::int32_t* x,
                       std::size_t ic_lanes, std::size_t oc_lanes);
  void (*add_products)(Accumulator* sums, const std::int32_t* weights, const std::int32_t* x,
                       std::size_t ic_lanes, std::size_t oc_lanes);
  /// The adder tree: sum[oc] = lanes[0][oc] + ... + lanes[count - 1][oc]. Integers of a fixed width give the
  /// same in any order, also where they wrap.
  void (*sum_lanes)(const Accumulator* lanes, std::size_t count, std::size_t oc_lanes, std::int64_t* sum);
};

/// The kernels of base::cpu_level().
template <class Accumulator>
const LaneKernels<Accumulator>& lane_kernels();
template <>
const LaneKernels<std::int32_t>& lane_kernels();
template <>
const LaneKernels<std::int64_t>& lane_kernels();

}  // namespace dlasim::sim::blocks
