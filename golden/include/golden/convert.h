#pragma once
/// Q[F] of spec/number_formats.md: exact value in, value of format F out (sections 2 to 4).

#include <cstdint>

#include "golden/exact_value.h"
#include "network/number_format.h"

namespace dlasim::golden {

/// Flags of a conversion, as in the vectors (section 4, "Events").
enum EventFlag : unsigned { kInexact = 1, kOverflow = 2, kUnderflow = 4, kInvalid = 8 };

/// The random source of one stochastic unit (section 2).
class LfsrState {
 public:
  /// `bits` is 16 or 32. A state of 0 is replaced by 1; of 16-bit registers the low half counts.
  LfsrState(int bits, std::uint32_t state);
  /// The state at the start of output element `e` for instance `instance` of point number `point`.
  static LfsrState for_element(const network::Lfsr& lfsr, std::uint32_t point, std::uint32_t instance,
                               std::uint32_t e);
  /// `bits` steps; the whole register.
  std::uint32_t draw();
  int bits() const { return bits_; }
  std::uint32_t state() const { return state_; }

 private:
  int bits_;
  std::uint32_t state_;
};

/// What comes out of a truncation unit.
struct Converted {
  Value value;
  std::uint64_t code = 0;  ///< low code_bits() bits; 0 for the format `exact`
  unsigned flags = 0;      ///< sum of EventFlag
};

/// Refuses what no unit can be configured as: base::InputError for impossible combinations (section 8),
/// base::UnsupportedError beyond the ranges modelled (|fl| and |bias| up to 2^20). `where` starts the
/// message.
void check_format(const network::NumberFormat& format, const char* where);

/// A format prepared for conversions. Immutable, cheap to copy.
class Converter {
 public:
  /// Throws as check_format.
  explicit Converter(const network::NumberFormat& format);

  /// Q[F](v). `lfsr` is drawn from once if the rounding is stochastic, whatever v is; unused else.
  Converted convert(const Value& v, LfsrState* lfsr) const;
  Converted convert(const WideValue& v, LfsrState* lfsr) const;
  /// Q[F](a + b), rounded once. Not for the format `exact`.
  Converted convert_sum(const Value& a, const Value& b, LfsrState* lfsr) const;

  /// The value of a code; bits above code_bits() are ignored. Not for the format `exact`.
  Value decode(std::uint64_t code) const;

  const network::NumberFormat& format() const { return format_; }
  bool is_exact() const { return format_.kind == network::NumberFormat::Kind::kExact; }
  bool is_stochastic() const { return format_.rounding == network::Rounding::kStochastic; }

 private:
  template <class AnyValue>
  Converted convert_any(const AnyValue& v, LfsrState* lfsr) const;
  template <class AnyValue>
  Converted finite_to_dfp(const AnyValue& v, std::uint32_t draw) const;
  template <class AnyValue>
  Converted finite_to_minifloat(const AnyValue& v, std::uint32_t draw) const;
  Converted special_to_dfp(ValueKind kind, bool negative) const;
  Converted special_to_minifloat(ValueKind kind, bool negative) const;
  Converted dfp_result(bool negative, UInt128 magnitude, unsigned flags) const;
  Converted minifloat_zero(bool negative, unsigned flags) const;
  Converted minifloat_largest(bool negative, unsigned flags) const;
  Converted minifloat_infinity(bool negative, unsigned flags) const;
  Converted minifloat_nan(unsigned flags) const;
  std::uint64_t minifloat_code(bool negative, std::uint64_t field, std::uint64_t mantissa) const;

  network::NumberFormat format_;
  // DFP: the largest magnitude of either sign before overflow
  UInt128 max_positive_ = 0, max_negative_ = 0;
  // Minifloat: largest finite = largest_magnitude_ * 2^largest_exponent_, with man + 1 significant bits
  std::uint64_t largest_magnitude_ = 0;
  std::int64_t largest_exponent_ = 0;
};

}  // namespace dlasim::golden
