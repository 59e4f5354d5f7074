#include "tiler.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace dlasim::sim::compiler {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

struct Extent {
  std::int64_t first = 0, count = 0, start = 0;
};

/// Elements of one axis that `positions` outputs from `position` on read, and where the first tap lies.
Extent axis_extent(std::int64_t position, std::int64_t positions, std::int64_t stride, std::int64_t pad,
                   std::int64_t first_tap, std::int64_t taps, std::int64_t dilation, std::int64_t upsample,
                   std::int64_t size) {
  const std::int64_t low = position * stride - pad + first_tap * dilation;
  const std::int64_t high = low + (positions - 1) * stride + (taps - 1) * dilation;
  const std::int64_t first = ceil_div(std::max<std::int64_t>(low, 0), upsample);
  const std::int64_t last = high < 0 ? -1 : std::min(high / upsample, size - 1);
  if (last < first) return {0, 0, low};
  return {first, last - first + 1, low - first * upsample};
}

std::int64_t ic_tiles_of(const OcTile& tile, const arch::Hardware& hardware) {
  return ceil_div(tile.input_channels, hardware.pe_array.ic_lanes);
}

/// Pixels between the first and the last tap of one position: its input region where nothing is padding.
std::int64_t pixels_of_position(const Pass& pass, const Chunk& chunk) {
  const arch::Configure& s = pass.settings;
  const std::int64_t height = ((chunk.kernel_height - 1) * s.dilation_y) / s.upsample_y + 1;
  const std::int64_t width = ((chunk.kernel_width - 1) * s.dilation_x) / s.upsample_x + 1;
  return std::min(height, pass.input.size[1]) * std::min(width, pass.input.size[2]);
}

/// The maximum of a window and the count of its taps are not sums of parts.
bool needs_whole_window(const Pass& pass) {
  return pass.settings.mode == arch::PeMode::kMaximum ||
         pass.settings.post.requant == arch::Requant::kAverage;
}

/// The truncation order of section 5 runs over all taps of a lane before the tree: no window is cut.
[[noreturn]] void refuse_window(const Pass& pass, const arch::Hardware& hardware) {
  throw base::UnsupportedError(
      fmt::format("layer '{}': a staged layer's kernel window of {}x{} must be on chip as a whole: raise "
                  "hardware.pe_array.max_taps (now {}), or hardware.buffers.weight_kib and activation_kib",
                  pass.name, pass.kernel_height, pass.kernel_width, hardware.pe_array.max_taps));
}

}  // namespace

std::int64_t position_limit(const Pass& pass, const arch::Hardware& hardware) {
  std::int64_t limit =
      std::min<std::int64_t>(hardware.buffers.partial_sum_depth, hardware.output_words() / 2);
  if (pass.operand) limit = std::min<std::int64_t>(limit, hardware.operand_words() / 2);
  return limit;
}

InputRegion input_region(const Pass& pass, const Strip& strip, const Chunk& chunk) {
  const arch::Configure& s = pass.settings;
  const Extent y = axis_extent(strip.row, strip.rows, s.stride_y, pass.pad_top, chunk.ky, chunk.kernel_height,
                               s.dilation_y, s.upsample_y, pass.input.size[1]);
  const Extent x = axis_extent(strip.col, strip.cols, s.stride_x, pass.pad_left, chunk.kx, chunk.kernel_width,
                               s.dilation_x, s.upsample_x, pass.input.size[2]);
  return {y.first, x.first, y.count, x.count, y.start, x.start};
}

Tiling make_strips(const Pass& pass, const arch::Hardware& hardware, std::span<const Chunk> chunks) {
  const std::int64_t out_rows = pass.output.size[1];
  const std::int64_t out_cols = pass.output.size[2];
  const std::int64_t region_limit = hardware.activation_words() / 2;
  std::int64_t cols = std::min(out_cols, position_limit(pass, hardware));
  std::int64_t rows = std::min(out_rows, position_limit(pass, hardware) / std::max<std::int64_t>(cols, 1));

  const auto cut = [&] {
    Tiling tiling;
    tiling.most_positions = rows * cols;
    for (std::int64_t row = 0; row < out_rows; row += rows) {
      for (std::int64_t col = 0; col < out_cols; col += cols) {
        const Strip strip{row, col, std::min(rows, out_rows - row), std::min(cols, out_cols - col)};
        for (const Chunk& chunk : chunks) {
          const InputRegion region = input_region(pass, strip, chunk);
          tiling.most_region_words =
              std::max(tiling.most_region_words, region.rows * region.cols * chunk.ic_tiles);
        }
        tiling.strips.push_back(strip);
      }
    }
    return tiling;
  };
  for (;;) {
    Tiling tiling = cut();
    if (tiling.most_region_words <= region_limit) return tiling;
    if (rows == 1 && cols == 1) return {};
    (rows > 1 ? rows : cols) = ((rows > 1 ? rows : cols) + 1) / 2;
  }
}

std::vector<Chunk> make_chunks(const Pass& pass, const OcTile& tile, const arch::Hardware& hardware) {
  const std::int64_t ic_tiles = ic_tiles_of(tile, hardware);
  const std::int64_t weight_limit = hardware.weight_words() / 2;
  const std::int64_t region_limit = hardware.activation_words() / 2;
  // Of the first tile, which has the most: the strips and the slots of the buffers are made for its chunks,
  // so no later tile may have larger windows.
  const std::int64_t lanes =
      std::min<std::int64_t>(hardware.pe_array.ic_lanes, pass.oc_tiles.front().input_channels);

  // Kernel windows first: as many rows as the registers hold, or a part of one row.
  std::int64_t height = pass.kernel_height;
  std::int64_t width = pass.kernel_width;
  const auto fits = [&] {
    return height * width <= hardware.pe_array.max_taps && height * width * lanes <= weight_limit &&
           pixels_of_position(pass, {0, 1, 0, 0, height, width}) <= region_limit;
  };
  if (needs_whole_window(pass) && !fits()) {
    throw base::InputError(
        fmt::format("layer '{}': a pooling window of {}x{} needs {} weight registers, {} words of the weight "
                    "buffer and {} of the "
                    "activation buffer, but there are {}, and half of the buffers holds {} and {}: raise "
                    "hardware.pe_array.max_taps, hardware.buffers.weight_kib or activation_kib",
                    pass.name, height, width, height * width, height * width * lanes,
                    pixels_of_position(pass, {0, 1, 0, 0, height, width}), hardware.pe_array.max_taps,
                    weight_limit, region_limit));
  }
  while (!fits()) {
    if (pass.staged) refuse_window(pass, hardware);
    if (height == 1 && width == 1) {
      throw base::InputError(
          fmt::format("layer '{}': one tap of one position needs {} words of the weight buffer and 1 of the "
                      "activation buffer, "
                      "but half of them holds {} and {}: raise hardware.buffers.weight_kib or activation_kib",
                      pass.name, lanes, weight_limit, region_limit));
    }
    (height > 1 ? height : width) = ((height > 1 ? height : width) + 1) / 2;
  }
  const std::int64_t pixels = pixels_of_position(pass, {0, 1, 0, 0, height, width});
  const std::int64_t by_weights = weight_limit / (height * width * hardware.pe_array.ic_lanes);
  const std::int64_t tiles_a_chunk =
      std::clamp<std::int64_t>(std::min(by_weights, region_limit / pixels), 1, ic_tiles);

  std::vector<Chunk> chunks;
  for (std::int64_t t = 0; t < ic_tiles; t += tiles_a_chunk) {
    for (std::int64_t ky = 0; ky < pass.kernel_height; ky += height) {
      for (std::int64_t kx = 0; kx < pass.kernel_width; kx += width) {
        chunks.push_back({t, std::min(tiles_a_chunk, ic_tiles - t), ky, kx,
                          std::min(height, pass.kernel_height - ky),
                          std::min(width, pass.kernel_width - kx)});
      }
    }
  }
  return chunks;
}

}  // namespace dlasim::sim::compiler
