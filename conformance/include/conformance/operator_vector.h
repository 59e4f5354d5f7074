#pragma once
/// Operator vectors, format `dla-vector/1` of spec/vectors.md: one operator call with every number written
/// down.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::conformance {

/// A vector as a graph of one node. Weights, biases, tables and initial states are constants of the graph,
/// activations are its inputs, in the order of spec/vectors.md.
struct OperatorVector {
  std::string name;
  std::string source;  ///< who computed the output
  std::string op;      ///< "conv2d", ...
  network::QuantizedGraph graph;
  std::vector<network::Tensor> inputs;
  network::Tensor expected;
};

/// Reads one file. Throws base::InputError with the file and the field for what is not a vector, and
/// base::UnsupportedError for an operator this reader does not know.
OperatorVector read_operator_vector(const std::filesystem::path& file);

/// As above from parsed JSON; `file` is named in errors.
OperatorVector parse_operator_vector(const nlohmann::json& document, const std::filesystem::path& file);

}  // namespace dlasim::conformance
