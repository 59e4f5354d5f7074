#include "network/network_yaml.h"

#include <memory>
#include <utility>

#include "network/shape_inference.h"
#include "network_reader.h"

namespace dlasim::network {

TensorId append(Graph& graph, std::string name, Operation operation, std::vector<TensorId> inputs) {
  Shape shape = infer_shape(graph, operation, inputs);
  return graph.add_node(std::move(name), std::move(operation), std::move(inputs), std::move(shape));
}

TensorId append_input(Graph& graph, std::string name, Shape shape) {
  TensorInfo info;
  info.name = std::move(name);
  info.shape = std::move(shape);
  const TensorId id = graph.add_tensor(std::move(info));
  graph.inputs.push_back(id);
  return id;
}

Graph read_network(const base::YamlNode& network, const NetworkOptions& options) {
  const std::string name = network.get_string_or("name", "network");
  if (network.has("graph")) {
    Graph graph = read_graph(network);
    graph.name = name;
    network.finish();
    return graph;
  }
  const auto wavenet = network.find("wavenet");
  if (wavenet.has_value() == network.has("layers")) {
    network.fail(wavenet ? "has both wavenet and layers; one is wanted"
                         : "needs a section wavenet or a list layers");
  }
  const std::unique_ptr<WeightSource> weights = open_weights(network);
  Graph graph = wavenet ? read_wavenet(*wavenet, *weights, options) : read_layers(network, *weights);
  graph.name = name;
  network.finish();
  weights->finish();
  return graph;
}

}  // namespace dlasim::network
