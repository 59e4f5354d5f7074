#pragma once
/// Operators that copy or compare codes need operands with the output's scale.

#include "network/graph.h"

namespace dlasim::quantize {

/// Whether an operator's operands and output must share scale and zero point: reshape, transpose, slice,
/// concat, pad, pooling, minimum, maximum, space/batch, and clamps (relu6, hardtanh, clip, fake_quantize).
bool shares_scale(const network::Operation& operation);

/// Puts a Quantize node in front of every operand of such an operator whose affine differs from the
/// output's; a constant operand is converted instead. Tensors keep their ids.
network::Graph insert_rescaling(network::Graph graph);

}  // namespace dlasim::quantize
