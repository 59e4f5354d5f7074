// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.
//
// Loops are written so that the compiler makes vector code of them: no branches, selects and comparisons
// only.

#include "carrier_kernels_isa.h"

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;
constexpr std::uint64_t kExponentBits = std::uint64_t{0x7FF} << 52;

inline std::uint64_t bits_of(double v) noexcept {
  return __builtin_bit_cast(std::uint64_t, v);
}
inline double double_of(std::uint64_t bits) noexcept {
  return __builtin_bit_cast(double, bits);
}

/// a + b rounded to odd: where the sum is inexact the last bit is set, so that it stands for all that was cut
/// off and a second rounding, at least two bits above, is that of the exact sum (Boldo and Melquiond, 2008).
inline double sum_to_odd(double a, double b) noexcept {
  const double s = a + b;
  const double b_part = s - a;
  const double error = (a - (s - b_part)) + (b - b_part);  // exact: Knuth's two-sum; nan if s is not finite
  const std::uint64_t bits = bits_of(s);
  const std::uint64_t opposite = (bits ^ bits_of(error)) >> 63;
  const bool moves = ((error < 0) | (error > 0)) & ((bits & 1) == 0);
  const std::uint64_t odd = bits + 1 - 2 * opposite;
  return double_of(moves ? odd : bits);
}

struct ExactRounder {
  static inline double apply(const RowTarget&, double v, RowCounts&) noexcept { return v; }
};

/// R(y) of section 2. y - floor(y) may round, but never across one half.
template <RowRounding kRounding>
inline double rounded(double y) noexcept {
  if constexpr (kRounding == RowRounding::kFloor) return __builtin_floor(y);
  if constexpr (kRounding == RowRounding::kTrunc) return __builtin_trunc(y);
  if constexpr (kRounding == RowRounding::kNearestEven) return __builtin_rint(y);
  if constexpr (kRounding == RowRounding::kNearestUp) {
    const double floor = __builtin_floor(y);
    return y - floor >= 0.5 ? floor + 1.0 : floor;
  }
  const double trunc = __builtin_trunc(y);
  const double rest = y - trunc;
  const double up = rest >= 0.5 ? trunc + 1.0 : trunc;
  return rest <= -0.5 ? trunc - 1.0 : up;
}

template <RowRounding kRounding, bool kWraps>
struct DfpRounder {
  static inline double apply(const RowTarget& t, double v, RowCounts& counts) noexcept {
    const bool is_number = v == v;
    const double y = is_number ? v * t.scale : 0.0;
    const double q = rounded<kRounding>(y);
    const bool is_over = (q > t.highest) | (q < t.lowest);
    double kept = q > t.highest ? t.highest : q;
    kept = kept < t.lowest ? t.lowest : kept;
    if constexpr (kWraps) {
      const double turns = __builtin_floor((q - t.lowest) * t.inverse_modulus);
      const double wrapped = q - turns * t.modulus;
      kept = wrapped == wrapped ? wrapped : kept;  // inf saturates
    }
    const double out = (kept + 0.0) * t.inverse_scale;  // -0 becomes +0
    counts.inexact += static_cast<std::uint64_t>((out != v) & is_number);
    counts.overflow += static_cast<std::uint64_t>(is_over);
    counts.underflow += static_cast<std::uint64_t>((q == 0) & (y != 0));
    counts.invalid += static_cast<std::uint64_t>(!is_number);
    return out;
  }
};

/// Rounds |v| to the format's last place: adding a number whose ulp is that place, and taking it away again,
/// rounds to nearest even; the other modes correct that result by one place. All of it is exact but the one
/// addition that is meant to round.
template <RowRounding kRounding>
inline double rounded_magnitude(double a, bool is_negative, double power, const RowTarget& t) noexcept {
  const double magic = power * t.magic;
  const double even = (a + magic) - magic;
  if constexpr (kRounding == RowRounding::kNearestEven) return even;
  const double place = power * t.last_place;
  const double down = even > a ? even - place : even;
  if constexpr (kRounding == RowRounding::kTrunc) return down;
  if constexpr (kRounding == RowRounding::kFloor) {
    const double up = even < a ? even + place : even;
    return is_negative ? up : down;
  }
  const double half = place * 0.5;
  const double away = a - even == half ? even + place : even;
  if constexpr (kRounding == RowRounding::kNearestAway) return away;
  const double toward = even - a == half ? even - place : even;
  return is_negative ? toward : away;
}

template <RowRounding kRounding>
struct MinifloatRounder {
  static inline double apply(const RowTarget& t, double v, RowCounts& counts) noexcept {
    const std::uint64_t bits = bits_of(v);
    const double a = double_of(bits & ~kSignBit);
    const bool is_negative = v < 0;
    double power = double_of(bits & kExponentBits);
    power = power > t.smallest_power ? power : t.smallest_power;
    power = power < t.power_cap ? power : t.power_cap;
    double r = rounded_magnitude<kRounding>(a, is_negative, power, t);
    r = r < t.flush_below ? 0.0 : r;
    const bool is_over = r > t.largest;
    const double over = is_negative ? t.overflowed_negative : t.overflowed_positive;
    const double over_or_infinite = a == __builtin_inf() ? t.overflowed_infinite : over;
    r = is_over ? over_or_infinite : r;
    const bool is_number = v == v;
    const double with_sign = double_of(bits_of(r) | (bits & kSignBit));
    const double out = is_number ? with_sign : t.of_nan;
    const bool differs = out != v;
    counts.inexact += static_cast<std::uint64_t>(differs & is_number);
    counts.overflow += static_cast<std::uint64_t>(is_over & differs);
    counts.underflow += static_cast<std::uint64_t>((r == 0) & (a != 0));
    counts.invalid += is_number ? 0 : t.counts_invalid;
    return out;
  }
};

template <typename Rounder>
void convert(const RowTarget& target, const double* v, double* out, std::size_t n,
             RowCounts& total) noexcept {
  const RowTarget t = target;
  RowCounts counts = total;
  for (std::size_t i = 0; i < n; ++i) out[i] = Rounder::apply(t, v[i], counts);
  total = counts;
}

template <typename Rounder>
void multiply(const RowTarget& target, const double* a, const double* b, double* out, std::size_t n,
              RowCounts& total) noexcept {
  const RowTarget t = target;
  RowCounts counts = total;
  for (std::size_t i = 0; i < n; ++i) out[i] = Rounder::apply(t, a[i] * b[i], counts);
  total = counts;
}

template <typename Rounder, bool kToOdd>
void add(const RowTarget& target, const double* a, const double* b, double* out, std::size_t n,
         RowCounts& total) noexcept {
  const RowTarget t = target;
  RowCounts counts = total;
  for (std::size_t i = 0; i < n; ++i)
    out[i] = Rounder::apply(t, kToOdd ? sum_to_odd(a[i], b[i]) : a[i] + b[i], counts);
  total = counts;
}

template <typename Rounder, bool kToOdd>
void pairs(const RowTarget& target, const double* in, double* out, std::size_t n, RowCounts& total) noexcept {
  const RowTarget t = target;
  RowCounts counts = total;
  for (std::size_t i = 0; i < n; ++i) {
    const double a = in[2 * i];
    const double b = in[2 * i + 1];
    out[i] = Rounder::apply(t, kToOdd ? sum_to_odd(a, b) : a + b, counts);
  }
  total = counts;
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
