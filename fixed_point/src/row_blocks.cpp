#include "row_blocks.h"

#include <algorithm>
#include <array>

namespace dlasim::fixed_point {

void multiply_rows(const RowUnit& unit, const double* x, const double* w, double* out, const LaneBlock& block,
                   EventCounts& events) noexcept {
  constexpr std::size_t kBuffer = 512;
  std::array<double, kBuffer> spread;
  for (std::size_t column = 0; column < block.length; column += kBuffer) {
    const std::size_t length = std::min(kBuffer, block.length - column);
    const std::size_t rows_at_once = length == block.stride ? kBuffer / length : 1;
    for (std::size_t row = 0; row < block.rows; row += rows_at_once) {
      const std::size_t rows = std::min(rows_at_once, block.rows - row);
      const std::size_t at = row * block.stride + column;
      for (std::size_t r = 0; r < rows; ++r) std::fill_n(spread.data() + r * length, length, x[row + r]);
      unit.multiply(spread.data(), w + at, out + at, rows * length, events);
    }
  }
}

void add_to_zero(const RowUnit& unit, const double* v, double* out, std::size_t n,
                 EventCounts& events) noexcept {
  static constexpr std::array<double, 256> kZeros{};
  for (std::size_t i = 0; i < n; i += kZeros.size())
    unit.add(kZeros.data(), v + i, out + i, std::min(kZeros.size(), n - i), events);
}

void add_row_pairs(const RowUnit& unit, const double* in, double* out, const LaneBlock& block,
                   EventCounts& events) noexcept {
  const std::size_t pairs = block.rows / 2;
  for (std::size_t row = 0; row < pairs; ++row) {
    const double* terms = in + 2 * row * block.stride;
    unit.add(terms, terms + block.stride, out + row * block.stride, block.length, events);
  }
  if (block.rows % 2 == 0) return;
  add_to_zero(unit, in + 2 * pairs * block.stride, out + pairs * block.stride, block.length, events);
}

}  // namespace dlasim::fixed_point
