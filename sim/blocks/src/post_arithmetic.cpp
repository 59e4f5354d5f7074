#include "sim/blocks/post_arithmetic.h"

#include <algorithm>
#include <string>
#include <type_traits>

#include "base/error.h"
#include "fixed_point/activation_table.h"
#include "fixed_point/elementwise.h"

namespace dlasim::sim::blocks {

using arch::Combine;
using arch::Requant;
using arch::Table;

fixed_point::RequantizeRule rule_of(Requant requant) {
  switch (requant) {
    case Requant::kDouble:
      return fixed_point::RequantizeRule::kDouble;
    case Requant::kSingle:
      return fixed_point::RequantizeRule::kSingle;
    case Requant::kInt64:
      return fixed_point::RequantizeRule::kInt64;
    case Requant::kPytorch:
      return fixed_point::RequantizeRule::kPytorch;
    case Requant::kNone:
    case Requant::kAverage:
      break;
  }
  throw base::SimulationError("post_processor: a multiplier stage has no requantisation rule");
}

PostArithmetic::PostArithmetic(int table_entries) {
  for (auto& table : tables_) table.resize(static_cast<std::size_t>(table_entries));
}

void PostArithmetic::write_table(std::uint32_t bank, std::uint32_t entry,
                                 std::span<const std::int32_t> values) {
  auto& table = tables_.at(bank);
  if (entry + values.size() > table.size()) {
    throw base::SimulationError("post_processor: table entry " + std::to_string(entry) + " is beyond its " +
                                std::to_string(table.size()) + " entries");
  }
  std::ranges::copy(values, table.begin() + entry);
}

bool PostArithmetic::is_plain_requantisation() const {
  return (settings_.requant == Requant::kDouble || settings_.requant == Requant::kSingle) &&
         settings_.negative_enable == 0;
}

void PostArithmetic::requantise_row(std::span<const std::int64_t> sums,
                                    const arch::ChannelParameters* channel, std::uint32_t taps_inside,
                                    std::int32_t* out) const {
  if (!is_plain_requantisation()) {
    for (std::size_t oc = 0; oc < sums.size(); ++oc) {
      out[oc] = static_cast<std::int32_t>(requantise(sums[oc] + channel[oc].bias, channel[oc], taps_inside));
    }
    return;
  }
  // requantise() with its decisions taken once: with the rule known the loop is a few instructions a lane.
  const auto run = [&](auto rule) {
    for (std::size_t oc = 0; oc < sums.size(); ++oc) {
      const arch::ChannelParameters& c = channel[oc];
      const std::int64_t v =
          fixed_point::requantize(decltype(rule)::value, sums[oc] + c.bias, {c.mantissa, c.shift});
      out[oc] = static_cast<std::int32_t>(
          std::clamp(v + settings_.output_zero_point, settings_.clamp_min, settings_.clamp_max));
    }
  };
  using Rule = fixed_point::RequantizeRule;
  if (settings_.requant == Requant::kDouble) {
    run(std::integral_constant<Rule, Rule::kDouble>{});
  } else {
    run(std::integral_constant<Rule, Rule::kSingle>{});
  }
}

bool PostArithmetic::finishes_nothing() const {
  return settings_.combine == Combine::kNone && settings_.lower.kind == Table::kNone;
}

void PostArithmetic::finish(std::span<std::int32_t> lanes, const std::int32_t* operand) const {
  if (finishes_nothing()) return;
  const bool gated = settings_.combine == Combine::kGate;
  for (std::size_t oc = 0; oc < lanes.size(); ++oc) {
    const bool upper = gated && oc >= settings_.gate_offset;
    lanes[oc] = look_up(lanes[oc], upper ? settings_.upper : settings_.lower);
    if (has_operand()) lanes[oc] = static_cast<std::int32_t>(combine(lanes[oc], operand[oc]));
  }
  if (!gated) return;
  for (std::size_t oc = 0; oc + settings_.gate_offset < lanes.size(); ++oc) {
    lanes[oc] = static_cast<std::int32_t>(combine(lanes[oc], lanes[oc + settings_.gate_offset]));
  }
}

std::int64_t PostArithmetic::scale(std::int64_t v, Requant rule, const arch::Scale& s) const {
  return fixed_point::requantize(rule_of(rule), v, {s.mantissa, s.shift});
}

std::int64_t PostArithmetic::requantise(std::int64_t biased, const arch::ChannelParameters& p,
                                        std::uint32_t taps_inside) const {
  std::int64_t v = biased;
  if (settings_.requant == Requant::kAverage) {
    if (taps_inside == 0) throw base::SimulationError("post_processor: the average of a window without taps");
    v = fixed_point::average_divide(biased, taps_inside);
  } else if (settings_.negative_enable != 0 && biased < 0) {
    // A negative slope is a negative mantissa; its result is negated after the rounding, which halves do not
    // survive. The float rule rounds both signs alike, and its mantissa is a float's bits.
    const arch::Scale& n = settings_.negative;
    const bool negate = n.mantissa < 0 && settings_.requant != Requant::kPytorch;
    v = negate ? -scale(biased, settings_.requant, {-n.mantissa, n.shift})
               : scale(biased, settings_.requant, n);
  } else if (settings_.requant != Requant::kNone) {
    v = scale(biased, settings_.requant, {p.mantissa, p.shift});
  }
  return std::clamp(v + settings_.output_zero_point, settings_.clamp_min, settings_.clamp_max);
}

std::int32_t PostArithmetic::look_up(std::int32_t x, const arch::TableStage& stage) const {
  static const fixed_point::Int16Curve kTanh(fixed_point::Curve::kTanh);
  static const fixed_point::Int16Curve kSigmoid(fixed_point::Curve::kSigmoid);
  switch (stage.kind) {
    case Table::kNone:
      return x;
    case Table::kLookup:
      return tables_[stage.bank][static_cast<std::uint32_t>(x) & stage.index_mask];
    case Table::kSigmoid16:
      return kSigmoid.cmsis(static_cast<std::int16_t>(x), stage.shift);
    case Table::kTanh16:
      return kTanh.cmsis(static_cast<std::int16_t>(x), stage.shift);
    case Table::kSigmoid16Tflite:
      return kSigmoid.tflite(static_cast<std::int16_t>(x), stage.multiplier, stage.shift);
    case Table::kTanh16Tflite:
      return kTanh.tflite(static_cast<std::int16_t>(x), stage.multiplier, stage.shift);
  }
  return x;
}

std::int64_t PostArithmetic::combine(std::int64_t first, std::int64_t second) const {
  const arch::PostSettings& s = settings_;
  const std::int64_t a = first - s.first_zero_point;
  const std::int64_t b = second - s.second_zero_point;
  std::int64_t v = 0;
  switch (s.combine) {
    case Combine::kNone:
      return first;
    case Combine::kMinimum:
      return std::min(first, second);
    case Combine::kMaximum:
      return std::max(first, second);
    case Combine::kAdd:
    case Combine::kSubtract:
    case Combine::kSubtractFrom: {
      const std::int64_t x = scale(a << s.left_shift, s.combine_rule, s.first);
      const std::int64_t y = scale(b << s.left_shift, s.combine_rule, s.second);
      const std::int64_t sum = s.combine == Combine::kAdd        ? x + y
                               : s.combine == Combine::kSubtract ? x - y
                                                                 : y - x;
      v = scale(sum, s.combine_rule, s.combined);
      break;
    }
    case Combine::kMultiply:
    case Combine::kGate:
      v = scale(a * b, s.combine_rule, s.combined);
      break;
  }
  return std::clamp(v + s.combine_zero_point, s.combine_min, s.combine_max);
}

}  // namespace dlasim::sim::blocks
