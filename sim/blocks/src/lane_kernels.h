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

/// Loops over two taps in one pass, for operands of 16 bits: see tap_pairs.h.
struct TapPairKernels {
  /// sums[ic][oc] = x[ic] . weights[ic][oc] for the first two taps, += for the others: products of vectors of
  /// two, their first elements in the low halves of `x`. Sums wrap.
  using Products = void (*)(std::int32_t* sums, const std::int16_t* weights, const std::uint32_t* x,
                            std::size_t ic_lanes, std::size_t oc_lanes);
  Products set_products, add_products;
};

/// The kernels of base::cpu_level().
const TapPairKernels& tap_pair_kernels();
template <class Accumulator>
const LaneKernels<Accumulator>& lane_kernels();
template <>
const LaneKernels<std::int32_t>& lane_kernels();
template <>
const LaneKernels<std::int64_t>& lane_kernels();

}  // namespace dlasim::sim::blocks
