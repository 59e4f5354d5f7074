#pragma once
/// The three forms of a network description; network_yaml.cpp chooses.

#include <cstdint>
#include <string>
#include <vector>

#include "base/yaml.h"
#include "network/graph.h"
#include "network/network_yaml.h"
#include "weight_source.h"

namespace dlasim::network {

/// The largest size, position or multiplier that a description may state.
inline constexpr std::int64_t kLargestSize = std::int64_t{1} << 31;

/// Appends a node whose output shape is inferred.
TensorId append(Graph& graph, std::string name, Operation operation, std::vector<TensorId> inputs);
/// Declares a float32 input.
TensorId append_input(Graph& graph, std::string name, Shape shape);

/// The section `wavenet`.
Graph read_wavenet(const base::YamlNode& wavenet, WeightSource& weights, const NetworkOptions& options);

/// The keys `input`, `inputs`, `layers` and `outputs` of the network.
Graph read_layers(const base::YamlNode& network, WeightSource& weights);

/// The keys `weights` and `graph` of the network.
Graph read_graph(const base::YamlNode& network);

}  // namespace dlasim::network
