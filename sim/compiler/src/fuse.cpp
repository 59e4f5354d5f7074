#include "fuse.h"

#include <algorithm>

namespace dlasim::sim::compiler {
namespace {

using network::QuantizedGraph;
using network::QuantizedNode;
using network::TensorId;
namespace qop = network::qop;

template <class... Ops>
bool is_any(const QuantizedNode& node) {
  return (std::holds_alternative<Ops>(node.operation) || ...);
}

bool is_convolution(const QuantizedNode& node) {
  return is_any<qop::Conv2d, qop::FullyConnected, qop::DepthwiseConv2d, qop::TransposeConv2d>(node);
}
bool is_table(const QuantizedNode& node) {
  return is_any<qop::TableInt8, qop::ActivationS16, qop::ActivationS16Tflite, qop::Table>(node);
}

class Grouper {
 public:
  Grouper(const QuantizedGraph& graph, int oc_lanes) : graph_(graph), oc_lanes_(oc_lanes) {
    consumers_.resize(graph.tensors.size());
    taken_.resize(graph.nodes.size());
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const TensorId t : graph.nodes[i].inputs) {
        if (t != network::kNoTensor) consumers_[static_cast<std::size_t>(t)].push_back(i);
      }
    }
  }

  /// The group that `head`, which no earlier group has, begins.
  Group grow(std::size_t head) {
    Group group = grow_from(head);
    for (const std::size_t n : group.nodes) taken_[n] = true;
    return group;
  }

  bool taken(std::size_t node) const { return taken_[node]; }

 private:
  Group grow_from(std::size_t head) const {
    Group group;
    group.head = head;
    group.nodes = {head};
    const QuantizedNode& node = graph_.nodes[head];
    if (!is_convolution(node) || node.staged) return group;
    if (grow_gate(group)) return group;
    TensorId tail = node.outputs.front();
    if (const auto next = only_consumer(tail); next && is_table(graph_.nodes[*next])) {
      group.table = next;
      group.nodes.push_back(*next);
      tail = graph_.nodes[*next].outputs.front();
    }
    grow_combine(group, tail);
    return group;
  }

  bool is_output(TensorId t) const { return std::ranges::find(graph_.outputs, t) != graph_.outputs.end(); }

  /// The only reader of a tensor that nobody else sees, if no earlier group has it: the sum of two
  /// convolutions belongs to the first of them.
  std::optional<std::size_t> only_consumer(TensorId t) const {
    const auto& readers = consumers_[static_cast<std::size_t>(t)];
    if (readers.size() != 1 || is_output(t) || taken_[readers.front()] ||
        graph_.nodes[readers.front()].staged) {
      return std::nullopt;
    }
    return readers.front();
  }

  void grow_combine(Group& group, TensorId tail) const {
    const auto next = only_consumer(tail);
    if (!next || !is_any<qop::Add, qop::Mul, qop::MinMax>(graph_.nodes[*next])) return;
    const QuantizedNode& node = graph_.nodes[*next];
    if (const auto* add = std::get_if<qop::Add>(&node.operation); add != nullptr && add->subtract) return;
    const TensorId other = node.inputs[0] == tail ? node.inputs[1] : node.inputs[0];
    const auto& result = graph_.tensor(node.outputs.front()).shape;
    // The operand comes in as the output's tile: broadcasting along channels is a pass of its own.
    if (other == tail || graph_.tensor(other).shape != result || graph_.tensor(tail).shape != result) return;
    group.combine = next;
    group.nodes.push_back(*next);
  }

  bool grow_gate(Group& group) const {
    const TensorId out = graph_.nodes[group.head].outputs.front();
    const auto& readers = consumers_[static_cast<std::size_t>(out)];
    if (oc_lanes_ < 2 || readers.size() != 2 || is_output(out)) return false;
    if (const auto* conv = std::get_if<qop::Conv2d>(&graph_.nodes[group.head].operation);
        conv == nullptr || conv->groups != 1) {
      return false;
    }
    std::array<std::optional<std::size_t>, 2> slices, tables;
    for (const std::size_t reader : readers) {
      const auto half = half_of(reader, graph_.tensor(out).shape);
      if (!half) return false;
      slices[*half] = reader;
      const auto table = only_consumer(graph_.nodes[reader].outputs.front());
      if (!table || !is_table(graph_.nodes[*table])) return false;
      tables[*half] = table;
    }
    if (!slices[0] || !slices[1]) return false;
    const auto product = only_consumer(graph_.nodes[*tables[0]].outputs.front());
    if (!product || product != only_consumer(graph_.nodes[*tables[1]].outputs.front()) ||
        !is_any<qop::Mul>(graph_.nodes[*product])) {
      return false;
    }
    group.gate = {*tables[0], *tables[1]};
    group.combine = product;
    group.nodes.insert(group.nodes.end(), {*slices[0], *slices[1], *tables[0], *tables[1], *product});
    std::ranges::sort(group.nodes);
    return true;
  }

  /// 0 or 1 if the node takes the lower or the upper half of the channels and nothing else.
  std::optional<std::size_t> half_of(std::size_t reader, const network::Shape& shape) const {
    const auto* slice = std::get_if<qop::Slice>(&graph_.nodes[reader].operation);
    if (slice == nullptr || shape.empty() || shape.back() % 2 != 0) return std::nullopt;
    const std::size_t last = shape.size() - 1;
    for (std::size_t axis = 0; axis < last; ++axis) {
      if (slice->begin[axis] != 0 || slice->size[axis] != shape[axis]) return std::nullopt;
    }
    const std::int64_t half = shape.back() / 2;
    if (slice->size[last] != half || slice->stride[last] != 1 || slice->begin[last] % half != 0)
      return std::nullopt;
    return static_cast<std::size_t>(slice->begin[last] / half);
  }

  const QuantizedGraph& graph_;
  const int oc_lanes_;
  std::vector<std::vector<std::size_t>> consumers_;
  std::vector<bool> taken_;
};

}  // namespace

std::vector<Group> group_nodes(const QuantizedGraph& graph, int oc_lanes, bool fuse) {
  Grouper grouper(graph, oc_lanes);
  std::vector<Group> groups;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (grouper.taken(i)) continue;
    Group alone;
    alone.head = i;
    alone.nodes = {i};
    groups.push_back(fuse ? grouper.grow(i) : std::move(alone));
  }
  // A group runs where its last node stands: by then all its operands have been computed.
  std::ranges::stable_sort(groups, {}, [](const Group& g) { return g.last(); });
  return groups;
}

}  // namespace dlasim::sim::compiler
