#include "golden/convert.h"

#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>

#include "base/error.h"

namespace dlasim::golden {

using network::ExpZero;
using network::NumberFormat;
using network::Overflow;
using network::Rounding;
using network::Specials;

namespace {

constexpr std::int64_t kMaxScale = std::int64_t{1} << 20;

UInt128 low_mask(std::int64_t bits) {
  return bits >= 128 ? ~UInt128{0} : (UInt128{1} << bits) - 1;
}

// A magnitude as a row of bits, in the two widths: its length, the 128 bits from a position on, and whether
// anything is set below a position. Positions are not negative.
std::int64_t length(const Value& v) {
  return bit_length(v.magnitude);
}
UInt128 bits_from(const Value& v, std::int64_t position) {
  return position >= 128 ? 0 : v.magnitude >> position;
}
bool any_below(const Value& v, std::int64_t position) {
  return (v.magnitude & low_mask(position)) != 0;
}

std::int64_t length(const WideValue& v) {
  return static_cast<std::int64_t>(v.words.size()) * 64 - std::countl_zero(v.words.back());
}
std::uint64_t word_at(const WideValue& v, std::int64_t index) {
  return index < static_cast<std::int64_t>(v.words.size()) ? v.words[static_cast<std::size_t>(index)] : 0;
}
UInt128 bits_from(const WideValue& v, std::int64_t position) {
  const std::int64_t index = position / 64;
  const int part = static_cast<int>(position % 64);
  const UInt128 low = (static_cast<UInt128>(word_at(v, index + 1)) << 64) | word_at(v, index);
  if (part == 0) return low;
  return (low >> part) | (static_cast<UInt128>(word_at(v, index + 2)) << (128 - part));
}
bool any_below(const WideValue& v, std::int64_t position) {
  const std::int64_t index = position / 64;
  const auto words_below = std::min(static_cast<std::size_t>(index), v.words.size());
  for (std::size_t i = 0; i < words_below; ++i) {
    if (v.words[i] != 0) return true;
  }
  return (word_at(v, index) & static_cast<std::uint64_t>(low_mask(position % 64))) != 0;
}

enum class Remainder { kNone, kBelowHalf, kHalf, kAboveHalf };

/// A magnitude in units of 2^lsb: whole part and what is left.
struct Split {
  UInt128 whole = 0;  ///< its low 128 bits
  bool huge = false;  ///< the whole part is 2^127 or more
  Remainder remainder = Remainder::kNone;
  std::uint64_t fraction = 0;      ///< floor(remainder * 2^draw_bits)
  bool fraction_is_exact = false;  ///< nothing was left below `fraction`
};

template <class AnyValue>
void split_fraction(const AnyValue& v, std::int64_t shift, int draw_bits, Split* split) {
  if (shift >= draw_bits) {
    const UInt128 window = bits_from(v, shift - draw_bits) & low_mask(draw_bits);
    split->fraction = static_cast<std::uint64_t>(window);
    split->fraction_is_exact = !any_below(v, shift - draw_bits);
  } else {
    const UInt128 window = bits_from(v, 0) & low_mask(shift);
    split->fraction = static_cast<std::uint64_t>(window << (draw_bits - shift));
    split->fraction_is_exact = true;
  }
}

/// `draw_bits`: width of the random draw, 0 if the rounding is not stochastic.
template <class AnyValue>
Split split_at(const AnyValue& v, std::int64_t lsb, int draw_bits) {
  const std::int64_t shift = lsb - v.exponent;
  Split split;
  split.huge = length(v) - shift > 127;
  if (shift <= 0) {
    split.whole = -shift >= 128 ? 0 : bits_from(v, 0) << -shift;
    return split;
  }
  split.whole = bits_from(v, shift);
  const bool half = (bits_from(v, shift - 1) & 1) != 0;
  const bool sticky = any_below(v, shift - 1);
  if (half) {
    split.remainder = sticky ? Remainder::kAboveHalf : Remainder::kHalf;
  } else if (sticky) {
    split.remainder = Remainder::kBelowHalf;
  }
  if (draw_bits != 0) split_fraction(v, shift, draw_bits, &split);
  return split;
}

/// Section 2, for the modes that are not stochastic: whether the magnitude goes up by one unit.
bool rounds_away(Rounding rounding, bool negative, const Split& split) {
  if (split.remainder == Remainder::kNone) return false;
  switch (rounding) {
    case Rounding::kFloor:
      return negative;
    case Rounding::kTrunc:
      return false;
    case Rounding::kNearestUp:
      return split.remainder == Remainder::kAboveHalf || (split.remainder == Remainder::kHalf && !negative);
    case Rounding::kNearestAway:
      return split.remainder != Remainder::kBelowHalf;
    case Rounding::kNearestEven:
      return split.remainder == Remainder::kAboveHalf ||
             (split.remainder == Remainder::kHalf && (split.whole & 1) != 0);
    case Rounding::kStochastic:
      break;
  }
  throw std::logic_error("stochastic rounding needs a draw");
}

/// Section 2, stochastic, of a number that is not negative: i + 1 if floor(f * 2^n) + r >= 2^n.
bool draw_rounds_up(const Split& split, int draw_bits, std::uint32_t draw) {
  return split.remainder != Remainder::kNone && split.fraction + draw >= (std::uint64_t{1} << draw_bits);
}

/// The same of -(whole + remainder) as a signed number: there i = -(whole + 1) and f = 1 - remainder, so
/// floor(f * 2^n) = 2^n - ceil(remainder * 2^n), and i + 1 = -whole is taken if r reaches that ceiling.
/// The magnitude goes up where it is not.
bool draw_rounds_down(const Split& split, std::uint32_t draw) {
  const std::uint64_t ceiling = split.fraction + (split.fraction_is_exact ? 0 : 1);
  return split.remainder != Remainder::kNone && draw < ceiling;
}

std::uint32_t checked_lfsr_state(int bits, std::uint32_t state) {
  if (bits == 16) state &= 0xFFFF;
  return state == 0 ? 1 : state;
}

}  // namespace

LfsrState::LfsrState(int bits, std::uint32_t state) : bits_(bits), state_(checked_lfsr_state(bits, state)) {}

LfsrState LfsrState::for_element(const network::Lfsr& lfsr, std::uint32_t point, std::uint32_t instance,
                                 std::uint32_t e) {
  const std::uint32_t u = point * 65536U + instance;
  std::uint32_t h = lfsr.seed + 0x9E3779B1U * u + 0x85EBCA77U * e;
  h ^= h >> 16;
  h *= 0x85EBCA6BU;
  h ^= h >> 13;
  h *= 0xC2B2AE35U;
  h ^= h >> 16;
  return {lfsr.bits, h};
}

std::uint32_t LfsrState::draw() {
  const std::uint32_t mask = bits_ == 16 ? 0xB400U : 0x80200003U;
  for (int i = 0; i < bits_; ++i) {
    const std::uint32_t low = state_ & 1;
    state_ = (state_ >> 1) ^ (low != 0 ? mask : 0);
  }
  return state_;
}

void check_format(const NumberFormat& format, const char* where) {
  const auto fail = [&](std::string_view reason) {
    throw base::InputError(fmt::format("{}: {}", where, reason));
  };
  if (format.kind == NumberFormat::Kind::kExact) return;
  if ((format.rounding == Rounding::kStochastic) != format.lfsr.has_value()) {
    fail("`rounding: stochastic` and `lfsr` go together");
  }
  if (format.lfsr && format.lfsr->bits != 16 && format.lfsr->bits != 32) fail("an LFSR has 16 or 32 bits");
  if (format.kind == NumberFormat::Kind::kDfp) {
    if (format.bits < 1 || format.bits > 64) fail(fmt::format("dfp bits {} is not 1 to 64", format.bits));
    if (format.overflow == Overflow::kInf) fail("dfp has no inf to overflow to");
    if (std::abs(std::int64_t{format.fl}) > kMaxScale) {
      throw base::UnsupportedError(fmt::format("{}: fl {} is beyond +-2^20", where, format.fl));
    }
    return;
  }
  if (format.exp < 2 || format.exp > 8) fail(fmt::format("minifloat exp {} is not 2 to 8", format.exp));
  if (format.man < 0 || format.man > 23) fail(fmt::format("minifloat man {} is not 0 to 23", format.man));
  if (format.specials == Specials::kIeee && format.man == 0) fail("`specials: ieee` needs a mantissa bit");
  if (format.overflow != Overflow::kSaturate && format.overflow != Overflow::kInf) {
    fail("minifloat overflow is saturate or inf");
  }
  if (format.specials == Specials::kNone && format.overflow == Overflow::kInf) {
    fail("`specials: none` has no code for `overflow: inf`");
  }
  if (std::abs(std::int64_t{format.bias}) > kMaxScale) {
    throw base::UnsupportedError(fmt::format("{}: bias {} is beyond +-2^20", where, format.bias));
  }
}

Converter::Converter(const NumberFormat& format) : format_(format) {
  check_format(format, "number format");
  if (format.kind == NumberFormat::Kind::kDfp) {
    if (!format.is_signed) {
      max_positive_ = low_mask(format.bits);
      max_negative_ = 0;
    } else {
      max_positive_ = low_mask(format.bits - 1);
      max_negative_ = format.overflow == Overflow::kSaturateSymmetric ? max_positive_ : max_positive_ + 1;
    }
  } else if (format.kind == NumberFormat::Kind::kMinifloat) {
    const std::int64_t all_ones = (std::int64_t{1} << format.exp) - 1;
    std::int64_t field = all_ones;
    largest_magnitude_ = (std::uint64_t{2} << format.man) - 1;
    if (format.specials == Specials::kIeee) field -= 1;
    if (format.specials == Specials::kFn) {
      if (format.man == 0) {
        field -= 1;  // the nan is the whole last binade
      } else {
        largest_magnitude_ -= 1;
      }
    }
    largest_exponent_ = field - format.bias - format.man;
  }
}

Converted Converter::convert(const Value& v, LfsrState* lfsr) const {
  if (is_exact()) return {v, 0, 0};
  return convert_any(v, lfsr);
}

Converted Converter::convert(const WideValue& v, LfsrState* lfsr) const {
  return convert_any(v, lfsr);
}

Converted Converter::convert_sum(const Value& a, const Value& b, LfsrState* lfsr) const {
  Value sum;
  if (add_narrow(a, b, &sum)) return convert_any(sum, lfsr);
  return convert_any(add_wide(a, b), lfsr);
}

template <class AnyValue>
Converted Converter::convert_any(const AnyValue& v, LfsrState* lfsr) const {
  if (is_exact()) throw std::logic_error("a wide value or a sum cannot stay exact");
  const std::uint32_t draw = is_stochastic() ? lfsr->draw() : 0;
  const bool dfp = format_.kind == NumberFormat::Kind::kDfp;
  if (v.kind == ValueKind::kFinite) return dfp ? finite_to_dfp(v, draw) : finite_to_minifloat(v, draw);
  return dfp ? special_to_dfp(v.kind, v.negative) : special_to_minifloat(v.kind, v.negative);
}

template <class AnyValue>
Converted Converter::finite_to_dfp(const AnyValue& v, std::uint32_t draw) const {
  const int draw_bits = is_stochastic() ? format_.lfsr->bits : 0;
  const Split split = split_at(v, -std::int64_t{format_.fl}, draw_bits);
  bool away = false;
  if (draw_bits == 0) {
    away = rounds_away(format_.rounding, v.negative, split);
  } else {
    away = v.negative ? draw_rounds_down(split, draw) : draw_rounds_up(split, draw_bits, draw);
  }
  const UInt128 magnitude = split.whole + (away ? 1 : 0);
  const UInt128 limit = v.negative ? max_negative_ : max_positive_;
  if (split.huge || magnitude > limit) {
    constexpr unsigned flags = kOverflow | kInexact;
    if (format_.overflow != Overflow::kWrap) return dfp_result(v.negative, limit, flags);
    const UInt128 wrapped = (v.negative ? -magnitude : magnitude) & low_mask(format_.bits);
    const bool negative = format_.is_signed && (wrapped >> (format_.bits - 1)) != 0;
    return dfp_result(negative, negative ? (UInt128{1} << format_.bits) - wrapped : wrapped, flags);
  }
  unsigned flags = split.remainder == Remainder::kNone ? 0U : kInexact;
  if (magnitude == 0) flags |= kUnderflow;
  return dfp_result(v.negative, magnitude, flags);
}

Converted Converter::special_to_dfp(ValueKind kind, bool negative) const {
  if (kind == ValueKind::kInfinity) {
    return dfp_result(negative, negative ? max_negative_ : max_positive_, kOverflow | kInexact);
  }
  return dfp_result(false, 0, kind == ValueKind::kNan ? kInvalid : 0U);
}

Converted Converter::dfp_result(bool negative, UInt128 magnitude, unsigned flags) const {
  const UInt128 code = (negative ? -magnitude : magnitude) & low_mask(format_.bits);
  const Value value = magnitude == 0 ? Value::zero() : Value::scaled(negative, magnitude, -format_.fl);
  return {value, static_cast<std::uint64_t>(code), flags};
}

template <class AnyValue>
Converted Converter::finite_to_minifloat(const AnyValue& v, std::uint32_t draw) const {
  const int draw_bits = is_stochastic() ? format_.lfsr->bits : 0;
  const std::int64_t bias = format_.bias;
  std::int64_t k = length(v) - 1 + v.exponent;
  if (format_.exp_zero == ExpZero::kSubnormal) k = std::max(k, 1 - bias);
  std::int64_t lsb = k - format_.man;
  const Split split = split_at(v, lsb, draw_bits);
  const bool away = draw_bits == 0 ? rounds_away(format_.rounding, v.negative, split)
                                   : draw_rounds_up(split, draw_bits, draw);
  auto q = static_cast<std::uint64_t>(split.whole) + (away ? 1 : 0);
  if (q == 0) return minifloat_zero(v.negative, kInexact | kUnderflow);
  const std::uint64_t hidden = std::uint64_t{1} << format_.man;
  if (q == 2 * hidden) {  // rounded up to the next power of two
    q = hidden;
    ++lsb;
  }
  const bool normal = q >= hidden;
  const std::int64_t binade = lsb + format_.man;
  if (format_.exp_zero == ExpZero::kZero && binade < 1 - bias) {
    return minifloat_zero(v.negative, kInexact | kUnderflow);
  }
  if (format_.exp_zero == ExpZero::kNormal && (binade < -bias || (binade == -bias && q == hidden))) {
    return minifloat_zero(v.negative, kInexact | kUnderflow);
  }
  if (lsb > largest_exponent_ || (lsb == largest_exponent_ && q > largest_magnitude_)) {
    constexpr unsigned flags = kInexact | kOverflow;
    const bool stays_finite = format_.overflow == Overflow::kSaturate ||
                              format_.rounding == Rounding::kTrunc ||
                              (format_.rounding == Rounding::kFloor && !v.negative);
    return stays_finite ? minifloat_largest(v.negative, flags) : minifloat_infinity(v.negative, flags);
  }
  const std::uint64_t field = normal ? static_cast<std::uint64_t>(binade + bias) : 0;
  return {Value::scaled(v.negative, q, lsb), minifloat_code(v.negative, field, normal ? q - hidden : q),
          split.remainder == Remainder::kNone ? 0U : kInexact};
}

Converted Converter::special_to_minifloat(ValueKind kind, bool negative) const {
  if (kind == ValueKind::kZero) return minifloat_zero(negative, 0);
  if (kind == ValueKind::kNan) {
    return format_.specials == Specials::kNone ? minifloat_zero(false, kInvalid) : minifloat_nan(0);
  }
  if (format_.overflow == Overflow::kSaturate) return minifloat_largest(negative, kInexact | kOverflow);
  return minifloat_infinity(negative, format_.specials == Specials::kIeee ? 0U : kInexact | kOverflow);
}

Converted Converter::minifloat_zero(bool negative, unsigned flags) const {
  return {Value::zero(negative), minifloat_code(negative, 0, 0), flags};
}

Converted Converter::minifloat_largest(bool negative, unsigned flags) const {
  const std::uint64_t hidden = std::uint64_t{1} << format_.man;
  const auto field = static_cast<std::uint64_t>(largest_exponent_ + format_.man + format_.bias);
  return {Value::scaled(negative, largest_magnitude_, largest_exponent_),
          minifloat_code(negative, field, largest_magnitude_ - hidden), flags};
}

Converted Converter::minifloat_infinity(bool negative, unsigned flags) const {
  if (format_.specials == Specials::kFn) return minifloat_nan(flags);
  const std::uint64_t all_ones = (std::uint64_t{1} << format_.exp) - 1;
  return {Value::infinity(negative), minifloat_code(negative, all_ones, 0), flags};
}

Converted Converter::minifloat_nan(unsigned flags) const {
  const std::uint64_t all_ones = (std::uint64_t{1} << format_.exp) - 1;
  const std::uint64_t mantissa = format_.specials == Specials::kIeee ? std::uint64_t{1} << (format_.man - 1)
                                                                     : (std::uint64_t{1} << format_.man) - 1;
  return {Value::nan(), minifloat_code(false, all_ones, mantissa), flags};
}

std::uint64_t Converter::minifloat_code(bool negative, std::uint64_t field, std::uint64_t mantissa) const {
  const std::uint64_t sign = negative ? 1 : 0;
  return (((sign << format_.exp) | field) << format_.man) | mantissa;
}

Value Converter::decode(std::uint64_t code) const {
  if (is_exact()) throw std::logic_error("the format `exact` has no codes");
  code &= static_cast<std::uint64_t>(low_mask(format_.code_bits()));
  if (format_.kind == NumberFormat::Kind::kDfp) {
    const bool negative = format_.is_signed && (code >> (format_.bits - 1)) != 0;
    const UInt128 magnitude = negative ? (UInt128{1} << format_.bits) - code : UInt128{code};
    return Value::scaled(negative, magnitude, -format_.fl);
  }
  const std::uint64_t hidden = std::uint64_t{1} << format_.man;
  const std::uint64_t all_ones = (std::uint64_t{1} << format_.exp) - 1;
  const std::uint64_t mantissa = code & (hidden - 1);
  const std::uint64_t field = (code >> format_.man) & all_ones;
  const bool negative = (code >> (format_.man + format_.exp)) != 0;
  if (format_.specials == Specials::kIeee && field == all_ones) {
    return mantissa == 0 ? Value::infinity(negative) : Value::nan();
  }
  if (format_.specials == Specials::kFn && field == all_ones && mantissa == hidden - 1) return Value::nan();
  const std::int64_t unit = -std::int64_t{format_.bias} - format_.man;  // exponent of an LSB at field 0
  if (field > 0) return Value::scaled(negative, hidden | mantissa, static_cast<std::int64_t>(field) + unit);
  switch (format_.exp_zero) {
    case ExpZero::kZero:
      return Value::zero(negative);
    case ExpZero::kSubnormal:
      return Value::scaled(negative, mantissa, 1 + unit);
    case ExpZero::kNormal:
      break;
  }
  return mantissa == 0 ? Value::zero(negative) : Value::scaled(negative, hidden | mantissa, unit);
}

}  // namespace dlasim::golden
