#pragma once
/// A node's operation and tensors, as the checks of support.h look at them.

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "sim/compiler/support.h"

namespace dlasim::sim::compiler {

/// What was found where it does not run; nothing where it does.
using Found = std::optional<std::string>;

template <class Op>
const Op& get(const NodeContext& c) {
  return std::get<Op>(c.node.operation);
}

inline const network::QuantizedTensor& input(const NodeContext& c, std::size_t i) {
  return c.graph.tensor(c.node.inputs.at(i));
}

inline bool has(const NodeContext& c, std::size_t i) {
  return i < c.node.inputs.size() && c.node.inputs[i] != network::kNoTensor;
}

inline const network::QuantizedTensor& output(const NodeContext& c) {
  return c.graph.tensor(c.node.outputs.at(0));
}

inline Found outside(std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return std::nullopt;
  return std::to_string(value);
}

inline Found outside(const network::Pair& pair, std::int64_t low, std::int64_t high) {
  if (!outside(pair[0], low, high) && !outside(pair[1], low, high)) return std::nullopt;
  return fmt::format("{}x{}", pair[0], pair[1]);
}

}  // namespace dlasim::sim::compiler
