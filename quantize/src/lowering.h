#pragma once
/// The pieces of lower(): one overload an operator, and the checks they share.

#include <functional>
#include <string>
#include <vector>

#include "network/graph.h"
#include "network/quantized_graph.h"
#include "quantize/lower.h"

namespace dlasim::quantize {

/// Lowers the nodes of one graph. `result` already holds the tensors, with the same ids.
class Lowering {
 public:
  Lowering(const network::Graph& graph, const LowerOptions& options, network::QuantizedGraph& result)
      : graph_(graph), options_(options), result_(result) {}

  void lower(const network::Node& node);

  /// Nodes of the result that recorded ranges left as clamps.
  const std::vector<std::size_t>& recorded_clamps() const { return recorded_clamps_; }

 private:
  using Node = network::Node;
  using Tensor = network::TensorInfo;
  /// Scale and zero point of a tensor with one of each.
  struct Scalar {
    float scale = 1.0F;
    std::int64_t zero_point = 0;
    friend bool operator==(const Scalar&, const Scalar&) = default;
  };

  // lower_mac.cpp
  network::QuantizedOperation convert(const network::op::Conv2d& op, const Node& node);
  network::QuantizedOperation convert(const network::op::DepthwiseConv2d& op, const Node& node);
  network::QuantizedOperation convert(const network::op::TransposeConv2d& op, const Node& node);
  network::QuantizedOperation convert(const network::op::FullyConnected& op, const Node& node);
  network::QuantizedOperation convert(const network::op::BatchMatmul& op, const Node& node);
  // lower_elementwise.cpp
  network::QuantizedOperation convert(const network::op::Binary& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Unary& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Softmax& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Quantize& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Dequantize& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Reduce& op, const Node& node);
  // lower_movement.cpp
  network::QuantizedOperation convert(const network::op::Pool2d& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Slice& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Concat& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Pad& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Transpose& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Reshape& op, const Node& node);
  network::QuantizedOperation convert(const network::op::SpaceToBatch& op, const Node& node);
  network::QuantizedOperation convert(const network::op::BatchToSpace& op, const Node& node);
  network::QuantizedOperation convert(const network::op::FakeQuantize& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Clip& op, const Node& node);
  // lower_recurrent.cpp
  network::QuantizedOperation convert(const network::op::Svdf& op, const Node& node);
  network::QuantizedOperation convert(const network::op::Lstm& op, const Node& node);

  /// `real` as a multiplier of the precision asked for.
  network::Multiplier factor(double real) const;

  // lower_pytorch.cpp
  /// Whether the node follows PyTorch's formulas: int8 under RequantRule::kPytorch.
  bool pytorch_rule(const Node& node) const;
  bool pytorch_sums(const Node& node) const;
  network::QuantizedOperation pytorch_sum(const network::op::Binary& op, const Node& node);
  network::QuantizedOperation pytorch_pool(const network::op::Pool2d& op, const Node& node);
  network::QuantizedOperation pytorch_table(const std::function<double(double)>& function, const Node& node);
  /// The factor of an average over `count` codes: s_in / (s_out * count) in float32.
  network::Multiplier pytorch_average(float scale_in, float scale_out, std::int64_t count) const;

  /// Where a layer's requantisation comes from.
  enum class ScaleRule { kConvolution, kFullyConnected };
  network::qop::MacParameters mac(const Node& node, ScaleRule rule, network::FusedActivation activation);
  network::RequantRule mac_rule(const Node& node) const;
  std::vector<network::Multiplier> mac_multipliers(const Node& node, ScaleRule rule) const;
  network::RequantRule elementwise_rule() const;
  network::QuantizedOperation sum(const network::op::Binary& op, const Node& node);
  network::QuantizedOperation table(const network::op::Unary& op, const Node& node);

  [[noreturn]] void refuse(const Node& node, const std::string& what) const;
  [[noreturn]] void wrong(const Node& node, const std::string& what) const;
  bool has_input(const Node& node, std::size_t i) const;
  const Tensor& input(const Node& node, std::size_t i) const;
  const Tensor& output(const Node& node) const;
  /// The affine of a tensor that must have exactly one scale.
  Scalar affine(const Node& node, const Tensor& tensor) const;
  /// Refuses unless both are int8 or both int16 with zero points of 0.
  void require_activations(const Node& node, const std::vector<const Tensor*>& tensors) const;
  void require_same_type(const Node& node, const Tensor& a, const Tensor& b) const;
  /// Refuses operands whose codes mean something else than the output's.
  void require_same_scale(const Node& node, const Tensor& a, const Tensor& b) const;
  network::Clamp clamp(const Node& node, network::FusedActivation activation) const;
  /// Appends a constant to the result and makes it an operand of the node being lowered.
  void add_operand(const Node& node, const std::string& suffix, network::Tensor value);

  const network::Graph& graph_;
  const LowerOptions& options_;
  network::QuantizedGraph& result_;
  std::vector<std::size_t> recorded_clamps_;
  std::vector<network::TensorId> operands_;  ///< of the node being lowered
};

/// Q(v) of spec section 1: zero_point + round(f32(v / scale)).
std::int64_t code_of(float value, float scale, std::int64_t zero_point);

}  // namespace dlasim::quantize
