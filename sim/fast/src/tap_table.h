#pragma once
/// Where a tile's taps lie in its input region: blocks::AddressGenerator for all positions at once.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "pass_reader.h"
#include "sim/arch/command.h"

namespace dlasim::sim::fast {

class TapTable {
 public:
  TapTable(const arch::RunTile& tile, const arch::Configure& settings);

  /// Pixel of the region that tap `tap` of position `position` reads; -1: padding.
  std::int32_t pixel(std::size_t tap, std::size_t position) const {
    return pixels_[tap * positions_ + position];
  }
  /// Taps of a position that are not padding.
  std::uint32_t taps_inside(std::size_t position) const;
  /// Offsets in a buffer with `pitch` values a pixel, in which the pixel behind the last one is padding.
  std::vector<std::int32_t> offsets(std::size_t pitch, std::size_t padding_pixel) const;
  /// Whether the table of another tile is the same.
  bool fits(const arch::RunTile& tile) const;

 private:
  arch::RunTile tile_;
  std::size_t positions_, taps_;
  std::vector<std::int32_t> pixels_;  // [tap][position]
};

}  // namespace dlasim::sim::fast
