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
  const std::size_t size = (a.padding_pixel + 1) * pitch;
  a.values = std::make_unique_for_overwrite<Lane[]>(size + kSlack);
  std::fill_n(&a.values[a.padding_pixel * pitch], pitch, static_cast<Lane>(context.pass.settings.pad_value));
  std::fill_n(&a.values[size], kSlack, Lane{0});
  return a;
}

/// The pixels of a row to int16, `pitch` values each.
void widen_row(const ProductKernels& kernels, const RegionView& view, std::uint32_t row, std::size_t pitch,
               std::int16_t* to) {
  const arch::Region& region = view.region();
  WidenArgs a{view.pixel(row, 0), region.pixel_stride, region.pixels, region.elements, to, pitch};
  if (region.elements == pitch &&
      region.pixel_stride == static_cast<std::int64_t>(pitch)) {  // one long pixel
    a.elements *= a.count;
    a.count = 1;
  }
  switch (region.element) {
    case arch::Element::kInt8:
      return kernels.widen_int8(a);
    case arch::Element::kUInt8:
      return kernels.widen_uint8(a);
    case arch::Element::kInt16:
      for (std::uint32_t x = 0; x < region.pixels; ++x)
        std::memcpy(to + x * pitch, view.pixel(row, x), region.elements * sizeof *to);
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
  std::int16_t* to = a.values.get();
  if (region.elements < pitch) std::fill_n(to, view.pixels() * pitch, std::int16_t{0});
  for (std::uint32_t row = 0; row < region.rows; ++row, to += region.pixels * pitch)
    widen_row(context.kernels, view, row, pitch, to);
  return a;
}

Activations<std::int32_t> read_activations(const PassContext& context, const Tile& tile, std::size_t pitch) {
  auto a = make_activations<std::int32_t>(context, tile, pitch);
  if (tile.activations == kNone) return a;
  const RegionView view(context.memory, context.pass.loads[tile.activations].region);
  std::int32_t* to = a.values.get();
  if (view.region().elements < pitch) std::fill_n(to, view.pixels() * pitch, 0);
  for (std::uint32_t row = 0; row < view.region().rows; ++row, to += view.region().pixels * pitch)
    view.read_row(row, to, pitch);
  return a;
}

}  // namespace dlasim::sim::fast
