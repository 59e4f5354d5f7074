#pragma once
/// One pass over the PE array in geometric terms, before it is cut into tiles.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/arch/command.h"
#include "view.h"

namespace dlasim::sim::compiler {

/// The output channels that the oc lanes compute together, and the input channels that they read.
struct OcTile {
  std::int64_t first_input_channel = 0, input_channels = 0;
  std::int64_t first_output_channel = 0;  ///< in the output view
  std::int64_t stored_channels = 0;  ///< channels in an output word: oc lanes, or half of them for a gate
  std::vector<std::int64_t> lane_channel;  ///< per oc lane: channel of weights and parameters
};

/// Weights that are computed from constants, or that lie in DRAM as another layer's output.
struct ConstantWeights {
  /// Weight of output channel `oc`, kernel position, and input channel `ic` of the *tensor*.
  std::function<std::int32_t(std::int64_t oc, std::int64_t ky, std::int64_t kx, std::int64_t ic)> at;
};
/// Row ic of a matrix holds the weights of all oc; one image (n) of `view` each batch.
struct TensorWeights {
  View view;  ///< N batches (stride 0: shared), W = ic, C = oc
};

struct Pass {
  std::uint32_t layer = 0;
  std::string name;  ///< for messages
  View input, output;
  std::optional<View> operand;  ///< same sizes as output
  std::int64_t kernel_height = 1, kernel_width = 1;
  std::int64_t pad_top = 0, pad_left = 0;
  arch::Configure settings;
  std::optional<arch::StagedSettings> staged;  ///< absent: an integer layer
  std::vector<OcTile> oc_tiles;
  std::variant<ConstantWeights, TensorWeights> weights;
  std::function<arch::ChannelParameters(std::int64_t oc)> parameters;
  std::array<std::vector<std::int32_t>, 2> tables;
  std::uint32_t wait_store = 0;  ///< stores that must be done before the inputs may be read
};

/// Tiles of a dense or grouped convolution: groups that fit side by side share a tile.
std::vector<OcTile> convolution_tiles(std::int64_t input_channels, std::int64_t output_channels,
                                      std::int64_t groups, int ic_lanes, int oc_lanes, bool share_tiles);
/// Tiles of a gate: lane j holds channel c + j, lane j + half the channel `half_channels` further on.
std::vector<OcTile> gated_tiles(std::int64_t input_channels, std::int64_t half_channels, int oc_lanes);
/// Tiles in which each output channel reads its own input channel (identity weights).
std::vector<OcTile> channelwise_tiles(std::int64_t channels, int ic_lanes, int oc_lanes);

}  // namespace dlasim::sim::compiler
