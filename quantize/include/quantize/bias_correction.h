#pragma once
/// Bias correction: what rounding the weights adds to a layer's mean is taken back in its bias.

#include <map>
#include <string>
#include <vector>

#include "network/graph.h"
#include "quantize/post_training.h"

namespace dlasim::quantize {

/// By layer name, what is added to the bias of each output channel.
using BiasCorrections = std::map<std::string, std::vector<double>>;

/// Nagel et al. 2019 (see equalization.h), section 4.2, on calibration data: with W the weights and V what
/// their codes under `scheme` stand for, the mean of (W - V) x over samples and positions, before the
/// activation. Every layer is corrected for the inputs that the float network gives it. `graph` has been
/// rewritten (fold.h) and is what will be quantised; layers whose weights are not constant are left out.
/// Throws base::InputError without samples.
BiasCorrections find_bias_corrections(const network::Graph& graph,
                                      const std::vector<std::vector<network::Tensor>>& samples,
                                      const Scheme& scheme);

/// The graph with the corrections added to its biases.
network::Graph correct_biases(network::Graph graph, const BiasCorrections& corrections);

}  // namespace dlasim::quantize
