// Which layers run on 32-bit codes: the range of the integers, followed from unit to unit.

#include <algorithm>
#include <cmath>
#include <limits>

#include "fixed_point/narrow_kernels.h"
#include "narrow_units.h"

namespace dlasim::fixed_point::detail {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();

/// Integers lowest..highest, times 2^-fl.
struct Range {
  int fl = 0;
  std::int64_t lowest = 0, highest = 0;

  static Range of(const Format& f) noexcept {
    const auto top = static_cast<std::int64_t>(low_mask(std::min(f.bits, 62) - (f.is_signed ? 1 : 0)));
    if (!f.is_signed) return {f.fl, 0, top};
    return {f.fl, f.overflow == Overflow::kSaturateSymmetric ? -top : -top - 1, top};
  }
  /// What a code of the format can be: the symmetric range is a matter of overflow, not of storage.
  static Range of_operand(Format f) noexcept {
    f.overflow = Overflow::kSaturate;
    return of(f);
  }
  /// The same values counted at a finer place; nothing if that leaves int64 by far.
  std::optional<Range> at(int place) const noexcept {
    constexpr std::int64_t kFits = std::int64_t{1} << 32;
    if (place - fl > 29 || lowest < -kFits || highest > kFits) return std::nullopt;
    const std::int64_t scale = std::int64_t{1} << (place - fl);
    return Range{place, lowest * scale, highest * scale};
  }
  bool within(const Range& other) const noexcept {
    return lowest >= other.lowest && highest <= other.highest;
  }
  /// Of the same place.
  Range joined(const Range& other) const noexcept {
    return {fl, std::min(lowest, other.lowest), std::max(highest, other.highest)};
  }
};

struct Proven {
  FixedUnit unit;
  Range out;
  bool never_overflows = false;
};

FixedRounding fixed_rounding_of(const Format& f) noexcept {
  switch (f.rounding) {
    case Rounding::kFloor:
      return FixedRounding::kFloor;
    case Rounding::kTrunc:
      return FixedRounding::kTrunc;
    case Rounding::kNearestUp:
      return FixedRounding::kNearestUp;
    case Rounding::kNearestAway:
      return FixedRounding::kNearestAway;
    case Rounding::kNearestEven:
    case Rounding::kStochastic:
      break;
  }
  return FixedRounding::kNearestEven;
}

bool is_plain_dfp(const Format& f) noexcept {
  return f.kind == Kind::kDfp && f.rounding != Rounding::kStochastic && carries(f);
}

/// The unit for integers of range `v`, which is at the target's place or a finer one.
std::optional<Proven> unit_for(const Format& target, const Range& v) {
  const int shift = v.fl - target.fl;
  if (shift > 29) return std::nullopt;
  const std::int64_t place = std::int64_t{1} << shift;
  if (v.highest + place > kMost || v.lowest - place < -kMost) return std::nullopt;

  const Range format = Range::of(target);
  const Range q{target.fl, v.lowest >> shift, (v.highest + place - 1) >> shift};
  const FixedOverflow overflow = q.within(format)                     ? FixedOverflow::kNever
                                 : target.overflow == Overflow::kWrap ? FixedOverflow::kWraps
                                                                      : FixedOverflow::kSaturates;
  if (overflow == FixedOverflow::kWraps && !target.is_signed && target.bits > 31) return std::nullopt;

  Proven p;
  p.out = overflow == FixedOverflow::kNever ? q : format;
  if (overflow == FixedOverflow::kSaturates) {
    p.out.lowest = std::max(q.lowest, format.lowest);
    p.out.highest = std::max(p.out.lowest, std::min(q.highest, format.highest));
  }
  p.unit.target.shift = shift;
  p.unit.target.lowest = static_cast<std::int32_t>(std::max(format.lowest, -kMost - 1));
  p.unit.target.highest = static_cast<std::int32_t>(std::min(format.highest, kMost));
  p.unit.target.unused_bits = std::max(0, 32 - target.bits);
  FixedRounding rounding = fixed_rounding_of(target);
  if (shift == 0) rounding = overflow == FixedOverflow::kNever ? FixedRounding::kNone : FixedRounding::kRange;
  p.unit.operations =
      &narrow_operations().fixed[static_cast<std::size_t>(overflow)][static_cast<std::size_t>(rounding)];
  p.never_overflows = overflow == FixedOverflow::kNever;
  p.unit.is_exact = rounding == FixedRounding::kNone;
  return p;
}

std::optional<Proven> multiplier(const Format& target, const Range& a, const Range& b) {
  const auto corners = {a.lowest * b.lowest, a.lowest * b.highest, a.highest * b.lowest,
                        a.highest * b.highest};
  const Range product{a.fl + b.fl, std::min(corners), std::max(corners)};
  Format effective = target;
  if (target.kind == Kind::kExact) effective = dfp(40, product.fl);  // wider than any 32-bit product
  const int place = std::max(product.fl, effective.fl);
  const std::optional<Range> v = product.at(place);
  if (!v) return std::nullopt;
  std::optional<Proven> p = unit_for(effective, *v);
  if (!p) return std::nullopt;
  p->unit.target.left_a = place - product.fl;
  p->unit.is_exact = p->unit.is_exact && p->unit.target.left_a == 0;
  return p;
}

std::optional<Proven> adder(const Format& target, const Range& a, const Range& b) {
  const int place = std::max({a.fl, b.fl, target.fl});
  const std::optional<Range> u = a.at(place);
  const std::optional<Range> v = b.at(place);
  if (!u || !v) return std::nullopt;
  std::optional<Proven> p = unit_for(target, {place, u->lowest + v->lowest, u->highest + v->highest});
  if (!p) return std::nullopt;
  p->unit.target.left_a = place - a.fl;
  p->unit.target.left_b = place - b.fl;
  p->unit.is_exact = p->unit.is_exact && p->unit.target.left_a == 0 && p->unit.target.left_b == 0;
  return p;
}

/// The accumulator of at most `taps` products. While no sum can leave the format, the range of what it holds
/// is followed from tap to tap; else the accumulator may hold any value of its format.
std::optional<Proven> accumulator(const Format& target, const Range& product, int taps) {
  Range before{target.fl, 0, 0};
  for (int tap = 1;; ++tap) {
    std::optional<Proven> sum = adder(target, before, product);
    if (!sum || !sum->never_overflows) return adder(target, Range::of(target), product);
    sum->out = sum->out.joined(before);
    if (tap >= taps || sum->out.within(before)) return sum;
    before = sum->out;
  }
}

}  // namespace

std::shared_ptr<const NarrowUnits<std::int32_t>> fixed_units(const StagedFormats& formats,
                                                             const OperandFormats& operands, int lanes,
                                                             int taps) {
  for (const Format* f : {&operands.input, &operands.weight}) {
    if (!is_plain_dfp(*f) || f->bits > kWidestOperand) return nullptr;
  }
  if (formats.product.kind != Kind::kExact && !is_plain_dfp(formats.product)) return nullptr;
  if (!is_plain_dfp(formats.accumulator)) return nullptr;

  const auto product =
      multiplier(formats.product, Range::of_operand(operands.input), Range::of_operand(operands.weight));
  if (!product) return nullptr;
  const auto sum = accumulator(formats.accumulator, product->out, taps);
  if (!sum) return nullptr;
  std::vector<FixedUnit> tree;
  Range nodes = sum->out;
  nodes.lowest = std::min<std::int64_t>(nodes.lowest, 0);  // a lane without a channel, or without a tap yet
  nodes.highest = std::max<std::int64_t>(nodes.highest, 0);
  for (int level = 0; level < tree_levels(lanes); ++level) {
    const Format& target = tree_format(formats, level);
    if (!is_plain_dfp(target)) return nullptr;
    const auto node = adder(target, nodes, nodes);
    if (!node) return nullptr;
    tree.push_back(node->unit);
    nodes = node->out;
  }
  const auto total = is_plain_dfp(formats.partial_sum)
                         ? adder(formats.partial_sum, Range::of(formats.partial_sum), nodes)
                         : std::nullopt;
  return std::make_shared<NarrowUnits<std::int32_t>>(NarrowUnits<std::int32_t>{
      FixedCodec(operands.input), FixedCodec(operands.weight), product->unit, sum->unit, std::move(tree),
      std::ldexp(1.0, -nodes.fl), total ? std::optional(total->unit) : std::nullopt,
      std::ldexp(1.0, -formats.partial_sum.fl)});
}

}  // namespace dlasim::fixed_point::detail
