#include "sim/blocks/address_generator.h"

namespace dlasim::sim::blocks {
namespace {

/// Index of the element that upsampled coordinate `at` holds, or -1 if it holds none.
std::int64_t element_at(std::int64_t at, std::uint32_t upsample, std::uint32_t size) {
  if (at < 0) return -1;
  std::int64_t i = at;
  if (upsample != 1) {  // the usual case is spared two divisions a coordinate
    if (at % upsample != 0) return -1;
    i = at / upsample;
  }
  return i < static_cast<std::int64_t>(size) ? i : -1;
}

}  // namespace

AddressGenerator::AddressGenerator(const arch::Hardware& hardware)
    : ic_lanes_(static_cast<std::uint32_t>(hardware.pe_array.ic_lanes)), pipeline_(1, TapRequest{}) {}

void AddressGenerator::step(const In& in) {
  const bool pushed = tile_ && pipeline_.can_accept() && emit(in.ic_tiles_loaded);
  pipeline_.step(pushed, in.out_taken);
  if (pushed) advance();
  if (in.tile != nullptr) next_tile_ = *in.tile;
  if (!tile_ && next_tile_) begin_tile();
}

void AddressGenerator::begin_tile() {
  tile_ = next_tile_;
  next_tile_.reset();
  ic_tile_ = row_ = col_ = ky_ = kx_ = 0;
  taps_inside_ = 0;
}

bool AddressGenerator::emit(std::uint64_t ic_tiles_loaded) {
  if (ic_tiles_begun_ >= ic_tiles_loaded) return false;
  const arch::RunTile& t = *tile_;
  TapRequest& r = pipeline_.tail();
  r.tap = ky_ * t.kernel_width + kx_;
  r.first_tap = r.tap == 0;
  r.last_tap = r.tap + 1 == t.kernel_height * t.kernel_width;
  r.bank = static_cast<std::uint32_t>(ic_tiles_begun_ & 1);
  const bool last_ic_tile = ic_tile_ + 1 == t.ic_tiles;
  r.lanes_active = last_ic_tile ? t.last_tile_lanes : ic_lanes_;
  locate_tap(r);

  const bool last_position = row_ + 1 == t.rows && col_ + 1 == t.cols;
  r.last_of_ic_tile = r.last_tap && last_position;
  Position& p = r.position;
  p.index = row_ * t.cols + col_;
  p.parameter_slot = t.parameter_slot;
  p.operand_word = t.operand_word + p.index;
  p.output_word = t.output_word + p.index;
  p.taps_inside = r.first_tap ? !r.padded : taps_inside_ + !r.padded;
  p.oc_active = t.oc_active;
  p.layer = t.layer;
  p.element = t.output_element + row_ * element_row_stride_ + col_ * element_column_stride_;
  p.first_sum = ic_tile_ == 0 && t.continue_sum == 0;
  p.last_sum = last_ic_tile && t.hold_sum == 0;
  p.last_of_tile = last_ic_tile && r.last_of_ic_tile;
  taps_inside_ = p.taps_inside;
  return true;
}

void AddressGenerator::locate_tap(TapRequest& r) const {
  const arch::RunTile& t = *tile_;
  const arch::Configure& s = settings_;
  const std::int64_t y =
      element_at(std::int64_t{t.y_start} + std::int64_t{row_} * s.stride_y + std::int64_t{ky_} * s.dilation_y,
                 s.upsample_y, t.region_height);
  const std::int64_t x =
      element_at(std::int64_t{t.x_start} + std::int64_t{col_} * s.stride_x + std::int64_t{kx_} * s.dilation_x,
                 s.upsample_x, t.region_width);
  r.padded = y < 0 || x < 0;
  r.word = r.padded ? t.activation_word
                    : t.activation_word + static_cast<std::uint32_t>(y * t.region_width + x) * t.ic_tiles +
                          ic_tile_;
}

void AddressGenerator::advance() {
  const arch::RunTile& t = *tile_;
  if (++kx_ < t.kernel_width) return;
  kx_ = 0;
  if (++ky_ < t.kernel_height) return;
  ky_ = 0;
  if (++col_ < t.cols) return;
  col_ = 0;
  if (++row_ < t.rows) return;
  row_ = 0;
  ++ic_tiles_begun_;
  if (++ic_tile_ < t.ic_tiles) return;
  tile_.reset();
}

}  // namespace dlasim::sim::blocks
