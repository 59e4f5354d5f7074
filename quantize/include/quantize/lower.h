#pragma once
/// From a graph whose tensors all have an integer type and an affine to the integer graph: scales become
/// multipliers, shifts, clamps and tables. Follows spec/tflite_semantics.md to the last bit, so that an
/// imported TFLite model computes what TFLite Micro's reference kernels compute.

#include "network/graph.h"
#include "network/quantized_graph.h"

namespace dlasim::quantize {

struct LowerOptions {
  /// Requantisation of int32 accumulators and of element-wise operators: kDouble is TFLite's and
  /// CMSIS-NN's default, kSingle is CMSIS_NN_USE_SINGLE_ROUNDING. kPytorch makes int8
  /// networks compute what PyTorch's qnnpack engine does, sums, averages and functions included; elsewhere
  /// (int16) element-wise operators then use kSingle.
  /// 64-bit accumulators always use kInt64, whatever is set here.
  network::RequantRule rule = network::RequantRule::kDouble;
  /// Significant bits of every factor's mantissa, 2..31: a Q0.31 multiplier has 31, and fewer show what a
  /// smaller one would cost. A float32 factor (kPytorch) keeps its own 24.
  int multiplier_bits = 31;
};

/// Tensors keep their ids; tables are appended; a tensor that no node, input or output uses any more
/// becomes an empty one. Constants must already be integers.
///
/// Where TFLite copies codes (concatenation, pooling, minimum, ...) so does the result: operands with
/// another affine than the output's have to be rescaled before (see rescale.h), and are refused here
/// except where TFLite does not look (int16 concatenation, relu6).
///
/// Throws base::UnsupportedError for a combination of operator, types and scales that TFLite does not have,
/// and base::InputError for missing or malformed affines; both name the node.
network::QuantizedGraph lower(const network::Graph& graph, const LowerOptions& options = {});

}  // namespace dlasim::quantize
