#include "fixed_point/truncation_unit.h"

#include <algorithm>
#include <array>

namespace dlasim::fixed_point {
namespace {

/// |v| cut at bit position p: floor(|v| / 2^p) and what rounding asks of the rest.
struct Cut {
  std::uint64_t low;       ///< low 64 bits of the quotient
  bool has_higher_bits;    ///< the quotient has more than 64 bits
  std::uint64_t fraction;  ///< the rest's first 32 bits below the cut
  bool has_lower_bits;     ///< and whether it has others
  bool is_zero_rest() const noexcept { return fraction == 0 && !has_lower_bits; }
};

constexpr std::uint64_t kHalf = std::uint64_t{1} << 31;

Cut cut_at(const Exact& v, std::int64_t position) noexcept {
  // Beyond the window nothing changes any more: all of v below the fraction, or all above 64 bits.
  const std::int64_t drop = std::clamp<std::int64_t>(position - v.exponent, -Wide::kBits, 2 * Wide::kBits);
  const int length = v.significand.bit_length();
  Cut cut{};
  cut.low = v.significand.bits_from(drop);
  cut.has_higher_bits = length - drop > 64;
  cut.fraction = v.significand.bits_from(drop - 32) & 0xFFFFFFFFU;
  const auto below = static_cast<int>(std::clamp<std::int64_t>(drop - 32, 0, Wide::kBits));
  cut.has_lower_bits = v.sticky || v.significand.any_below(below);
  return cut;
}

/// Whether the magnitude goes up by one. Not for stochastic.
bool rounds_up(const Cut& cut, bool negative, Rounding rounding) noexcept {
  if (cut.is_zero_rest()) return false;
  const bool above_half = cut.fraction > kHalf || (cut.fraction == kHalf && cut.has_lower_bits);
  const bool tie = cut.fraction == kHalf && !cut.has_lower_bits;
  switch (rounding) {
    case Rounding::kFloor:
      return negative;
    case Rounding::kTrunc:
      return false;
    case Rounding::kNearestUp:
      return above_half || (tie && !negative);
    case Rounding::kNearestAway:
      return above_half || tie;
    case Rounding::kNearestEven:
      return above_half || (tie && (cut.low & 1) != 0);
    case Rounding::kStochastic:
      break;
  }
  return false;
}

/// Stochastic rounding of the magnitude: i + 1 if floor(f * 2^n) + r >= 2^n.
bool draws_up(const Cut& cut, int lfsr_bits, std::uint32_t draw) noexcept {
  return (cut.fraction >> (32 - lfsr_bits)) + draw >= (std::uint64_t{1} << lfsr_bits);
}

/// The same for a negative number whose signed value is rounded: its fraction is f = 1 - rest, and going up
/// means that the magnitude stays.
bool negative_draws_away(const Cut& cut, int lfsr_bits, std::uint32_t draw) noexcept {
  if (cut.is_zero_rest()) return false;
  const std::uint64_t one = std::uint64_t{1} << lfsr_bits;
  const std::uint64_t rest = cut.fraction >> (32 - lfsr_bits);
  const bool rest_has_more =
      cut.has_lower_bits || (cut.fraction & ((std::uint64_t{1} << (32 - lfsr_bits)) - 1)) != 0;
  const std::uint64_t fraction = one - rest - (rest_has_more ? 1 : 0);
  return fraction + draw < one;
}

// ---------------------------------------------------------------------------------------------- DFP

struct DfpRange {
  std::uint64_t positive, negative;  ///< largest magnitude of each sign
};

DfpRange dfp_range(const Format& f) noexcept {
  if (!f.is_signed) return {low_mask(f.bits), 0};
  const std::uint64_t qmax = low_mask(f.bits - 1);
  return {qmax, f.overflow == Overflow::kSaturateSymmetric ? qmax : qmax + 1};
}

Converted dfp_result(bool negative, std::uint64_t magnitude, const Format& f, std::uint8_t flags) noexcept {
  const std::uint64_t code = (negative ? ~magnitude + 1 : magnitude) & low_mask(f.bits);
  return {code, decode(code, f), flags};
}

Converted convert_to_dfp(const Exact& v, const Format& f, std::uint32_t draw) noexcept {
  const DfpRange range = dfp_range(f);
  const std::uint64_t bound = v.negative ? range.negative : range.positive;
  if (v.is_nan()) return dfp_result(false, 0, f, kInvalid);
  if (v.is_zero()) return dfp_result(false, 0, f, 0);
  if (v.is_infinity()) return dfp_result(v.negative, bound, f, kInexact | kOverflow);

  const Cut cut = cut_at(v, -std::int64_t{f.fl});
  bool up = false;
  if (f.rounding != Rounding::kStochastic) {
    up = rounds_up(cut, v.negative, f.rounding);
  } else {
    up = v.negative ? negative_draws_away(cut, f.lfsr.bits, draw) : draws_up(cut, f.lfsr.bits, draw);
  }
  const std::uint64_t magnitude = cut.low + (up ? 1 : 0);
  const bool carried_out = up && magnitude == 0;
  if (cut.has_higher_bits || carried_out || magnitude > bound) {
    return dfp_result(v.negative, f.overflow == Overflow::kWrap ? magnitude : bound, f, kInexact | kOverflow);
  }
  std::uint8_t flags = cut.is_zero_rest() ? 0 : kInexact;
  if (magnitude == 0) flags |= kUnderflow;
  return dfp_result(v.negative, magnitude, f, flags);
}

Exact decode_dfp(std::uint64_t code, const Format& f) noexcept {
  code &= low_mask(f.bits);
  const bool negative = f.is_signed && ((code >> (f.bits - 1)) & 1) != 0;
  const std::uint64_t magnitude = negative ? (~code + 1) & low_mask(f.bits) : code;
  return Exact::finite(negative, magnitude, -std::int64_t{f.fl});
}

// ---------------------------------------------------------------------------------------- minifloat

Converted minifloat_result(bool negative, std::uint64_t magnitude_code, const Format& f,
                           std::uint8_t flags) noexcept {
  const std::uint64_t code = magnitude_code | (negative ? std::uint64_t{1} << (f.exp + f.man) : 0);
  return {code, decode(code, f), flags};
}

Converted overflowed_minifloat(bool negative, bool was_infinite, const Format& f) noexcept {
  const MinifloatCodes codes = minifloat_codes(f);
  const bool stays_finite =
      f.overflow == Overflow::kSaturate ||
      (!was_infinite && (f.rounding == Rounding::kTrunc || (f.rounding == Rounding::kFloor && !negative)));
  if (stays_finite) return minifloat_result(negative, codes.largest, f, kInexact | kOverflow);
  if (f.specials == Specials::kFn) return minifloat_result(false, codes.nan, f, kInexact | kOverflow);
  const std::uint8_t flags = was_infinite ? 0 : kInexact | kOverflow;
  return minifloat_result(negative, codes.infinity, f, flags);
}

/// Whether a rounded nonzero |t| = significand * 2^(exponent - M), normalised, is flushed to zero.
bool is_flushed(std::uint64_t significand, std::int64_t exponent, const Format& f) noexcept {
  const std::int64_t smallest = 1 - std::int64_t{f.bias};
  switch (f.exp_zero) {
    case ExpZero::kSubnormal:
      return false;
    case ExpZero::kZero:
      return exponent < smallest;
    case ExpZero::kNormal:
      break;
  }
  const bool is_power_of_two = significand == std::uint64_t{1} << f.man;
  return exponent < smallest - 1 || (exponent == smallest - 1 && is_power_of_two);
}

Converted convert_finite_to_minifloat(const Exact& v, const Format& f, std::uint32_t draw) noexcept {
  const std::int64_t smallest = 1 - std::int64_t{f.bias};
  std::int64_t exponent = v.floor_log2();
  if (f.exp_zero == ExpZero::kSubnormal) exponent = std::max(exponent, smallest);
  const Cut cut = cut_at(v, exponent - f.man);
  const bool up = f.rounding == Rounding::kStochastic ? draws_up(cut, f.lfsr.bits, draw)
                                                      : rounds_up(cut, v.negative, f.rounding);
  std::uint64_t significand = cut.low + (up ? 1 : 0);
  const std::uint64_t hidden = std::uint64_t{1} << f.man;
  if (significand == 2 * hidden) {
    significand = hidden;
    ++exponent;
  }
  std::uint8_t flags = cut.is_zero_rest() ? 0 : kInexact;
  if (significand == 0 || is_flushed(significand, exponent, f))
    return minifloat_result(v.negative, 0, f, kInexact | kUnderflow);
  // The hidden bit adds one to the exponent field; below it the field stays 0.
  const std::int64_t field = exponent - smallest;
  const std::int64_t code =
      field * static_cast<std::int64_t>(hidden) + static_cast<std::int64_t>(significand);
  if (code > static_cast<std::int64_t>(minifloat_codes(f).largest))
    return overflowed_minifloat(v.negative, false, f);
  return minifloat_result(v.negative, static_cast<std::uint64_t>(code), f, flags);
}

Converted convert_to_minifloat(const Exact& v, const Format& f, std::uint32_t draw) noexcept {
  switch (v.kind) {
    case Exact::Class::kNan: {
      const std::uint8_t flags = f.specials == Specials::kNone ? kInvalid : 0;
      return minifloat_result(false, minifloat_codes(f).nan, f, flags);
    }
    case Exact::Class::kZero:
      return minifloat_result(v.negative, 0, f, 0);
    case Exact::Class::kInfinity:
      return overflowed_minifloat(v.negative, true, f);
    case Exact::Class::kFinite:
      break;
  }
  return convert_finite_to_minifloat(v, f, draw);
}

Exact decode_minifloat(std::uint64_t code, const Format& f) noexcept {
  const bool negative = ((code >> (f.exp + f.man)) & 1) != 0;
  const std::uint64_t field = (code >> f.man) & low_mask(f.exp);
  const std::uint64_t mantissa = code & low_mask(f.man);
  if (f.specials == Specials::kIeee && field == low_mask(f.exp))
    return mantissa == 0 ? Exact::infinity(negative) : Exact::nan();
  if (f.specials == Specials::kFn && field == low_mask(f.exp) && mantissa == low_mask(f.man))
    return Exact::nan();
  const std::uint64_t hidden = std::uint64_t{1} << f.man;
  const std::int64_t scale = static_cast<std::int64_t>(field) - f.bias - f.man;
  if (field != 0) return Exact::finite(negative, hidden + mantissa, scale);
  switch (f.exp_zero) {
    case ExpZero::kZero:
      return Exact::zero(negative);
    case ExpZero::kNormal:
      return mantissa == 0 ? Exact::zero(negative) : Exact::finite(negative, hidden + mantissa, scale);
    case ExpZero::kSubnormal:
      break;
  }
  return Exact::finite(negative, mantissa, scale + 1);
}

// --------------------------------------------------------------------------------------------- LFSR

/// Eight steps of the register for each value of its low byte. A step is linear over the bits, and the bits
/// above the low byte only move down during eight steps, so step^8(s) = (s >> 8) ^ table[s & 0xff].
template <int kBits>
constexpr std::array<std::uint32_t, 256> eight_steps() noexcept {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 1; byte < 256; ++byte) {
    Lfsr lfsr(kBits, byte);
    for (int i = 0; i < 8; ++i) lfsr.step();
    table[byte] = lfsr.state();
  }
  return table;
}
constexpr auto kEightSteps16 = eight_steps<16>();
constexpr auto kEightSteps32 = eight_steps<32>();

}  // namespace

std::uint32_t Lfsr::draw() noexcept {
  const auto& table = bits_ == 16 ? kEightSteps16 : kEightSteps32;
  for (int i = 0; i < bits_; i += 8) state_ = (state_ >> 8) ^ table[state_ & 0xFFU];
  return state_;
}

Converted convert(const Exact& v, const Format& format, std::uint32_t draw) noexcept {
  switch (format.kind) {
    case Kind::kDfp:
      return convert_to_dfp(v, format, draw);
    case Kind::kMinifloat:
      return convert_to_minifloat(v, format, draw);
    case Kind::kExact:
      break;
  }
  return {0, v, 0};
}

Exact decode(std::uint64_t code, const Format& format) noexcept {
  return format.kind == Kind::kDfp ? decode_dfp(code, format) : decode_minifloat(code, format);
}

Converted multiply(const Exact& a, const Exact& b, const Format& format, std::uint32_t draw) noexcept {
  return convert(multiply(a, b), format, draw);
}

namespace {

/// For a wrapping format: replaces a term that is a multiple of 2^(B+1) LSBs, whose bits the result does not
/// contain, by the smallest power of two that leaves the sum what it is modulo 2^B, of the same sign and out
/// of range. Only so do both terms fit the adder's window when they are far apart; in other formats the far
/// smaller term is nothing but a sticky bit.
Exact reduced_for_wrap(const Exact& term, const Exact& other, const Format& f) noexcept {
  if (!term.is_finite_nonzero() || !other.is_finite_nonzero()) return term;
  const std::int64_t beyond_result = std::int64_t{f.bits} - f.fl + 1;
  const std::int64_t beyond_other = other.floor_log2() + 2;
  const std::int64_t power = std::max(beyond_result, beyond_other);
  if (term.exponent < power) return term;
  return Exact::finite(term.negative, 1, power);
}

}  // namespace

Converted add(const Exact& a, const Exact& b, const Format& format, std::uint32_t draw) noexcept {
  if (format.kind != Kind::kDfp || format.overflow != Overflow::kWrap)
    return convert(add(a, b), format, draw);
  return convert(add(reduced_for_wrap(a, b, format), reduced_for_wrap(b, a, format)), format, draw);
}

}  // namespace dlasim::fixed_point
