#include "quantize/bias_correction.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/error.h"
#include "network/float_reference.h"
#include "quantize/affine.h"
#include "scheme_affine.h"
#include "weight_channels.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::DType;
using network::Graph;
using network::Node;
using network::Tensor;

int output_axis(const network::Operation& operation) {
  return std::holds_alternative<op::DepthwiseConv2d>(operation) ? 3 : 0;
}

/// W - V.
Tensor rounding_error(const network::TensorInfo& weight, const network::Operation& operation,
                      const Scheme& scheme) {
  const bool per_channel = scheme.granularity == WeightGranularity::kPerChannel;
  const network::Affine affine =
      weight_affine(*weight.constant, per_channel ? output_axis(operation) : -1, scheme);
  Tensor error = network::dequantize(quantize(*weight.constant, affine, scheme.weight), affine);
  const auto w = weight.constant->data<float>();
  const auto e = error.data<float>();
  for (std::size_t i = 0; i < e.size(); ++i) e[i] = w[i] - e[i];
  return error;
}

/// The layer alone, with the error for its weights, no bias and no activation.
struct ErrorLayer {
  const Node* node;
  Graph graph;
  std::vector<double> sum;  ///< by output channel
  std::int64_t positions = 0;

  void add(const Tensor& input) {
    const Tensor y = network::FloatReference(graph).run({input}).at(0);
    const auto values = y.data<float>();
    for (std::size_t i = 0; i < values.size(); ++i) sum[i % sum.size()] += static_cast<double>(values[i]);
    positions += static_cast<std::int64_t>(values.size() / sum.size());
  }
};

ErrorLayer error_layer(const Graph& graph, const Node& node, const Scheme& scheme) {
  ErrorLayer layer{&node, {}, {}, 0};
  network::Operation operation = node.operation;
  std::visit(
      [](auto& o) {
        if constexpr (requires { o.activation; }) o.activation = network::FusedActivation::kNone;
      },
      operation);
  const network::Shape input = graph.tensor(node.inputs[0]).shape;
  layer.graph.inputs = {layer.graph.add_tensor({"x", DType::kFloat32, input, {}, {}})};
  const auto weight =
      layer.graph.add_constant("error", rounding_error(graph.tensor(node.inputs[1]), node.operation, scheme));
  const network::Shape shape = graph.tensor(node.outputs[0]).shape;
  layer.graph.outputs = {layer.graph.add_node(node.name, operation, {layer.graph.inputs[0], weight}, shape)};
  layer.sum.assign(static_cast<std::size_t>(shape.back()), 0.0);
  return layer;
}

}  // namespace

BiasCorrections find_bias_corrections(const Graph& graph, const std::vector<std::vector<Tensor>>& samples,
                                      const Scheme& scheme) {
  if (samples.empty()) throw base::InputError("bias correction needs at least one sample");
  std::multimap<network::TensorId, ErrorLayer> layers;  // by the tensor that the layer reads
  for (const Node& node : graph.nodes) {
    if (!has_weight_channels(node.operation)) continue;
    const network::TensorInfo& weight = graph.tensor(node.inputs[1]);
    if (!weight.constant || weight.dtype != DType::kFloat32) continue;
    layers.emplace(node.inputs[0], error_layer(graph, node, scheme));
  }
  const auto feed = [&](network::TensorId id, const Tensor& value) {
    const auto [begin, end] = layers.equal_range(id);
    for (auto layer = begin; layer != end; ++layer) layer->second.add(value);
  };
  for (const auto& sample : samples) {
    for (std::size_t i = 0; i < sample.size(); ++i) feed(graph.inputs.at(i), sample[i]);
    network::FloatReference(graph).run(sample, [&](network::TensorId id, const Tensor& value) {
      const bool is_input = std::find(graph.inputs.begin(), graph.inputs.end(), id) != graph.inputs.end();
      if (!is_input) feed(id, value);
    });
  }
  BiasCorrections corrections;
  for (auto& [id, layer] : layers) {
    std::vector<double> mean = std::move(layer.sum);
    for (double& m : mean) m /= static_cast<double>(layer.positions);
    corrections.emplace(layer.node->name, std::move(mean));
  }
  return corrections;
}

Graph correct_biases(Graph graph, const BiasCorrections& corrections) {
  for (Node& node : graph.nodes) {
    const auto found = corrections.find(node.name);
    if (found == corrections.end()) continue;
    own_parameters(graph, node);
    const auto bias = graph.tensors[static_cast<std::size_t>(node.inputs[2])].constant.edit().data<float>();
    for (std::size_t c = 0; c < bias.size(); ++c) {
      bias[c] = static_cast<float>(static_cast<double>(bias[c]) + found->second.at(c));
    }
  }
  return graph;
}

}  // namespace dlasim::quantize
