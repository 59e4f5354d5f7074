// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.

#include "carrier_kernels_isa.h"

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

/// Event counters of the lanes: an event subtracts a comparison's -1.
struct LaneCounts {
  Longs inexact{}, overflow{}, underflow{}, invalid{};
};

/// a + b rounded to odd: where the sum is inexact the last bit is set, so that it stands for all that was cut
/// off and a second rounding, at least two bits above, is that of the exact sum (Boldo and Melquiond, 2008).
inline Doubles sum_to_odd(Doubles a, Doubles b) noexcept {
  const Doubles s = a + b;
  const Doubles b_part = s - a;
  const Doubles error = (a - (s - b_part)) + (b - b_part);  // exact: Knuth's two-sum; nan if s is not finite
  const Unsigneds bits = bits_of(s);
  const Longs opposite = reinterpret_cast<Longs>(bits ^ bits_of(error)) < 0;
  const Longs one_place = opposite | 1;  // toward the error: -1 or 1
  const Longs is_even = (reinterpret_cast<Longs>(bits) & 1) == 0;
  const Longs moves = ((error < 0) | (error > 0)) & is_even;
  return double_of(bits + reinterpret_cast<Unsigneds>(one_place & moves));
}

struct ExactRounder {
  static inline Doubles apply(const RowTarget&, Doubles v, LaneCounts&) noexcept { return v; }
};

/// R(y) of section 2 for |y| <= 2^51; what is larger stays larger than any DFP format's range. Adding 1.5 *
/// 2^52 rounds to the nearest even integer; what that did to y is exact and tells the other modes apart.
template <RowRounding kRounding>
inline Doubles rounded(Doubles y) noexcept {
  constexpr double kMagic = 0x1.8p52;
  const Doubles even = (y + kMagic) - kMagic;
  const Doubles one = splat(1.0);
  if constexpr (kRounding == RowRounding::kNearestEven) return even;
  if constexpr (kRounding == RowRounding::kFloor) return even - keep(even > y, one);
  if constexpr (kRounding == RowRounding::kTrunc) {
    const Longs down = (even > y) & (y > 0);
    const Longs up = (even < y) & (y < 0);
    return even - keep(down, one) + keep(up, one);
  }
  const Longs up = y - even == 0.5;
  if constexpr (kRounding == RowRounding::kNearestUp) return even + keep(up, one);
  const Longs down = (even - y == 0.5) & (y < 0);
  return even + keep(up & (y > 0), one) - keep(down, one);
}

template <RowRounding kRounding, bool kWraps>
struct DfpRounder {
  static inline Doubles apply(const RowTarget& t, Doubles v, LaneCounts& counts) noexcept {
    const Longs is_number = v == v;
    const Doubles y = keep(is_number, v * t.scale);
    const Doubles q = rounded<kRounding>(y);
    const Longs above = q > t.highest;
    const Longs below = q < t.lowest;
    Doubles kept = select(above, splat(t.highest), q);
    kept = select(below, splat(t.lowest), kept);
    if constexpr (kWraps) {
      const Doubles turns = rounded<RowRounding::kFloor>((q - t.lowest) * t.inverse_modulus);
      const Doubles wrapped = q - turns * t.modulus;
      kept = select(wrapped == wrapped, wrapped, kept);  // inf saturates
    }
    const Doubles out = (kept + 0.0) * t.inverse_scale;  // -0 becomes +0
    counts.inexact += (out != v) & is_number;
    counts.overflow += above | below;
    counts.underflow += (q == 0) & (y != 0);
    counts.invalid += ~is_number;
    return out;
  }
};

/// Rounds |v| to the format's last place: adding a number whose ulp is that place, and taking it away again,
/// rounds to nearest even; the other modes correct that result by one place. All of it is exact but the one
/// addition that is meant to round. `Vector` is of doubles or of floats, `Target` has the constants.
template <RowRounding kRounding, typename Vector, typename Mask, typename Target>
inline Vector rounded_magnitude(Vector a, Mask is_negative, Vector power, const Target& t) noexcept {
  const Vector magic = power * t.magic;
  const Vector even = (a + magic) - magic;
  if constexpr (kRounding == RowRounding::kNearestEven) return even;
  const Vector place = power * t.last_place;
  if constexpr (kRounding == RowRounding::kTrunc) return even - keep(even > a, place);
  if constexpr (kRounding == RowRounding::kFloor) {
    const Mask down = (even > a) & ~is_negative;
    const Mask up = (even < a) & is_negative;
    return even - keep(down, place) + keep(up, place);
  }
  const Vector half = place * static_cast<decltype(t.last_place)>(0.5);
  const Mask up = a - even == half;
  if constexpr (kRounding == RowRounding::kNearestAway) return even + keep(up, place);
  const Mask down = (even - a == half) & is_negative;
  return even + keep(up & ~is_negative, place) - keep(down, place);
}

template <RowRounding kRounding>
struct MinifloatRounder {
  static inline Doubles apply(const RowTarget& t, Doubles v, LaneCounts& counts) noexcept {
    constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
    constexpr std::uint64_t kExponentBits = std::uint64_t{0x7FF} << 52;
    const Unsigneds bits = bits_of(v);
    const Doubles a = double_of(bits & ~kSignBit);
    const Longs is_negative = v < 0;
    Doubles power = double_of(bits & kExponentBits);
    power = select(power > t.smallest_power, power, splat(t.smallest_power));
    power = select(power < t.power_cap, power, splat(t.power_cap));
    Doubles r = rounded_magnitude<kRounding>(a, is_negative, power, t);
    r = keep(~(r < t.flush_below), r);
    const Longs is_over = r > t.largest;
    const Doubles over = select(is_negative, splat(t.overflowed_negative), splat(t.overflowed_positive));
    r = select(is_over, select(a == __builtin_inf(), splat(t.overflowed_infinite), over), r);
    const Longs is_number = v == v;
    const Doubles with_sign = double_of(bits_of(r) | (bits & kSignBit));
    const Doubles out = select(is_number, with_sign, splat(t.of_nan));
    const Longs differs = out != v;
    counts.inexact += differs & is_number;
    counts.overflow += is_over & differs;
    counts.underflow += (r == 0) & (a != 0);
    counts.invalid += ~is_number & t.invalid_mask;
    return out;
  }
};

std::uint64_t total_of(Longs lanes) noexcept {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < kWidth; ++i) sum -= lanes[i];
  return static_cast<std::uint64_t>(sum);
}

/// Runs `operation(i)`, which gives the value before rounding of entries i .. i + kWidth - 1, over a row. The
/// last entries come through `tail(values)`, filled up with +0, which raises no event and comes out as +0.
template <typename Rounder, typename Operation, typename Tail>
inline void run_row(const RowTarget& target, double* out, std::size_t n, RowCounts& total,
                    const Operation& operation, const Tail& tail) noexcept {
  const RowTarget t = target;
  LaneCounts counts;
  std::size_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, Rounder::apply(t, operation(i), counts));
  if (i < n) {
    const Doubles last = Rounder::apply(t, tail(i, n - i), counts);
    __builtin_memcpy(out + i, &last, (n - i) * sizeof(double));
  }
  total.inexact += total_of(counts.inexact);
  total.overflow += total_of(counts.overflow);
  total.underflow += total_of(counts.underflow);
  total.invalid += total_of(counts.invalid);
}

/// `count` (less than kWidth) entries, then +0.
inline Doubles load_some(const double* p, std::size_t count) noexcept {
  Doubles v{};
  __builtin_memcpy(&v, p, count * sizeof(double));
  return v;
}

/// in[0], in[2], ... and in[1], in[3], ...
struct Pairs {
  Doubles first, second;
};
inline Pairs load_pairs(const double* in, std::size_t count) noexcept {
  Pairs pairs{};
  for (std::size_t i = 0; i < count; ++i) {
    pairs.first[i] = in[2 * i];
    pairs.second[i] = in[2 * i + 1];
  }
  return pairs;
}
inline Pairs load_pairs(const double* in) noexcept {
  const auto low = load<Doubles>(in);
  const auto high = load<Doubles>(in + kWidth);
#if DLA_VECTOR_BYTES == 16
  return {__builtin_shufflevector(low, high, 0, 2), __builtin_shufflevector(low, high, 1, 3)};
#elif DLA_VECTOR_BYTES == 32
  return {__builtin_shufflevector(low, high, 0, 2, 4, 6), __builtin_shufflevector(low, high, 1, 3, 5, 7)};
#else
  return {__builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14),
          __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15)};
#endif
}

template <bool kToOdd>
inline Doubles sum(Doubles a, Doubles b) noexcept {
  if constexpr (kToOdd) return sum_to_odd(a, b);
  return a + b;
}

template <typename Rounder>
void convert(const RowTarget& target, const double* v, double* out, std::size_t n,
             RowCounts& total) noexcept {
  run_row<Rounder>(
      target, out, n, total, [=](std::size_t i) { return load<Doubles>(v + i); },
      [=](std::size_t i, std::size_t count) { return load_some(v + i, count); });
}

template <typename Rounder>
void multiply(const RowTarget& target, const double* a, const double* b, double* out, std::size_t n,
              RowCounts& total) noexcept {
  run_row<Rounder>(
      target, out, n, total, [=](std::size_t i) { return load<Doubles>(a + i) * load<Doubles>(b + i); },
      [=](std::size_t i, std::size_t count) { return load_some(a + i, count) * load_some(b + i, count); });
}

template <typename Rounder, bool kToOdd>
void add(const RowTarget& target, const double* a, const double* b, double* out, std::size_t n,
         RowCounts& total) noexcept {
  run_row<Rounder>(
      target, out, n, total,
      [=](std::size_t i) { return sum<kToOdd>(load<Doubles>(a + i), load<Doubles>(b + i)); },
      [=](std::size_t i, std::size_t count) {
        return sum<kToOdd>(load_some(a + i, count), load_some(b + i, count));
      });
}

template <typename Rounder, bool kToOdd>
void pairs(const RowTarget& target, const double* in, double* out, std::size_t n, RowCounts& total) noexcept {
  run_row<Rounder>(
      target, out, n, total,
      [=](std::size_t i) {
        const Pairs p = load_pairs(in + 2 * i);
        return sum<kToOdd>(p.first, p.second);
      },
      [=](std::size_t i, std::size_t count) {
        const Pairs p = load_pairs(in + 2 * i, count);
        return sum<kToOdd>(p.first, p.second);
      });
}

template <typename Rounder>
constexpr RowOperations operations() noexcept {
  return {convert<Rounder>,  pairs<Rounder, false>, pairs<Rounder, true>,
          multiply<Rounder>, add<Rounder, false>,   add<Rounder, true>};
}

template <RowRounding kRounding>
using Saturating = DfpRounder<kRounding, false>;
template <RowRounding kRounding>
using Wrapping = DfpRounder<kRounding, true>;

}  // namespace

#define DLA_ALL_ROUNDINGS(Rounder)                                                                        \
  {                                                                                                       \
    operations<Rounder<RowRounding::kFloor>>(), operations<Rounder<RowRounding::kTrunc>>(),               \
        operations<Rounder<RowRounding::kNearestUp>>(), operations<Rounder<RowRounding::kNearestAway>>(), \
        operations<Rounder<RowRounding::kNearestEven>>()                                                  \
  }

extern const CarrierKernels kCarrierKernels{operations<ExactRounder>(), DLA_ALL_ROUNDINGS(Saturating),
                                            DLA_ALL_ROUNDINGS(Wrapping), DLA_ALL_ROUNDINGS(MinifloatRounder)};

#undef DLA_ALL_ROUNDINGS

}  // namespace dlasim::fixed_point::detail::DLA_ISA
