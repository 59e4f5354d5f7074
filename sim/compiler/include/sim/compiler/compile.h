#pragma once
/// The compiler: a quantised graph and a hardware description become a program.

#include "network/quantized_graph.h"
#include "sim/arch/hardware.h"
#include "sim/compiler/program.h"

namespace dlasim::sim::compiler {

struct Options {
  bool fuse = true;  ///< run gate, residual add and tables in the pass of the convolution before them
};

/// ic lanes for which the numbers of a staged node are defined: the graph's, or 32 in MX block mode. The
/// hardware must have as many.
int reduction_lanes(const network::QuantizedGraph& graph, const network::QuantizedNode& node);

/// Throws base::UnsupportedError naming node and attribute for what the accelerator does not run, and
/// base::InputError naming node and buffer for a layer that cannot be tiled into the buffers.
Program compile(const network::QuantizedGraph& graph, const arch::Hardware& hardware,
                const Options& options = {});

}  // namespace dlasim::sim::compiler
