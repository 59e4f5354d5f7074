#pragma once
/// The row kernels of kernels.h for one instruction set: see isa.h.

#include <cstddef>
#include <cstdint>

#include "fixed_point/row_counts.h"
#include "fixed_point/row_target.h"

namespace dlasim::fixed_point::detail {

/// How a row unit rounds; the order is that of the tables in CarrierKernels.
enum class RowRounding { kFloor, kTrunc, kNearestUp, kNearestAway, kNearestEven };
inline constexpr std::size_t kRowRoundings = 5;
enum class RowKind { kExact, kDfpSaturating, kDfpWrapping, kMinifloat };

using UnaryRow = void (*)(const RowTarget&, const double* v, double* out, std::size_t n, RowCounts&) noexcept;
using BinaryRow = void (*)(const RowTarget&, const double* a, const double* b, double* out, std::size_t n,
                           RowCounts&) noexcept;

/// One rounding mode of one kind of target. `add` needs an exact sum, `add_odd` any; `pairs` add in[2i] +
/// in[2i+1].
struct RowOperations {
  UnaryRow convert, pairs, pairs_odd;
  BinaryRow multiply, add, add_odd;
};

struct CarrierKernels {
  RowOperations exact;
  RowOperations dfp_saturating[kRowRoundings], dfp_wrapping[kRowRoundings], minifloat[kRowRoundings];
};

const CarrierKernels& carrier_kernels() noexcept;

}  // namespace dlasim::fixed_point::detail

namespace dlasim::fixed_point::detail::baseline {
extern const CarrierKernels kCarrierKernels;
}
namespace dlasim::fixed_point::detail::avx2 {
extern const CarrierKernels kCarrierKernels;
}
namespace dlasim::fixed_point::detail::avx512 {
extern const CarrierKernels kCarrierKernels;
}
