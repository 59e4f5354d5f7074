#include "tile_output.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace dlasim::sim::fast {
namespace {

using arch::Requant;

void store_row(const std::int32_t* values, std::byte* to, std::size_t n, std::size_t element_bytes) {
  for (std::size_t i = 0; i < n; ++i)
    std::memcpy(to + i * element_bytes, &values[i], element_bytes);  // little-endian: the low bytes
}

}  // namespace

ChannelUnits::ChannelUnits(const PassContext& context, std::span<const Tile* const> tiles, std::size_t stride)
    : parameters(tiles.size() * context.oc_lanes), narrow_biases(stride) {
  arch::ChannelParameters* to = parameters.data();
  for (const Tile* tile : tiles) {
    const RegionView view(context.memory, context.pass.loads[tile->parameters].region);
    is_fixed = is_fixed && view.is_fixed();
    for (std::uint32_t oc = 0; oc < tile->run.oc_active; ++oc) {
      const std::byte* record = view.pixel(oc / view.region().pixels, oc % view.region().pixels);
      std::memcpy(&to[oc].bias, record, 8);
      std::memcpy(&to[oc].mantissa, record + 8, 4);
      std::memcpy(&to[oc].shift, record + 12, 4);
    }
    to += context.oc_lanes;
  }
  for (std::size_t lane = 0; lane < parameters.size(); ++lane)
    narrow_biases[lane] = static_cast<std::int32_t>(parameters[lane].bias);
  row = context.arithmetic.row_unit(parameters, stride);
}

bool ChannelUnits::take_narrow_sums() const {
  return row && row->reads_low_halves();
}

std::vector<std::int32_t> read_operand(const PassContext& context, const Tile& tile) {
  if (tile.operand == kNone) return {};
  const RegionView view(context.memory, context.pass.loads[tile.operand].region);
  std::vector<std::int32_t> words(view.pixels() * context.oc_lanes);
  std::int32_t* to = words.data();
  for (std::uint32_t row = 0; row < view.region().rows; ++row, to += view.region().pixels * context.oc_lanes)
    view.read_row(row, to, context.oc_lanes);
  return words;
}

void store_rows(const PassContext& context, const Tile& tile, const std::int32_t* rows, std::size_t stride) {
  if (tile.store == kNone) return;
  const StoreView view(context.memory, context.pass.stores[tile.store].region);
  const arch::Region& region = view.region();
  if (view.element_bytes() > sizeof(std::int32_t) || region.elements > tile.run.oc_active)
    throw base::SimulationError("dma: an output word does not hold the elements of its store");
  for (std::uint32_t row = 0; row < region.rows; ++row) {
    const std::int32_t* from = rows + std::size_t{row} * region.pixels * stride;
    if (view.element_bytes() == 1) {
      context.kernels.narrow_to_bytes(
          {from, stride, region.pixels, region.elements, view.pixel(row, 0), region.pixel_stride});
      continue;
    }
    for (std::uint32_t x = 0; x < region.pixels; ++x)
      store_row(from + x * stride, view.pixel(row, x), region.elements, view.element_bytes());
  }
}

void TileOutput::write_narrow(std::int32_t* biased_sums) {
  (*channels_.row)(biased_sums, biased_sums, positions());
  finish(biased_sums);
}

void TileOutput::write_wide(const std::int64_t* sums) {
  std::vector<std::int32_t> values(positions() * stride_);
  if (!channels_.row) {
    requantise(sums, values.data());
  } else {
    std::vector<std::int64_t> biased(sums, sums + values.size());
    for (std::size_t i = 0; i < biased.size(); i += stride_) {
      for (std::size_t oc = 0; oc < lanes(); ++oc) biased[i + oc] += channels_.parameters[oc].bias;
    }
    (*channels_.row)(biased.data(), values.data(), positions());
  }
  finish(values.data());
}

void TileOutput::requantise(const std::int64_t* sums, std::int32_t* values) {
  const bool averages = context_.arithmetic.settings().requant == Requant::kAverage;
  for (std::size_t p = 0; p < positions(); ++p) {
    const std::uint32_t taps_inside = averages ? taps_.taps_inside(p) : 0;
    for (std::size_t oc = 0; oc < lanes(); ++oc) {
      const std::size_t i = p * stride_ + oc;
      const arch::ChannelParameters& channel = channels_.parameters[oc];
      values[i] = static_cast<std::int32_t>(
          context_.arithmetic.requantise(sums[i] + channel.bias, channel, taps_inside));
    }
  }
}

void TileOutput::finish(std::int32_t* values) {
  for (const Tile* tile : tiles_) {
    finish(*tile, values);
    values += context_.oc_lanes;
  }
}

void TileOutput::finish(const Tile& tile, std::int32_t* values) {
  if (!context_.arithmetic.finishes_nothing()) {
    const std::vector<std::int32_t> operand = read_operand(context_, tile);
    context_.arithmetic.finish_rows(
        {values, stride_, tile.run.oc_active, positions(), operand.data(), context_.oc_lanes});
  }
  store_rows(context_, tile, values, stride_);
}

}  // namespace dlasim::sim::fast
