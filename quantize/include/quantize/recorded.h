#pragma once
/// Ranges that training recorded: fake quantisation and learnt clipping levels (docs/quantisation.md,
/// "Recorded ranges").

#include <cstddef>
#include <vector>

#include "network/graph.h"
#include "network/quantized_graph.h"
#include "quantize/post_training.h"

namespace dlasim::quantize {

/// Whether this operator fixes the scale of what it writes: fake_quantize and clip.
bool records_range(const network::Operation& operation);

/// How many tensors have a recorded range: outputs of such operators and constants that bring a scale along.
/// `graph` is float.
int count_recorded(const network::Graph& graph);

/// A float constant behind fake_quantize becomes integers with its scale: int8, or int16 for more than 8
/// bits. The node goes.
network::Graph take_recorded_constants(network::Graph graph);

/// Makes one clip of the ways in which a graph clips x to [0, a] or [-a, a] with a constant a > 0: minimum
/// and maximum in either order, relu and minimum in either order, relu(x) - relu(x - a), and
/// (|x| - |x - a| + a) / 2, where nothing else reads the steps. relu6 and hardtanh are not recorded. Fused
/// relus are separated; fuse_activations takes up those that stay.
network::Graph find_clipping_levels(network::Graph graph);

/// For number formats, which have no scales: fake_quantize becomes a clip to its range, a clip a relu (or
/// maximum) and a minimum, and constants with a scale become real numbers again.
network::Graph without_recorded_codes(network::Graph graph);

/// The codes in which an activation of type `dtype` holds what `operation` gives, as its clamp. An int8 code
/// is the recorded one; an int16 code is the recorded one less the zero point, which int16 does not have.
/// Throws base::UnsupportedError if they do not fit.
struct RecordedCodes {
  network::Affine affine;
  network::Clamp clamp;
};
RecordedCodes recorded_codes(const network::op::FakeQuantize& operation, network::DType dtype);

/// The affine of a constant that brings a scale along, as an activation of type `dtype`.
network::Affine recorded_affine(const network::TensorInfo& constant, network::DType dtype);

/// The integer graph without the clamps that `nodes` (indices of ClampOnly nodes that recorded ranges left)
/// need not be: one goes into the operator that alone writes for it, where that has a clamp; one that keeps
/// every code is left out.
void absorb_clamps(network::QuantizedGraph& graph, const std::vector<std::size_t>& nodes);

}  // namespace dlasim::quantize
