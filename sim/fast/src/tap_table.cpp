#include "tap_table.h"

#include <tuple>

namespace dlasim::sim::fast {
namespace {

/// For each tap of one axis and each output coordinate the element that it reads; -1: none.
std::vector<std::int32_t> axis(std::int32_t start, std::uint32_t count, std::uint32_t taps,
                               std::uint32_t stride, std::uint32_t dilation, std::uint32_t upsample,
                               std::uint32_t size) {
  std::vector<std::int32_t> elements;
  elements.reserve(std::size_t{count} * taps);
  for (std::uint32_t k = 0; k < taps; ++k) {
    std::int64_t at = std::int64_t{start} + std::int64_t{k} * dilation;
    for (std::uint32_t i = 0; i < count; ++i, at += stride) {
      const bool is_element = upsample == 1 || at % upsample == 0;
      const std::int64_t element = upsample == 1 ? at : at / upsample;
      const bool inside = at >= 0 && is_element && element < std::int64_t{size};
      elements.push_back(inside ? static_cast<std::int32_t>(element) : -1);
    }
  }
  return elements;
}

auto shape_of(const arch::RunTile& t) {
  return std::tie(t.region_height, t.region_width, t.y_start, t.x_start, t.rows, t.cols, t.kernel_height,
                  t.kernel_width);
}

}  // namespace

TapTable::TapTable(const arch::RunTile& tile, const arch::Configure& s)
    : tile_(tile),
      positions_(std::size_t{tile.rows} * tile.cols),
      taps_(std::size_t{tile.kernel_height} * tile.kernel_width),
      pixels_(positions_ * taps_) {
  const auto ys = axis(tile.y_start, tile.rows, tile.kernel_height, s.stride_y, s.dilation_y, s.upsample_y,
                       tile.region_height);
  const auto xs = axis(tile.x_start, tile.cols, tile.kernel_width, s.stride_x, s.dilation_x, s.upsample_x,
                       tile.region_width);
  std::int32_t* to = pixels_.data();
  for (std::uint32_t ky = 0; ky < tile.kernel_height; ++ky) {
    for (std::uint32_t kx = 0; kx < tile.kernel_width; ++kx) {
      const std::int32_t* x = xs.data() + std::size_t{kx} * tile.cols;
      for (std::uint32_t row = 0; row < tile.rows; ++row, to += tile.cols) {
        const std::int32_t y = ys[std::size_t{ky} * tile.rows + row];
        const std::int32_t first = y * static_cast<std::int32_t>(tile.region_width);
        for (std::uint32_t col = 0; col < tile.cols; ++col) to[col] = (y | x[col]) < 0 ? -1 : first + x[col];
      }
    }
  }
}

std::uint32_t TapTable::taps_inside(std::size_t position) const {
  std::uint32_t inside = 0;
  for (std::size_t tap = 0; tap < taps_; ++tap) inside += pixel(tap, position) >= 0;
  return inside;
}

std::vector<std::int32_t> TapTable::offsets(std::size_t pitch, std::size_t padding_pixel) const {
  const auto padding = static_cast<std::int32_t>(padding_pixel * pitch);
  const auto pixel = static_cast<std::int32_t>(pitch);
  std::vector<std::int32_t> offsets(pixels_.size());
  for (std::size_t i = 0; i < pixels_.size(); ++i) offsets[i] = pixels_[i] < 0 ? padding : pixels_[i] * pixel;
  return offsets;
}

bool TapTable::fits(const arch::RunTile& tile) const {
  return shape_of(tile) == shape_of(tile_);
}

}  // namespace dlasim::sim::fast
