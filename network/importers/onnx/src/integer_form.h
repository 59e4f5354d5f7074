#pragma once
/// From quantise-dequantise form to integer operators.

#include <optional>
#include <vector>

#include "network/graph.h"

namespace dlasim::network::onnx_import {

/// A ReLU, ReLU6 or clamp to [-1, 1] that alone reads a convolution, product, sum or pooling becomes its
/// activation.
Graph fuse_activations(Graph graph);

/// Where all activations of an operator come from Dequantize nodes and its result goes to one Quantize node
/// only, the operator takes and gives integers. Data movement passes integers through. What remains between
/// floats stays float, with Dequantize and Quantize around it. uint8 results become int8, their zero point
/// moved by 128.
Graph to_integer_form(const Graph& graph);

/// Whether an operator that is to run as integers still reads or writes floats.
bool leaves_floats(const Graph& integer_form);

/// A float graph in which each Quantize and Dequantize behind it are one fake_quantize: for networks that are
/// quantised in places only, to be calibrated elsewhere. None if there is nothing to take so, or if integers
/// would remain.
std::optional<Graph> to_recorded_form(const Graph& graph);

/// Drops nodes that no output depends on and tensors that no node, input or output uses.
Graph without_dead_parts(const Graph& graph);

/// The node that alone reads each tensor, or -1; a graph output counts as a reader.
std::vector<int> sole_readers(const Graph& graph);

/// Sums and products with constants and batch normalisations behind a layer with integer weights go into the
/// weights' scales and the bias (as training that simulates quantisation leaves them); the codes stay. Not
/// where a factor is negative.
Graph absorb_channel_lines(Graph graph);

}  // namespace dlasim::network::onnx_import
