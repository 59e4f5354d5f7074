#pragma once
/// Cuts a pass into pieces that fit the buffers.

#include <cstdint>
#include <span>
#include <vector>

#include "pass.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::compiler {

/// A rectangle of output positions of one image.
struct Strip {
  std::int64_t row = 0, col = 0, rows = 1, cols = 1;
};

/// A part of the sum of one output element: some ic tiles, some kernel positions.
struct Chunk {
  std::int64_t first_ic_tile = 0, ic_tiles = 1;
  std::int64_t ky = 0, kx = 0, kernel_height = 1, kernel_width = 1;
};

/// The part of the input that a strip and a chunk need; rows and columns may be 0 (padding only).
struct InputRegion {
  std::int64_t row = 0, col = 0, rows = 0, cols = 0;
  std::int64_t y_start = 0, x_start = 0;  ///< upsampled coordinate of the first tap relative to the region
};

struct Tiling {
  std::vector<Strip> strips;  ///< of one image, in raster order; they cover it and do not overlap
  std::int64_t most_positions = 1;
  std::int64_t most_region_words = 1;  ///< of the activation buffer, over all strips and chunks
};

/// Positions a strip may have at most (partial-sum, operand and output buffer, the last two in halves).
std::int64_t position_limit(const Pass& pass, const arch::Hardware& hardware);

InputRegion input_region(const Pass& pass, const Strip& strip, const Chunk& chunk);

/// Strips whose input regions of every chunk fit half of the activation buffer; empty if not even one
/// position does. At the image's edge the first chunk can lie in the padding, so each chunk counts.
Tiling make_strips(const Pass& pass, const arch::Hardware& hardware, std::span<const Chunk> chunks);

/// How the sum of one oc tile is cut so that weights fit half of the weight buffer and their taps the
/// registers, and one position's input half of the activation buffer. Throws base::InputError naming the
/// layer and the buffer if nothing fits.
std::vector<Chunk> make_chunks(const Pass& pass, const OcTile& tile, const arch::Hardware& hardware);

}  // namespace dlasim::sim::compiler
