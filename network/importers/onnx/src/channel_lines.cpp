/// Quantisation-aware training leaves y = f x + g by channel behind a layer whose weights are integers: the
/// way back from weights that were scaled by the batch normalisation, and the normalisation itself.

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "integer_form.h"

namespace dlasim::network::onnx_import {
namespace {

struct ChannelLine {
  std::vector<double> factor, offset;
};

std::span<const float> values(const Graph& graph, TensorId id) {
  return graph.tensor(id).constant->data<float>();
}

/// A float constant with one value, or one a channel on the last axis.
bool is_channel_constant(const Graph& graph, TensorId id, std::size_t channels) {
  const TensorInfo& info = graph.tensor(id);
  if (!info.constant || info.dtype != DType::kFloat32 || info.affine) return false;
  const auto count = static_cast<std::size_t>(info.constant->size());
  return count == 1 || (count == channels && info.shape.back() == static_cast<std::int64_t>(channels));
}

double at(std::span<const float> v, std::size_t c) {
  return static_cast<double>(v[v.size() == 1 ? 0 : c]);
}

/// `line` followed by a batch normalisation, which is a depthwise 1x1 convolution by now.
bool append_norm(const Graph& graph, const Node& node, ChannelLine& line) {
  const auto* norm = std::get_if<op::DepthwiseConv2d>(&node.operation);
  if (norm == nullptr || !(*norm == op::DepthwiseConv2d{}) || node.inputs.size() != 3) return false;
  const TensorInfo& weight = graph.tensor(node.inputs[1]);
  const bool one_pixel = weight.shape[1] == 1 && weight.shape[2] == 1;
  for (const std::size_t i : {1, 2}) {
    if (!one_pixel || !is_channel_constant(graph, node.inputs[i], line.factor.size())) return false;
  }
  for (std::size_t c = 0; c < line.factor.size(); ++c) {
    const double factor = at(values(graph, node.inputs[1]), c);
    line.offset[c] = factor * line.offset[c] + at(values(graph, node.inputs[2]), c);
    line.factor[c] *= factor;
  }
  return true;
}

/// `line` followed by a sum, difference or product with a constant.
bool append_binary(const Graph& graph, const Node& node, TensorId x, ChannelLine& line) {
  const auto* binary = std::get_if<op::Binary>(&node.operation);
  if (binary == nullptr || binary->activation != FusedActivation::kNone) return false;
  const bool first = node.inputs[0] == x;
  const TensorId other = node.inputs[first ? 1 : 0];
  if (other == x || !is_channel_constant(graph, other, line.factor.size())) return false;
  const auto k = values(graph, other);
  using Kind = op::Binary::Kind;
  const bool product = binary->kind == Kind::kMul;
  if (!product && binary->kind != Kind::kAdd && !(binary->kind == Kind::kSub && first)) return false;
  const double sign = binary->kind == Kind::kSub ? -1.0 : 1.0;
  for (std::size_t c = 0; c < line.factor.size(); ++c) {
    if (product) {
      line.factor[c] *= at(k, c);
      line.offset[c] *= at(k, c);
    } else {
      line.offset[c] += sign * at(k, c);
    }
  }
  return true;
}

/// Integer weights of a layer without an activation, and a float bias or none.
bool takes_lines(const Graph& graph, const Node& node) {
  const bool conv = std::holds_alternative<op::Conv2d>(node.operation) ||
                    std::holds_alternative<op::DepthwiseConv2d>(node.operation) ||
                    std::holds_alternative<op::TransposeConv2d>(node.operation) ||
                    std::holds_alternative<op::FullyConnected>(node.operation);
  if (!conv || !graph.tensor(node.inputs[1]).affine || !graph.tensor(node.inputs[1]).constant) return false;
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != kNoTensor;
  return !biased || graph.tensor(node.inputs[2]).dtype == DType::kFloat32;
}

int output_axis(const Operation& operation) {
  return std::holds_alternative<op::DepthwiseConv2d>(operation) ? 3 : 0;
}

/// W x + b followed by the line: the codes stay, their scales become scale * f, the bias f b + g.
void absorb(Graph& graph, Node& layer, const ChannelLine& line) {
  const std::size_t channels = line.factor.size();
  TensorInfo weight = graph.tensor(layer.inputs[1]);
  Affine affine;
  affine.axis = output_axis(layer.operation);
  for (std::size_t c = 0; c < channels; ++c) {
    const std::size_t from = weight.affine->scale.size() == 1 ? 0 : c;
    affine.scale.push_back(
        static_cast<float>(static_cast<double>(weight.affine->scale[from]) * line.factor[c]));
    affine.zero_point.push_back(weight.affine->zero_point[from]);
  }
  weight.affine = std::move(affine);
  layer.inputs[1] = graph.add_tensor(std::move(weight));
  Tensor bias(DType::kFloat32, {static_cast<std::int64_t>(channels)});
  const bool biased = layer.inputs.size() > 2 && layer.inputs[2] != kNoTensor;
  for (std::size_t c = 0; c < channels; ++c) {
    const double old = biased ? at(values(graph, layer.inputs[2]), c) : 0.0;
    bias.data<float>()[c] = static_cast<float>(old * line.factor[c] + line.offset[c]);
  }
  layer.inputs.resize(2);
  layer.inputs.push_back(graph.add_constant(layer.name + "_bias", std::move(bias)));
}

bool is_positive(const ChannelLine& line) {
  for (const double f : line.factor) {
    if (!(f > 0.0) || !std::isfinite(f)) return false;
  }
  return true;
}

}  // namespace

Graph absorb_channel_lines(Graph graph) {
  const std::vector<int> readers = sole_readers(graph);
  std::vector<bool> gone(graph.nodes.size(), false);
  for (Node& layer : graph.nodes) {
    if (layer.outputs.empty() || !takes_lines(graph, layer)) continue;
    const auto channels = static_cast<std::size_t>(graph.tensor(layer.outputs[0]).shape.back());
    ChannelLine line{std::vector<double>(channels, 1.0), std::vector<double>(channels, 0.0)};
    TensorId end = layer.outputs[0];
    std::vector<std::size_t> chain;
    for (int reader = readers[static_cast<std::size_t>(end)]; reader >= 0;
         reader = readers[static_cast<std::size_t>(end)]) {
      const auto n = static_cast<std::size_t>(reader);
      if (!append_norm(graph, graph.nodes[n], line) && !append_binary(graph, graph.nodes[n], end, line))
        break;
      chain.push_back(n);
      end = graph.nodes[n].outputs[0];
    }
    if (chain.empty() || !is_positive(line)) continue;
    absorb(graph, layer, line);
    layer.outputs = {end};
    for (const std::size_t n : chain) gone[n] = true;
  }
  std::vector<Node> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!gone[n]) nodes.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(nodes);
  return graph;
}

}  // namespace dlasim::network::onnx_import
