#pragma once
/// Runs a quantised graph node by node on the golden operators.

#include <functional>
#include <span>
#include <vector>

#include "golden/staged.h"
#include "network/quantized_graph.h"

namespace dlasim::golden {

/// Called with every tensor a node has written, in execution order. The reference is valid during the call.
using Observer = std::function<void(const network::QuantizedNode& node, network::TensorId id,
                                    const network::Tensor& value)>;

/// Called after every staged node with what its truncation units did.
using EventObserver = std::function<void(const network::QuantizedNode& node, const StageEvents& events)>;

/// Runs `graph` on `inputs`, given in the order of graph.inputs, and returns graph.outputs in order.
///
/// A tensor is freed after its last use, so the memory needed is that of the tensors alive at one node.
/// Throws base::InputError where an input has another shape or dtype than declared, where the graph is
/// inconsistent, or where a node breaks its operator's contract (the message names the node);
/// base::UnsupportedError for what is not modelled.
std::vector<network::Tensor> run(const network::QuantizedGraph& graph,
                                 std::span<const network::Tensor> inputs, const Observer& observer = {},
                                 const EventObserver& event_observer = {});

/// As `run`, but keeps every tensor that a node writes: entry i belongs to graph.tensors[i]; entries of
/// inputs and constants are empty (no elements).
std::vector<network::Tensor> run_all(const network::QuantizedGraph& graph,
                                     std::span<const network::Tensor> inputs);

}  // namespace dlasim::golden
