#include "tile_output.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace dlasim::sim::fast {
namespace {

using arch::Requant;

void store_row(const std::int32_t* values, std::byte* to, std::size_t n, std::size_t element_bytes) {
  for (std::size_t i = 0; i < n; ++i)
    std::memcpy(to + i * element_bytes, &values[i], element_bytes);  // little-endian: the low bytes
}

const arch::Region& region_of_store(const PassContext& context, const Tile& tile) {
  const arch::Region& region = context.pass.stores[tile.store].region;
  if (static_cast<std::size_t>(arch::bytes_of(region.element)) > sizeof(std::int32_t) ||
      region.elements > tile.run.oc_active)
    throw base::SimulationError("dma: an output word does not hold the elements of its store");
  return region;
}

void store_region(const PassContext& context, const arch::Region& region, const std::int32_t* rows,
                  std::size_t stride) {
  const StoreView view(context.memory, region);
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

/// One region for the stores of tiles whose channels follow on each other, in memory as in the rows; nothing
/// if theirs do not.
std::optional<arch::Region> joined_store(const PassContext& context, std::span<const Tile* const> tiles) {
  std::optional<arch::Region> joined;
  for (const Tile* tile : tiles) {
    if (tile->store == kNone) return std::nullopt;
    const arch::Region& region = region_of_store(context, *tile);
    if (!joined) {
      joined = region;
      continue;
    }
    arch::Region next = *joined;
    next.address += joined->elements * static_cast<std::uint64_t>(arch::bytes_of(joined->element));
    next.elements = region.elements;
    const bool fills_its_rows = joined->elements % context.oc_lanes == 0;
    if (region != next || !fills_its_rows) return std::nullopt;
    joined->elements += region.elements;
  }
  return joined;
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
  if (tile.store != kNone) store_region(context, region_of_store(context, tile), rows, stride);
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
  std::int32_t* of_tile = values;
  for (const Tile* tile : tiles_) {
    finish(*tile, of_tile);
    of_tile += context_.oc_lanes;
  }
  if (const auto region = joined_store(context_, tiles_)) {
    store_region(context_, *region, values, stride_);
    return;
  }
  for (const Tile* tile : tiles_) {
    store_rows(context_, *tile, values, stride_);
    values += context_.oc_lanes;
  }
}

void TileOutput::finish(const Tile& tile, std::int32_t* values) {
  if (context_.arithmetic.finishes_nothing()) return;
  const std::vector<std::int32_t> operand = read_operand(context_, tile);
  context_.arithmetic.finish_rows(
      {values, stride_, tile.run.oc_active, positions(), operand.data(), context_.oc_lanes});
}

}  // namespace dlasim::sim::fast
