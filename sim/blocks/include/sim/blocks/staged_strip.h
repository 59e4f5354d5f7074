#pragma once
/// Lanes and tree of a staged layer on several positions at a time, for an engine that has no clock.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "sim/arch/staged_settings.h"
#include "sim/blocks/staged_datapath.h"

namespace dlasim::sim::blocks {

/// What StagedLanes and StagedTree make of one ic tile, values and events, a call for many positions instead
/// of several for each. Only where their values have narrow carriers: then no unit has a state.
class StagedStrip : public StagedBlock {
 public:
  /// How many positions are taken at a time, at most.
  virtual std::size_t positions() const = 0;
  /// As StagedLanes::set_weights; there is one bank. Lanes without a channel need weights of 0.
  virtual void set_weights(const WeightRow& row) = 0;
  /// One tap of `inputs.size()` positions: the codes of a position's ic lanes, null where it is padded. Taps
  /// come in order, from 0 on.
  virtual void accumulate(std::uint32_t tap, std::span<const std::int32_t* const> inputs,
                          std::uint32_t lanes_active, std::uint32_t oc_active) = 0;
  /// After the last tap: sums of oc_lanes values a position, as StagedTree::reduce.
  virtual void reduce(std::size_t positions, std::uint32_t oc_active, std::int64_t* sums) = 0;

  /// Whether partial sums have narrow carriers too: then what StagedTotals does with the sums is done here.
  virtual bool has_totals() const = 0;
  /// Instead of reduce(): the sums go into totals, wires of oc_lanes values a position.
  virtual void reduce_into_totals(std::size_t positions, std::uint32_t oc_active, bool first_sum,
                                  std::int32_t* totals) = 0;
  /// `n` totals as StagedTotals has them.
  virtual void widen_totals(const std::int32_t* totals, std::size_t n, std::int64_t* sums) const = 0;
};

/// Null where positions are taken one by one.
std::unique_ptr<StagedStrip> make_staged_strip(const arch::StagedSettings& settings,
                                               const StagedSizes& sizes);

}  // namespace dlasim::sim::blocks
