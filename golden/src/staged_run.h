#pragma once
/// Shared by the entry points of golden/staged.h.

#include <fmt/core.h>

#include <vector>

#include "base/error.h"
#include "staged_layer.h"

namespace dlasim::golden {

/// Runs `body`; its input errors get the node's name in front.
template <class Body>
auto with_node_name(const network::QuantizedNode& node, Body body) {
  try {
    return body();
  } catch (const base::UnsupportedError& error) {
    throw base::UnsupportedError(fmt::format("{}: {}", node.name, error.what()));
  } catch (const base::InputError& error) {
    throw base::InputError(fmt::format("{}: {}", node.name, error.what()));
  }
}

/// Fills `context` for output channel `o` at flat position `position` of batch, row and column.
void place_element(const Geometry& geometry, std::int64_t position, std::int64_t o,
                   const std::vector<Value>& weights, ElementContext* context);

/// staged_elementwise.cpp: StagedBinary and StagedConvert.
std::vector<network::Tensor> run_staged_binary(const network::QuantizedGraph& graph,
                                               const network::QuantizedNode& node,
                                               const StagedTensorLookup& lookup, StageEvents* events);
std::vector<network::Tensor> run_staged_convert(const network::QuantizedGraph& graph,
                                                const network::QuantizedNode& node,
                                                const StagedTensorLookup& lookup, StageEvents* events);

}  // namespace dlasim::golden
