#pragma once
/// Weight loader, address generator and the pipelines behind them, an ic tile a step.
///
/// No block behind the address generator ever waits: the output buffer takes every word, so each beat is
/// where it is a fixed number of cycles after its request. What can wait is the weight loader for a bank of
/// registers, and the address generator for the weights.

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::fast {

class DatapathTiming {
 public:
  explicit DatapathTiming(const arch::Hardware& hardware)
      : ic_lanes_(static_cast<std::uint32_t>(hardware.pe_array.ic_lanes)),
        beat_to_output_(static_cast<std::uint64_t>(4 + std::max(1, hardware.tree_levels()) +
                                                   hardware.post_processor.latency)) {}

  /// The first cycle in which both tile queues have room.
  std::uint64_t accepts_from() const { return std::max(loader_accepts_, generator_accepts_); }

  /// Issues a tile in cycle `now`, from accepts_from() on. Returns the cycle in which its last word, or the
  /// last of its held sums, reaches the output buffer.
  std::uint64_t issue(std::uint64_t now, const arch::RunTile& tile) {
    const std::uint64_t taps = std::uint64_t{tile.kernel_height} * tile.kernel_width;
    const std::uint64_t beats = std::uint64_t{tile.rows} * tile.cols * taps;
    // A unit begins with a waiting tile in the cycle in which it ends the one before.
    const std::uint64_t loader_begins = std::max(now, last_row_);
    const std::uint64_t generator_begins = std::max(now, last_beat_);
    loader_accepts_ = loader_begins + 1;
    generator_accepts_ = generator_begins + 1;
    std::uint64_t next_row = loader_begins + 1, next_beat = generator_begins + 1;
    for (std::uint32_t t = 0; t < tile.ic_tiles; ++t) {
      const std::uint64_t lanes = t + 1 == tile.ic_tiles ? tile.last_tile_lanes : ic_lanes_;
      const std::uint64_t first_row = std::max(next_row, bank_free_[bank_]);
      last_row_ = first_row + taps * lanes - 1;
      next_row = last_row_ + 1;
      // A row is in its register a cycle after it was moved, and the count of rows is seen one later.
      const std::uint64_t first_beat = std::max(next_beat, last_row_ + 2);
      last_beat_ = first_beat + beats - 1;
      next_beat = last_beat_ + 1;
      // The array takes a beat two cycles after its request; the loader sees that in the next.
      bank_free_[bank_] = last_beat_ + 3;
      bank_ = 1 - bank_;
    }
    return last_beat_ + beat_to_output_;
  }

 private:
  const std::uint32_t ic_lanes_;
  const std::uint64_t beat_to_output_;
  std::uint64_t loader_accepts_ = 0, generator_accepts_ = 0;
  std::uint64_t last_row_ = 0, last_beat_ = 0;
  std::size_t bank_ = 0;
  std::array<std::uint64_t, 2> bank_free_{};  ///< first cycle in which its rows may be written again
};

}  // namespace dlasim::sim::fast
