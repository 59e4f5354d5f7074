#pragma once
/// What the tiles of a pass look up: where their taps lie, and the units of their channels.

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <tuple>
#include <vector>

#include "tap_table.h"
#include "tile_output.h"

namespace dlasim::sim::fast {

/// A tap table with its offsets in activations of one pitch.
struct Taps {
  TapTable table;
  std::size_t pitch, padding_pixel;
  std::vector<std::int32_t> offsets;
};

/// Of one pass and one thread at a time; each table is made once, for as many runs as there are.
class TileTables {
 public:
  /// Tiles at the same place of an image, with other channels, have the same taps. `pitch` and
  /// `padding_pixel` are those of the tile's activations.
  const Taps& taps(const PassContext& context, const Tile& tile, std::size_t pitch,
                   std::size_t padding_pixel);
  /// For rows of `stride` values, which is the same in all calls for as many tiles.
  const ChannelUnits& channels(const PassContext& context, std::span<const Tile* const> tiles,
                               std::size_t stride);

 private:
  using Record = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t, std::uint32_t>;
  std::deque<Taps> taps_;  // entries stay where they are
  std::map<std::vector<Record>, ChannelUnits> channels_;
};

}  // namespace dlasim::sim::fast
