#pragma once
/// Finds nodes that run in one pass over the array: what the post-processor can do on the way out.

#include <optional>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::sim::compiler {

/// Nodes of one pass. The pass computes `head`; then, in the order of the post-processor's stages, at most
/// one table and one combination.
struct Group {
  std::size_t head = 0;
  std::optional<std::size_t> table;    ///< unary node applied to the head's output
  std::optional<std::size_t> combine;  ///< binary node; its other input is an operand
  std::optional<std::pair<std::size_t, std::size_t>>
      gate;                        ///< tables of the lower and upper half; combine is their product
  std::vector<std::size_t> nodes;  ///< all of them, ascending
  std::size_t last() const { return nodes.back(); }
};

/// Every node is in exactly one group. With `fuse` false each is alone.
std::vector<Group> group_nodes(const network::QuantizedGraph& graph, int oc_lanes, bool fuse);

}  // namespace dlasim::sim::compiler
