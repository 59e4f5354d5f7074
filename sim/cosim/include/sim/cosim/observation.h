#pragma once
/// What a block shows at its ports in one cycle, as a list of named values: of a model or of its RTL alike.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "sim/blocks/staged_wires.h"
#include "sim/cosim/rtl_block.h"

namespace dlasim::sim::cosim {

/// One value of an output port. A vector's elements have lanes 0, 1, ...; other values have lane -1.
struct PortValue {
  const char* port;
  int lane;
  std::int64_t value;
};

/// Collects the values of one cycle. The names are string constants.
class Observation {
 public:
  void clear() { values_.clear(); }
  const std::vector<PortValue>& values() const { return values_; }

  template <class T>
  void operator()(const char* port, const T& value) {
    values_.push_back({port, -1, static_cast<std::int64_t>(value)});
  }
  void operator()(const char* port, std::int64_t value, std::size_t lane) {
    values_.push_back({port, static_cast<int>(lane), value});
  }
  template <class T>
  void operator()(const char* port, const std::vector<T>& lanes) {
    for (std::size_t i = 0; i < lanes.size(); ++i)
      values_.push_back({port, static_cast<int>(i), static_cast<std::int64_t>(lanes[i])});
  }

 private:
  std::vector<PortValue> values_;
};

/// The beat in flight that a difference is reported with.
struct Place {
  bool known = false;
  std::uint32_t layer = 0;
  std::uint32_t position = 0;  ///< index in the tile
};

/// What decides which values of a beat count.
struct Context {
  std::size_t oc_lanes = 1;
  bool wide = false;  ///< the layer has wide accumulators
  /// Where sums are values of a number format: they are compared as codes, and lanes without an output
  /// channel hold none. Null in other layers.
  std::shared_ptr<const blocks::StagedWires> wires = nullptr;
};

/// How to observe a block; `Block` is the model or its RtlBlock. A beat counts only while it is valid, a lane
/// only if the beat says that it holds a channel: the contract leaves the rest open.
template <class Model>
struct Observer;

namespace detail {

inline Place place_of(const blocks::Position& p) {
  return {true, p.layer, p.index};
}

/// The RTL's counters have 32 bits.
inline std::uint32_t count32(std::uint64_t count) {
  return static_cast<std::uint32_t>(count);
}

/// The first `count` sums of a staged layer; in each row of oc lanes the first `active` hold a channel.
template <class Block>
void observe_codes(const Block& block, const Context& context, blocks::StagedWires::Place place,
                   const std::vector<std::int64_t>& sums, std::size_t count, std::size_t active,
                   Observation& o) {
  for (std::size_t i = 0; i < count; ++i) {
    if (i % context.oc_lanes >= active) continue;
    if constexpr (requires { block.codes(); }) {
      if (!block.codes().empty()) {
        o("sum", block.codes()[i], i);
        continue;
      }
    }
    o("sum", context.wires->code(place, sums[i]), i);
  }
}

template <class Block>
void observe_handshake(const Block& block, Observation& o) {
  o("ready_o", block.ready()), o("valid_o", block.valid());
}

}  // namespace detail

template <>
struct Observer<blocks::ActivationBuffer> {
  static constexpr const char* kName = "activation_buffer";
  template <class Block>
  static Place observe(const Block& b, const Context& /*context*/, Observation& o) {
    detail::observe_handshake(b, o);
    if (!b.valid()) return {};
    b.out().fields(o);
    return detail::place_of(b.out().request.position);
  }
};

template <>
struct Observer<blocks::PeArray> {
  static constexpr const char* kName = "pe_array";
  template <class Block>
  static Place observe(const Block& b, const Context& context, Observation& o) {
    detail::observe_handshake(b, o);
    o("ic_tiles_consumed_o", detail::count32(b.ic_tiles_consumed()));
    if (!b.valid()) return {};
    const blocks::LaneSums& sums = b.out();
    o("lanes_active", sums.lanes_active);
    const std::size_t in_use = std::min(sums.narrow.size(), context.oc_lanes * sums.lanes_active);
    if (context.wires) {
      detail::observe_codes(b, context, blocks::StagedWires::Place::kLanes, sums.wide, in_use,
                            sums.position.oc_active, o);
    } else {
      for (std::size_t i = 0; i < in_use; ++i)
        o("sum", context.wide ? sums.wide[i] : std::int64_t{sums.narrow[i]}, i);
    }
    sums.position.fields(o);
    return detail::place_of(sums.position);
  }
};

template <>
struct Observer<blocks::AdderTree> {
  static constexpr const char* kName = "adder_tree";
  template <class Block>
  static Place observe(const Block& b, const Context& context, Observation& o) {
    detail::observe_handshake(b, o);
    if (!b.valid()) return {};
    const blocks::ChannelSums& sums = b.out();
    if (context.wires) {
      detail::observe_codes(b, context, blocks::StagedWires::Place::kChannels, sums.sum, sums.sum.size(),
                            sums.position.oc_active, o);
    } else {
      o("sum", sums.sum);
    }
    sums.position.fields(o);
    return detail::place_of(sums.position);
  }
};

template <>
struct Observer<blocks::PartialSumBuffer> {
  static constexpr const char* kName = "partial_sum_buffer";
  template <class Block>
  static Place observe(const Block& b, const Context& context, Observation& o) {
    detail::observe_handshake(b, o);
    if (!b.valid()) return {};
    const blocks::ChannelSums& sums = b.out();
    // The token of a tile that holds its sums carries none.
    if (sums.position.last_sum && context.wires) {
      detail::observe_codes(b, context, blocks::StagedWires::Place::kTotals, sums.sum, sums.sum.size(),
                            sums.position.oc_active, o);
    } else if (sums.position.last_sum) {
      o("sum", sums.sum);
    }
    sums.position.fields(o);
    return detail::place_of(sums.position);
  }
};

template <>
struct Observer<blocks::PostProcessor> {
  static constexpr const char* kName = "post_processor";
  template <class Block>
  static Place observe(const Block& b, const Context& /*context*/, Observation& o) {
    detail::observe_handshake(b, o);
    if (!b.valid()) return {};
    b.out().fields(o);
    return {true, b.out().layer, b.out().word};
  }
};

template <>
struct Observer<blocks::OutputBuffer> {
  static constexpr const char* kName = "output_buffer";
  template <class Block>
  static Place observe(const Block& b, const Context& /*context*/, Observation& o) {
    o("ready_o", b.ready()), o("data_valid_o", b.data_valid());
    o("tiles_done_o", detail::count32(b.tiles_done()));
    if (b.data_valid()) o("data_o", b.data());
    return {};
  }
};

template <>
struct Observer<blocks::AddressGenerator> {
  static constexpr const char* kName = "address_generator";
  template <class Block>
  static Place observe(const Block& b, const Context& /*context*/, Observation& o) {
    o("tile_ready_o", b.can_accept_tile()), o("idle_o", b.idle()), o("valid_o", b.valid());
    if (!b.valid()) return {};
    b.out().fields(o);
    return detail::place_of(b.out().position);
  }
};

template <>
struct Observer<blocks::WeightLoader> {
  static constexpr const char* kName = "weight_loader";
  template <class Block>
  static Place observe(const Block& b, const Context& /*context*/, Observation& o) {
    o("tile_ready_o", b.can_accept_tile()), o("idle_o", b.idle());
    o("ic_tiles_loaded_o", detail::count32(b.ic_tiles_loaded()));
    o("row_valid_o", b.out().valid);
    if (b.out().valid) b.out().fields(o);
    return {};
  }
};

}  // namespace dlasim::sim::cosim
