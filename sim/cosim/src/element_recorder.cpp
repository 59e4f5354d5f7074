#include "sim/cosim/element_recorder.h"

#include <utility>

#include "sim/cosim/core_lockstep.h"

namespace dlasim::sim::cosim {

using blocks::Handshake;
using blocks::Position;
using Wire = blocks::StagedWires::Place;

ElementRecorder::ElementRecorder(const arch::Hardware& hardware, std::int64_t element)
    : sizes_(hardware), element_(element) {}

void ElementRecorder::sample(const trace::AcceleratorView& view) {
  const DatapathInputs in(view);
  if (total_due_) record_total(view.partial_sum_buffer);
  const auto moves = [&in](Handshake h) { return in.moves[static_cast<std::size_t>(h)]; };
  if (wires_ != nullptr && moves(Handshake::kChannelSums)) record_tree(view.adder_tree.out());
  if (wires_ != nullptr && moves(Handshake::kLaneSums)) record_lanes(view.pe_array.out());
  if (in.configure_staged == nullptr) return;
  wires_ = std::make_unique<const blocks::StagedWires>(in.configure_staged->staged, sizes_);
  if (!wires_->carry_values()) wires_.reset();
  tiles_.clear();
  trees_ = totals_ = 0;
}

std::optional<std::size_t> ElementRecorder::oc_lane(const Position& p) const {
  const std::int64_t lane = element_ - static_cast<std::int64_t>(p.element);
  if (lane < 0 || lane >= static_cast<std::int64_t>(p.oc_active)) return std::nullopt;
  return static_cast<std::size_t>(lane);
}

void ElementRecorder::record_lanes(const blocks::LaneSums& sums) {
  const auto oc = oc_lane(sums.position);
  if (!oc) return;
  TileSteps& tile = tiles_.emplace_back();
  for (std::size_t ic = 0; ic < sums.lanes_active; ++ic)
    tile.lanes.push_back(wires_->lane_bits(sums, ic * sizes_.oc_lanes + *oc));
}

void ElementRecorder::record_tree(const blocks::ChannelSums& sums) {
  const auto oc = oc_lane(sums.position);
  if (!oc) return;
  tiles_.at(trees_++).tree = wires_->bits(Wire::kChannels, sums.sum[*oc]);
  total_due_ = sums.position;
}

void ElementRecorder::record_total(const blocks::PartialSumBuffer& buffer) {
  const Position p = *std::exchange(total_due_, std::nullopt);
  const std::int64_t* totals = p.last_sum ? buffer.out().sum.data() : buffer.entry(p.index);
  tiles_.at(totals_++).partial_sum = wires_->bits(Wire::kTotals, totals[*oc_lane(p)]);
}

}  // namespace dlasim::sim::cosim
