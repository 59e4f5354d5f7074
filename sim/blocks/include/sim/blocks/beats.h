#pragma once
/// What moves between the blocks: one struct a hand-shake. The RTL twins have the same fields as ports.

#include <cstdint>
#include <vector>

namespace dlasim::sim::blocks {

/// An output position's way through the datapath.
struct Position {
  std::uint32_t index = 0;  ///< partial-sum buffer address
  std::uint32_t parameter_slot = 0;
  std::uint32_t operand_word = 0;
  std::uint32_t output_word = 0;
  std::uint32_t taps_inside = 0;  ///< taps that were not padding, for averages
  std::uint32_t oc_active = 0;    ///< oc lanes with a channel
  std::uint32_t layer = 0;        ///< for traces and fault reports
  bool first_sum = false;         ///< no partial sum to add to
  bool last_sum = false;          ///< the sum is complete: on to the post-processor
  bool last_of_tile = false;      ///< the tile's last position in its last ic tile
};

/// Address generator to activation buffer: one tap of one position.
struct TapRequest {
  std::uint32_t word = 0;
  std::uint32_t tap = 0;
  std::uint32_t lanes_active = 0;  ///< ic lanes with a channel
  std::uint32_t bank = 0;          ///< weight register bank
  bool padded = false;             ///< outside the image: the pad value goes in
  bool first_tap = false, last_tap = false;
  bool last_of_ic_tile = false;  ///< the weights of this bank are not needed afterwards
  Position position;
};

/// Activation buffer to PE array.
struct ActivationBeat {
  std::vector<std::int32_t> x;  ///< ic_lanes
  TapRequest request;
};

/// PE array to adder tree: the lane accumulators of one position and ic tile, [ic][oc].
/// `narrow` or `wide` holds them, by the layer's accumulator width.
struct LaneSums {
  std::vector<std::int32_t> narrow;
  std::vector<std::int64_t> wide;
  std::uint32_t lanes_active = 0;
  Position position;
};

/// Adder tree to partial-sum buffer, and partial-sum buffer to post-processor: one value an oc lane.
struct ChannelSums {
  std::vector<std::int64_t> sum;
  Position position;
};

/// Post-processor to output buffer.
struct OutputWord {
  std::vector<std::int32_t> value;  ///< oc_lanes
  std::uint32_t word = 0;
  std::uint32_t layer = 0;
  bool write = false;  ///< false: only the end of a tile whose sums are held
  bool last_of_tile = false;
};

/// Weight loader to PE array: one row of weight registers, all oc lanes of one (tap, ic lane).
struct WeightRow {
  std::vector<std::int32_t> w;  ///< oc_lanes
  std::uint32_t bank = 0, tap = 0, ic_lane = 0;
  bool valid = false;
};

}  // namespace dlasim::sim::blocks
