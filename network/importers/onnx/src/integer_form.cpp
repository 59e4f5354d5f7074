#include "integer_form.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "network/float_reference.h"
#include "network/fused_activation.h"

namespace dlasim::network::onnx_import {
namespace {

TensorInfo& info_of(Graph& graph, TensorId id) {
  return graph.tensors[static_cast<std::size_t>(id)];
}

/// Where an operator keeps its fused activation, or nullptr.
FusedActivation* activation_of(Operation& operation) {
  return std::visit(
      [](auto& o) -> FusedActivation* {
        if constexpr (requires { o.activation; }) return &o.activation;
        return nullptr;
      },
      operation);
}

bool is_movement(const Operation& operation) {
  return std::holds_alternative<op::Reshape>(operation) || std::holds_alternative<op::Transpose>(operation) ||
         std::holds_alternative<op::Slice>(operation) || std::holds_alternative<op::Concat>(operation) ||
         std::holds_alternative<op::Pad>(operation);
}

/// Operators that copy or compare codes: their operands must have the result's scale.
bool copies_codes(const Operation& operation) {
  if (const auto* binary = std::get_if<op::Binary>(&operation)) {
    return binary->kind == op::Binary::Kind::kMinimum || binary->kind == op::Binary::Kind::kMaximum;
  }
  if (const auto* unary = std::get_if<op::Unary>(&operation)) {
    using Kind = op::Unary::Kind;
    return unary->kind == Kind::kRelu6 || unary->kind == Kind::kReluN1To1 || unary->kind == Kind::kHardtanh;
  }
  return std::holds_alternative<op::Concat>(operation) || std::holds_alternative<op::Pool2d>(operation) ||
         std::holds_alternative<op::Clip>(operation);
}

bool has_weights(const Operation& operation) {
  return std::holds_alternative<op::Conv2d>(operation) ||
         std::holds_alternative<op::DepthwiseConv2d>(operation) ||
         std::holds_alternative<op::TransposeConv2d>(operation) ||
         std::holds_alternative<op::FullyConnected>(operation);
}

constexpr std::int64_t kShift = 128;

void to_int8(TensorInfo& info) {
  if (info.constant) {
    Tensor codes(DType::kInt8, info.shape);
    for (std::int64_t i = 0; i < codes.size(); ++i) codes.set_integer(i, info.constant->integer(i) - kShift);
    info.constant = std::move(codes);
  }
  info.dtype = DType::kInt8;
  for (std::int64_t& z : info.affine->zero_point) z -= kShift;
}

/// A like tensor under another name.
TensorId add_like(Graph& graph, TensorId id, const char* suffix) {
  TensorInfo info = graph.tensor(id);
  info.name += suffix;
  info.constant.reset();
  return graph.add_tensor(std::move(info));
}

void replace_inputs(Graph& graph, TensorId from, TensorId to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
}

/// Inside the graph everything that was uint8 becomes int8; inputs and outputs keep their type behind a
/// conversion.
Graph with_int8_inside(Graph graph) {
  const auto is_uint8 = [&](TensorId id) {
    return graph.tensor(id).dtype == DType::kUInt8 && graph.tensor(id).affine.has_value();
  };
  std::set<TensorId> kept;
  std::vector<Node> conversions;
  for (const TensorId id : graph.inputs) {
    if (!is_uint8(id)) continue;
    kept.insert(id);
    const TensorId inner = add_like(graph, id, "_int8");
    replace_inputs(graph, id, inner);
    conversions.push_back({graph.tensor(id).name + "_to_int8", op::Quantize{}, {id}, {inner}});
  }
  graph.nodes.insert(graph.nodes.begin(), conversions.begin(), conversions.end());
  const std::vector<TensorId> outputs = graph.outputs;
  for (const TensorId id : outputs) {
    if (!is_uint8(id) || kept.count(id) != 0) continue;
    kept.insert(id);
    const TensorId inner = add_like(graph, id, "_int8");
    for (Node& node : graph.nodes) std::replace(node.outputs.begin(), node.outputs.end(), id, inner);
    replace_inputs(graph, id, inner);
    graph.nodes.push_back({graph.tensor(id).name + "_to_uint8", op::Quantize{}, {inner}, {id}});
  }
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    const auto id = static_cast<TensorId>(i);
    if (is_uint8(id) && kept.count(id) == 0) to_int8(graph.tensors[i]);
  }
  return graph;
}

/// One walk over the nodes that keeps, for floats that were just dequantised, the integers they came from.
class IntegerForm {
 public:
  explicit IntegerForm(const Graph& graph) : graph_(graph), readers_(sole_readers(graph)) {
    result_ = graph;
    result_.nodes.clear();
  }

  Graph run() {
    for (const Node& node : graph_.nodes) convert(node);
    for (const TensorId id : graph_.outputs) materialise(id);
    return std::move(result_);
  }

 private:
  TensorId resolved(TensorId id) const {
    const auto found = aliases_.find(id);
    return found == aliases_.end() ? id : found->second;
  }
  TensorId twin(TensorId id) const {
    const auto found = twins_.find(id);
    return found == twins_.end() ? kNoTensor : found->second;
  }
  bool is_constant(TensorId id) const { return result_.tensor(id).constant.has_value(); }
  bool is_float(TensorId id) const { return result_.tensor(id).dtype == DType::kFloat32; }

  void convert(const Node& original) {
    Node node = original;
    for (TensorId& id : node.inputs) id = id == kNoTensor ? id : resolved(id);
    if (std::holds_alternative<op::Dequantize>(node.operation)) {
      twins_[node.outputs[0]] = node.inputs[0];
    } else if (std::holds_alternative<op::Quantize>(node.operation)) {
      quantise(std::move(node));
    } else if (!comes_from_integers(node)) {
      for (const TensorId id : node.inputs) materialise(id);
      result_.nodes.push_back(std::move(node));
    } else if (is_movement(node.operation) && has_one_affine(node)) {
      move_integers(std::move(node));
    } else if (feeds_quantize(node.outputs[0]) && has_integer_constants(node)) {
      pending_.emplace(node.outputs[0], std::move(node));
    } else {
      for (const TensorId id : node.inputs) materialise(id);
      result_.nodes.push_back(std::move(node));
    }
  }

  /// True if the node reads floats and each has an integer twin.
  bool comes_from_integers(const Node& node) const {
    bool any = false;
    for (const TensorId id : node.inputs) {
      if (id == kNoTensor || is_constant(id)) continue;
      if (twin(id) == kNoTensor) return false;
      any = true;
    }
    return any;
  }

  bool has_one_affine(const Node& node) const {
    const auto affine = [&](TensorId id) { return result_.tensor(is_constant(id) ? id : twin(id)).affine; };
    return std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](TensorId id) { return affine(id) && affine(id) == affine(node.inputs[0]); });
  }

  bool feeds_quantize(TensorId id) const {
    const int reader = readers_[static_cast<std::size_t>(id)];
    return reader >= 0 &&
           std::holds_alternative<op::Quantize>(graph_.nodes[static_cast<std::size_t>(reader)].operation);
  }

  /// Float constants stay float, but for a bias, which gets the scale of the accumulator.
  bool has_integer_constants(const Node& node) const {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const TensorId id = node.inputs[i];
      const bool is_bias = i == 2 && has_weights(node.operation);
      if (id != kNoTensor && is_constant(id) && is_float(id) && !is_bias) return false;
    }
    return true;
  }

  void materialise(TensorId id) {
    if (id == kNoTensor || twin(id) == kNoTensor || !materialised_.insert(id).second) return;
    result_.nodes.push_back({result_.tensor(id).name + "_dequantize", op::Dequantize{}, {twin(id)}, {id}});
  }

  void quantise(Node node) {
    const TensorId from = node.inputs[0];
    const TensorId to = node.outputs[0];
    if (const auto found = pending_.find(from); found != pending_.end()) {
      Node inner = std::move(found->second);
      pending_.erase(found);
      for (TensorId& id : inner.inputs) {
        if (id != kNoTensor && !is_constant(id)) id = twin(id);
      }
      if (has_weights(inner.operation)) quantise_bias(inner);
      inner.outputs = {to};
      emit_integer(std::move(inner));
      return;
    }
    const TensorId integers = is_float(from) ? twin(from) : from;
    if (integers != kNoTensor) {
      node.inputs = {integers};
      const bool same = result_.tensor(integers).affine == result_.tensor(to).affine &&
                        result_.tensor(integers).dtype == result_.tensor(to).dtype;
      const bool is_output =
          std::find(graph_.outputs.begin(), graph_.outputs.end(), to) != graph_.outputs.end();
      if (same && !is_output) {
        aliases_[to] = integers;
        return;
      }
    }
    result_.nodes.push_back(std::move(node));
  }

  bool same_codes(TensorId a, TensorId b) const {
    return result_.tensor(a).affine == result_.tensor(b).affine &&
           result_.tensor(a).dtype == result_.tensor(b).dtype;
  }

  /// An integer node; what copies codes is given operands at its result's scale, a softmax the scale that its
  /// kernel has.
  void emit_integer(Node node) {
    const TensorId to = node.outputs[0];
    if (std::holds_alternative<op::Softmax>(node.operation)) return emit_softmax(std::move(node));
    if (copies_codes(node.operation) && !average_as_sums(node)) {
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        if (same_codes(node.inputs[i], to)) continue;
        node.inputs[i] = is_constant(node.inputs[i]) ? rescaled_constant(node.inputs[i], to)
                                                     : rescaled(node.inputs[i], to, node.name, i);
      }
    }
    result_.nodes.push_back(std::move(node));
  }

  TensorId rescaled(TensorId from, TensorId like, const std::string& name, std::size_t operand) {
    TensorInfo info = result_.tensor(from);
    info.name += "_rescaled";
    info.dtype = result_.tensor(like).dtype;
    info.affine = result_.tensor(like).affine;
    const TensorId id = result_.add_tensor(std::move(info));
    result_.nodes.push_back({name + "_rescale" + std::to_string(operand), op::Quantize{}, {from}, {id}});
    return id;
  }

  TensorId rescaled_constant(TensorId from, TensorId like) {
    TensorInfo info = result_.tensor(from);
    const Tensor real = dequantize(*info.constant, info.affine);
    info.name += "_rescaled";
    info.dtype = result_.tensor(like).dtype;
    info.affine = result_.tensor(like).affine;
    Tensor codes(info.dtype, info.shape);
    for (std::int64_t i = 0; i < codes.size(); ++i) {
      const double code =
          std::nearbyint(static_cast<double>(real.data<float>()[static_cast<std::size_t>(i)]) /
                         static_cast<double>(info.affine->scale[0])) +
          static_cast<double>(info.affine->zero_point[0]);
      codes.set_integer(i, static_cast<std::int64_t>(std::clamp(code, static_cast<double>(lowest(info.dtype)),
                                                                static_cast<double>(highest(info.dtype)))));
    }
    info.constant = std::move(codes);
    return result_.add_tensor(std::move(info));
  }

  /// An average that changes the scale, rounded once: a depthwise convolution with weights of 1 / count. One
  /// with padding, which does not count, stays a pool.
  bool average_as_sums(Node& node) {
    const auto* pool = std::get_if<op::Pool2d>(&node.operation);
    const bool average = pool != nullptr && pool->kind == op::Pool2d::Kind::kAverage;
    if (!average || pool->padding != Padding{} || same_codes(node.inputs[0], node.outputs[0])) return false;
    TensorInfo weight;
    weight.name = node.name + "_ones";
    weight.dtype = DType::kInt8;
    weight.shape = {1, pool->kernel[0], pool->kernel[1], result_.tensor(node.inputs[0]).shape.back()};
    weight.affine = Affine{{1.0F / static_cast<float>(pool->kernel[0] * pool->kernel[1])}, {0}, -1};
    Tensor ones(DType::kInt8, weight.shape);
    for (std::int64_t i = 0; i < ones.size(); ++i) ones.set_integer(i, 1);
    weight.constant = std::move(ones);
    op::DepthwiseConv2d sums;
    sums.stride = pool->stride;
    sums.activation = pool->activation;
    node.operation = sums;
    node.inputs.push_back(result_.add_tensor(std::move(weight)));
    return true;
  }

  void emit_softmax(Node node) {
    const TensorId to = node.outputs[0];
    TensorInfo info = result_.tensor(to);
    const bool wide = info.dtype == DType::kInt16;
    info.name += "_softmax";
    info.affine = wide ? Affine{{1.0F / 32768.0F}, {0}, -1} : Affine{{1.0F / 256.0F}, {-128}, -1};
    if (info.affine == result_.tensor(to).affine) {
      result_.nodes.push_back(std::move(node));
      return;
    }
    const TensorId inner = result_.add_tensor(std::move(info));
    const std::string name = node.name + "_rescale";
    node.outputs = {inner};
    result_.nodes.push_back(std::move(node));
    result_.nodes.push_back({name, op::Quantize{}, {inner}, {to}});
  }

  void quantise_bias(Node& node) {
    if (node.inputs.size() < 3 || node.inputs[2] == kNoTensor || !is_float(node.inputs[2])) return;
    const Affine& x = *result_.tensor(node.inputs[0]).affine;
    const Affine& w = *result_.tensor(node.inputs[1]).affine;
    const auto values = result_.tensor(node.inputs[2]).constant->data<float>();
    TensorInfo info;
    info.name = result_.tensor(node.inputs[2]).name + "_int32";
    info.dtype = DType::kInt32;
    info.shape = result_.tensor(node.inputs[2]).shape;
    Affine affine;
    Tensor codes(DType::kInt32, info.shape);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float scale = x.scale[0] * w.scale[w.scale.size() == 1 ? 0 : i];
      const double code = std::nearbyint(static_cast<double>(values[i]) / static_cast<double>(scale));
      if (!(std::abs(code) <= static_cast<double>(highest(DType::kInt32)))) {
        throw base::InputError("bias of '" + node.name + "' does not fit int32 at the accumulator's scale");
      }
      codes.set_integer(static_cast<std::int64_t>(i), static_cast<std::int64_t>(code));
      if (i == 0 || w.scale.size() > 1) affine.scale.push_back(scale);
    }
    affine.zero_point.assign(affine.scale.size(), 0);
    affine.axis = affine.scale.size() > 1 ? 0 : -1;
    info.affine = std::move(affine);
    info.constant = std::move(codes);
    node.inputs[2] = result_.add_tensor(std::move(info));
  }

  void move_integers(Node node) {
    for (TensorId& id : node.inputs) {
      if (!is_constant(id)) id = twin(id);
    }
    const TensorId floats = node.outputs[0];
    TensorInfo info = result_.tensor(floats);
    info.name += "_codes";
    info.dtype = result_.tensor(node.inputs[0]).dtype;
    info.affine = result_.tensor(node.inputs[0]).affine;
    node.outputs = {result_.add_tensor(std::move(info))};
    twins_[floats] = node.outputs[0];
    result_.nodes.push_back(std::move(node));
  }

  const Graph& graph_;
  std::vector<int> readers_;
  Graph result_;
  std::map<TensorId, TensorId> twins_;    ///< float tensor -> the integers it was dequantised from
  std::map<TensorId, TensorId> aliases_;  ///< integers quantised again with the same scale -> the originals
  std::map<TensorId, Node> pending_;  ///< float result -> its node, which waits for the Quantize behind it
  std::set<TensorId> materialised_;
};

}  // namespace

std::vector<int> sole_readers(const Graph& graph) {
  constexpr int kNobody = -1, kSeveral = -2;
  std::vector<int> readers(graph.tensors.size(), kNobody);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const TensorId id : graph.nodes[n].inputs) {
      if (id == kNoTensor) continue;
      int& reader = readers[static_cast<std::size_t>(id)];
      reader = reader == kNobody ? static_cast<int>(n) : kSeveral;
    }
  }
  for (const TensorId id : graph.outputs) readers[static_cast<std::size_t>(id)] = kSeveral;
  for (int& r : readers) r = std::max(r, kNobody);
  return readers;
}

Graph fuse_activations(Graph graph) {
  const std::vector<int> readers = sole_readers(graph);
  std::vector<bool> gone(graph.nodes.size(), false);
  for (Node& node : graph.nodes) {
    FusedActivation* activation = activation_of(node.operation);
    if (activation == nullptr || *activation != FusedActivation::kNone || node.outputs.empty()) continue;
    const int reader = readers[static_cast<std::size_t>(node.outputs[0])];
    if (reader < 0) continue;
    const Node& next = graph.nodes[static_cast<std::size_t>(reader)];
    const auto fused = fusable_activation(next.operation);
    if (!fused || info_of(graph, node.outputs[0]).dtype != DType::kFloat32) continue;
    *activation = *fused;
    node.outputs = next.outputs;
    gone[static_cast<std::size_t>(reader)] = true;
  }
  std::vector<Node> nodes;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!gone[n]) nodes.push_back(std::move(graph.nodes[n]));
  }
  graph.nodes = std::move(nodes);
  return graph;
}

Graph to_integer_form(const Graph& graph) {
  return IntegerForm(with_int8_inside(graph)).run();
}

bool leaves_floats(const Graph& integer_form) {
  const auto is_real = [&](TensorId id) {
    return id != kNoTensor && integer_form.tensor(id).dtype == DType::kFloat32 &&
           !integer_form.tensor(id).constant;
  };
  return std::any_of(integer_form.nodes.begin(), integer_form.nodes.end(), [&](const Node& node) {
    if (std::holds_alternative<op::Quantize>(node.operation) ||
        std::holds_alternative<op::Dequantize>(node.operation))
      return false;
    return std::any_of(node.inputs.begin(), node.inputs.end(), is_real) ||
           std::any_of(node.outputs.begin(), node.outputs.end(), is_real);
  });
}

namespace {

/// Integers on their way from a Quantize to a Dequantize node: codes that comparisons with constants leave.
struct Rounded {
  const Node* quantize = nullptr;
  std::int64_t lowest = 0, highest = 0;
};

/// The codes behind a minimum or maximum with one constant (of training that spares a bit); none for another
/// node.
std::optional<Rounded> compared(const Graph& graph, const Node& node,
                                const std::map<TensorId, Rounded>& rounded) {
  const auto* binary = std::get_if<op::Binary>(&node.operation);
  if (binary == nullptr || !copies_codes(node.operation)) return std::nullopt;
  const auto found = rounded.find(node.inputs[0]);
  const TensorInfo& bound = graph.tensor(node.inputs[1]);
  if (found == rounded.end() || !bound.constant || bound.constant->size() != 1) return std::nullopt;
  Rounded result = found->second;
  const std::int64_t code = bound.constant->integer(0);
  if (binary->kind == op::Binary::Kind::kMaximum) result.lowest = std::max(result.lowest, code);
  if (binary->kind == op::Binary::Kind::kMinimum) result.highest = std::min(result.highest, code);
  return result;
}

}  // namespace

std::optional<Graph> to_recorded_form(const Graph& graph) {
  Graph result = graph;
  result.nodes.clear();
  std::map<TensorId, Rounded> rounded;  // integers -> where they come from
  std::map<TensorId, TensorId> taken;   // integers -> the tensor that stands for them
  std::map<TensorId, TensorId> same;    // another name of such a tensor -> that one
  for (const Node& node : graph.nodes) {
    if (std::holds_alternative<op::Quantize>(node.operation)) {
      const DType dtype = graph.tensor(node.outputs[0]).dtype;
      if (graph.tensor(node.inputs[0]).dtype != DType::kFloat32) return std::nullopt;
      rounded.emplace(node.outputs[0], Rounded{&node, lowest(dtype), highest(dtype)});
    } else if (const auto narrowed = compared(graph, node, rounded)) {
      rounded.emplace(node.outputs[0], *narrowed);
    } else if (std::holds_alternative<op::Dequantize>(node.operation)) {
      const auto found = rounded.find(node.inputs[0]);
      if (found == rounded.end()) return std::nullopt;
      const bool is_output = std::count(graph.outputs.begin(), graph.outputs.end(), node.outputs[0]) > 0;
      if (const auto first = taken.find(node.inputs[0]); first != taken.end() && !is_output) {
        same.emplace(node.outputs[0], first->second);
        continue;
      }
      taken.emplace(node.inputs[0], node.outputs[0]);
      const TensorInfo& integers = graph.tensor(node.inputs[0]);
      // uint8 codes less 128 are int8 ones.
      const std::int64_t moved = integers.dtype == DType::kUInt8 ? kShift : 0;
      const op::FakeQuantize fake{integers.affine->scale[0], integers.affine->zero_point[0] - moved,
                                  found->second.lowest - moved, found->second.highest - moved};
      result.nodes.push_back(
          {found->second.quantize->name, fake, found->second.quantize->inputs, node.outputs});
    } else {
      result.nodes.push_back(node);
    }
  }
  if (rounded.empty()) return std::nullopt;
  for (Node& node : result.nodes) {
    for (TensorId& id : node.inputs) {
      if (const auto found = same.find(id); found != same.end()) id = found->second;
      if (id != kNoTensor && rounded.count(id) != 0) return std::nullopt;
    }
  }
  for (const TensorId id : graph.outputs) {
    if (rounded.count(id) != 0) return std::nullopt;
  }
  return result;
}

Graph without_dead_parts(const Graph& graph) {
  std::vector<bool> needed(graph.tensors.size(), false);
  for (const TensorId id : graph.inputs) needed[static_cast<std::size_t>(id)] = true;
  for (const TensorId id : graph.outputs) needed[static_cast<std::size_t>(id)] = true;
  std::vector<bool> runs(graph.nodes.size(), false);
  for (std::size_t n = graph.nodes.size(); n-- > 0;) {
    const Node& node = graph.nodes[n];
    runs[n] = std::any_of(node.outputs.begin(), node.outputs.end(),
                          [&](TensorId id) { return needed[static_cast<std::size_t>(id)]; });
    if (!runs[n]) continue;
    for (const TensorId id : node.inputs) {
      if (id != kNoTensor) needed[static_cast<std::size_t>(id)] = true;
    }
    for (const TensorId id : node.outputs) needed[static_cast<std::size_t>(id)] = true;
  }
  Graph result;
  result.name = graph.name;
  std::vector<TensorId> moved(graph.tensors.size(), kNoTensor);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    if (needed[i]) moved[i] = result.add_tensor(graph.tensors[i]);
  }
  const auto translate = [&](const std::vector<TensorId>& ids) {
    std::vector<TensorId> translated;
    for (const TensorId id : ids)
      translated.push_back(id == kNoTensor ? id : moved[static_cast<std::size_t>(id)]);
    return translated;
  };
  result.inputs = translate(graph.inputs);
  result.outputs = translate(graph.outputs);
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    if (!runs[n]) continue;
    const Node& node = graph.nodes[n];
    result.nodes.push_back({node.name, node.operation, translate(node.inputs), translate(node.outputs)});
  }
  return result;
}

}  // namespace dlasim::network::onnx_import
