#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "carrier_kernels_isa.h"
#include "fixed_point/kernels.h"
#include "isa.h"
#include "wires.h"

namespace dlasim::fixed_point {
namespace {

constexpr int kDoubleBits = 53;
/// Widest DFP target: an inexact sum, rounded to odd, then keeps its last bit two places below the LSB.
constexpr int kWidestDfp = 50;
/// So that products, and those times 2^fl, stay normal doubles.
constexpr int kLargestPlace = 300;

double power(int exponent) noexcept {
  return std::ldexp(1.0, exponent);
}

detail::RowTarget dfp_target(const Format& f) noexcept {
  detail::RowTarget t;
  t.scale = power(f.fl);
  t.inverse_scale = power(-f.fl);
  t.highest = power(f.is_signed ? f.bits - 1 : f.bits) - 1;
  t.lowest = f.is_signed ? -t.highest - 1 : 0;
  if (f.is_signed && f.overflow == Overflow::kSaturateSymmetric) t.lowest = -t.highest;
  t.modulus = power(f.bits);
  t.inverse_modulus = power(-f.bits);
  return t;
}

detail::RowTarget minifloat_target(const Format& f) noexcept {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const int smallest = 1 - f.bias;
  detail::RowTarget t;
  t.smallest_power = f.exp_zero == ExpZero::kSubnormal ? power(smallest) : 0.0;
  t.last_place = power(-f.man);
  t.magic = 1.5 * power(kDoubleBits - 1 - f.man);
  if (f.exp_zero == ExpZero::kZero) t.flush_below = power(smallest);
  if (f.exp_zero == ExpZero::kNormal) t.flush_below = power(smallest - 1) * (1 + t.last_place);
  t.largest = decode(minifloat_codes(f).largest, f).to_double();
  t.power_cap = power(std::ilogb(t.largest) + 1);
  const double infinite = f.overflow == Overflow::kSaturate ? t.largest
                          : f.specials == Specials::kFn     ? nan
                                                            : std::numeric_limits<double>::infinity();
  t.overflowed_infinite = infinite;
  t.overflowed_positive =
      f.rounding == Rounding::kTrunc || f.rounding == Rounding::kFloor ? t.largest : infinite;
  t.overflowed_negative = f.rounding == Rounding::kTrunc ? t.largest : infinite;
  t.of_nan = f.specials == Specials::kNone ? 0.0 : nan;
  t.invalid_mask = f.specials == Specials::kNone ? -1 : 0;
  return t;
}

const detail::RowOperations* operations_of(const Format& f) noexcept {
  const detail::CarrierKernels& kernels = detail::carrier_kernels();
  if (f.kind == Kind::kExact) return &kernels.exact;
  const auto rounding = static_cast<std::size_t>(f.rounding);
  if (f.kind == Kind::kMinifloat) return &kernels.minifloat[rounding];
  return f.overflow == Overflow::kWrap ? &kernels.dfp_wrapping[rounding] : &kernels.dfp_saturating[rounding];
}

/// Whether integers up to |v| * 2^fl are exact with a bit to spare, as wrapping asks.
bool can_wrap(const Format& f, const ValueSet& in) noexcept {
  return in.top + f.fl <= kDoubleBits - 1;
}

bool is_wrapping(const Format& f) noexcept {
  return f.kind == Kind::kDfp && f.overflow == Overflow::kWrap;
}

ValueSet sum_of(const ValueSet& a, const ValueSet& b) noexcept {
  ValueSet sum = a.united(b);
  ++sum.top;
  sum.significant_bits = sum.top - sum.lsb;
  return sum;
}

}  // namespace

namespace detail {

static_assert(static_cast<int>(RowRounding::kNearestEven) == static_cast<int>(Rounding::kNearestEven) &&
              static_cast<int>(RowRounding::kNearestUp) == static_cast<int>(Rounding::kNearestUp));

const CarrierKernels& carrier_kernels() noexcept {
#ifdef DLA_X86_KERNELS
  switch (best_isa()) {
    case Isa::kAvx512:
      return avx512::kCarrierKernels;
    case Isa::kAvx2:
      return avx2::kCarrierKernels;
    case Isa::kBaseline:
      break;
  }
#endif
  return baseline::kCarrierKernels;
}

}  // namespace detail

ValueSet ValueSet::of(const Format& f) noexcept {
  if (f.kind == Kind::kDfp) {
    const int bits = f.is_signed ? std::max(f.bits - 1, 1) : f.bits;
    return {-f.fl, bits - f.fl, bits};
  }
  const int smallest = f.exp_zero == ExpZero::kNormal ? -f.bias : 1 - f.bias;
  return {smallest - f.man, (1 << f.exp) - f.bias, f.man + 1};
}

ValueSet ValueSet::of(double value) noexcept {
  if (value == 0 || !std::isfinite(value)) return {0, 0, 1};
  int exponent = 0;
  auto significand =
      static_cast<std::int64_t>(std::ldexp(std::frexp(std::fabs(value), &exponent), kDoubleBits));
  int bits = kDoubleBits;
  for (; (significand & 1) == 0; significand >>= 1) --bits;
  return {exponent - bits, exponent, bits};
}

ValueSet ValueSet::times(const ValueSet& other) const noexcept {
  // A power of two only moves the other's bits.
  const bool moves = significant_bits == 1 || other.significant_bits == 1;
  return {
      lsb + other.lsb, top + other.top,
      moves ? std::max(significant_bits, other.significant_bits) : significant_bits + other.significant_bits};
}

ValueSet ValueSet::united(const ValueSet& other) const noexcept {
  return {std::min(lsb, other.lsb), std::max(top, other.top),
          std::max(significant_bits, other.significant_bits)};
}

bool carries(const Format& f) noexcept {
  if (f.kind == Kind::kExact || f.rounding == Rounding::kStochastic) return false;
  if (f.kind == Kind::kDfp && f.bits > kWidestDfp) return false;
  if (std::abs(f.kind == Kind::kDfp ? f.fl : f.bias) > kLargestPlace) return false;
  const ValueSet set = ValueSet::of(f);
  return set.lsb >= -kLargestPlace && set.top <= kLargestPlace;
}

CarrierCodec::CarrierCodec(const Format& format)
    : format_(format),
      mask_(low_mask(format.code_bits())),
      scale_(format.kind == Kind::kDfp ? power(format.fl) : 1.0) {
  if (format.code_bits() > 16) return;
  table_.resize(std::size_t{1} << format.code_bits());
  for (std::size_t code = 0; code < table_.size(); ++code)
    table_[code] = fixed_point::decode(code, format).to_double();
}

std::uint64_t CarrierCodec::encode(double value) const noexcept {
  if (format_.kind == Kind::kDfp)
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value * scale_)) & mask_;
  const MinifloatCodes codes = minifloat_codes(format_);
  if (std::isnan(value)) return codes.nan;
  const std::uint64_t sign = std::signbit(value) ? std::uint64_t{1} << (format_.exp + format_.man) : 0;
  if (std::isinf(value)) return sign | codes.infinity;
  if (value == 0) return sign;
  // A carrier is a normal double, so its exponent lies open.
  constexpr int kFraction = 52, kBias = 1023;
  const double magnitude = std::fabs(value);
  int exponent = static_cast<int>(std::bit_cast<std::uint64_t>(magnitude) >> kFraction) - kBias;
  if (format_.exp_zero == ExpZero::kSubnormal) exponent = std::max(exponent, 1 - format_.bias);
  const auto place = static_cast<std::uint64_t>(kBias + format_.man - exponent) << kFraction;
  // As the scalar unit: the hidden bit adds one to the exponent field.
  const auto significand = static_cast<std::int64_t>(magnitude * std::bit_cast<double>(place));
  const std::int64_t field = std::int64_t{exponent} + format_.bias - 1;
  return sign | static_cast<std::uint64_t>(field * (std::int64_t{1} << format_.man) + significand);
}

RowUnit::RowUnit(const Format& target, const ValueSet& in)
    : format_(target), values_(target.kind == Kind::kExact ? in : ValueSet::of(target)) {
  if (target.kind == Kind::kDfp) target_ = dfp_target(target);
  if (target.kind == Kind::kMinifloat) target_ = minifloat_target(target);
}

RowUnit RowUnit::converter(const Format& target, const ValueSet& in) {
  RowUnit unit(target, in);
  if (!is_wrapping(target) || can_wrap(target, in)) unit.operations_ = operations_of(target);
  return unit;
}

RowUnit RowUnit::multiplier(const Format& target, const ValueSet& a, const ValueSet& b) {
  const ValueSet product = a.times(b);
  RowUnit unit = converter(target, product);
  if (product.significant_bits > kDoubleBits) unit.operations_ = nullptr;
  return unit;
}

RowUnit RowUnit::adder(const Format& target, const ValueSet& a, const ValueSet& b) {
  const ValueSet sum = sum_of(a, b);
  RowUnit unit = converter(target, sum);
  unit.sums_are_exact_ = sum.significant_bits <= kDoubleBits;
  if (is_wrapping(target) && !unit.sums_are_exact_) unit.operations_ = nullptr;
  if (target.kind == Kind::kExact && !unit.sums_are_exact_) unit.operations_ = nullptr;
  return unit;
}

void RowUnit::convert(const double* v, double* out, std::size_t n, EventCounts& events) const noexcept {
  if (operations_ != nullptr) {
    operations_->convert(target_, v, out, n, events);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const Converted c = fixed_point::convert(Exact::from_double(load_double(v + i)), format_);
    events.count(c.flags);
    store_double(out + i, c.value.to_double());
  }
}

void RowUnit::multiply(const double* a, const double* b, double* out, std::size_t n,
                       EventCounts& events) const noexcept {
  if (operations_ != nullptr) {
    operations_->multiply(target_, a, b, out, n, events);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const Converted c = fixed_point::multiply(Exact::from_double(load_double(a + i)),
                                              Exact::from_double(load_double(b + i)), format_);
    events.count(c.flags);
    store_double(out + i, c.value.to_double());
  }
}

void RowUnit::add(const double* a, const double* b, double* out, std::size_t n,
                  EventCounts& events) const noexcept {
  if (operations_ != nullptr) {
    const auto kernel = sums_are_exact_ ? operations_->add : operations_->add_odd;
    kernel(target_, a, b, out, n, events);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const Converted c = fixed_point::add(Exact::from_double(load_double(a + i)),
                                         Exact::from_double(load_double(b + i)), format_);
    events.count(c.flags);
    store_double(out + i, c.value.to_double());
  }
}

void RowUnit::add_pairs(const double* in, double* out, std::size_t n, EventCounts& events) const noexcept {
  if (operations_ != nullptr) {
    const auto kernel = sums_are_exact_ ? operations_->pairs : operations_->pairs_odd;
    kernel(target_, in, out, n, events);
    return;
  }
  for (std::size_t i = 0; i < n; ++i) add(in + 2 * i, in + 2 * i + 1, out + i, 1, events);
}

}  // namespace dlasim::fixed_point
