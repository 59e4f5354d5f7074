#include "quantize/recorded.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "network/float_reference.h"
#include "quantize/affine.h"
#include "tensor_index.h"
#include "weight_channels.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::Affine;
using network::DType;
using network::Graph;
using network::Node;
using network::TensorId;

bool is_constant(const Graph& graph, TensorId id) {
  return id != network::kNoTensor && graph.tensor(id).constant.has_value();
}

/// Nodes of `graph` but those that `gone` marks.
std::vector<Node> remaining(Graph& graph, const std::vector<bool>& gone) {
  std::vector<Node> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!gone[n]) nodes.push_back(std::move(graph.nodes[n]));
  }
  return nodes;
}

/// The values that a fake quantisation leaves: a clip for a datapath without codes.
op::Clip range_of_codes(const op::FakeQuantize& fake) {
  const auto real = [&](std::int64_t code) {
    return static_cast<float>(static_cast<double>(fake.scale) * static_cast<double>(code - fake.zero_point));
  };
  return {real(fake.lowest), real(fake.highest)};
}

// --- clipping levels --------------------------------------------------------------------------------

/// The slot of a fused relu in operators from which fuse_activations takes it up again.
network::FusedActivation* fused_relu(network::Operation& operation) {
  if (std::holds_alternative<op::Svdf>(operation)) return nullptr;
  return std::visit(
      [](auto& o) -> network::FusedActivation* {
        if constexpr (requires { o.activation; }) {
          return o.activation == network::FusedActivation::kRelu ? &o.activation : nullptr;
        } else {
          return nullptr;
        }
      },
      operation);
}

/// Importers fuse a relu into what it follows; as a node of its own it can be the first half of a clip.
Graph with_separate_relus(Graph graph) {
  std::vector<Node> nodes;
  for (Node& node : graph.nodes) {
    network::FusedActivation* const relu = fused_relu(node.operation);
    if (relu == nullptr) {
      nodes.push_back(std::move(node));
      continue;
    }
    *relu = network::FusedActivation::kNone;
    const network::TensorInfo& like = graph.tensor(node.outputs[0]);
    const TensorId before = graph.add_tensor({node.name + "/linear", DType::kFloat32, like.shape, {}, {}});
    Node after{node.name + "/relu", op::Unary{op::Unary::Kind::kRelu, {}}, {before}, node.outputs};
    node.outputs = {before};
    nodes.push_back(std::move(node));
    nodes.push_back(std::move(after));
  }
  graph.nodes = std::move(nodes);
  return graph;
}

/// Finds the ways in which frameworks write a clip. The nodes on the way have no other readers; those that
/// nothing reads any more go at the end.
class ClippingLevels {
 public:
  explicit ClippingLevels(Graph graph)
      : graph_(std::move(graph)),
        readers_(count_readers(graph_)),
        writer_(graph_.tensors.size()),
        gone_(graph_.nodes.size(), false) {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) writer_[index(graph_.nodes[n].outputs[0])] = n;
  }

  Graph run() {
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) find(n);
    graph_.nodes = remaining(graph_, gone_);
    return std::move(graph_);
  }

 private:
  using Kind = op::Binary::Kind;
  using Steps = std::vector<std::size_t>;

  struct Found {
    TensorId x = network::kNoTensor;
    float minimum = 0.0F, maximum = 0.0F;
    Steps steps;  ///< nodes before the last one
  };
  /// An operand and a number.
  struct WithNumber {
    TensorId x = network::kNoTensor;
    float number = 0.0F;
    std::size_t position = 0;  ///< of the number
  };

  void find(std::size_t n) {
    std::optional<Found> found = comparisons(n);
    if (!found) found = relu_difference(n);
    if (!found) found = magnitudes(n);
    if (!found || !(found->maximum > 0.0F) || !std::isfinite(found->maximum)) return;
    if (found->minimum != 0.0F && found->minimum != -found->maximum) return;
    graph_.nodes[n].operation = op::Clip{found->minimum, found->maximum};
    graph_.nodes[n].inputs = {found->x};
    for (const std::size_t step : found->steps) gone_[step] = true;
  }

  const op::Binary* binary(std::size_t n, Kind kind) const {
    const auto* operation = std::get_if<op::Binary>(&graph_.nodes[n].operation);
    const bool fits = operation != nullptr && operation->kind == kind &&
                      operation->activation == network::FusedActivation::kNone;
    return fits ? operation : nullptr;
  }

  /// The two operands of a node that works with one number.
  std::optional<WithNumber> with_number(std::size_t n) const {
    const Node& node = graph_.nodes[n];
    for (const std::size_t i : {std::size_t{1}, std::size_t{0}}) {
      const network::TensorInfo& info = graph_.tensor(node.inputs[i]);
      if (!info.constant || info.dtype != DType::kFloat32 || info.constant->size() != 1) continue;
      if (is_constant(graph_, node.inputs[1 - i])) continue;
      if (graph_.tensor(node.inputs[1 - i]).shape != graph_.tensor(node.outputs[0]).shape) continue;
      return WithNumber{node.inputs[1 - i], info.constant->data<float>()[0], i};
    }
    return std::nullopt;
  }

  /// The node that writes a tensor which only one node reads.
  std::optional<std::size_t> step(TensorId id) const {
    const auto& writer = writer_[index(id)];
    return writer && readers_[index(id)] == 1 && !gone_[*writer] ? writer : std::nullopt;
  }

  bool is_unary(std::size_t n, op::Unary::Kind kind) const {
    const auto* unary = std::get_if<op::Unary>(&graph_.nodes[n].operation);
    return unary != nullptr && unary->kind == kind;
  }
  /// |x|, which is a leaky relu of slope -1.
  bool is_magnitude(std::size_t n) const {
    const auto* unary = std::get_if<op::Unary>(&graph_.nodes[n].operation);
    return unary != nullptr && unary->kind == op::Unary::Kind::kLeakyRelu &&
           unary->parameters == std::vector<double>{-1.0};
  }

  /// One end of a range: the operand of a minimum, maximum (with a number) or relu.
  struct End {
    TensorId x;
    bool is_upper;
    float value;
  };
  std::optional<End> end(std::size_t n) const {
    if (is_unary(n, op::Unary::Kind::kRelu)) return End{graph_.nodes[n].inputs[0], false, 0.0F};
    const bool upper = binary(n, Kind::kMinimum) != nullptr;
    if (!upper && binary(n, Kind::kMaximum) == nullptr) return std::nullopt;
    const auto operands = with_number(n);
    if (!operands) return std::nullopt;
    return End{operands->x, upper, operands->number};
  }

  std::optional<Found> comparisons(std::size_t n) const {
    const auto last = end(n);
    const auto before = last ? step(last->x) : std::nullopt;
    const auto first = before ? end(*before) : std::nullopt;
    if (!first || first->is_upper == last->is_upper) return std::nullopt;
    const End& upper = last->is_upper ? *last : *first;
    const End& lower = last->is_upper ? *first : *last;
    return Found{first->x, lower.value, upper.value, {*before}};
  }

  /// x and a of a node that computes x - a.
  std::optional<WithNumber> shifted(std::size_t n) const {
    auto operands = with_number(n);
    if (!operands) return std::nullopt;
    if (binary(n, Kind::kSub) != nullptr && operands->position == 1) return operands;
    if (binary(n, Kind::kAdd) == nullptr) return std::nullopt;
    operands->number = -operands->number;
    return operands;
  }

  /// f(x) - f(x - a), with f the relu or the magnitude.
  template <class IsFunction>
  std::optional<Found> difference(std::size_t n, IsFunction is_function) const {
    if (binary(n, Kind::kSub) == nullptr) return std::nullopt;
    const Node& node = graph_.nodes[n];
    const auto whole = step(node.inputs[0]);
    const auto part = step(node.inputs[1]);
    if (!whole || !part || !is_function(*whole) || !is_function(*part)) return std::nullopt;
    const auto moved = step(graph_.nodes[*part].inputs[0]);
    const auto operands = moved ? shifted(*moved) : std::nullopt;
    const TensorId x = graph_.nodes[*whole].inputs[0];
    if (!operands || operands->x != x) return std::nullopt;
    return Found{x, 0.0F, operands->number, {*whole, *part, *moved}};
  }

  std::optional<Found> relu_difference(std::size_t n) const {
    return difference(n, [this](std::size_t i) { return is_unary(i, op::Unary::Kind::kRelu); });
  }

  /// (|x| - |x - a| + a) / 2
  std::optional<Found> magnitudes(std::size_t n) const {
    constexpr float kHalf = 0.5F;
    const auto half = binary(n, Kind::kMul) != nullptr ? with_number(n) : std::nullopt;
    if (!half || half->number != kHalf) return std::nullopt;
    const auto sum = step(half->x);
    const auto offset = sum && binary(*sum, Kind::kAdd) != nullptr ? with_number(*sum) : std::nullopt;
    const auto inner = offset ? step(offset->x) : std::nullopt;
    if (!inner) return std::nullopt;
    auto found = difference(*inner, [this](std::size_t i) { return is_magnitude(i); });
    if (!found || found->maximum != offset->number) return std::nullopt;
    found->steps.insert(found->steps.end(), {*sum, *inner});
    return found;
  }

  Graph graph_;
  std::vector<int> readers_;
  std::vector<std::optional<std::size_t>> writer_;
  std::vector<bool> gone_;
};

// --- for number formats -----------------------------------------------------------------------------

/// Whether nothing below 0 comes out of a node.
bool is_rectified(const Node& node) {
  if (const auto* unary = std::get_if<op::Unary>(&node.operation)) {
    return unary->kind == op::Unary::Kind::kRelu || unary->kind == op::Unary::Kind::kRelu6;
  }
  const network::FusedActivation fused = activation_of(node.operation);
  return fused == network::FusedActivation::kRelu || fused == network::FusedActivation::kRelu6;
}

/// Appends relu (or maximum) and minimum in place of a clip; only the minimum behind another relu.
void append_comparisons(Graph& graph, const Node& node, const op::Clip& clip, bool rectified,
                        std::vector<Node>& nodes) {
  const network::Shape shape = graph.tensor(node.outputs[0]).shape;
  const auto number = [&](const char* suffix, float value) {
    network::Tensor tensor(DType::kFloat32, {1});
    tensor.data<float>()[0] = value;
    return graph.add_constant(node.name + suffix, std::move(tensor));
  };
  TensorId raised = node.inputs[0];
  if (clip.minimum != 0.0F || !rectified) {
    raised = graph.add_tensor({node.name + "/raised", DType::kFloat32, shape, {}, {}});
    const bool relu = clip.minimum == 0.0F;
    const network::Operation operation = relu
                                             ? network::Operation(op::Unary{op::Unary::Kind::kRelu, {}})
                                             : network::Operation(op::Binary{op::Binary::Kind::kMaximum, {}});
    std::vector<TensorId> inputs{node.inputs[0]};
    if (!relu) inputs.push_back(number("/minimum", clip.minimum));
    nodes.push_back({node.name + "/raised", operation, std::move(inputs), {raised}});
  }
  nodes.push_back({node.name,
                   op::Binary{op::Binary::Kind::kMinimum, {}},
                   {raised, number("/maximum", clip.maximum)},
                   node.outputs});
}

// --- clamps -----------------------------------------------------------------------------------------

/// The clamp behind which an operator's result may be narrowed, or nullptr.
network::Clamp* clamp_of(network::QuantizedOperation& operation) {
  if (std::holds_alternative<network::qop::LeakyRelu>(operation)) return nullptr;
  return std::visit(
      [](auto& o) -> network::Clamp* {
        if constexpr (requires { o.mac.clamp; }) {
          return &o.mac.clamp;
        } else if constexpr (requires { o.clamp; }) {
          return &o.clamp;
        } else {
          return nullptr;
        }
      },
      operation);
}

std::vector<int> count_readers(const network::QuantizedGraph& graph) {
  std::vector<int> readers(graph.tensors.size(), 0);
  for (const auto& node : graph.nodes) {
    for (const TensorId id : node.inputs) {
      if (id != network::kNoTensor) ++readers[index(id)];
    }
  }
  for (const TensorId id : graph.outputs) ++readers[index(id)];
  return readers;
}

}  // namespace

bool records_range(const network::Operation& operation) {
  return std::holds_alternative<op::FakeQuantize>(operation) || std::holds_alternative<op::Clip>(operation);
}

int count_recorded(const Graph& graph) {
  const auto nodes = std::count_if(graph.nodes.begin(), graph.nodes.end(),
                                   [](const Node& node) { return records_range(node.operation); });
  std::vector<bool> counted(graph.tensors.size(), false);
  for (const Node& node : graph.nodes) {
    for (const TensorId id : node.inputs) {
      if (is_constant(graph, id) && graph.tensor(id).affine) counted[index(id)] = true;
    }
  }
  return static_cast<int>(nodes + std::count(counted.begin(), counted.end(), true));
}

Graph take_recorded_constants(Graph graph) {
  std::vector<bool> gone(graph.nodes.size(), false);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    const auto* fake = std::get_if<op::FakeQuantize>(&node.operation);
    if (fake == nullptr || !is_constant(graph, node.inputs[0])) continue;
    const TensorId id = node.outputs[0];
    if (std::find(graph.outputs.begin(), graph.outputs.end(), id) != graph.outputs.end()) continue;
    const network::TensorInfo& from = graph.tensor(node.inputs[0]);
    const network::Tensor real = network::dequantize(*from.constant, from.affine);
    const Affine affine{{fake->scale}, {fake->zero_point}, -1};
    const bool narrow =
        fake->lowest >= network::lowest(DType::kInt8) && fake->highest <= network::highest(DType::kInt8);
    network::Tensor codes = quantize(real, affine, narrow ? DType::kInt8 : DType::kInt16);
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      codes.set_integer(i, std::clamp(codes.integer(i), fake->lowest, fake->highest));
    }
    network::TensorInfo& to = graph.tensors[index(id)];
    to.dtype = codes.dtype();
    to.affine = affine;
    to.constant = std::move(codes);
    gone[n] = true;
  }
  graph.nodes = remaining(graph, gone);
  return graph;
}

Graph find_clipping_levels(Graph graph) {
  return ClippingLevels(with_separate_relus(std::move(graph))).run();
}

Graph without_recorded_codes(Graph graph) {
  for (network::TensorInfo& info : graph.tensors) {
    if (!info.constant || !info.affine) continue;
    info.constant = network::dequantize(*info.constant, info.affine);
    info.dtype = DType::kFloat32;
    info.affine.reset();
  }
  std::vector<Node> nodes;
  std::vector<bool> rectified(graph.tensors.size(), false);
  for (Node& node : graph.nodes) {
    const bool before = rectified[index(node.inputs[0])];
    rectified[index(node.outputs[0])] = is_rectified(node);
    if (const auto* fake = std::get_if<op::FakeQuantize>(&node.operation)) {
      append_comparisons(graph, node, range_of_codes(*fake), before, nodes);
    } else if (const auto* clip = std::get_if<op::Clip>(&node.operation)) {
      append_comparisons(graph, node, *clip, before, nodes);
    } else {
      nodes.push_back(std::move(node));
    }
  }
  graph.nodes = std::move(nodes);
  return graph;
}

RecordedCodes recorded_codes(const op::FakeQuantize& operation, DType dtype) {
  const std::int64_t zero_point = dtype == DType::kInt16 ? 0 : operation.zero_point;
  const std::int64_t moved = operation.zero_point - zero_point;
  const network::Clamp clamp{operation.lowest - moved, operation.highest - moved};
  if (clamp.min < network::lowest(dtype) || clamp.max > network::highest(dtype)) {
    throw base::UnsupportedError(
        "the recorded range takes codes " + std::to_string(clamp.min) + " to " + std::to_string(clamp.max) +
        (dtype == DType::kInt16 ? " with zero point 0" : "") + ", which " + std::string(name(dtype)) +
        " activations do not hold" +
        (dtype == DType::kInt8 ? "; take scheme int16x8" : "; record a range symmetric around 0"));
  }
  return {{{operation.scale}, {zero_point}, -1}, clamp};
}

Affine recorded_affine(const network::TensorInfo& constant, DType dtype) {
  const Affine& affine = *constant.affine;
  if (affine.scale.size() != 1) {
    throw base::UnsupportedError("constant '" + constant.name +
                                 "' has a scale a channel, but is used as an activation");
  }
  if (constant.dtype == dtype && dtype == DType::kInt8) return affine;
  if (dtype != DType::kInt16) {
    throw base::UnsupportedError("constant '" + constant.name + "' is " + std::string(name(constant.dtype)) +
                                 ", activations are " + std::string(name(dtype)));
  }
  return {affine.scale, {0}, -1};
}

void absorb_clamps(network::QuantizedGraph& graph, const std::vector<std::size_t>& nodes) {
  std::vector<bool> gone(graph.nodes.size(), false);
  std::vector<int> readers = count_readers(graph);
  std::vector<std::optional<std::size_t>> writer(graph.tensors.size());
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const TensorId id : graph.nodes[n].outputs) writer[index(id)] = n;
  }
  const auto is_in = [](const std::vector<TensorId>& list, TensorId id) {
    return std::find(list.begin(), list.end(), id) != list.end();
  };
  for (const std::size_t n : nodes) {
    const network::Clamp clamp = std::get<network::qop::ClampOnly>(graph.nodes[n].operation).clamp;
    const TensorId x = graph.nodes[n].inputs[0];
    const TensorId y = graph.nodes[n].outputs[0];
    const DType dtype = graph.tensor(y).dtype;
    const bool keeps_all = clamp.min <= network::lowest(dtype) && clamp.max >= network::highest(dtype);
    const auto before = writer[index(x)];
    network::Clamp* const inner = before ? clamp_of(graph.nodes[*before].operation) : nullptr;
    const bool overlaps = inner != nullptr && inner->min <= clamp.max && clamp.min <= inner->max;
    if (before && readers[index(x)] == 1 && (overlaps || keeps_all)) {
      if (overlaps) *inner = {std::max(inner->min, clamp.min), std::min(inner->max, clamp.max)};
      graph.nodes[*before].outputs = {y};
      writer[index(y)] = before;
      graph.tensors[index(x)].shape = {0};
    } else if (keeps_all && !is_in(graph.outputs, y)) {
      for (auto& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), y, x);
      readers[index(x)] += readers[index(y)] - 1;
      graph.tensors[index(y)].shape = {0};
    } else {
      continue;
    }
    gone[n] = true;
  }
  std::vector<network::QuantizedNode> kept;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!gone[n]) kept.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(kept);
}

}  // namespace dlasim::quantize
