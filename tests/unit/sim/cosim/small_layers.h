#pragma once
/// Random layers that fit the smallest buffers.

#include <cstdint>
#include <vector>

#include "network/quantized_graph.h"
#include "network/tensor.h"

namespace dlasim::sim::cosim {

struct SmallLayer {
  network::QuantizedGraph graph;
  std::vector<network::Tensor> inputs;
};

/// seed modulo 6: int8 convolution, int16 convolution with 64-bit sums, depthwise convolution, average
/// pooling, maximum pooling, int8 convolution with a residual addition.
SmallLayer small_layer(std::uint64_t seed);

}  // namespace dlasim::sim::cosim
