#pragma once
/// One entry of `layers` and what its reader needs.

#include <string>
#include <string_view>
#include <vector>

#include "base/yaml.h"
#include "network/graph.h"
#include "weight_source.h"

namespace dlasim::network {

class Layer {
 public:
  Layer(Graph& graph, WeightSource& weights, base::YamlNode node, std::string name,
        std::vector<TensorId> inputs);

  const base::YamlNode& node() const { return node_; }
  const std::string& name() const { return name_; }
  const std::vector<TensorId>& inputs() const { return inputs_; }
  WeightSource& weights() const { return weights_; }

  /// The only input; an error if there are several.
  TensorId input() const;
  const Shape& input_shape() const { return graph_.tensor(input()).shape; }
  /// The same, of an NHWC input.
  const Shape& image_shape() const;

  /// Of the first of the inputs.
  const Shape& first_shape() const { return graph_.tensor(inputs_.front()).shape; }

  /// Appends the layer's node. What shape inference refuses is reported at the layer.
  TensorId append(Operation operation, std::vector<TensorId> inputs) const;
  /// The same for a node in front of the layer's own, called LAYER + `suffix`.
  TensorId append_step(std::string_view suffix, Operation operation, std::vector<TensorId> inputs) const;
  /// The same for a reshape of the only input; one dimension may be -1.
  TensorId append_reshape(const Shape& wanted) const;
  /// A weight or bias as a constant of the graph.
  TensorId add_constant(const std::string& name, Tensor value) const;

  /// A dimension of the first input, counted from the front or, negative, from the back.
  int axis(const base::YamlNode& node) const;
  /// The key `activation`: none, relu, relu6 or relu_n1_to_1.
  FusedActivation activation() const;
  /// A key that is a number for both axes or [vertical, horizontal].
  Pair pair_or(std::string_view key, std::int64_t fallback) const;
  /// The name of the array in key `weight` or `bias`; default LAYER.weight, LAYER.bias.
  std::string array_name(std::string_view key) const;

 private:
  Graph& graph_;
  WeightSource& weights_;
  base::YamlNode node_;
  std::string name_;
  std::vector<TensorId> inputs_;
};

/// Appends the nodes of one layer and returns its output.
using LayerReader = TensorId (*)(const Layer&);
/// Names of `op` and their readers.
struct LayerKind {
  std::string_view name;
  LayerReader read;
};

/// Layers with weights: mac_layers.cpp
std::vector<LayerKind> mac_layer_kinds();
/// All others: plain_layers.cpp
std::vector<LayerKind> plain_layer_kinds();

}  // namespace dlasim::network
