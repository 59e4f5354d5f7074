#include "golden/interpreter.h"

#include <optional>
#include <utility>

#include "elements.h"
#include "golden/operators.h"

namespace dlasim::golden {
namespace {

using network::QuantizedGraph;
using network::QuantizedNode;
using network::QuantizedTensor;
using network::Tensor;
using network::TensorId;

void check_value(const QuantizedTensor& declared, const Tensor& value) {
  require(value.dtype() == declared.dtype && value.shape() == declared.shape,
          "tensor '{}' is {} {}, {} {} is declared", declared.name, network::name(value.dtype()),
          network::to_string(value.shape()), network::name(declared.dtype),
          network::to_string(declared.shape));
}

/// The values of a graph's tensors while it runs.
class Values {
 public:
  Values(const QuantizedGraph& graph, std::span<const Tensor> inputs)
      : graph_(graph),
        borrowed_(graph.tensors.size()),
        owned_(graph.tensors.size()),
        uses_(graph.tensors.size()) {
    check_ids();
    require(inputs.size() == graph.inputs.size(), "{} inputs given, the network has {}", inputs.size(),
            graph.inputs.size());
    for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
      if (!graph.tensors[i].constant) continue;
      check_value(graph.tensors[i], *graph.tensors[i].constant);
      borrowed_[i] = &*graph.tensors[i].constant;
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check_value(graph.tensor(graph.inputs[i]), inputs[i]);
      borrowed_[index(graph.inputs[i])] = &inputs[i];
    }
    count_uses();
  }

  /// Null while the tensor has no value.
  const Tensor* find(TensorId id) const {
    const std::size_t i = index(id);
    return owned_[i] ? &*owned_[i] : borrowed_[i];
  }

  void set(TensorId id, Tensor value) {
    check_value(graph_.tensor(id), value);
    owned_[index(id)] = std::move(value);
    if (uses_[index(id)] == 0) owned_[index(id)].reset();
  }

  /// Marks what the node read as used once more and frees what nobody reads again.
  void release_inputs(const QuantizedNode& node) {
    for_each_read(node, [&](TensorId id) {
      if (--uses_[index(id)] == 0) owned_[index(id)].reset();
    });
  }

  Tensor take_or_copy(TensorId id) {
    const Tensor* value = find(id);
    require(value != nullptr, "output '{}' is never written", graph_.tensor(id).name);
    if (--uses_[index(id)] == 0 && owned_[index(id)]) return std::move(*owned_[index(id)]);
    return *value;
  }

 private:
  /// The node's inputs and, for MX operands, the scales that belong to them.
  template <class F>
  void for_each_read(const QuantizedNode& node, F f) const {
    for (const TensorId id : node.inputs) {
      if (id == network::kNoTensor) continue;
      f(id);
      const TensorId scales = graph_.tensor(id).mx_scales;
      if (scales != network::kNoTensor) f(scales);
    }
  }

  void check_id(TensorId id) const {
    require(id >= 0 && index(id) < graph_.tensors.size(), "tensor {} does not exist", id);
  }

  void check_ids() const {
    for (const TensorId id : graph_.inputs) check_id(id);
    for (const TensorId id : graph_.outputs) check_id(id);
    for (const QuantizedTensor& t : graph_.tensors) {
      if (t.mx_scales != network::kNoTensor) check_id(t.mx_scales);
    }
    for (const QuantizedNode& node : graph_.nodes) {
      for (const TensorId id : node.outputs) check_id(id);
      for (const TensorId id : node.inputs) {
        if (id != network::kNoTensor) check_id(id);
      }
    }
  }

  void count_uses() {
    for (const QuantizedNode& node : graph_.nodes)
      for_each_read(node, [&](TensorId id) { ++uses_[index(id)]; });
    for (const TensorId id : graph_.outputs) ++uses_[index(id)];
  }

  const QuantizedGraph& graph_;
  std::vector<const Tensor*> borrowed_;  ///< constants and the network's inputs
  std::vector<std::optional<Tensor>> owned_;
  std::vector<int> uses_;  ///< reads still to come
};

void run_and_store(const QuantizedGraph& graph, const QuantizedNode& node, const Observer& observer,
                   const EventObserver& event_observer, Values& values) {
  const TensorLookup lookup = [&](TensorId id) {
    const Tensor* value = values.find(id);
    require(value != nullptr, "'{}' is read before it is written", graph.tensor(id).name);
    return value;
  };
  StageEvents events;
  std::vector<Tensor> outputs = run_node(graph, node, lookup, event_observer ? &events : nullptr);
  if (event_observer && is_staged(node)) event_observer(node, events);
  require(outputs.size() == node.outputs.size(), "{}: {} outputs, {} are declared", node.name, outputs.size(),
          node.outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (observer) observer(node, node.outputs[i], outputs[i]);
    values.set(node.outputs[i], std::move(outputs[i]));
  }
  values.release_inputs(node);
}

}  // namespace

std::vector<Tensor> run(const QuantizedGraph& graph, std::span<const Tensor> inputs, const Observer& observer,
                        const EventObserver& event_observer) {
  Values values(graph, inputs);
  for (const QuantizedNode& node : graph.nodes) run_and_store(graph, node, observer, event_observer, values);
  std::vector<Tensor> outputs;
  for (const TensorId id : graph.outputs) outputs.push_back(values.take_or_copy(id));
  return outputs;
}

std::vector<Tensor> run_all(const QuantizedGraph& graph, std::span<const Tensor> inputs) {
  std::vector<Tensor> all(graph.tensors.size());
  run(graph, inputs, [&](const QuantizedNode&, TensorId id, const Tensor& value) { all[index(id)] = value; });
  return all;
}

}  // namespace dlasim::golden
