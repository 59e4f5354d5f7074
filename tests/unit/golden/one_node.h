#pragma once
/// Tensors from literals and graphs of one node.

#include <utility>
#include <vector>

#include "golden/interpreter.h"
#include "network/quantized_graph.h"

namespace dlasim::golden {

inline network::Tensor make_tensor(network::DType dtype, network::Shape shape,
                                   const std::vector<std::int64_t>& values) {
  network::Tensor tensor(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i)
    tensor.set_integer(static_cast<std::int64_t>(i), values.at(i));
  return tensor;
}

inline std::vector<std::int64_t> values_of(const network::Tensor& tensor) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.integer(i));
  return values;
}

/// Runs one operation; a tensor without a shape's elements ({0}) stands for an absent input.
inline network::Tensor run_one(network::QuantizedOperation operation, std::vector<network::Tensor> inputs,
                               network::DType dtype, network::Shape shape) {
  network::QuantizedGraph graph;
  network::QuantizedNode node{"node", std::move(operation), {}, {}, {}};
  std::vector<network::Tensor> given;
  for (network::Tensor& tensor : inputs) {
    if (tensor.size() == 0) {
      node.inputs.push_back(network::kNoTensor);
      continue;
    }
    network::QuantizedTensor declared;
    declared.dtype = tensor.dtype();
    declared.shape = tensor.shape();
    node.inputs.push_back(graph.add_tensor(std::move(declared)));
    graph.inputs.push_back(node.inputs.back());
    given.push_back(std::move(tensor));
  }
  network::QuantizedTensor output;
  output.dtype = dtype;
  output.shape = std::move(shape);
  node.outputs = {graph.add_tensor(std::move(output))};
  graph.outputs = node.outputs;
  graph.nodes.push_back(std::move(node));
  return run(graph, given).at(0);
}

/// real = 1: what D, S and Q multiply by without changing any value (Q: up to its 15 bits).
inline constexpr network::Multiplier kIdentity{1 << 30, 1};
inline constexpr network::Multiplier kHalf{1 << 30, 0};

inline const network::Clamp kInt32Range{network::lowest(network::DType::kInt32),
                                        network::highest(network::DType::kInt32)};

/// Sums as they are.
inline network::qop::MacParameters identity_mac() {
  network::qop::MacParameters mac;
  mac.multiplier = {kIdentity};
  mac.clamp = kInt32Range;
  return mac;
}

}  // namespace dlasim::golden
