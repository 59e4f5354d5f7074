#pragma once
/// Staged layers: the blocks' truncation units (sim/blocks/staged_datapath.h), driven a tile at a time.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fixed_point/reduce.h"
#include "integer_chain.h"
#include "sim/blocks/staged_datapath.h"
#include "sim/blocks/staged_strip.h"

namespace dlasim::sim::fast {

/// The units of one pass; their states are of one thread at a time.
class StagedChain {
 public:
  /// `max_taps`: of a tile of the pass.
  StagedChain(const arch::StagedSettings& settings, std::size_t ic_lanes, std::size_t oc_lanes,
              std::size_t max_taps);

  /// Runs a chain to its stored output.
  void run(const PassContext& context, ExactStrip& strip, std::span<const Tile> chain,
           std::span<const ExactWeights* const> weights);
  /// Gives back the memory of the sums, which is large and needed only while chains run.
  void free_sums() { sums_ = {}, totals_of_strips_ = {}; }
  /// Counts of the units' events since the last call.
  fixed_point::PointEvents take_events();

 private:
  void run_tile(const ExactStrip::Entry& strip, const Tile& tile, const ExactWeights& weights);
  void run_ic_tile(const ExactStrip::Entry& strip, const Tile& tile, std::uint32_t ic_tile);
  void run_ic_tile_in_strips(const ExactStrip::Entry& strip, const Tile& tile, std::uint32_t ic_tile);
  bool strips_have_totals() const { return strip_ != nullptr && strip_->has_totals(); }
  void begin_ic_tile(const arch::RunTile& run, std::uint32_t ic_tile);
  void begin_position(const arch::RunTile& run, std::size_t index);
  const std::int32_t* word_of(const ExactStrip::Entry& strip, const Tile& tile, std::size_t tap,
                              std::size_t position, std::uint32_t ic_tile) const;
  void set_weights(const Tile& tile, const ExactWeights& weights, std::uint32_t ic_tile);
  void take_tap(const Tile& tile, std::size_t tap);
  void write(const PassContext& context, ExactStrip& strip, const Tile& tile);

  const arch::StagedSettings settings_;
  const std::size_t ic_lanes_, oc_lanes_;
  std::unique_ptr<blocks::StagedLanes> lanes_;  // null: codes are handed on
  std::unique_ptr<blocks::StagedTree> tree_;
  std::unique_ptr<blocks::StagedStrip> strip_;  // instead of lanes and tree; null: position by position
  std::unique_ptr<blocks::StagedTotals> totals_;
  std::unique_ptr<blocks::StagedOutput> output_;
  blocks::ActivationBeat beat_;
  blocks::LaneSums lane_sums_;
  std::vector<const std::int32_t*> inputs_;  // of the positions of a strip
  std::vector<std::int64_t> tree_sums_;
  std::vector<std::int64_t> sums_;              // [position][oc], or
  std::vector<std::int32_t> totals_of_strips_;  // where the strips add them up
  std::vector<std::int32_t> registers_;         // [tap][ic][oc] of one ic tile
};

/// What ExactStrip holds for a staged pass: pixels of whole words.
ExactStrip staged_strip(const PassContext& context, TileTables& tables);

}  // namespace dlasim::sim::fast
