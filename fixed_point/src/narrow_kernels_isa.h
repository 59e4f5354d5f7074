#pragma once
/// The kernels of narrow_kernels.h for one instruction set: see isa.h. Plain data and function pointers.

#include <cstddef>
#include <cstdint>

#include "carrier_kernels_isa.h"

namespace dlasim::fixed_point::detail {

/// A block of values in memory: `stride` from one row to the next.
template <typename Value>
struct Rows {
  Value* data;
  std::size_t stride;
};

/// What a unit of fixed-point codes does to a result v, an integer.
enum class FixedRounding {
  kNone,   ///< v itself: nothing is lost, nothing leaves the range
  kRange,  ///< v in the range of the target
  kFloor,
  kTrunc,
  kNearestUp,
  kNearestAway,
  kNearestEven,
};
inline constexpr std::size_t kFixedRoundings = 7;

/// What a unit does to a rounded result beyond its range. kNever: none can be, which saves looking; kNone and
/// kRange are without a shift, so kNone never is and kRange always may be.
enum class FixedOverflow { kNever, kSaturates, kWraps };
inline constexpr std::size_t kFixedOverflows = 3;

/// q = R(v / 2^shift), then the range. Terms of v are shifted to the common place first.
struct FixedTarget {
  int left_a = 0, left_b = 0;  ///< products: left_a only
  int shift = 0;
  std::int32_t lowest = 0, highest = 0;
  int unused_bits = 0;  ///< wrapping: of the 32, those above the format's
};

/// Products: out[r][i] = Q(x[r] * w[r][i]). Sums: out[r][i] = Q(a[r][i] + b[r][i]).
template <typename Unit, typename Value>
using ProductRows = void (*)(const Unit&, const Value* x, Rows<const Value> w, Rows<Value> out,
                             std::size_t rows, std::size_t length, RowCounts&) noexcept;
template <typename Unit, typename Value>
using SumRows = void (*)(const Unit&, Rows<const Value> a, Rows<const Value> b, Rows<Value> out,
                         std::size_t rows, std::size_t length, RowCounts&) noexcept;

/// out[r][i] = before[r][i] + x[r] * w[r][i].
using MultiplyAddRows = void (*)(const std::int32_t* x, Rows<const std::int32_t> w,
                                 Rows<const std::int32_t> before, Rows<std::int32_t> out, std::size_t rows,
                                 std::size_t length) noexcept;

struct FixedOperations {
  ProductRows<FixedTarget, std::int32_t> multiply;
  SumRows<FixedTarget, std::int32_t> add;
};

/// How a unit of floats rounds: kNone leaves to the float what it is.
enum class FloatRounding { kFloor, kTrunc, kNearestUp, kNearestAway, kNearestEven, kNone };
inline constexpr std::size_t kFloatRoundings = 6;

/// The constants of RowTarget as floats.
struct FloatTarget {
  float smallest_power = 0;
  float magic = 1;
  float last_place = 1;
  float flush_below = 0;
  float largest = 0;
};

/// `wide` is the same unit on doubles, for vectors with a value beyond the largest, an infinity or a nan.
struct FloatUnit {
  FloatTarget target;
  RowTarget wide;
  BinaryRow wide_operation = nullptr;
};

/// `add[s][u]`: s, sums are exact in a float; u, a sum can underflow. Null where that is not supported.
struct FloatOperations {
  ProductRows<FloatUnit, float> multiply;
  SumRows<FloatUnit, float> add[2][2];
};

struct NarrowOperations {
  FixedOperations fixed[kFixedOverflows][kFixedRoundings];
  /// Product and accumulator both kNone, at the same place.
  MultiplyAddRows multiply_add;
  FloatOperations minifloat[kFloatRoundings];
};

const NarrowOperations& narrow_operations() noexcept;

}  // namespace dlasim::fixed_point::detail

namespace dlasim::fixed_point::detail::baseline {
extern const NarrowOperations kNarrowOperations;
}
namespace dlasim::fixed_point::detail::avx2 {
extern const NarrowOperations kNarrowOperations;
}
namespace dlasim::fixed_point::detail::avx512 {
extern const NarrowOperations kNarrowOperations;
}
