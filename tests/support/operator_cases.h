#pragma once
/// One small random node of any integer operator, for tests that walk the support matrix.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/quantized_graph.h"
#include "sim/arch/hardware.h"

namespace dlasim::test {

/// What a case is made of; every operator reads the ones that it has.
struct Knobs {
  network::DType input = network::DType::kInt8, output = network::DType::kInt8;
  network::DType weight = network::DType::kInt8;
  std::optional<network::DType> bias = network::DType::kInt32;
  network::Shape shape{2, 5, 6, 4};   ///< of the first input
  network::Shape second{2, 5, 6, 4};  ///< of the second input of a binary operator
  std::int64_t channels = 6;          ///< output channels of a convolution
  network::Pair kernel{2, 3}, stride{1, 1}, dilation{1, 1}, block{2, 3};
  network::Padding padding{1, 0, 0, 2};
  std::int64_t groups = 1, channel_multiplier = 2;
  std::optional<network::RequantRule> rule;  ///< absent: what the element types ask for
  network::Multiplier multiplier{1518500250, -7};
  bool multiplier_a_channel = true;
  bool zero_points = true;  ///< other than 0, where the types allow them
  bool adj_x = false, adj_y = false;
  int left_shift = -1;  ///< -1: what the element types ask for
  std::vector<int> axes{1, 2};
  std::vector<std::int64_t> slice_stride{1, 2, -1, 1};
  std::vector<std::int64_t> pad{0, 1, 2, 1};
  std::int64_t pad_value = -3;
  int axis = -1;
  bool tflite_curve = false;
  int input_shift = 0;
  std::int64_t table_entries = -1;  ///< -1: one a code
};

struct Case {
  network::QuantizedGraph graph;
  sim::arch::Hardware hardware;
  std::vector<network::Tensor> inputs;

  network::QuantizedNode& node() { return graph.nodes.front(); }
};

/// A graph of one node called "node" of the operator with network::name `operation`, on a narrow array with
/// 32-bit lanes. Values and parameters depend on `seed`. Throws std::invalid_argument for an unknown name.
Case make_case(std::string_view operation, const Knobs& knobs, std::uint64_t seed);

}  // namespace dlasim::test
