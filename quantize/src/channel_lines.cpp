// Batch normalisation, and whatever else is a line by channel, into the layers around it.

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <variant>

#include "quantize/fold.h"
#include "weight_channels.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::DType;
using network::Graph;
using network::Node;
using network::Tensor;
using network::TensorId;

/// y = factor * x + offset, a channel.
struct ChannelLine {
  TensorId input = network::kNoTensor;
  std::vector<double> factor, offset;
};

std::span<const float> constant_values(const Graph& graph, TensorId id) {
  return graph.tensor(id).constant->data<float>();
}

bool is_float_constant(const Graph& graph, TensorId id) {
  return id != network::kNoTensor && graph.tensor(id).constant && graph.tensor(id).dtype == DType::kFloat32;
}

/// A depthwise 1x1 convolution that does nothing else: one product and one sum a channel.
std::optional<ChannelLine> depthwise_line(const Graph& graph, const Node& node) {
  const auto* conv = std::get_if<op::DepthwiseConv2d>(&node.operation);
  if (conv == nullptr || !(*conv == op::DepthwiseConv2d{})) return std::nullopt;
  const network::Shape& weight = graph.tensor(node.inputs[1]).shape;
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor;
  if (weight[1] != 1 || weight[2] != 1 || !is_float_constant(graph, node.inputs[1])) return std::nullopt;
  if (biased && !is_float_constant(graph, node.inputs[2])) return std::nullopt;
  ChannelLine line{node.inputs[0], {}, {}};
  for (const float f : constant_values(graph, node.inputs[1])) line.factor.push_back(static_cast<double>(f));
  line.offset.assign(line.factor.size(), 0.0);
  if (!biased) return line;
  const auto offset = constant_values(graph, node.inputs[2]);
  std::transform(offset.begin(), offset.end(), line.offset.begin(),
                 [](float g) { return static_cast<double>(g); });
  return line;
}

/// A product, sum or difference with a constant of one value a channel.
std::optional<ChannelLine> binary_line(const Graph& graph, const Node& node) {
  const auto* binary = std::get_if<op::Binary>(&node.operation);
  if (binary == nullptr || binary->activation != network::FusedActivation::kNone) return std::nullopt;
  using Kind = op::Binary::Kind;
  const std::size_t constant = is_float_constant(graph, node.inputs[1]) ? 1 : 0;
  const TensorId x = node.inputs[1 - constant];
  const TensorId c = node.inputs[constant];
  if (!is_float_constant(graph, c) || graph.tensor(x).constant) return std::nullopt;
  if (binary->kind == Kind::kSub && constant == 0) return std::nullopt;
  const network::Shape& shape = graph.tensor(x).shape;
  const auto values = constant_values(graph, c);
  if (shape.empty() || shape.back() < 2 || static_cast<std::int64_t>(values.size()) != shape.back())
    return std::nullopt;
  if (graph.tensor(c).shape.back() != shape.back() || graph.tensor(node.outputs[0]).shape != shape)
    return std::nullopt;
  ChannelLine line{x, std::vector<double>(values.size(), 1.0), std::vector<double>(values.size(), 0.0)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto v = static_cast<double>(values[i]);
    if (binary->kind == Kind::kMul) line.factor[i] = v;
    if (binary->kind == Kind::kAdd) line.offset[i] = v;
    if (binary->kind == Kind::kSub) line.offset[i] = -v;
  }
  if (binary->kind == Kind::kMinimum || binary->kind == Kind::kMaximum) return std::nullopt;
  return line;
}

std::optional<ChannelLine> line_of(const Graph& graph, const Node& node) {
  const auto line = depthwise_line(graph, node);
  return line ? line : binary_line(graph, node);
}

std::span<float> values_of(Graph& graph, TensorId id) {
  return graph.tensors[static_cast<std::size_t>(id)].constant.edit().data<float>();
}

WeightChannels channels_of(const Graph& graph, const Node& node) {
  return {node.operation, graph.tensor(node.inputs[1]).shape, graph.tensor(node.inputs[0]).shape.back()};
}

/// W' = f W, b' = f b + g, by output channel.
void fold_behind(Graph& graph, Node& layer, const ChannelLine& line) {
  own_parameters(graph, layer);
  const WeightChannels channels = channels_of(graph, layer);
  const auto weight = values_of(graph, layer.inputs[1]);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const std::size_t c = channels.output_of(static_cast<std::int64_t>(i));
    weight[i] = static_cast<float>(static_cast<double>(weight[i]) * line.factor[c]);
  }
  const auto bias = values_of(graph, layer.inputs[2]);
  for (std::size_t c = 0; c < bias.size(); ++c) {
    bias[c] = static_cast<float>(static_cast<double>(bias[c]) * line.factor[c] + line.offset[c]);
  }
}

/// W (f x + g) + b = (W f) x + (W g + b), by input channel.
void fold_in_front(Graph& graph, Node& layer, const ChannelLine& line) {
  own_parameters(graph, layer);
  const WeightChannels channels = channels_of(graph, layer);
  const auto weight = values_of(graph, layer.inputs[1]);
  std::vector<double> moved(static_cast<std::size_t>(channels.outputs()), 0.0);
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const std::size_t c = channels.input_of(static_cast<std::int64_t>(i));
    const auto w = static_cast<double>(weight[i]);
    moved[channels.output_of(static_cast<std::int64_t>(i))] += w * line.offset[c];
    weight[i] = static_cast<float>(w * line.factor[c]);
  }
  const auto bias = values_of(graph, layer.inputs[2]);
  for (std::size_t o = 0; o < bias.size(); ++o) {
    bias[o] = static_cast<float>(static_cast<double>(bias[o]) + moved[o]);
  }
}

class Folding {
 public:
  explicit Folding(Graph graph)
      : graph_(std::move(graph)),
        readers_(count_readers(graph_)),
        writer_(graph_.tensors.size()),
        removed_(graph_.nodes.size(), false) {}

  Graph run() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (const auto line = line_of(graph_, graph_.nodes[n])) fold(n, *line);
      for (const TensorId id : graph_.nodes[n].outputs) {
        auto& writer = writer_[static_cast<std::size_t>(id)];
        if (!writer) writer = n;
      }
    }
    std::vector<Node> nodes;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (!removed_[n]) nodes.push_back(std::move(graph_.nodes[n]));
    }
    graph_.nodes = std::move(nodes);
    return std::move(graph_);
  }

 private:
  bool read_once(TensorId id) const { return readers_[static_cast<std::size_t>(id)] == 1; }

  void fold(std::size_t n, const ChannelLine& line) {
    const Node& node = graph_.nodes[n];
    const auto before = writer_[static_cast<std::size_t>(line.input)];
    if (before && read_once(line.input) && takes_behind(graph_.nodes[*before])) {
      fold_behind(graph_, graph_.nodes[*before], line);
      graph_.nodes[*before].outputs = node.outputs;
      writer_[static_cast<std::size_t>(node.outputs[0])] = before;
      removed_[n] = true;
      return;
    }
    if (Node* after = sole_reader(n); after != nullptr && takes_in_front(*after, line)) {
      fold_in_front(graph_, *after, line);
      after->inputs[0] = line.input;
      removed_[n] = true;
    }
  }

  bool takes_behind(const Node& layer) const {
    return has_float_weights(graph_, layer) &&
           activation_of(layer.operation) == network::FusedActivation::kNone;
  }

  bool takes_in_front(const Node& layer, const ChannelLine& line) const {
    const bool centred =
        std::all_of(line.offset.begin(), line.offset.end(), [](double g) { return g == 0.0; });
    return has_float_weights(graph_, layer) && (centred || sees_whole_kernel(layer.operation));
  }

  /// The layer that alone reads what node `n` computes, as its data.
  Node* sole_reader(std::size_t n) {
    const TensorId id = graph_.nodes[n].outputs[0];
    if (!read_once(id)) return nullptr;
    for (std::size_t i = n + 1; i < graph_.nodes.size(); ++i) {
      Node& node = graph_.nodes[i];
      if (!node.inputs.empty() && node.inputs[0] == id) return &node;
    }
    return nullptr;
  }

  Graph graph_;
  std::vector<int> readers_;
  std::vector<std::optional<std::size_t>> writer_;
  std::vector<bool> removed_;
};

}  // namespace

Graph fold_channel_lines(Graph graph) {
  return Folding(std::move(graph)).run();
}

}  // namespace dlasim::quantize
