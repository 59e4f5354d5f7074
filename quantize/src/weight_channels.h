#pragma once
/// Which channel each element of a weight belongs to: for rewrites that scale channels.

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "network/graph.h"

namespace dlasim::quantize {

/// Whether an operator multiplies by weights [O, ...] or [1, KH, KW, O] that may be scaled: convolutions and
/// fully connected layers.
bool has_weight_channels(const network::Operation& operation);

/// Whether a layer is one of these with weights and bias that are constants in float: a rewrite may change
/// them.
bool has_float_weights(const network::Graph& graph, const network::Node& node);

/// The fused activation of such an operator.
network::FusedActivation activation_of(const network::Operation& operation);

/// Whether every output is a sum over the whole kernel: no padding, and not a transposed convolution, whose
/// outputs see different taps. Only then an offset of the input is an offset of the output.
bool sees_whole_kernel(const network::Operation& operation);

/// Channels of the elements of one weight.
class WeightChannels {
 public:
  /// `input_channels`: of the tensor that the layer reads. A fully connected layer on an image reads pixel by
  /// pixel, so that the channel of a column is its remainder.
  WeightChannels(const network::Operation& operation, const network::Shape& weight,
                 std::int64_t input_channels);

  std::int64_t outputs() const { return outputs_; }
  std::int64_t inputs() const { return input_channels_; }
  std::size_t output_of(std::int64_t element) const;
  std::size_t input_of(std::int64_t element) const;

 private:
  enum class Layout { kConvolution, kDepthwise, kRows };
  Layout layout_ = Layout::kConvolution;
  std::int64_t outputs_ = 1, run_ = 1, last_ = 1, input_channels_ = 1;
  std::int64_t outputs_per_group_ = 1, multiplier_ = 1;
};

/// Gives the node copies of its weight and bias as constants of its own, which nothing else reads, and makes
/// a bias of zeros where there is none. The weight must be constant.
void own_parameters(network::Graph& graph, network::Node& node);

/// Readers of each tensor: operands of nodes and the graph's outputs.
std::vector<int> count_readers(const network::Graph& graph);

}  // namespace dlasim::quantize
