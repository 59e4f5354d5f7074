#pragma once
/// What the generated test compares with: golden's run of the network.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::exporter {

/// The first output of every node, as zlib's CRC-32 of its bytes, and the outputs of the network.
struct Expected {
  std::vector<std::uint32_t> crc32;  ///< by node
  std::vector<network::Tensor> outputs;
};

Expected run_golden(const network::QuantizedGraph& graph, std::span<const network::Tensor> inputs);

/// zlib's CRC-32 of the elements as they lie in memory.
std::uint32_t crc32_of(const network::Tensor& tensor);

/// test_data.h: inputs, expected outputs and the checksums of the layers.
std::string test_data_text(const network::QuantizedGraph& graph, std::span<const network::Tensor> inputs,
                           const Expected& expected, const std::vector<std::uint32_t>& checksums);

}  // namespace dlasim::exporter
