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

/// Folds lines y = f x + g by channel, which is what a trained batch normalisation is, into the layer with
/// weights that they follow, or into the one that alone reads them. Lines are depthwise 1x1 convolutions, and
/// products, sums and differences with a float constant of one value a channel (at least two); what no layer
/// takes stays.
///
/// Behind a layer: where nothing else reads the layer's result and it has no activation of its own. In front
/// of one: where that layer pads nothing and is no transposed convolution (a border would be changed as
/// well), or where all g are 0.
network::Graph fold_channel_lines(network::Graph graph);

/// All rewrites that quantisation begins with, in order; these and those of recorded.h.
network::Graph rewrite_for_quantisation(network::Graph graph);

/// The same for number formats, which keep the clipping of recorded ranges and not their codes.
network::Graph rewrite_for_formats(network::Graph graph);

}  // namespace dlasim::quantize
