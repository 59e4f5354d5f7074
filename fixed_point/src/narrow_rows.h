// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.
// What the kernels of fixed-point codes and of floats have in common: the walk over rows of lanes.

#include "narrow_kernels_isa.h"

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

/// Event counters of the lanes: an event subtracts a comparison's -1.
struct NarrowCounts {
  NarrowInts inexact{}, overflow{}, underflow{};
};

std::uint64_t total_of(NarrowInts lanes) noexcept {
  const auto pairs = reinterpret_cast<Unsigneds>(lanes);
  const Unsigneds sums = (pairs & 0xFFFFFFFFU) + (pairs >> 32);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kWidth; ++i) sum += sums[i];
  return sum;
}

void add_counts(const NarrowCounts& counts, RowCounts& total) noexcept {
  total.inexact += total_of(counts.inexact);
  total.overflow += total_of(counts.overflow);
  total.underflow += total_of(counts.underflow);
}

template <typename Vector, typename Value>
inline Vector load_first(const Value* p, std::size_t count) noexcept {
  Vector v{};
  __builtin_memcpy(&v, p, count * sizeof(Value));
  return v;
}

template <typename Vector>
inline Vector first_lanes(Vector v, std::size_t count) noexcept {
  for (std::size_t i = count; i < kNarrowWidth; ++i) v[i] = 0;
  return v;
}

/// out[i] = operation(first[i], second[i]) over one row. The last entries are filled up with +0, which raises
/// no event in any unit and comes out as +0.
template <typename Vector, typename Value, typename First, typename Operation>
inline void run_lanes(const First& first, const Value* second, Value* out, std::size_t length,
                      const Operation& operation) noexcept {
  std::size_t i = 0;
  for (; i + kNarrowWidth <= length; i += kNarrowWidth)
    store(out + i, operation(first(i, kNarrowWidth), load<Vector>(second + i)));
  if (i < length) {
    const Vector last = operation(first(i, length - i), load_first<Vector>(second + i, length - i));
    __builtin_memcpy(out + i, &last, (length - i) * sizeof(Value));
  }
}

/// operation(x[r], w[r][i]) for every lane; x is the same for a row.
template <typename Vector, typename Value, typename Operation>
inline void run_products(const Value* x, Rows<const Value> w, Rows<Value> out, std::size_t rows,
                         std::size_t length, const Operation& operation) noexcept {
  for (std::size_t r = 0; r < rows; ++r) {
    const Vector broadcast = splat(x[r]);
    const auto factor = [=](std::size_t, std::size_t count) {
      return count == kNarrowWidth ? broadcast : first_lanes(broadcast, count);  // nan * 0 would be an event
    };
    run_lanes<Vector>(factor, w.data + r * w.stride, out.data + r * out.stride, length, operation);
  }
}

/// operation(a[r][i], b[r][i]) for every lane.
template <typename Vector, typename Value, typename Operation>
inline void run_sums(Rows<const Value> a, Rows<const Value> b, Rows<Value> out, std::size_t rows,
                     std::size_t length, const Operation& operation) noexcept {
  if (a.stride == length && b.stride == length && out.stride == length) {
    length *= rows;  // one long row
    rows = rows == 0 ? 0 : 1;
  }
  for (std::size_t r = 0; r < rows; ++r) {
    const Value* terms = a.data + r * a.stride;
    run_lanes<Vector>(
        [=](std::size_t i, std::size_t count) {
          return count == kNarrowWidth ? load<Vector>(terms + i) : load_first<Vector>(terms + i, count);
        },
        b.data + r * b.stride, out.data + r * out.stride, length, operation);
  }
}

}  // namespace
}  // namespace dlasim::fixed_point::detail::DLA_ISA
