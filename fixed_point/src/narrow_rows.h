// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.
// What the kernels of fixed-point codes and of floats have in common: the walk over rows of lanes.

#include "narrow_kernels_isa.h"

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

/// Event counters of the lanes. Most values raise no event, and "equal" is the comparison that costs nothing
/// more than itself: what is counted, as a sum of comparisons' -1, is the lanes that are exact and that are
/// in range.
struct NarrowCounts {
  std::uint64_t vectors = 0;
  NarrowInts exact{}, in_range{}, underflow{};
};

std::uint64_t total_of(NarrowInts lanes) noexcept {
  const auto pairs = reinterpret_cast<Unsigneds>(lanes);
  const Unsigneds sums = (pairs & 0xFFFFFFFFU) + (pairs >> 32);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kWidth; ++i) sum += sums[i];
  return sum;
}

/// The counters go by value: they stay in registers while the kernel runs.
[[gnu::noinline]] void add_counts(std::uint64_t vectors, NarrowInts exact, NarrowInts in_range,
                                  NarrowInts underflow, RowCounts& total) noexcept {
  const std::uint64_t lanes = vectors * kNarrowWidth;
  total.inexact += lanes - total_of(NarrowInts{} - exact);
  total.overflow += lanes - total_of(NarrowInts{} - in_range);
  total.underflow += total_of(NarrowInts{} - underflow);
#if DLA_VECTOR_BYTES >= 32
  // The compiler leaves this to callers of a function that takes vectors, and they end in a jump to here.
  // Without it the SSE code that follows pays for the upper halves: twice the time of a kernel.
  __builtin_ia32_vzeroupper();
#endif
}

/// The lanes that are 0 without being exact.
inline NarrowInts underflowed(NarrowInts is_zero, NarrowInts is_exact) noexcept {
#if DLA_VECTOR_BYTES == 32
  // One instruction; of the plain form below the compiler makes four.
  using Vector = long long __attribute__((vector_size(32)));
  return reinterpret_cast<NarrowInts>(
      __builtin_ia32_andnotsi256(reinterpret_cast<Vector>(is_exact), reinterpret_cast<Vector>(is_zero)));
#else
  return is_zero & ~is_exact;
#endif
}

/// A counter of `vectors` vectors whose lanes all counted.
inline NarrowInts all_lanes(std::uint64_t vectors) noexcept {
  return NarrowInts{} - static_cast<std::int32_t>(vectors);
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

// The last lanes of a row are filled up with +0, which raises no event in any unit and comes out as +0. Rows
// are the inner loop: a row is often no more than one or two vectors.

/// out[r][i] = operation(x[r], w[r][i]); x is the same for a row.
template <typename Vector, typename Value, typename Operation>
inline void run_products(const Value* x, Rows<const Value> w, Rows<Value> out, std::size_t rows,
                         std::size_t length, const Operation& operation) noexcept {
  std::size_t i = 0;
  for (; i + 2 * kNarrowWidth <= length; i += 2 * kNarrowWidth) {  // two vectors share what a row costs
    for (std::size_t r = 0; r < rows; ++r) {
      const Vector factor = splat(x[r]);
      const Value* from = w.data + r * w.stride + i;
      Value* to = out.data + r * out.stride + i;
      store(to, operation(factor, load<Vector>(from)));
      store(to + kNarrowWidth, operation(factor, load<Vector>(from + kNarrowWidth)));
    }
  }
  for (; i + kNarrowWidth <= length; i += kNarrowWidth) {
    for (std::size_t r = 0; r < rows; ++r)
      store(out.data + r * out.stride + i, operation(splat(x[r]), load<Vector>(w.data + r * w.stride + i)));
  }
  if (i == length) return;
  for (std::size_t r = 0; r < rows; ++r) {
    const Vector factor = first_lanes(splat(x[r]), length - i);  // nan * 0 would be an event
    const Vector last = operation(factor, load_first<Vector>(w.data + r * w.stride + i, length - i));
    __builtin_memcpy(out.data + r * out.stride + i, &last, (length - i) * sizeof(Value));
  }
}

/// out[r][i] = operation(a[r][i], b[r][i]).
template <typename Vector, typename Value, typename Operation>
inline void run_sums(Rows<const Value> a, Rows<const Value> b, Rows<Value> out, std::size_t rows,
                     std::size_t length, const Operation& operation) noexcept {
  std::size_t i = 0;
  if (a.stride == length && b.stride == length && out.stride == length) {  // one long row
    length *= rows;
    rows = 1;
    for (; i + kNarrowWidth <= length; i += kNarrowWidth)
      store(out.data + i, operation(load<Vector>(a.data + i), load<Vector>(b.data + i)));
  }
  for (; i + 2 * kNarrowWidth <= length; i += 2 * kNarrowWidth) {
    for (std::size_t r = 0; r < rows; ++r) {
      const Value *u = a.data + r * a.stride + i, *v = b.data + r * b.stride + i;
      Value* to = out.data + r * out.stride + i;
      store(to, operation(load<Vector>(u), load<Vector>(v)));
      store(to + kNarrowWidth, operation(load<Vector>(u + kNarrowWidth), load<Vector>(v + kNarrowWidth)));
    }
  }
  for (; i + kNarrowWidth <= length; i += kNarrowWidth) {
    for (std::size_t r = 0; r < rows; ++r)
      store(out.data + r * out.stride + i,
            operation(load<Vector>(a.data + r * a.stride + i), load<Vector>(b.data + r * b.stride + i)));
  }
  if (i == length) return;
  for (std::size_t r = 0; r < rows; ++r) {
    const Vector last = operation(load_first<Vector>(a.data + r * a.stride + i, length - i),
                                  load_first<Vector>(b.data + r * b.stride + i, length - i));
    __builtin_memcpy(out.data + r * out.stride + i, &last, (length - i) * sizeof(Value));
  }
}

}  // namespace
}  // namespace dlasim::fixed_point::detail::DLA_ISA
