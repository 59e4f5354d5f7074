// Which layers run on floats: the window of the values, followed from unit to unit. The reasons are in
// narrow_kernels.h.

#include <algorithm>
#include <cmath>
#include <limits>

#include "fixed_point/narrow_kernels.h"
#include "fixed_point/presets.h"
#include "narrow_units.h"

namespace dlasim::fixed_point::detail {
namespace {

constexpr int kFloatBits = 24;
constexpr int kFloatSmallest = -149;  // its smallest number is 2^-149, its smallest normal 2^-126
constexpr int kFloatSmallestNormal = -126;
constexpr int kFloatTop = 127;         // operands and exact products stay below 2^127
constexpr int kMostMantissaBits = 20;  // so that 1.5 * 2^(23 - M) is a number with bits to spare
constexpr int kMostForDoubleRounding = 10;

struct Values {
  ValueSet set;
  bool may_be_negative_zero = true;
};

/// Whether a float holds every value of the set up to its own largest; what is larger is infinite and goes
/// the wide way.
bool fits_a_float(const ValueSet& s) noexcept {
  return s.significant_bits <= kFloatBits && s.lsb >= kFloatSmallest;
}

FloatRounding float_rounding_of(const Format& f) noexcept {
  static_assert(static_cast<int>(FloatRounding::kFloor) == static_cast<int>(Rounding::kFloor) &&
                static_cast<int>(FloatRounding::kNearestEven) == static_cast<int>(Rounding::kNearestEven));
  return static_cast<FloatRounding>(f.rounding);
}

const FloatOperations& operations_of(FloatRounding rounding) noexcept {
  return narrow_operations().minifloat[static_cast<std::size_t>(rounding)];
}

float power(int exponent) noexcept {
  return static_cast<float>(std::ldexp(1.0, exponent));
}

bool is_nearest(Rounding r) noexcept {
  return r == Rounding::kNearestUp || r == Rounding::kNearestAway || r == Rounding::kNearestEven;
}

bool is_float_itself(const Format& f) noexcept {
  return f == preset("fp32").value();
}

/// Whether a float holds the format's values and the constants of its rounding.
bool is_small(const Format& f) noexcept {
  if (f.kind != Kind::kMinifloat || f.man > kMostMantissaBits || !carries(f)) return false;
  const int smallest = 1 - f.bias;
  // Where numbers are flushed, those below a float's smallest normal have to be among them.
  const bool is_deep_enough = f.exp_zero == ExpZero::kSubnormal ? smallest >= kFloatSmallestNormal
                                                                : smallest > kFloatSmallestNormal + 2;
  const double largest = decode(minifloat_codes(f).largest, f).to_double();
  return is_deep_enough && ValueSet::of(f).lsb >= kFloatSmallest &&
         largest <= std::numeric_limits<float>::max();
}

FloatTarget target_of(const Format& f) noexcept {
  FloatTarget t;
  t.largest = std::numeric_limits<float>::max();
  if (f.kind == Kind::kExact) return t;
  const int smallest = 1 - f.bias;
  t.largest = static_cast<float>(decode(minifloat_codes(f).largest, f).to_double());
  t.last_place = power(-f.man);
  t.magic = 1.5F * power(kFloatBits - 1 - f.man);
  if (f.exp_zero == ExpZero::kSubnormal) t.smallest_power = power(smallest);
  if (f.exp_zero == ExpZero::kZero) t.flush_below = power(smallest);
  if (f.exp_zero == ExpZero::kNormal) t.flush_below = power(smallest - 1) * (1 + t.last_place);
  return t;
}

/// Whether every value of the set that is not too large is one of the format.
bool holds(const Format& f, const ValueSet& s) noexcept {
  return f.exp_zero == ExpZero::kSubnormal && s.significant_bits <= f.man + 1 && s.lsb >= ValueSet::of(f).lsb;
}

struct ProvenProduct {
  FloatProduct product;
  Values out;
};
struct ProvenSum {
  FloatSum sum;
  Values out;
};

std::optional<ProvenProduct> multiplier(const Format& target, const ValueSet& a, const ValueSet& b) {
  const ValueSet product = a.times(b);
  const bool is_exact = target.kind == Kind::kExact;
  if (!fits_a_float(product) || !(is_exact ? product.top <= kFloatTop : is_small(target)))
    return std::nullopt;
  const RowUnit wide = RowUnit::multiplier(target, a, b);
  if (!wide.is_fast()) return std::nullopt;
  const bool loses_nothing = is_exact || holds(target, product);
  const FloatRounding rounding = loses_nothing ? FloatRounding::kNone : float_rounding_of(target);
  return ProvenProduct{
      {{target_of(target), wide.target(), wide.operations()->multiply}, operations_of(rounding).multiply},
      {loses_nothing ? product : wide.values()}};
}

/// Whether rounding to a float first does no harm: narrow_kernels.h.
bool rounds_once(const Format& target, const ValueSet& terms) noexcept {
  if (!is_nearest(target.rounding) || target.man > kMostForDoubleRounding) return false;
  if (terms.significant_bits > target.man + 1) return false;
  return target.exp_zero != ExpZero::kSubnormal ||
         terms.lsb >= ValueSet::of(target).lsb + target.man - kFloatBits;
}

std::optional<ProvenSum> adder(const Format& target, const Values& a, const Values& b) {
  const ValueSet terms = a.set.united(b.set);
  if (!fits_a_float(terms)) return std::nullopt;
  const bool sums_are_exact = terms.top + 1 - terms.lsb <= kFloatBits;
  const bool is_native = is_float_itself(target);
  if (!is_native && !(is_small(target) && (sums_are_exact || rounds_once(target, terms))))
    return std::nullopt;
  const RowUnit wide = RowUnit::adder(target, a.set, b.set);
  if (!wide.is_fast()) return std::nullopt;

  const bool is_multiple = target.exp_zero == ExpZero::kSubnormal && terms.lsb >= ValueSet::of(target).lsb;
  const bool underflows = !is_multiple || (a.may_be_negative_zero && b.may_be_negative_zero);
  const FloatOperations& operations =
      operations_of(is_native ? FloatRounding::kNone : float_rounding_of(target));
  const auto wide_add = wide.sums_are_exact() ? wide.operations()->add : wide.operations()->add_odd;
  return ProvenSum{{{target_of(target), wide.target(), wide_add},
                    operations.add[sums_are_exact ? 1 : 0][underflows ? 1 : 0]},
                   {ValueSet::of(target), underflows}};
}

}  // namespace

std::shared_ptr<const NarrowUnits<float>> float_units(const StagedFormats& formats,
                                                      const OperandFormats& operands, int lanes) {
  for (const Format* f : {&operands.input, &operands.weight}) {
    if (!carries(*f) || f->code_bits() > kWidestOperand) return nullptr;
    if (!fits_a_float(ValueSet::of(*f)) || ValueSet::of(*f).top > kFloatTop) return nullptr;
  }
  if (formats.accumulator.kind != Kind::kMinifloat) return nullptr;
  const auto product =
      multiplier(formats.product, ValueSet::of(operands.input), ValueSet::of(operands.weight));
  if (!product) return nullptr;
  const auto accumulator =
      adder(formats.accumulator, {ValueSet::of(formats.accumulator), false}, product->out);
  if (!accumulator) return nullptr;

  std::vector<FloatSum> tree;
  Values nodes = accumulator->out;
  for (int level = 0; level < tree_levels(lanes); ++level) {
    const Format& target = tree_format(formats, level);
    if (target.kind != Kind::kMinifloat) return nullptr;
    const auto node = adder(target, nodes, nodes);
    if (!node) return nullptr;
    tree.push_back(node->sum);
    nodes = node->out;
  }
  std::optional<ProvenSum> total;
  if (formats.partial_sum.kind == Kind::kMinifloat)
    total = adder(formats.partial_sum, {ValueSet::of(formats.partial_sum), true}, nodes);
  return std::make_shared<NarrowUnits<float>>(NarrowUnits<float>{
      FloatCodec(operands.input), FloatCodec(operands.weight), product->product, accumulator->sum,
      std::move(tree), total ? std::optional(total->sum) : std::nullopt});
}

}  // namespace dlasim::fixed_point::detail
