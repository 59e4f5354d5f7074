#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/edit_distance.h"
#include "base/error.h"
#include "layer.h"
#include "network/shape_inference.h"
#include "network_reader.h"

namespace dlasim::network {
namespace {

constexpr std::array kFusedActivations{
    base::Choice<FusedActivation>{"none", FusedActivation::kNone},
    base::Choice<FusedActivation>{"relu", FusedActivation::kRelu},
    base::Choice<FusedActivation>{"relu6", FusedActivation::kRelu6},
    base::Choice<FusedActivation>{"relu_n1_to_1", FusedActivation::kReluN1To1},
};

std::vector<base::Choice<LayerReader>> layer_choices() {
  std::vector<base::Choice<LayerReader>> choices;
  for (const auto& [name, read] : mac_layer_kinds()) choices.push_back({name, read});
  for (const auto& [name, read] : plain_layer_kinds()) choices.push_back({name, read});
  return choices;
}

/// Reads the list and knows the tensors by the names of their layers.
class LayersReader {
 public:
  explicit LayersReader(WeightSource& weights) : weights_(weights), choices_(layer_choices()) {}

  Graph read(const base::YamlNode& network) {
    read_inputs(network);
    const base::YamlNode layers = network.at("layers");
    if (layers.items().empty()) layers.fail("needs at least one layer");
    for (const base::YamlNode& layer : layers.items()) read_layer(layer);
    graph_.outputs = {previous_};
    if (const auto outputs = network.find("outputs")) {
      graph_.outputs.clear();
      for (const base::YamlNode& output : outputs->items()) graph_.outputs.push_back(tensor_of(output));
      if (graph_.outputs.empty()) outputs->fail("needs at least one name");
    }
    return std::move(graph_);
  }

 private:
  void read_inputs(const base::YamlNode& network) {
    const auto one = network.find("input");
    const auto several = network.find("inputs");
    if (one.has_value() == several.has_value()) network.fail("needs either input or inputs");
    if (one) read_input(*one, one->get_string_or("name", "input"));
    if (several) {
      for (const base::YamlNode& input : several->items()) read_input(input, input.get_string("name"));
      if (graph_.inputs.empty()) several->fail("needs at least one input");
    }
    previous_ = graph_.inputs.front();
  }

  void read_input(const base::YamlNode& node, const std::string& name) {
    const base::YamlNode shape_node = node.at("shape");
    Shape shape = shape_node.as_ints(1, kLargestSize);
    try {
      static_cast<void>(element_count(shape));
    } catch (const base::InputError& e) {
      shape_node.fail(e.what());
    }
    add_name(node, name, append_input(graph_, name, std::move(shape)));
  }

  void read_layer(const base::YamlNode& node) {
    const LayerReader read_operator = node.get_enum<LayerReader>("op", choices_);
    const std::string fallback = fmt::format("{}_{}", node.get_string("op"), graph_.nodes.size());
    std::string name = node.get_string_or("name", fallback);
    const Layer layer(graph_, weights_, node, name, inputs_of(node));
    previous_ = read_operator(layer);
    add_name(node, name, previous_);
  }

  std::vector<TensorId> inputs_of(const base::YamlNode& node) const {
    const auto one = node.find("input");
    const auto several = node.find("inputs");
    if (one && several) node.fail("has both input and inputs");
    if (one) return {tensor_of(*one)};
    if (!several) return {previous_};
    std::vector<TensorId> inputs;
    for (const base::YamlNode& input : several->items()) inputs.push_back(tensor_of(input));
    if (inputs.empty()) several->fail("needs at least one name");
    return inputs;
  }

  TensorId tensor_of(const base::YamlNode& node) const {
    const std::string name = node.as_string();
    if (const auto found = tensors_.find(name); found != tensors_.end()) return found->second;
    std::vector<std::string> known;
    for (const auto& [other, id] : tensors_) known.push_back(other);
    const std::string nearest = base::nearest_name(name, known);
    node.fail(fmt::format("there is no input or earlier layer '{}'{}", name,
                          nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
  }

  void add_name(const base::YamlNode& node, const std::string& name, TensorId id) {
    if (!tensors_.emplace(name, id).second) node.fail(fmt::format("the name '{}' is taken", name));
  }

  WeightSource& weights_;
  std::vector<base::Choice<LayerReader>> choices_;
  Graph graph_;
  std::map<std::string, TensorId> tensors_;
  TensorId previous_ = kNoTensor;
};

}  // namespace

Layer::Layer(Graph& graph, WeightSource& weights, base::YamlNode node, std::string name,
             std::vector<TensorId> inputs)
    : graph_(graph),
      weights_(weights),
      node_(std::move(node)),
      name_(std::move(name)),
      inputs_(std::move(inputs)) {}

TensorId Layer::input() const {
  if (inputs_.size() != 1) node_.fail(fmt::format("one input is wanted, found {}", inputs_.size()));
  return inputs_.front();
}

const Shape& Layer::image_shape() const {
  const Shape& shape = input_shape();
  if (shape.size() != 4) {
    node_.fail(fmt::format("the input must have four dimensions (NHWC), found {}", to_string(shape)));
  }
  return shape;
}

TensorId Layer::append(Operation operation, std::vector<TensorId> inputs) const {
  return append_step("", std::move(operation), std::move(inputs));
}

TensorId Layer::append_step(std::string_view suffix, Operation operation,
                            std::vector<TensorId> inputs) const {
  try {
    return network::append(graph_, fmt::format("{}{}", name_, suffix), std::move(operation),
                           std::move(inputs));
  } catch (const base::InputError& e) {
    node_.fail(e.what());
  }
}

TensorId Layer::append_reshape(const Shape& wanted) const {
  try {
    return graph_.add_node(name_, op::Reshape{}, {input()}, resolve_reshape(input_shape(), wanted));
  } catch (const base::InputError& e) {
    node_.fail(e.what());
  }
}

TensorId Layer::add_constant(const std::string& name, Tensor value) const {
  return graph_.add_constant(name, std::move(value));
}

int Layer::axis(const base::YamlNode& node) const {
  const auto rank = static_cast<std::int64_t>(first_shape().size());
  const std::int64_t axis = node.as_int(-rank, rank - 1);
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

FusedActivation Layer::activation() const {
  return node_.get_enum_or<FusedActivation>("activation", FusedActivation::kNone, kFusedActivations);
}

Pair Layer::pair_or(std::string_view key, std::int64_t fallback) const {
  const auto node = node_.find(key);
  if (!node) return {fallback, fallback};
  if (node->is_scalar()) {
    const std::int64_t both = node->as_int(1, kLargestSize);
    return {both, both};
  }
  const std::vector<std::int64_t> values = node->as_ints(1, kLargestSize);
  if (values.size() != 2) {
    node->fail(fmt::format("a number or [vertical, horizontal] is wanted, found {} numbers", values.size()));
  }
  return {values[0], values[1]};
}

std::string Layer::array_name(std::string_view key) const {
  return node_.get_string_or(key, fmt::format("{}.{}", name_, key));
}

Graph read_layers(const base::YamlNode& network, WeightSource& weights) {
  return LayersReader(weights).read(network);
}

}  // namespace dlasim::network
