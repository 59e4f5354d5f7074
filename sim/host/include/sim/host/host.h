#pragma once
/// The processor beside the accelerator: computes the operators that the array does not run, on tensors in
/// DRAM, between two command streams.
///
/// softmax (int8 and int16), SVDF, LSTM (int8 and int16), quantize and dequantize of float32, and the
/// requantisation from or to int64, which no lane holds. All of them follow integer_semantics.md sections 1,
/// 6 and 7 and tflite_semantics.md sections 4 and 7.4. It takes no simulated time: a run's cycles are those
/// of the accelerator.

#include <span>
#include <vector>

#include "network/quantized_graph.h"
#include "network/tensor.h"

namespace dlasim::sim::host {

/// Whether `compute` knows the operator of `node`.
bool can_compute(const network::QuantizedNode& node);

/// The node's outputs from its inputs, both in the node's order, an absent input as an empty Tensor. Fits
/// engine::RunOptions::host. Throws base::UnsupportedError for any other operator, base::InputError naming
/// the node for tensors that do not fit together and for values outside the operator's contract.
std::vector<network::Tensor> compute(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                                     std::span<const network::Tensor> inputs);

}  // namespace dlasim::sim::host
