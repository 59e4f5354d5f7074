// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.
// Truncation units on fixed-point codes: integers, shifts and comparisons.

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

/// R(v / 2^shift), shift at least 1: number_formats.md section 2. A right shift is floor; the other modes add
/// first what lifts exactly the values that they round up. The caller sees to it that v + 2^shift fits.
template <FixedRounding kRounding>
inline NarrowInts shifted(NarrowInts v, int shift) noexcept {
  const std::int32_t place = std::int32_t{1} << shift;
  const std::int32_t half = place / 2;
  if constexpr (kRounding == FixedRounding::kFloor) return v >> shift;
  if constexpr (kRounding == FixedRounding::kTrunc) return (v + ((v >> 31) & (place - 1))) >> shift;
  if constexpr (kRounding == FixedRounding::kNearestUp) return (v + half) >> shift;
  if constexpr (kRounding == FixedRounding::kNearestAway) return (v + half + (v >> 31)) >> shift;
  return (v + (half - 1) + ((v >> shift) & 1)) >> shift;  // nearest even
}

/// The target with its range as vectors, made once a call.
struct FixedRange : FixedTarget {
  explicit FixedRange(const FixedTarget& t) noexcept
      : FixedTarget(t), lowest_lanes(splat(t.lowest)), highest_lanes(splat(t.highest)) {}
  NarrowInts lowest_lanes, highest_lanes;
};

template <FixedOverflow kOverflow>
inline NarrowInts in_range(NarrowInts q, const FixedRange& t) noexcept {
  if constexpr (kOverflow == FixedOverflow::kNever) return q;
  if constexpr (kOverflow == FixedOverflow::kWraps) {
    // Unsigned formats bring zeros in from above. A signed format of 32 bits or more has no unused bits.
    const NarrowInts up = q << t.unused_bits;
    if (t.lowest == 0)
      return reinterpret_cast<NarrowInts>(reinterpret_cast<NarrowUnsigneds>(up) >> t.unused_bits);
    return up >> t.unused_bits;
  }
  return at_least(at_most(q, t.highest_lanes), t.lowest_lanes);
}

/// One unit. `counts` are those of section 4: inexact if the result, shifted back, is not v; a saturated
/// result never is, because it differs from q by one at least.
template <FixedRounding kRounding, FixedOverflow kOverflow>
inline NarrowInts truncated(NarrowInts v, const FixedRange& t, NarrowCounts& counts) noexcept {
  if constexpr (kRounding == FixedRounding::kNone) return v;
  if constexpr (kRounding == FixedRounding::kRange) {
    const NarrowInts out = in_range<kOverflow>(v, t);
    const NarrowInts is_same = out == v;
    ++counts.vectors;
    counts.exact += is_same;
    counts.in_range += is_same;
    return out;
  }
  const NarrowInts q = shifted<kRounding>(v, t.shift);
  const NarrowInts out = in_range<kOverflow>(q, t);
  NarrowInts is_exact = (out << t.shift) == v;
  ++counts.vectors;
  if constexpr (kOverflow != FixedOverflow::kNever) {
    const NarrowInts is_in_range = out == q;
    // A wrapped code, shifted back, may be v modulo 2^32.
    if constexpr (kOverflow == FixedOverflow::kWraps) is_exact &= is_in_range;
    counts.in_range += is_in_range;
  }
  counts.exact += is_exact;
  counts.underflow += underflowed(q == 0, is_exact);
  return out;
}

template <FixedRounding kRounding, FixedOverflow kOverflow>
void add_fixed_counts(const NarrowCounts& counts, RowCounts& total) noexcept {
  if constexpr (kRounding == FixedRounding::kNone) return;
  const bool never = kOverflow == FixedOverflow::kNever;
  add_counts(counts.vectors, counts.exact, never ? all_lanes(counts.vectors) : counts.in_range,
             counts.underflow, total);
}

template <FixedRounding kRounding, FixedOverflow kOverflow>
void multiply_codes(const FixedTarget& target, const std::int32_t* x, Rows<const std::int32_t> w,
                    Rows<std::int32_t> out, std::size_t rows, std::size_t length, RowCounts& total) noexcept {
  const FixedRange t(target);
  NarrowCounts counts;
  run_products<NarrowInts>(x, w, out, rows, length, [&](NarrowInts a, NarrowInts b) {
    return truncated<kRounding, kOverflow>((a << t.left_a) * b, t, counts);
  });
  add_fixed_counts<kRounding, kOverflow>(counts, total);
}

template <FixedRounding kRounding, FixedOverflow kOverflow>
void add_codes(const FixedTarget& target, Rows<const std::int32_t> a, Rows<const std::int32_t> b,
               Rows<std::int32_t> out, std::size_t rows, std::size_t length, RowCounts& total) noexcept {
  const FixedRange t(target);
  NarrowCounts counts;
  if (t.left_a == 0 && t.left_b == 0) {  // as all nodes of a tree of one format
    run_sums<NarrowInts>(a, b, out, rows, length, [&](NarrowInts u, NarrowInts v) {
      return truncated<kRounding, kOverflow>(u + v, t, counts);
    });
  } else {
    run_sums<NarrowInts>(a, b, out, rows, length, [&](NarrowInts u, NarrowInts v) {
      return truncated<kRounding, kOverflow>((u << t.left_a) + (v << t.left_b), t, counts);
    });
  }
  add_fixed_counts<kRounding, kOverflow>(counts, total);
}

void multiply_add_codes(const std::int32_t* x, Rows<const std::int32_t> w, Rows<const std::int32_t> before,
                        Rows<std::int32_t> out, std::size_t rows, std::size_t length) noexcept {
  std::size_t i = 0;
  for (; i + kNarrowWidth <= length; i += kNarrowWidth) {
    for (std::size_t r = 0; r < rows; ++r) {
      const NarrowInts product = splat(x[r]) * load<NarrowInts>(w.data + r * w.stride + i);
      store(out.data + r * out.stride + i, load<NarrowInts>(before.data + r * before.stride + i) + product);
    }
  }
  if (i == length) return;
  for (std::size_t r = 0; r < rows; ++r) {
    const auto weights = load_first<NarrowInts>(w.data + r * w.stride + i, length - i);
    const auto terms = load_first<NarrowInts>(before.data + r * before.stride + i, length - i);
    const NarrowInts last = terms + splat(x[r]) * weights;
    __builtin_memcpy(out.data + r * out.stride + i, &last, (length - i) * sizeof(std::int32_t));
  }
}

template <FixedOverflow kOverflow>
struct AllFixedRoundings {
  template <FixedRounding kRounding>
  static constexpr FixedOperations of{multiply_codes<kRounding, kOverflow>, add_codes<kRounding, kOverflow>};
};

#define DLA_FIXED_OPERATIONS(overflow)                                \
  {                                                                   \
    AllFixedRoundings<overflow>::of<FixedRounding::kNone>,            \
        AllFixedRoundings<overflow>::of<FixedRounding::kRange>,       \
        AllFixedRoundings<overflow>::of<FixedRounding::kFloor>,       \
        AllFixedRoundings<overflow>::of<FixedRounding::kTrunc>,       \
        AllFixedRoundings<overflow>::of<FixedRounding::kNearestUp>,   \
        AllFixedRoundings<overflow>::of<FixedRounding::kNearestAway>, \
        AllFixedRoundings<overflow>::of<FixedRounding::kNearestEven>  \
  }

}  // namespace
}  // namespace dlasim::fixed_point::detail::DLA_ISA
