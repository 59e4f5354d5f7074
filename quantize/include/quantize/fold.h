#pragma once
/// Rewrites of a float graph that make it cheaper or more accurate to quantise, without changing what it
/// computes. Tensors keep their ids; one that becomes unused stays in the list.

#include "network/graph.h"

namespace dlasim::quantize {

/// Fuses relu, relu6 and relu_n1_to_1 (hardtanh) into the convolution, fully connected layer, sum, product or
/// pool before it, where the activation is the only reader and the tensor between is no output.
network::Graph fuse_activations(network::Graph graph);

/// Rewrites a prelu with a slope a channel, which no integer kernel has, as max(x, 0) + slope * min(x, 0);
/// one with equal slopes becomes leaky_relu.
network::Graph split_prelu(network::Graph graph);

}  // namespace dlasim::quantize
