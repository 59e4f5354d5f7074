#pragma once
/// What a truncation unit is configured with: number_formats.md sections 2 to 4 as plain data.

#include <cstdint>

namespace dlasim::fixed_point {

/// How a real number becomes an integer; the comment is SystemC's name.
enum class Rounding : std::uint8_t {
  kFloor,        ///< SC_TRN
  kTrunc,        ///< SC_TRN_ZERO
  kNearestUp,    ///< SC_RND
  kNearestAway,  ///< SC_RND_INF
  kNearestEven,  ///< SC_RND_CONV
  kStochastic,   ///< the unit's LFSR decides
};
/// DFP: saturate, saturate_symmetric, wrap; minifloat: saturate, inf.
enum class Overflow : std::uint8_t { kSaturate, kSaturateSymmetric, kWrap, kInf };
/// What exponent field 0 means.
enum class ExpZero : std::uint8_t { kSubnormal, kZero, kNormal };
/// Which codes are inf or nan.
enum class Specials : std::uint8_t { kIeee, kFn, kNone };
enum class Kind : std::uint8_t { kExact, kDfp, kMinifloat };

/// The random source of a stochastic unit; `bits` 0: the unit has none.
struct LfsrSpec {
  int bits = 0;  ///< 16 or 32
  std::uint32_t seed = 1;
  friend constexpr bool operator==(const LfsrSpec&, const LfsrSpec&) = default;
};

/// One format with its rounding and overflow. Fields of the other kind are not looked at.
struct Format {
  Kind kind = Kind::kExact;
  // DFP: value = q * 2^-fl
  int bits = 8;  ///< 1..64
  int fl = 0;    ///< fractional length: any integer, also negative or above `bits`
  bool is_signed = true;
  // Minifloat: sign, exp, man
  int exp = 0;   ///< 2..8
  int man = 0;   ///< 0..23
  int bias = 0;  ///< 2^(exp-1) - 1 unless the source of the format says otherwise
  ExpZero exp_zero = ExpZero::kSubnormal;
  Specials specials = Specials::kIeee;
  // both
  Rounding rounding = Rounding::kNearestEven;
  Overflow overflow = Overflow::kSaturate;
  LfsrSpec lfsr;  ///< bits 16 or 32 exactly if rounding is stochastic

  /// Bits of a code; 0 for exact.
  constexpr int code_bits() const noexcept {
    return kind == Kind::kDfp ? bits : kind == Kind::kMinifloat ? 1 + exp + man : 0;
  }
  friend constexpr bool operator==(const Format&, const Format&) = default;
};

constexpr Format exact_format() noexcept {
  return {};
}

constexpr Format dfp(int bits, int fl, bool is_signed = true) noexcept {
  Format f;
  f.kind = Kind::kDfp;
  f.bits = bits;
  f.fl = fl;
  f.is_signed = is_signed;
  return f;
}

/// ExMy with the defaults of section 8: subnormals, IEEE specials, overflow to inf.
constexpr Format minifloat(int exp, int man) noexcept {
  Format f;
  f.kind = Kind::kMinifloat;
  f.exp = exp;
  f.man = man;
  f.bias = (1 << (exp - 1)) - 1;
  f.overflow = Overflow::kInf;
  return f;
}

/// Whether the format is one that section 3 or 4 defines: field ranges, and no impossible combination
/// (specials none with overflow inf, ieee without a mantissa bit, stochastic without an LFSR).
constexpr bool is_valid(const Format& f) noexcept {
  if (f.kind == Kind::kExact) return true;
  const bool has_lfsr = f.lfsr.bits == 16 || f.lfsr.bits == 32;
  if ((f.rounding == Rounding::kStochastic) != has_lfsr) return false;
  if (f.kind == Kind::kDfp) return f.bits >= 1 && f.bits <= 64 && f.overflow != Overflow::kInf;
  const bool in_range = f.exp >= 2 && f.exp <= 8 && f.man >= 0 && f.man <= 23;
  const bool overflow_fits =
      f.overflow == Overflow::kSaturate || (f.overflow == Overflow::kInf && f.specials != Specials::kNone);
  return in_range && overflow_fits && !(f.specials == Specials::kIeee && f.man == 0);
}

/// The low `bits` bits set, for 0..64.
constexpr std::uint64_t low_mask(int bits) noexcept {
  return bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
}

/// Codes of a minifloat without the sign bit: section 4's table of specials.
struct MinifloatCodes {
  std::uint64_t largest;   ///< largest finite
  std::uint64_t infinity;  ///< ieee only
  std::uint64_t nan;       ///< the nan that is produced; none: 0
};
constexpr MinifloatCodes minifloat_codes(const Format& f) noexcept {
  const std::uint64_t all_ones = low_mask(f.exp + f.man);
  const std::uint64_t exponent_ones = low_mask(f.exp) << f.man;
  switch (f.specials) {
    case Specials::kIeee:
      return {exponent_ones - 1, exponent_ones, exponent_ones | (std::uint64_t{1} << f.man >> 1)};
    case Specials::kFn:
      return {all_ones - 1, 0, all_ones};
    case Specials::kNone:
      break;
  }
  return {all_ones, 0, 0};
}

}  // namespace dlasim::fixed_point
