#include "sim/blocks/post_processor.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "fixed_point/activation_table.h"
#include "fixed_point/elementwise.h"

namespace dlasim::sim::blocks {
namespace {

using arch::Combine;
using arch::Requant;
using arch::Table;

OutputWord empty_word(std::size_t lanes) {
  OutputWord word;
  word.value.resize(lanes);
  return word;
}

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

}  // namespace

PostProcessor::PostProcessor(const arch::Hardware& hardware)
    : ic_lanes_(static_cast<std::size_t>(hardware.pe_array.ic_lanes)),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      operands_("operand buffer", hardware.operand_words(), hardware.pe_array.oc_lanes),
      parameter_slots_(static_cast<std::uint32_t>(hardware.buffers.parameter_slots)),
      parameters_(oc_lanes_ * parameter_slots_),
      pipeline_(hardware.post_processor.latency, empty_word(oc_lanes_)) {
  for (auto& table : tables_) table.resize(static_cast<std::size_t>(hardware.post_processor.table_entries));
}

void PostProcessor::configure(const arch::Configure& settings) {
  settings_ = settings.post;
  staged_.reset();
}

void PostProcessor::configure(const arch::ConfigureStaged& settings) {
  staged_ = make_staged_output(settings.staged, {ic_lanes_, oc_lanes_, 0});
  requantises_staged_ = settings.staged.affine != 0;
  staged_has_operand_ = settings.staged.datapath == arch::StagedDatapath::kMxElements ||
                        settings.staged.elementwise != arch::StagedElementwise::kConvert;
  staged_values_.resize(oc_lanes_);
}

arch::ChannelParameters& PostProcessor::parameters(std::uint32_t slot, std::size_t oc_lane) {
  if (slot >= parameter_slots_ || oc_lane >= oc_lanes_) {
    throw base::SimulationError("post_processor: parameter slot " + std::to_string(slot) + ", lane " +
                                std::to_string(oc_lane) + " does not exist");
  }
  return parameters_[slot * oc_lanes_ + oc_lane];
}

void PostProcessor::step(const In& in) {
  if (in.sums != nullptr) process(*in.sums, pipeline_.tail());
  pipeline_.step(in.sums != nullptr, in.out_taken);
  if (in.operand != nullptr) std::ranges::copy(in.operand->values, operands_.word(in.operand->word).begin());
  if (in.parameter != nullptr)
    parameters(in.parameter->slot, in.parameter->oc_lane) = in.parameter->parameters;
  if (in.table != nullptr) {
    auto& table = tables_.at(in.table->bank);
    if (in.table->entry + in.table->values.size() > table.size()) {
      throw base::SimulationError("post_processor: table entry " + std::to_string(in.table->entry) +
                                  " is beyond its " + std::to_string(table.size()) + " entries");
    }
    std::ranges::copy(in.table->values, table.begin() + in.table->entry);
  }
}

void PostProcessor::process(const ChannelSums& sums, OutputWord& out) {
  const Position& p = sums.position;
  out.word = p.output_word;
  out.layer = p.layer;
  out.write = p.last_sum;
  out.last_of_tile = p.last_of_tile;
  // Lanes without a channel are 0, so that a word is a function of its inputs alone.
  const std::size_t in_use = out.write ? p.oc_active : 0;
  std::fill(out.value.begin() + static_cast<std::ptrdiff_t>(in_use), out.value.end(), 0);
  if (!out.write) return;
  if (staged_) {
    process_staged(sums, out);
    return;
  }
  const bool gated = settings_.combine == Combine::kGate;
  const arch::ChannelParameters* channel = &parameters(p.parameter_slot, 0);
  const bool has_operand = settings_.combine != Combine::kNone && !gated;
  const std::int32_t* operand = has_operand ? operands_.read(p.operand_word).data() : nullptr;
  for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
    std::int64_t v = requantise(sums.sum[oc] + channel[oc].bias, channel[oc], p.taps_inside);
    const bool upper = gated && oc >= settings_.gate_offset;
    v = look_up(v, upper ? settings_.upper : settings_.lower);
    if (has_operand) v = combine(v, operand[oc]);
    out.value[oc] = static_cast<std::int32_t>(v);
  }
  if (gated) gate(p.oc_active, out.value);
}

void PostProcessor::process_staged(const ChannelSums& sums, OutputWord& out) {
  const Position& p = sums.position;
  const arch::ChannelParameters* channel = &parameters(p.parameter_slot, 0);
  const std::int32_t* operand = staged_has_operand_ ? operands_.read(p.operand_word).data() : nullptr;
  staged_->finish(sums, channel, operand, staged_values_.data());
  for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
    const std::int64_t v = staged_values_[oc];
    out.value[oc] =
        static_cast<std::int32_t>(requantises_staged_ ? requantise(v, channel[oc], p.taps_inside) : v);
  }
}

void PostProcessor::gate(std::size_t lanes, std::vector<std::int32_t>& values) const {
  for (std::size_t oc = 0; oc + settings_.gate_offset < lanes; ++oc) {
    values[oc] = static_cast<std::int32_t>(combine(values[oc], values[oc + settings_.gate_offset]));
  }
}

std::int64_t PostProcessor::scale(std::int64_t v, Requant rule, const arch::Scale& s) const {
  return fixed_point::requantize(rule_of(rule), v, {s.mantissa, s.shift});
}

std::int64_t PostProcessor::requantise(std::int64_t biased, const arch::ChannelParameters& p,
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

std::int32_t PostProcessor::look_up(std::int64_t v, const arch::TableStage& stage) const {
  static const fixed_point::Int16Curve kTanh(fixed_point::Curve::kTanh);
  static const fixed_point::Int16Curve kSigmoid(fixed_point::Curve::kSigmoid);
  const auto x = static_cast<std::int32_t>(v);
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

std::int64_t PostProcessor::combine(std::int64_t first, std::int64_t second) const {
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
