#pragma once
/// `number_format` vectors of spec/vectors.md: formats, conversions, dot products and layers of the staged
/// datapath (spec/number_formats.md), compared code by code, value by value, flag by flag.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "conformance/engine.h"
#include "conformance/verify.h"

namespace dlasim::conformance {

/// Runs every kind on the golden model's units; `dot`, `mx_dot` and `conv2d` also as graphs on `engine`
/// (golden::run), which must outlive the handler. Where a trace is given, a failure names its first wrong
/// step.
VectorHandler golden_number_format_handler(const Engine& engine);

/// What the wires of a simulated datapath carried for one output element: codes, or nothing where a wire has
/// no format. One for each ic tile, in block mode for each tap of a block.
struct WireSteps {
  std::vector<std::optional<std::uint64_t>>
      lanes;                          ///< accumulators at the end of the tile; block mode: products
  std::optional<std::uint64_t> tree;  ///< root of the tree; block mode: the unit `block`
  std::optional<std::uint64_t> partial_sum;
};
/// Runs the graph of one staged layer and answers the steps of output element `element`.
using WireRecorder = std::function<std::vector<WireSteps>(
    const network::QuantizedGraph&, std::span<const network::Tensor> inputs, std::int64_t element)>;

/// For other engines: `dot`, `mx_dot` and `conv2d` as graphs of one staged node, outputs compared; with
/// `record`, which may be empty, also the wires against a case's trace. The kinds that are no layers are
/// unsupported. `engine` must outlive the handler.
VectorHandler engine_number_format_handler(const Engine& engine, WireRecorder record = {});

}  // namespace dlasim::conformance
