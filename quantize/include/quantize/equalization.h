#pragma once
/// Cross-layer equalisation: the channels between two layers share their range fairly.

#include "network/graph.h"

namespace dlasim::quantize {

/// What was done.
struct Equalized {
  network::Graph graph;
  int pairs = 0;         ///< neighbouring layers found
  double largest = 1.0;  ///< the largest factor, or reciprocal of one, that a channel got
};

/// Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019, eq. 11.
/// For every two layers with weights where the second alone reads the first one's result, directly or through
/// relu or leaky relu, f(s x) = s f(x) for s > 0 allows
///
///     W1' = W1 / s,  b1' = b1 / s  (by output channel),   W2' = W2 s  (by input channel),
///     s = sqrt(r1 / r2),  r1 = max |W1|,  r2 = max |W2|  of the channel,
///
/// after which both have the range sqrt(r1 r2) there. Repeated over chains until no factor is above 1.001.
/// Channels of zeros stay. Relu6, hardtanh and functions without that property end a chain. The network
/// computes what it did, but for rounding in float32.
Equalized equalize(network::Graph graph);

}  // namespace dlasim::quantize
