#pragma once
/// Small parts that passes of every kind are made of.

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "network/quantized_graph.h"
#include "pass.h"

namespace dlasim::sim::compiler {

constexpr std::int64_t kNoClampMin = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kNoClampMax = std::numeric_limits<std::int32_t>::max();

inline std::int32_t i32(std::int64_t v) {
  return static_cast<std::int32_t>(v);
}

inline arch::Scale scale_of(const network::Multiplier& m) {
  return {m.mantissa, m.shift};
}

/// The entry of a list that has one for all channels or one for each.
inline const network::Multiplier& entry(const std::vector<network::Multiplier>& list, std::int64_t channel) {
  return list.size() == 1 ? list.front() : list.at(static_cast<std::size_t>(channel));
}

arch::Requant requant_of(network::RequantRule rule);

/// Weights that hand input channel c on as output channel c.
ConstantWeights identity();

/// Parameters that add `bias` and scale nothing.
std::function<arch::ChannelParameters(std::int64_t)> bias_only(std::int64_t bias);

/// Settings of a pass that hands its sums on unchanged.
arch::PostSettings pass_through();

}  // namespace dlasim::sim::compiler
