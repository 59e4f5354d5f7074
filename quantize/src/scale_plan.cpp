#include "scale_plan.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>
#include <variant>

#include "base/error.h"
#include "quantize/affine.h"
#include "quantize/recorded.h"
#include "quantize/rescale.h"
#include "scheme_affine.h"
#include "tensor_index.h"
#include "weight_channels.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::TensorId;

}  // namespace

std::vector<std::size_t> activation_operands(const network::Node& node) {
  const network::Operation& operation = node.operation;
  const bool has_weights = std::holds_alternative<op::Conv2d>(operation) ||
                           std::holds_alternative<op::DepthwiseConv2d>(operation) ||
                           std::holds_alternative<op::TransposeConv2d>(operation) ||
                           std::holds_alternative<op::FullyConnected>(operation) ||
                           std::holds_alternative<op::Svdf>(operation) ||
                           std::holds_alternative<op::Lstm>(operation);
  if (has_weights || std::holds_alternative<op::Reshape>(operation)) return {0};
  std::vector<std::size_t> all(node.inputs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

ScalePlan::ScalePlan(const network::Graph& graph, const Ranges& ranges, const Scheme& scheme,
                     const ActivationClips& clips)
    : graph_(graph),
      ranges_(ranges),
      scheme_(scheme),
      clips_(clips),
      activation_(graph.tensors.size(), false),
      fixed_(graph.tensors.size()),
      affines_(graph.tensors.size()),
      parent_(graph.tensors.size()),
      clip_(graph.tensors.size(), 0.0) {
  std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  find_activations();
  fix_recorded();
  fix_outputs();
  fix_operands();
  join();
  find_clips();
  assign();
}

std::size_t ScalePlan::root(std::size_t tensor) {
  while (parent_[tensor] != tensor) tensor = parent_[tensor] = parent_[parent_[tensor]];
  return tensor;
}

void ScalePlan::find_activations() {
  for (const TensorId id : graph_.inputs) activation_.at(index(id)) = true;
  for (const network::Node& node : graph_.nodes) {
    for (const std::size_t i : activation_operands(node)) activation_.at(index(node.inputs.at(i))) = true;
    activation_.at(index(node.outputs.at(0))) = true;
  }
}

/// What training recorded is used as it is.
void ScalePlan::fix_recorded() {
  for (const network::Node& node : graph_.nodes) {
    auto& fixed = fixed_[index(node.outputs[0])];
    try {
      if (const auto* fake = std::get_if<op::FakeQuantize>(&node.operation)) {
        fixed = recorded_codes(*fake, scheme_.activation).affine;
      }
    } catch (const base::UnsupportedError& error) {
      throw base::UnsupportedError("node '" + node.name + "' (fake_quantize): " + error.what());
    }
    if (const auto* clip = std::get_if<op::Clip>(&node.operation)) {
      fixed = activation_affine(Range{static_cast<double>(clip->minimum), static_cast<double>(clip->maximum)},
                                scheme_);
    }
  }
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    const network::TensorInfo& info = graph_.tensors[i];
    if (!activation_[i] || !info.constant || !info.affine) continue;
    fixed_[i] = recorded_affine(info, scheme_.activation);
  }
}

/// An operand that only copies into a tensor of fixed scale takes that scale, so that nothing has to rescale
/// between: what is read once, backwards along chains.
void ScalePlan::fix_operands() {
  const std::vector<int> readers = count_readers(graph_);
  for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
    const auto& fixed = fixed_[index(node->outputs[0])];
    if (!shares_scale(node->operation) || !fixed) continue;
    for (const std::size_t i : activation_operands(*node)) {
      const std::size_t operand = index(node->inputs[i]);
      if (!fixed_[operand] && readers[operand] == 1 && !graph_.tensors[operand].constant) {
        fixed_[operand] = fixed;
      }
    }
  }
}

/// tanh, sigmoid and softmax fix their output's scale; operators that only move elements hand it on.
void ScalePlan::fix_outputs() {
  for (const network::Node& node : graph_.nodes) {
    auto& fixed = fixed_[index(node.outputs[0])];
    if (const auto* unary = std::get_if<op::Unary>(&node.operation)) {
      if (unary->kind == op::Unary::Kind::kTanh) fixed = tanh_affine(scheme_.activation);
      if (unary->kind == op::Unary::Kind::kSigmoid) fixed = sigmoid_affine(scheme_.activation);
    }
    if (std::holds_alternative<op::Softmax>(node.operation)) fixed = sigmoid_affine(scheme_.activation);
    if (!shares_scale(node.operation) || records_range(node.operation)) continue;
    const auto* pad = std::get_if<op::Pad>(&node.operation);
    if (pad != nullptr && pad->value != 0.0) continue;
    const std::vector<std::size_t> operands = activation_operands(node);
    const auto& first = fixed_[index(node.inputs[0])];
    if (std::all_of(operands.begin(), operands.end(),
                    [&](std::size_t i) { return fixed_[index(node.inputs[i])] == first; })) {
      fixed = first;
    }
  }
}

void ScalePlan::join() {
  for (const network::Node& node : graph_.nodes) {
    const std::size_t output = index(node.outputs[0]);
    if (!shares_scale(node.operation) || fixed_[output]) continue;
    for (const std::size_t i : activation_operands(node)) {
      const std::size_t operand = index(node.inputs[i]);
      if (!fixed_[operand]) parent_[root(operand)] = root(output);
    }
  }
}

double ScalePlan::clip_of(const network::Node& reader) const {
  const auto* unary = std::get_if<op::Unary>(&reader.operation);
  if (unary == nullptr) return kNoClip;
  const auto given = clips_.find(reader.inputs[0]);
  if (given != clips_.end()) return given->second;
  if (unary->kind == op::Unary::Kind::kTanh || unary->kind == op::Unary::Kind::kFasttanh)
    return scheme_.tanh_clip;
  return unary->kind == op::Unary::Kind::kSigmoid ? scheme_.sigmoid_clip : kNoClip;
}

/// The readers of a group are the operators that take a tensor out of it.
void ScalePlan::find_clips() {
  for (const network::Node& node : graph_.nodes) {
    const std::size_t output = index(node.outputs[0]);
    for (const std::size_t i : activation_operands(node)) {
      const std::size_t group = root(index(node.inputs[i]));
      if (group != root(output)) clip_[group] = std::max(clip_[group], clip_of(node));
    }
  }
  for (const TensorId id : graph_.outputs) clip_[root(index(id))] = kNoClip;
}

void ScalePlan::assign() {
  std::vector<std::optional<Range>> united(graph_.tensors.size());
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (!activation_[i] || fixed_[i]) continue;
    const network::TensorInfo& info = graph_.tensors[i];
    Range range;
    if (info.constant) {
      range = range_of(info.constant->data<float>());
    } else if (i < ranges_.size() && ranges_[i]) {
      range = {ranges_[i]->min * scheme_.headroom, ranges_[i]->max * scheme_.headroom};
    } else {
      throw base::InputError("tensor '" + info.name + "' was not calibrated");
    }
    auto& group = united[root(i)];
    group = group ? group->united(range) : range;
  }
  std::vector<bool> silent(graph_.tensors.size(), false);  // by root: nothing but zeros was seen
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (!activation_[i] || fixed_[i] || root(i) != i) continue;
    const double clip = clip_[i] > 0.0 ? clip_[i] : kNoClip;  // 0: no reader at all
    const Range range{std::max(united[i]->min, -clip), std::min(united[i]->max, clip)};
    silent[i] = range.magnitude() == 0.0;
    affines_[i] = activation_affine(range, scheme_);
  }
  scale_silent(silent);
  bound_sums();
  for (std::size_t i = 0; i < graph_.tensors.size(); ++i) {
    if (activation_[i]) affines_[i] = scale_slot(i);
  }
}

/// Where the affine of a tensor is kept: with its group, unless its operator fixes it.
std::optional<network::Affine>& ScalePlan::scale_slot(std::size_t tensor) {
  return fixed_[tensor] ? fixed_[tensor] : affines_[root(tensor)];
}

/// A tensor that was always 0 has no scale of its own. It takes that of what is computed from it: any other
/// could be so coarse that a sum with it loses its other operand. Backwards, so that chains are followed.
void ScalePlan::scale_silent(std::vector<bool>& silent) {
  for (auto node = graph_.nodes.rbegin(); node != graph_.nodes.rend(); ++node) {
    const std::size_t output = index(node->outputs[0]);
    if (silent[root(output)] && !fixed_[output]) continue;
    for (const std::size_t i : activation_operands(*node)) {
      const std::size_t operand = index(node->inputs[i]);
      if (fixed_[operand] || !silent[root(operand)]) continue;
      scale_slot(operand)->scale = scale_slot(output)->scale;
      silent[root(operand)] = false;
    }
  }
}

/// A sum's factor from the common scale of its inputs to the output must stay below 1
/// (spec/tflite_semantics.md section 4): an output that is finer than that shows only rounding of the inputs.
void ScalePlan::bound_sums() {
  const float finest = scheme_.activation == network::DType::kInt16 ? 1.0F / 8192.0F : 1.0F / 262144.0F;
  for (const network::Node& node : graph_.nodes) {
    const auto* binary = std::get_if<op::Binary>(&node.operation);
    if (binary == nullptr ||
        (binary->kind != op::Binary::Kind::kAdd && binary->kind != op::Binary::Kind::kSub))
      continue;
    const std::size_t output = index(node.outputs[0]);
    float& scale = scale_slot(output)->scale[0];
    for (const TensorId id : node.inputs) {
      const float least = scale_slot(index(id))->scale[0] * finest;
      if (fixed_[output] && scale < least) refuse_finer_sum(node, least);
      scale = std::max(scale, least);
    }
  }
}

/// A recorded scale is not changed.
void ScalePlan::refuse_finer_sum(const network::Node& node, float finest) const {
  throw base::UnsupportedError("node '" + node.name + "' (" + std::string(network::name(node.operation)) +
                               "): its recorded scale " +
                               std::to_string(fixed_[index(node.outputs[0])]->scale[0]) + " is below " +
                               std::to_string(finest) + ", the finest that its inputs allow");
}

}  // namespace dlasim::quantize
