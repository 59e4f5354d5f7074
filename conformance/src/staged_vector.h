#pragma once
/// `dot`, `mx_dot` and `conv2d` vectors as graphs of one staged node.

#include <functional>
#include <vector>

#include "conformance/json_reader.h"
#include "network/quantized_graph.h"

namespace dlasim::conformance {

/// One staged layer, and the outputs that are known of it.
struct StagedVector {
  network::QuantizedGraph graph;
  std::vector<network::Tensor> inputs;  ///< in the order of graph.inputs

  struct Expected {
    std::int64_t element = 0;  ///< index in the output
    std::uint64_t code = 0;
  };
  std::vector<Expected> expected;
};

/// The file's layer (a conv2d).
StagedVector read_staged_conv2d(const JsonReader& root);

/// One case of a dot or mx_dot as the last output channel of a 1 x taps convolution with one position.
///
/// A padded tap becomes input and weight codes of +0 (MX: with scales of 1): its product is the same +0 and
/// takes the same way through the units. Where a unit is stochastic there are as many output channels as
/// put the case at its index `e`; all others have weights of +0.
StagedVector read_staged_dot(const JsonReader& root, const JsonReader& dot_case, bool mx);

}  // namespace dlasim::conformance
