#include "pass.h"

#include <algorithm>
#include <numeric>

namespace dlasim::sim::compiler {
namespace {

OcTile tile_of(std::int64_t first_input, std::int64_t inputs, std::int64_t first_output,
               std::int64_t outputs) {
  OcTile tile{first_input, inputs, first_output, outputs, {}};
  tile.lane_channel.resize(static_cast<std::size_t>(outputs));
  std::iota(tile.lane_channel.begin(), tile.lane_channel.end(), first_output);
  return tile;
}

}  // namespace

std::vector<OcTile> convolution_tiles(std::int64_t input_channels, std::int64_t output_channels,
                                      std::int64_t groups, int ic_lanes, int oc_lanes, bool share_tiles) {
  const std::int64_t inputs = input_channels / groups;
  const std::int64_t outputs = output_channels / groups;
  std::vector<OcTile> tiles;
  const std::int64_t side_by_side = share_tiles ? std::min(ic_lanes / inputs, oc_lanes / outputs) : 1;
  if (groups > 1 && side_by_side > 1) {
    for (std::int64_t g = 0; g < groups; g += side_by_side) {
      const std::int64_t n = std::min(side_by_side, groups - g);
      tiles.push_back(tile_of(g * inputs, n * inputs, g * outputs, n * outputs));
    }
    return tiles;
  }
  for (std::int64_t g = 0; g < groups; ++g) {
    for (std::int64_t o = 0; o < outputs; o += oc_lanes) {
      tiles.push_back(
          tile_of(g * inputs, inputs, g * outputs + o, std::min<std::int64_t>(oc_lanes, outputs - o)));
    }
  }
  return tiles;
}

std::vector<OcTile> gated_tiles(std::int64_t input_channels, std::int64_t half_channels, int oc_lanes) {
  const std::int64_t half_lanes = oc_lanes / 2;
  std::vector<OcTile> tiles;
  for (std::int64_t c = 0; c < half_channels; c += half_lanes) {
    const std::int64_t n = std::min(half_lanes, half_channels - c);
    OcTile tile{0, input_channels, c, n, {}};
    // Both halves have as many lanes, so that the gate's partner is always half_lanes away: the last tile
    // repeats its last channel in lanes that are not stored.
    for (std::int64_t half = 0; half < 2; ++half) {
      for (std::int64_t j = 0; j < half_lanes; ++j) {
        tile.lane_channel.push_back(half * half_channels + c + std::min(j, n - 1));
      }
    }
    tiles.push_back(std::move(tile));
  }
  return tiles;
}

std::vector<OcTile> channelwise_tiles(std::int64_t channels, int ic_lanes, int oc_lanes) {
  return convolution_tiles(channels, channels, channels, ic_lanes, oc_lanes, true);
}

}  // namespace dlasim::sim::compiler
