// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.
// Truncation units of small minifloats on floats. Why a float is enough is said in narrow_kernels.h.

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

constexpr std::uint32_t kFloatSign = std::uint32_t{1} << 31;
constexpr std::uint32_t kFloatExponent = std::uint32_t{0xFF} << 23;

inline Floats magnitude(Floats v) noexcept {
  return float_of(bits_of(v) & ~kFloatSign);
}

constexpr RowRounding row_rounding(FloatRounding rounding) noexcept {
  return static_cast<RowRounding>(rounding);
}

/// v rounded, not yet in range. Values of at most the largest come out right; what is larger, inf or nan
/// comes out as something larger, inf or nan.
template <FloatRounding kRounding, bool kUnderflows>
inline Floats rounded(Floats v, const FloatTarget& t) noexcept {
  if constexpr (kRounding == FloatRounding::kNone) return v;
  Floats power = float_of(bits_of(v) & kFloatExponent);
  power = power > t.smallest_power ? power : splat(t.smallest_power);
  if constexpr (kRounding == FloatRounding::kNearestEven && !kUnderflows) {
    const Floats magic = power * t.magic;  // symmetric: no need to look at the sign
    return (v + magic) - magic;
  }
  Floats r = rounded_magnitude<row_rounding(kRounding)>(magnitude(v), v < 0, power, t);
  if constexpr (kUnderflows) r = keep(~(r < t.flush_below), r);  // nan stays
  return float_of(bits_of(r) | (bits_of(v) & kFloatSign));
}

/// A vector with a value that is not finite or leaves the range, through the unit on doubles.
[[gnu::noinline, gnu::cold]] Floats widely(const FloatUnit& unit, Floats a, Floats b,
                                           RowCounts& total) noexcept {
  double wide_a[kNarrowWidth];
  double wide_b[kNarrowWidth];
  for (std::size_t i = 0; i < kNarrowWidth; ++i) {
    wide_a[i] = static_cast<double>(a[i]);
    wide_b[i] = static_cast<double>(b[i]);
  }
  unit.wide_operation(unit.wide, wide_a, wide_b, wide_a, kNarrowWidth, total);
  Floats out{};
  for (std::size_t i = 0; i < kNarrowWidth; ++i) out[i] = static_cast<float>(wide_a[i]);
  return out;
}

inline bool leaves_range(Floats r, const FloatTarget& t) noexcept {
  return any(~(magnitude(r) <= t.largest));  // nan too
}

template <FloatRounding kRounding>
void multiply_floats(const FloatUnit& unit, const float* x, Rows<const float> w, Rows<float> out,
                     std::size_t rows, std::size_t length, RowCounts& total) noexcept {
  const FloatTarget t = unit.target;
  NarrowCounts counts;
  run_products<Floats>(x, w, out, rows, length, [&](Floats a, Floats b) {
    const Floats v = a * b;
    const Floats r = rounded<kRounding, true>(v, t);
    if (leaves_range(r, t)) [[unlikely]]
      return widely(unit, a, b, total);
    if constexpr (kRounding != FloatRounding::kNone) {
      const NarrowInts is_exact = r == v;
      ++counts.vectors;
      counts.exact += is_exact;
      counts.underflow += underflowed(r == 0, is_exact);
    }
    return r;
  });
  // What leaves the range went the wide way.
  add_counts(counts.vectors, counts.exact, all_lanes(counts.vectors), counts.underflow, total);
}

/// `kExact`: the sum in float is exact. Else it is inexact exactly if r - a is not b or r - b is not a:
/// one of the two differences, that from the term of larger magnitude, is computed without error.
template <FloatRounding kRounding, bool kExact, bool kUnderflows>
void add_floats(const FloatUnit& unit, Rows<const float> a, Rows<const float> b, Rows<float> out,
                std::size_t rows, std::size_t length, RowCounts& total) noexcept {
  const FloatTarget t = unit.target;
  NarrowCounts counts;
  run_sums<Floats>(a, b, out, rows, length, [&](Floats u, Floats v) {
    const Floats sum = u + v;
    const Floats r = rounded<kRounding, kUnderflows>(sum, t);
    if (leaves_range(r, t)) [[unlikely]]
      return widely(unit, u, v, total);
    const NarrowInts is_exact = kExact ? r == sum : (r - u == v) & (r - v == u);
    ++counts.vectors;
    counts.exact += is_exact;
    if constexpr (kUnderflows) counts.underflow += underflowed(r == 0, is_exact);
    return r;
  });
  // What leaves the range went the wide way.
  add_counts(counts.vectors, counts.exact, all_lanes(counts.vectors), counts.underflow, total);
}

/// A mode that looks at the sign of what was cut off needs the exact sum.
template <FloatRounding kRounding>
constexpr FloatOperations float_operations() noexcept {
  if constexpr (kRounding == FloatRounding::kFloor || kRounding == FloatRounding::kTrunc) {
    return {multiply_floats<kRounding>,
            {{nullptr, nullptr}, {add_floats<kRounding, true, false>, add_floats<kRounding, true, true>}}};
  } else {
    return {multiply_floats<kRounding>,
            {{add_floats<kRounding, false, false>, add_floats<kRounding, false, true>},
             {add_floats<kRounding, true, false>, add_floats<kRounding, true, true>}}};
  }
}

}  // namespace

extern const NarrowOperations kNarrowOperations{
    {DLA_FIXED_OPERATIONS(FixedOverflow::kNever), DLA_FIXED_OPERATIONS(FixedOverflow::kSaturates),
     DLA_FIXED_OPERATIONS(FixedOverflow::kWraps)},
    multiply_add_codes,
    {float_operations<FloatRounding::kFloor>(), float_operations<FloatRounding::kTrunc>(),
     float_operations<FloatRounding::kNearestUp>(), float_operations<FloatRounding::kNearestAway>(),
     float_operations<FloatRounding::kNearestEven>(), float_operations<FloatRounding::kNone>()}};

#undef DLA_FIXED_OPERATIONS

}  // namespace dlasim::fixed_point::detail::DLA_ISA
