#pragma once
/// Truncation units of staged nodes: spec/number_formats.md as settings of a pass.

#include "fixed_point/format.h"
#include "network/quantized_graph.h"
#include "pass.h"
#include "sim/arch/hardware.h"
#include "sim/compiler/hardware_format.h"

namespace dlasim::sim::compiler {

/// Whether the node's values are codes that truncation units work on. Tables and data movement are not: they
/// handle codes as integers.
bool is_staged(const network::QuantizedNode& node);

/// Throws base::UnsupportedError for a staged node whose operator has no truncation units.
void require_stageable(const network::QuantizedNode& node);

/// Makes a pass of a multiply-accumulate node, whose geometry, tiles and weights are complete, a staged one.
/// Throws base::UnsupportedError naming node and hardware key for what the array does not do.
void stage_reduction(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                     const network::QuantizedNode& node, Pass& pass);

/// The same for a pass that brings the value (and an operand) to the post-processor unchanged. `swapped`: the
/// node's first input is the operand.
void stage_elementwise(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                       const network::QuantizedNode& node, bool swapped, Pass& pass);

/// The two passes of a conversion to MX (kMxScales, kMxElements), whose geometry and weights are complete.
/// Throws base::UnsupportedError for stochastic rounding and codes wider than the lanes.
void stage_mx_scales(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                     const network::QuantizedNode& node, Pass& pass);
void stage_mx_elements(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                       const network::QuantizedNode& node, Pass& pass);

/// MX: an element code and its scale code as one lane value, code + 256 * scale in 16 bits.
constexpr std::int32_t scaled_code(std::int64_t code, std::int64_t scale) {
  return static_cast<std::int16_t>(static_cast<std::int8_t>(code) + 256 * scale);
}

}  // namespace dlasim::sim::compiler
