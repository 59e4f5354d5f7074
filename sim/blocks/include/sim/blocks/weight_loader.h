#pragma once
/// The weight buffer and the unit that moves its words into the PEs' weight registers ahead of their use.

#include <cstdint>
#include <optional>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/word_memory.h"

namespace dlasim::sim::blocks {

/// One row (all oc lanes of one tap and ic lane) a cycle. Two banks of registers: the rows of an ic tile
/// are moved while the array works on the tile before, and wait until the array is done with the tile
/// before that.
class WeightLoader {
 public:
  explicit WeightLoader(const arch::Hardware& hardware);

  struct In {
    const arch::RunTile* tile = nullptr;  ///< only while `can_accept_tile`
    std::uint64_t ic_tiles_consumed = 0;  ///< from the PE array
    const BufferWrite* write = nullptr;
  };

  bool can_accept_tile() const { return !next_tile_.has_value(); }
  bool idle() const { return !tile_ && !next_tile_ && !row_.valid; }
  /// The row that is written into the registers at the next clock edge.
  const WeightRow& out() const { return row_; }
  /// ic tiles whose rows are all in registers, since reset.
  std::uint64_t ic_tiles_loaded() const { return ic_tiles_loaded_; }
  void step(const In& in);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("tile_valid", tile_.has_value()), v("next_tile_valid", next_tile_.has_value());
    v("word", word_), v("ic_tile", ic_tile_), v("tap", tap_), v("ic_lane", ic_lane_);
    v("ic_tiles_begun", ic_tiles_begun_);
  }

 private:
  void move_row(std::uint64_t ic_tiles_consumed);

  const std::uint32_t ic_lanes_;
  WordMemory memory_;
  std::optional<arch::RunTile> tile_, next_tile_;
  std::uint32_t word_ = 0, ic_tile_ = 0, tap_ = 0, ic_lane_ = 0;
  std::uint64_t ic_tiles_begun_ = 0, ic_tiles_loaded_ = 0;
  bool row_completes_tile_ = false;
  WeightRow row_;
};

}  // namespace dlasim::sim::blocks
