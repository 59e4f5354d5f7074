#include "tile_tables.h"

#include <utility>

namespace dlasim::sim::fast {

const Taps& TileTables::taps(const PassContext& context, const Tile& tile, std::size_t pitch,
                             std::size_t padding_pixel) {
  for (const Taps& t : taps_) {
    if (t.pitch == pitch && t.padding_pixel == padding_pixel && t.table.fits(tile.run)) return t;
  }
  Taps t{TapTable(tile.run, context.pass.settings), pitch, padding_pixel, {}};
  t.offsets = t.table.offsets(pitch, padding_pixel);
  taps_.push_back(std::move(t));
  return taps_.back();
}

const ChannelUnits& TileTables::channels(const PassContext& context, std::span<const Tile* const> tiles,
                                         std::size_t stride) {
  std::vector<Record> records;
  for (const Tile* tile : tiles) {
    const arch::Region& r = context.pass.loads[tile->parameters].region;
    records.emplace_back(r.address, r.row_stride, r.pixel_stride, r.pixels, tile->run.oc_active);
  }
  const auto found = channels_.find(records);
  if (found != channels_.end() && found->second.is_fixed) return found->second;
  return channels_.insert_or_assign(std::move(records), ChannelUnits(context, tiles, stride)).first->second;
}

}  // namespace dlasim::sim::fast
