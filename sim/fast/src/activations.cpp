#include "activations.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace dlasim::sim::fast {
namespace {

/// Room for all pixels of the tile's region and one of padding.
template <class Lane>
Activations<Lane> make_activations(const PassContext& context, const Tile& tile, std::size_t pitch) {
  Activations<Lane> a;
  a.pitch = pitch;
  a.padding_pixel = std::size_t{tile.run.region_height} * tile.run.region_width;
  a.values.resize((a.padding_pixel + 1) * pitch + kSlack);
  std::fill_n(a.values.begin() + static_cast<std::ptrdiff_t>(a.padding_pixel * pitch), pitch,
              static_cast<Lane>(context.pass.settings.pad_value));
  return a;
}

/// `n` elements to int16.
void widen(const ProductKernels& kernels, const std::byte* from, arch::Element element, std::int16_t* to,
           std::size_t n) {
  switch (element) {
    case arch::Element::kInt8:
      return kernels.widen_int8(reinterpret_cast<const std::int8_t*>(from), to, n);
    case arch::Element::kUInt8:
      return kernels.widen_uint8(reinterpret_cast<const std::uint8_t*>(from), to, n);
    case arch::Element::kInt16:
      std::memcpy(to, from, n * sizeof *to);
      return;
    case arch::Element::kInt32:
    case arch::Element::kInt64:
      break;
  }
  throw base::SimulationError("fast engine: an operand of 16 bits is wanted");
}

}  // namespace

Activations<std::int16_t> read_product_activations(const PassContext& context, const Tile& tile) {
  const std::size_t pitch = (tile.channels(context.ic_lanes) + 1) / 2 * 2;
  auto a = make_activations<std::int16_t>(context, tile, pitch);
  if (tile.activations == kNone) return a;
  const RegionView view(context.memory, context.pass.loads[tile.activations].region);
  const arch::Region& region = view.region();
  const std::size_t pixel_bytes = region.elements * view.element_bytes();
  const bool is_dense =
      region.elements == pitch && region.pixel_stride == static_cast<std::int64_t>(pixel_bytes);
  std::int16_t* to = a.values.data();
  for (std::uint32_t row = 0; row < region.rows; ++row) {
    if (is_dense) {
      widen(context.kernels, view.pixel(row, 0), region.element, to, region.pixels * pitch);
      to += region.pixels * pitch;
      continue;
    }
    for (std::uint32_t x = 0; x < region.pixels; ++x, to += pitch)
      widen(context.kernels, view.pixel(row, x), region.element, to, region.elements);
  }
  return a;
}

Activations<std::int32_t> read_activations(const PassContext& context, const Tile& tile, std::size_t pitch) {
  auto a = make_activations<std::int32_t>(context, tile, pitch);
  if (tile.activations == kNone) return a;
  const RegionView view(context.memory, context.pass.loads[tile.activations].region);
  std::int32_t* to = a.values.data();
  for (std::uint32_t row = 0; row < view.region().rows; ++row) {
    for (std::uint32_t x = 0; x < view.region().pixels; ++x, to += pitch) view.read(row, x, to);
  }
  return a;
}

}  // namespace dlasim::sim::fast
