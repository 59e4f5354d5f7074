#include "quantize/fold.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "network/fused_activation.h"
#include "quantize/recorded.h"
#include "weight_channels.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::DType;
using network::FusedActivation;
using network::TensorId;

/// The activation slot of an operator that has a free one.
FusedActivation* free_slot(network::Operation& operation) {
  FusedActivation* slot = nullptr;
  if (auto* conv = std::get_if<op::Conv2d>(&operation)) slot = &conv->activation;
  if (auto* conv = std::get_if<op::DepthwiseConv2d>(&operation)) slot = &conv->activation;
  if (auto* conv = std::get_if<op::TransposeConv2d>(&operation)) slot = &conv->activation;
  if (auto* fc = std::get_if<op::FullyConnected>(&operation)) slot = &fc->activation;
  if (auto* pool = std::get_if<op::Pool2d>(&operation)) slot = &pool->activation;
  if (auto* binary = std::get_if<op::Binary>(&operation)) {
    using Kind = op::Binary::Kind;
    // minimum and maximum have no activation in integers
    if (binary->kind != Kind::kMinimum && binary->kind != Kind::kMaximum) slot = &binary->activation;
  }
  return slot != nullptr && *slot == FusedActivation::kNone ? slot : nullptr;
}

}  // namespace

network::Graph fuse_activations(network::Graph graph) {
  const std::vector<int> readers = count_readers(graph);
  std::vector<std::optional<std::size_t>> writer(graph.tensors.size());
  std::vector<bool> removed(graph.nodes.size(), false);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    network::Node& node = graph.nodes[n];
    const auto activation = network::fusable_activation(node.operation);
    const auto source = activation ? writer[static_cast<std::size_t>(node.inputs[0])] : std::nullopt;
    if (source && readers[static_cast<std::size_t>(node.inputs[0])] == 1) {
      network::Node& before = graph.nodes[*source];
      if (FusedActivation* slot = free_slot(before.operation)) {
        *slot = *activation;
        before.outputs = node.outputs;
        removed[n] = true;
        writer[static_cast<std::size_t>(node.outputs[0])] = source;
        continue;
      }
    }
    for (const TensorId id : node.outputs) writer[static_cast<std::size_t>(id)] = n;
  }
  std::vector<network::Node> kept;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!removed[n]) kept.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(kept);
  return graph;
}

network::Graph split_prelu(network::Graph graph) {
  std::vector<network::Node> nodes;
  for (network::Node& node : graph.nodes) {
    auto* unary = std::get_if<op::Unary>(&node.operation);
    if (unary == nullptr || unary->kind != op::Unary::Kind::kPRelu || unary->parameters.empty()) {
      nodes.push_back(std::move(node));
      continue;
    }
    const std::vector<double>& slopes = unary->parameters;
    if (std::equal(slopes.begin() + 1, slopes.end(), slopes.begin())) {
      node.operation = op::Unary{op::Unary::Kind::kLeakyRelu, {slopes[0]}};
      nodes.push_back(std::move(node));
      continue;
    }
    const network::TensorInfo like = graph.tensor(node.outputs[0]);
    const auto part = [&](const std::string& suffix) {
      return graph.add_tensor({node.name + suffix, DType::kFloat32, like.shape, {}, {}});
    };
    network::Tensor slope(DType::kFloat32, {static_cast<std::int64_t>(slopes.size())});
    std::transform(slopes.begin(), slopes.end(), slope.data<float>().begin(),
                   [](double s) { return static_cast<float>(s); });
    network::Tensor zero(DType::kFloat32, {1});
    const TensorId slope_id = graph.add_constant(node.name + "/slope", std::move(slope));
    const TensorId zero_id = graph.add_constant(node.name + "/zero", std::move(zero));
    const TensorId positive = part("/positive");
    const TensorId negative = part("/negative");
    const TensorId scaled = part("/scaled");
    const TensorId x = node.inputs[0];
    nodes.push_back({node.name + "/positive", op::Unary{op::Unary::Kind::kRelu, {}}, {x}, {positive}});
    // x - relu(x) would need the same scale twice; a minimum keeps the codes.
    nodes.push_back(
        {node.name + "/negative", op::Binary{op::Binary::Kind::kMinimum, {}}, {x, zero_id}, {negative}});
    nodes.push_back(
        {node.name + "/scaled", op::Binary{op::Binary::Kind::kMul, {}}, {negative, slope_id}, {scaled}});
    nodes.push_back({node.name, op::Binary{op::Binary::Kind::kAdd, {}}, {positive, scaled}, node.outputs});
  }
  graph.nodes = std::move(nodes);
  return graph;
}

network::Graph rewrite_for_quantisation(network::Graph graph) {
  graph = fold_channel_lines(take_recorded_constants(std::move(graph)));
  return fuse_activations(find_clipping_levels(split_prelu(std::move(graph))));
}

network::Graph rewrite_for_formats(network::Graph graph) {
  graph = without_recorded_codes(take_recorded_constants(std::move(graph)));
  return fuse_activations(split_prelu(fold_channel_lines(std::move(graph))));
}

}  // namespace dlasim::quantize
