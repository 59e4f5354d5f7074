#include "sim/blocks/post_arithmetic.h"

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "fixed_point/activation_table.h"
#include "fixed_point/elementwise.h"

namespace dlasim::sim::blocks {

using arch::Combine;
using arch::Requant;
using arch::Table;

namespace {

/// Lanes of a combine unit, and the values that are combined together.
constexpr std::size_t kUnitLanes = 8, kMostCombined = 1024;

bool fits_int32(std::int64_t v) {
  return v == static_cast<std::int32_t>(v);
}

std::optional<fixed_point::RequantizeRow> unit(fixed_point::RequantizeRule rule, const arch::Scale& scale,
                                               const fixed_point::OutputStage& output) {
  const std::vector<fixed_point::Multiplier> lanes(kUnitLanes, {scale.mantissa, scale.shift});
  if (!fixed_point::is_supported(rule, lanes.front())) return std::nullopt;
  return fixed_point::RequantizeRow(rule, lanes, output);
}

}  // namespace

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

void PostArithmetic::configure(const arch::PostSettings& settings) {
  settings_ = settings;
  units_ = combine_units();
}

/// The rules that read the low 32 bits of what they scale: those bits are all that a row has to compute.
std::optional<PostArithmetic::CombineUnits> PostArithmetic::combine_units() const {
  const arch::PostSettings& s = settings_;
  const bool adds =
      s.combine == Combine::kAdd || s.combine == Combine::kSubtract || s.combine == Combine::kSubtractFrom;
  const bool multiplies = s.combine == Combine::kMultiply || s.combine == Combine::kGate;
  if (!adds && !multiplies) return std::nullopt;
  if (s.combine_rule != Requant::kDouble && s.combine_rule != Requant::kSingle) return std::nullopt;
  if (!fits_int32(s.combine_min) || !fits_int32(s.combine_max)) return std::nullopt;
  const fixed_point::RequantizeRule rule = rule_of(s.combine_rule);
  const auto combined = unit(rule, s.combined,
                             {s.combine_zero_point, static_cast<std::int32_t>(s.combine_min),
                              static_cast<std::int32_t>(s.combine_max)});
  if (!combined) return std::nullopt;
  CombineUnits units{{}, {}, *combined};
  if (multiplies) return units;
  constexpr fixed_point::OutputStage kAll{0, std::numeric_limits<std::int32_t>::min(),
                                          std::numeric_limits<std::int32_t>::max()};
  units.first = unit(rule, s.first, kAll);
  units.second = unit(rule, s.second, kAll);
  if (!units.first || !units.second || s.left_shift < 0 || s.left_shift > 31) return std::nullopt;
  return units;
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

std::optional<fixed_point::RequantizeRow> PostArithmetic::row_unit(
    std::span<const arch::ChannelParameters> channels, std::size_t lanes) const {
  const arch::PostSettings& s = settings_;
  if (s.requant == Requant::kNone || s.requant == Requant::kAverage || s.negative_enable != 0) return {};
  if (!fits_int32(s.clamp_min) || !fits_int32(s.clamp_max)) return {};
  const fixed_point::RequantizeRule rule = rule_of(s.requant);
  std::vector<fixed_point::Multiplier> multipliers(lanes);
  std::ranges::transform(channels, multipliers.begin(), [](const arch::ChannelParameters& p) {
    return fixed_point::Multiplier{p.mantissa, p.shift};
  });
  if (!std::ranges::all_of(multipliers, [rule](auto m) { return fixed_point::is_supported(rule, m); }))
    return {};
  return fixed_point::RequantizeRow(
      rule, multipliers,
      {s.output_zero_point, static_cast<std::int32_t>(s.clamp_min), static_cast<std::int32_t>(s.clamp_max)});
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

void PostArithmetic::look_up_row(std::span<std::int32_t> lanes, const arch::TableStage& stage) const {
  if (stage.kind == Table::kNone) return;
  if (stage.kind == Table::kLookup) {
    const std::int32_t* table = tables_[stage.bank].data();
    for (std::int32_t& x : lanes) x = table[static_cast<std::uint32_t>(x) & stage.index_mask];
    return;
  }
  for (std::int32_t& x : lanes) x = look_up(x, stage);
}

/// Into `first`; `n` is a multiple of kUnitLanes. Numbers wrap: see combine_units().
void PostArithmetic::combine_row(std::int32_t* first, std::int32_t* second, std::size_t n) const {
  const arch::PostSettings& s = settings_;
  const auto wrap = [](std::int32_t v) { return static_cast<std::uint32_t>(v); };
  const auto subtract_zero_point = [&](std::int32_t* v, std::int32_t zero_point, int shift) {
    for (std::size_t i = 0; i < n; ++i)
      v[i] = static_cast<std::int32_t>((wrap(v[i]) - wrap(zero_point)) << shift);
  };
  const auto merge = [&](auto operation) {
    for (std::size_t i = 0; i < n; ++i)
      first[i] = static_cast<std::int32_t>(operation(wrap(first[i]), wrap(second[i])));
  };
  const int shift = units_->first ? s.left_shift : 0;
  subtract_zero_point(first, s.first_zero_point, shift);
  subtract_zero_point(second, s.second_zero_point, shift);
  if (units_->first) {
    (*units_->first)(first, first, n / kUnitLanes);
    (*units_->second)(second, second, n / kUnitLanes);
  }
  switch (s.combine) {
    case Combine::kAdd:
      merge([](std::uint32_t a, std::uint32_t b) { return a + b; });
      break;
    case Combine::kSubtract:
      merge([](std::uint32_t a, std::uint32_t b) { return a - b; });
      break;
    case Combine::kSubtractFrom:
      merge([](std::uint32_t a, std::uint32_t b) { return b - a; });
      break;
    default:
      merge([](std::uint32_t a, std::uint32_t b) { return a * b; });
      break;
  }
  units_->combined(first, first, n / kUnitLanes);
}

void PostArithmetic::finish_rows(const PostRows& rows) const {
  if (finishes_nothing()) return;
  const bool gated = settings_.combine == Combine::kGate;
  const std::size_t lower = gated ? std::min<std::size_t>(settings_.gate_offset, rows.lanes) : rows.lanes;
  const std::size_t combined = gated ? rows.lanes - lower : rows.lanes;  // lanes of a row
  if (settings_.combine == Combine::kNone) {
    for (std::size_t r = 0; r < rows.count; ++r)
      look_up_row({rows.values + r * rows.stride, rows.lanes}, settings_.lower);
    return;
  }
  if (!units_ || combined == 0 || combined > kMostCombined) {
    const std::size_t step = has_operand() ? rows.operand_stride : 0;
    for (std::size_t r = 0; r < rows.count; ++r)
      finish({rows.values + r * rows.stride, rows.lanes}, rows.operands + r * step);
    return;
  }
  std::array<std::int32_t, kMostCombined + kUnitLanes> first, second;
  const std::size_t most_rows = kMostCombined / combined;
  for (std::size_t begin = 0; begin < rows.count; begin += most_rows) {
    const std::size_t end = std::min(begin + most_rows, rows.count);
    std::size_t n = 0;
    for (std::size_t r = begin; r < end; ++r, n += combined) {
      std::int32_t* row = rows.values + r * rows.stride;
      look_up_row({row, lower}, settings_.lower);
      if (gated) look_up_row({row + lower, combined}, settings_.upper);
      std::copy_n(row, combined, first.begin() + static_cast<std::ptrdiff_t>(n));
      std::copy_n(gated ? row + lower : rows.operands + r * rows.operand_stride, combined,
                  second.begin() + static_cast<std::ptrdiff_t>(n));
    }
    const std::size_t padded = (n + kUnitLanes - 1) / kUnitLanes * kUnitLanes;
    std::fill(first.begin() + static_cast<std::ptrdiff_t>(n),
              first.begin() + static_cast<std::ptrdiff_t>(padded), 0);
    std::fill(second.begin() + static_cast<std::ptrdiff_t>(n),
              second.begin() + static_cast<std::ptrdiff_t>(padded), 0);
    combine_row(first.data(), second.data(), padded);
    for (std::size_t r = begin, from = 0; r < end; ++r, from += combined)
      std::copy_n(first.begin() + static_cast<std::ptrdiff_t>(from), combined, rows.values + r * rows.stride);
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
