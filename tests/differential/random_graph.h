#pragma once
/// Random small quantised graphs with parameters inside the contract, and random hardware to run them on.

#include <string>
#include <vector>

#include "choices.h"
#include "network/quantized_graph.h"
#include "sim/arch/hardware.h"

namespace dlasim::testing {

struct RandomGraph {
  network::QuantizedGraph graph;
  std::vector<network::Tensor> inputs;
  std::string description;  ///< one line an operator
};

/// A chain of one to three operators, or a block of several that the compiler may run as one pass.
RandomGraph random_graph(Choices& choices);
/// A gated block as WaveNet makes it: dilated convolution, slices, tanh times sigmoid, 1x1, residual add.
RandomGraph random_wavenet(Choices& choices);

/// Odd lane counts, tiny buffers, short queues. Lanes of 16 bits at least: uint8 needs nine.
sim::arch::Hardware random_hardware(Choices& choices);
std::string describe(const sim::arch::Hardware& hardware);

}  // namespace dlasim::testing
