#include "quantize/lower.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "lowering.h"
#include "quantize/multiplier.h"
#include "quantize/recorded.h"

namespace dlasim::quantize {

using network::DType;
using network::kNoTensor;

std::int64_t code_of(float value, float scale, std::int64_t zero_point) {
  const float ratio = value / scale;
  // Beyond int32 every clamp is reached; the conversion stays defined.
  const double rounded = std::round(std::clamp(static_cast<double>(ratio), -2147483648.0, 2147483647.0));
  return zero_point + static_cast<std::int64_t>(rounded);
}

void Lowering::refuse(const Node& node, const std::string& what) const {
  throw base::UnsupportedError("node '" + node.name + "' (" + std::string(network::name(node.operation)) +
                               "): " + what);
}

void Lowering::wrong(const Node& node, const std::string& what) const {
  throw base::InputError("node '" + node.name + "' (" + std::string(network::name(node.operation)) +
                         "): " + what);
}

bool Lowering::has_input(const Node& node, std::size_t i) const {
  return i < node.inputs.size() && node.inputs[i] != kNoTensor;
}

const network::TensorInfo& Lowering::input(const Node& node, std::size_t i) const {
  if (!has_input(node, i)) wrong(node, "input " + std::to_string(i) + " is missing");
  return graph_.tensor(node.inputs[i]);
}

const network::TensorInfo& Lowering::output(const Node& node) const {
  return graph_.tensor(node.outputs[0]);
}

Lowering::Scalar Lowering::affine(const Node& node, const Tensor& tensor) const {
  if (!tensor.affine) wrong(node, "tensor '" + tensor.name + "' has no scale");
  if (tensor.affine->scale.size() != 1) wrong(node, "tensor '" + tensor.name + "' has more than one scale");
  return {tensor.affine->scale[0], tensor.affine->zero_point[0]};
}

void Lowering::require_activations(const Node& node, const std::vector<const Tensor*>& tensors) const {
  for (const Tensor* tensor : tensors) {
    if (tensor->dtype != tensors[0]->dtype) {
      refuse(node, "mixes " + std::string(name(tensors[0]->dtype)) + " and " +
                       std::string(name(tensor->dtype)) + " activations");
    }
    if (tensor->dtype != DType::kInt8 && tensor->dtype != DType::kInt16) {
      refuse(node, "tensor '" + tensor->name + "' is " + std::string(name(tensor->dtype)) +
                       "; int8 and int16 are allowed");
    }
    if (tensor->dtype == DType::kInt16 && affine(node, *tensor).zero_point != 0) {
      refuse(node, "int16 tensor '" + tensor->name + "' has a zero point other than 0");
    }
  }
}

void Lowering::require_same_type(const Node& node, const Tensor& a, const Tensor& b) const {
  if (a.dtype != b.dtype) {
    refuse(node, "input is " + std::string(name(a.dtype)) + " and output " + std::string(name(b.dtype)));
  }
}

void Lowering::require_same_scale(const Node& node, const Tensor& a, const Tensor& b) const {
  require_same_type(node, a, b);
  if (a.affine && b.affine && !(affine(node, a) == affine(node, b))) {
    refuse(node,
           "'" + a.name + "' and '" + b.name + "' have different scales or zero points; rescale before");
  }
}

network::Clamp Lowering::clamp(const Node& node, network::FusedActivation activation) const {
  const Tensor& y = output(node);
  network::Clamp range{network::lowest(y.dtype), network::highest(y.dtype)};
  if (activation == network::FusedActivation::kNone) return range;
  const Scalar a = affine(node, y);
  const bool both_signs = activation == network::FusedActivation::kReluN1To1;
  range.min = std::max(range.min, code_of(both_signs ? -1.0F : 0.0F, a.scale, a.zero_point));
  if (activation == network::FusedActivation::kRelu6) {
    range.max = std::min(range.max, code_of(6.0F, a.scale, a.zero_point));
  } else if (both_signs) {
    range.max = std::min(range.max, code_of(1.0F, a.scale, a.zero_point));
  }
  return range;
}

network::Multiplier Lowering::factor(double real) const {
  return with_precision(multiplier_from(real), options_.multiplier_bits);
}

network::RequantRule Lowering::elementwise_rule() const {
  return options_.rule == network::RequantRule::kPytorch ? network::RequantRule::kSingle : options_.rule;
}

void Lowering::add_operand(const Node& node, const std::string& suffix, network::Tensor value) {
  network::QuantizedTensor tensor;
  tensor.name = node.name + "/" + suffix;
  tensor.dtype = value.dtype();
  tensor.shape = value.shape();
  tensor.constant = std::move(value);
  operands_.push_back(result_.add_tensor(std::move(tensor)));
}

void Lowering::lower(const Node& node) {
  operands_ = node.inputs;
  network::QuantizedNode lowered;
  try {
    lowered.operation = std::visit([&](const auto& op) { return convert(op, node); }, node.operation);
  } catch (const base::UnsupportedError&) {
    throw;
  } catch (const base::InputError& error) {
    const std::string what = error.what();
    if (what.rfind("node '", 0) == 0) throw;
    wrong(node, what);
  }
  if (records_range(node.operation)) recorded_clamps_.push_back(result_.nodes.size());
  lowered.name = node.name;
  lowered.inputs = operands_;
  lowered.outputs = node.outputs;
  result_.nodes.push_back(std::move(lowered));
}

namespace {

void check_affine(const network::TensorInfo& info) {
  const network::Affine& a = *info.affine;
  const auto slices = static_cast<std::int64_t>(a.scale.size());
  const bool on_axis = a.axis >= 0 && a.axis < static_cast<int>(info.shape.size()) &&
                       info.shape[static_cast<std::size_t>(a.axis)] == slices;
  if (slices == 0 || a.zero_point.size() != a.scale.size() || (slices > 1 && !on_axis)) {
    throw base::InputError("tensor '" + info.name + "': " + std::to_string(slices) + " scales and " +
                           std::to_string(a.zero_point.size()) + " zero points on axis " +
                           std::to_string(a.axis) + " do not fit the shape " +
                           network::to_string(info.shape));
  }
  for (const float s : a.scale) {
    if (!std::isfinite(s) || s <= 0.0F) {
      throw base::InputError("tensor '" + info.name + "': a scale of " + std::to_string(s) +
                             " is not positive");
    }
  }
  // A zero point may lie outside the type (int8 with 128 occurs), but not so far that sums overflow.
  for (const std::int64_t z : a.zero_point) {
    if (z < -65536 || z > 65536) {
      throw base::InputError("tensor '" + info.name + "': zero point " + std::to_string(z) +
                             " is out of range");
    }
  }
}

std::vector<bool> used_tensors(const network::Graph& graph) {
  std::vector<bool> used(graph.tensors.size(), false);
  const auto mark = [&](const std::vector<network::TensorId>& ids, const std::string& where) {
    for (const network::TensorId id : ids) {
      if (id == kNoTensor) continue;
      if (id < 0 || static_cast<std::size_t>(id) >= graph.tensors.size()) {
        throw base::InputError(where + " names a tensor that is not there");
      }
      used[static_cast<std::size_t>(id)] = true;
    }
  };
  for (const network::Node& node : graph.nodes) {
    mark(node.inputs, "node '" + node.name + "'");
    mark(node.outputs, "node '" + node.name + "'");
    if (node.outputs.size() != 1 || node.outputs[0] == kNoTensor || node.inputs.empty()) {
      throw base::InputError("node '" + node.name + "': needs inputs and exactly one output");
    }
  }
  mark(graph.inputs, "the list of inputs");
  mark(graph.outputs, "the list of outputs");
  return used;
}

network::QuantizedTensor lower_tensor(const network::TensorInfo& info, bool used) {
  network::QuantizedTensor tensor;
  tensor.name = info.name;
  tensor.dtype = info.dtype;
  tensor.affine = info.affine;
  if (!used) {
    tensor.shape = {0};
    return tensor;
  }
  if (info.affine) check_affine(info);
  if (info.constant && info.dtype == DType::kFloat32) {
    throw base::InputError("constant '" + info.name + "' is float32; it must be quantised before");
  }
  tensor.shape = info.shape;
  tensor.constant = info.constant;
  return tensor;
}

}  // namespace

network::QuantizedGraph lower(const network::Graph& graph, const LowerOptions& options) {
  if (options.rule == network::RequantRule::kInt64) {
    throw base::InputError("the 64-bit requantisation is chosen by the bias, not by an option");
  }
  if (options.multiplier_bits < 2 || options.multiplier_bits > 31) {
    throw base::InputError("multipliers of " + std::to_string(options.multiplier_bits) +
                           " bits; 2 to 31 are allowed");
  }
  network::QuantizedGraph result;
  result.name = graph.name;
  result.inputs = graph.inputs;
  result.outputs = graph.outputs;
  const std::vector<bool> used = used_tensors(graph);
  for (std::size_t i = 0; i < graph.tensors.size(); ++i) {
    result.add_tensor(lower_tensor(graph.tensors[i], used[i]));
  }
  Lowering lowering(graph, options, result);
  for (const network::Node& node : graph.nodes) lowering.lower(node);
  absorb_clamps(result, lowering.recorded_clamps());
  return result;
}

}  // namespace dlasim::quantize
