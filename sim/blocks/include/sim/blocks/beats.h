#pragma once
/// What moves between the blocks: one struct a hand-shake. The RTL twins have the same fields as ports.
///
/// `fields` names the fields for waves and messages, `v(name, value)` each, in the order of the declaration;
/// `position` is flat, as it is in the ports.

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
  std::uint32_t element = 0;      ///< flat index of the first oc lane's output element: seeds LFSRs
  bool first_sum = false;         ///< no partial sum to add to
  bool last_sum = false;          ///< the sum is complete: on to the post-processor
  bool last_of_tile = false;      ///< the tile's last position in its last ic tile
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("position_index", index), v("parameter_slot", parameter_slot), v("operand_word", operand_word);
    v("output_word", output_word), v("taps_inside", taps_inside), v("oc_active", oc_active);
    v("layer", layer), v("element", element), v("first_sum", first_sum), v("last_sum", last_sum),
        v("last_of_tile", last_of_tile);
  }
  friend bool operator==(const Position&, const Position&) = default;
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
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("word", word), v("tap", tap), v("lanes_active", lanes_active), v("bank", bank), v("padded", padded);
    v("first_tap", first_tap), v("last_tap", last_tap), v("last_of_ic_tile", last_of_ic_tile);
    position.fields(v);
  }
  friend bool operator==(const TapRequest&, const TapRequest&) = default;
};

/// Activation buffer to PE array.
struct ActivationBeat {
  std::vector<std::int32_t> x;  ///< ic_lanes
  TapRequest request;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("x", x);
    request.fields(v);
  }
  friend bool operator==(const ActivationBeat&, const ActivationBeat&) = default;
};

/// PE array to adder tree: the lane accumulators of one position and ic tile, [ic][oc].
/// `narrow` or `wide` holds them, by the layer's accumulator width. In a staged layer one of them holds the
/// values as staged_datapath.h says; in block mode `narrow` has the exponent of each oc lane's block scale.
struct LaneSums {
  std::vector<std::int32_t> narrow;
  std::vector<std::int64_t> wide;
  std::uint32_t lanes_active = 0;
  Position position;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("narrow", narrow), v("wide", wide), v("lanes_active", lanes_active);
    position.fields(v);
  }
  friend bool operator==(const LaneSums&, const LaneSums&) = default;
};

/// Adder tree to partial-sum buffer, and partial-sum buffer to post-processor: one value an oc lane.
struct ChannelSums {
  std::vector<std::int64_t> sum;
  Position position;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("sum", sum);
    position.fields(v);
  }
  friend bool operator==(const ChannelSums&, const ChannelSums&) = default;
};

/// Post-processor to output buffer.
struct OutputWord {
  std::vector<std::int32_t> value;  ///< oc_lanes
  std::uint32_t word = 0;
  std::uint32_t layer = 0;
  bool write = false;  ///< false: only the end of a tile whose sums are held
  bool last_of_tile = false;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("value", value), v("word", word), v("layer", layer), v("write", write);
    v("last_of_tile", last_of_tile);
  }
  friend bool operator==(const OutputWord&, const OutputWord&) = default;
};

/// Weight loader to PE array: one row of weight registers, all oc lanes of one (tap, ic lane).
struct WeightRow {
  std::vector<std::int32_t> w;  ///< oc_lanes
  std::uint32_t bank = 0, tap = 0, ic_lane = 0;
  bool valid = false;
  template <class Visitor>
  void fields(Visitor&& v) const {
    v("w", w), v("bank", bank), v("tap", tap), v("ic_lane", ic_lane), v("valid", valid);
  }
  friend bool operator==(const WeightRow&, const WeightRow&) = default;
};

}  // namespace dlasim::sim::blocks
