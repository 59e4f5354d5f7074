#include "sim/blocks/weight_loader.h"

#include <algorithm>

namespace dlasim::sim::blocks {

WeightLoader::WeightLoader(const arch::Hardware& hardware)
    : ic_lanes_(static_cast<std::uint32_t>(hardware.pe_array.ic_lanes)),
      memory_("weight buffer", hardware.weight_words(), hardware.pe_array.oc_lanes) {
  row_.w.resize(static_cast<std::size_t>(hardware.pe_array.oc_lanes));
}

void WeightLoader::step(const In& in) {
  if (row_completes_tile_) ++ic_tiles_loaded_;
  row_completes_tile_ = false;
  row_.valid = false;
  if (tile_) move_row(in.ic_tiles_consumed);
  if (in.write != nullptr) std::ranges::copy(in.write->values, memory_.word(in.write->word).begin());
  if (in.tile != nullptr) next_tile_ = *in.tile;
  if (!tile_ && next_tile_) {
    tile_ = next_tile_;
    next_tile_.reset();
    word_ = tile_->weight_word;
    ic_tile_ = tap_ = ic_lane_ = 0;
  }
}

void WeightLoader::move_row(std::uint64_t ic_tiles_consumed) {
  constexpr std::uint64_t kBanks = 2;
  if (ic_tiles_begun_ >= ic_tiles_consumed + kBanks) return;  // the bank is still in use
  std::ranges::copy(memory_.read(word_++), row_.w.begin());
  row_.bank = static_cast<std::uint32_t>(ic_tiles_begun_ % kBanks);
  row_.tap = tap_;
  row_.ic_lane = ic_lane_;
  row_.valid = true;

  const std::uint32_t lanes = ic_tile_ + 1 == tile_->ic_tiles ? tile_->last_tile_lanes : ic_lanes_;
  if (++ic_lane_ < lanes) return;
  ic_lane_ = 0;
  if (++tap_ < tile_->kernel_height * tile_->kernel_width) return;
  tap_ = 0;
  ++ic_tiles_begun_;
  row_completes_tile_ = true;
  if (++ic_tile_ == tile_->ic_tiles) tile_.reset();
}

}  // namespace dlasim::sim::blocks
