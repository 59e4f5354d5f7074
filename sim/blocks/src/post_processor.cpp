#include "sim/blocks/post_processor.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace dlasim::sim::blocks {
namespace {

OutputWord empty_word(std::size_t lanes) {
  OutputWord word;
  word.value.resize(lanes);
  return word;
}

}  // namespace

PostProcessor::PostProcessor(const arch::Hardware& hardware)
    : staged_sizes_(hardware),
      oc_lanes_(static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      operands_("operand buffer", hardware.operand_words(), hardware.pe_array.oc_lanes),
      parameter_slots_(static_cast<std::uint32_t>(hardware.buffers.parameter_slots)),
      parameters_(oc_lanes_ * parameter_slots_),
      arithmetic_(hardware.post_processor.table_entries),
      units_(parameter_slots_),
      biased_(oc_lanes_),
      pipeline_(hardware.post_processor.latency, empty_word(oc_lanes_)) {}

void PostProcessor::configure(const arch::Configure& settings) {
  arithmetic_.configure(settings.post);
  forget_units();
  staged_.reset();
}

void PostProcessor::configure(const arch::ConfigureStaged& settings) {
  staged_ = make_staged_output(settings.staged, staged_sizes_);
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

void PostProcessor::forget_units() {
  for (SlotUnit& unit : units_) unit.lanes = 0;
}

const PostProcessor::SlotUnit& PostProcessor::unit_of(std::uint32_t slot, std::size_t lanes) {
  const std::span channels(&parameters(slot, 0), lanes);
  SlotUnit& unit = units_[slot];
  if (unit.lanes == lanes) return unit;
  unit.lanes = lanes;
  unit.row = arithmetic_.row_unit(channels, lanes);
  if (unit.row && !unit.row->reads_low_halves()) unit.row.reset();
  unit.biases.resize(lanes);
  std::ranges::transform(channels, unit.biases.begin(),
                         [](const arch::ChannelParameters& p) { return static_cast<std::uint32_t>(p.bias); });
  return unit;
}

void PostProcessor::step(const In& in) {
  if (in.sums != nullptr) process(*in.sums, pipeline_.tail());
  pipeline_.step(in.sums != nullptr, in.out_taken);
  if (in.operand != nullptr) std::ranges::copy(in.operand->values, operands_.word(in.operand->word).begin());
  if (in.parameter != nullptr) {
    parameters(in.parameter->slot, in.parameter->oc_lane) = in.parameter->parameters;
    units_[in.parameter->slot].lanes = 0;
  }
  if (in.table != nullptr) arithmetic_.write_table(in.table->bank, in.table->entry, in.table->values);
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
  requantise(sums, std::span(out.value).first(p.oc_active));
  const std::int32_t* operand = arithmetic_.has_operand() ? operands_.read(p.operand_word).data() : nullptr;
  arithmetic_.finish_rows({out.value.data(), oc_lanes_, p.oc_active, 1, operand, oc_lanes_});
}

void PostProcessor::requantise(const ChannelSums& sums, std::span<std::int32_t> out) {
  const Position& p = sums.position;
  const SlotUnit& unit = unit_of(p.parameter_slot, out.size());
  if (unit.row) {
    for (std::size_t oc = 0; oc < out.size(); ++oc)
      biased_[oc] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums.sum[oc]) + unit.biases[oc]);
    (*unit.row)(biased_.data(), out.data());
    return;
  }
  const arch::ChannelParameters* channel = &parameters(p.parameter_slot, 0);
  for (std::size_t oc = 0; oc < out.size(); ++oc) {
    out[oc] = static_cast<std::int32_t>(
        arithmetic_.requantise(sums.sum[oc] + channel[oc].bias, channel[oc], p.taps_inside));
  }
}

void PostProcessor::process_staged(const ChannelSums& sums, OutputWord& out) {
  const Position& p = sums.position;
  const arch::ChannelParameters* channel = &parameters(p.parameter_slot, 0);
  const std::int32_t* operand = staged_has_operand_ ? operands_.read(p.operand_word).data() : nullptr;
  staged_->finish(sums, channel, operand, staged_values_.data());
  for (std::size_t oc = 0; oc < p.oc_active; ++oc) {
    const std::int64_t v = staged_values_[oc];
    out.value[oc] = static_cast<std::int32_t>(
        requantises_staged_ ? arithmetic_.requantise(v, channel[oc], p.taps_inside) : v);
  }
}

}  // namespace dlasim::sim::blocks
