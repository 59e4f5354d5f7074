#pragma once
/// The input region of a tile as lanes, pixel after pixel, one of padding behind the last.

#include <cstdint>
#include <memory>

#include "tile_output.h"

namespace dlasim::sim::fast {

template <class Lane>
struct Activations {
  std::size_t pitch = 0;          ///< values from one pixel to the next
  std::size_t padding_pixel = 0;  ///< its index; all its values mean 0.0
  std::unique_ptr<Lane[]> values;
};

/// For ProductKernels. The elements must fit int16.
Activations<std::int16_t> read_product_activations(const PassContext& context, const Tile& tile);

/// As wide as an activation lane gets; `pitch` at least the number of channels.
Activations<std::int32_t> read_activations(const PassContext& context, const Tile& tile, std::size_t pitch);

}  // namespace dlasim::sim::fast
