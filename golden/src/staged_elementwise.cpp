/// Element-wise staged operators: one exact operation on decoded codes, one conversion.

#include <fmt/core.h>

#include <algorithm>

#include "staged_function.h"
#include "staged_run.h"

namespace dlasim::golden {

using network::QuantizedGraph;
using network::QuantizedNode;
using network::QuantizedTensor;
using network::Shape;
using network::Tensor;
using network::TensorId;

namespace {

const QuantizedTensor& declared(const QuantizedGraph& graph, TensorId id, std::string_view what) {
  if (id < 0 || static_cast<std::size_t>(id) >= graph.tensors.size()) {
    throw base::InputError(fmt::format("{} is missing", what));
  }
  return graph.tensor(id);
}

/// The tensor's own format says how its codes read.
OperandReader reader_of(const QuantizedGraph& graph, const QuantizedNode& node,
                        const StagedTensorLookup& lookup, std::size_t position) {
  const std::string what = fmt::format("input {}", position + 1);
  if (position >= node.inputs.size()) throw base::InputError(fmt::format("{} is missing", what));
  const QuantizedTensor& info = declared(graph, node.inputs[position], what);
  if (!info.format) throw base::InputError(fmt::format("{} has no number format", what));
  return OperandReader::codes(graph, lookup, node.inputs[position], *info.format, what);
}

const QuantizedTensor& output_of(const QuantizedGraph& graph, const QuantizedNode& node) {
  return declared(graph, node.outputs.empty() ? network::kNoTensor : node.outputs[0], "the output");
}

/// Steps through a tensor of shape `from` as if it had shape `to` (NumPy's broadcasting). Throws if it
/// cannot be broadcast to it.
class Broadcast {
 public:
  Broadcast(const Shape& from, const Shape& to) : to_(to), step_(to.size(), 0) {
    if (from.size() > to.size()) fail(from);
    std::int64_t step = 1;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t a = from.size() - 1 - i;
      const std::size_t b = to.size() - 1 - i;
      if (from[a] != to[b] && from[a] != 1) fail(from);
      step_[b] = from[a] == 1 ? 0 : step;
      step *= from[a];
    }
  }
  std::int64_t source(std::int64_t i) const {
    std::int64_t index = 0;
    for (std::size_t a = to_.size(); a-- > 0; i /= to_[a]) index += i % to_[a] * step_[a];
    return index;
  }

 private:
  void fail(const Shape& from) const {
    throw base::InputError(
        fmt::format("{} does not broadcast to {}", network::to_string(from), network::to_string(to_)));
  }
  Shape to_;
  std::vector<std::int64_t> step_;
};

/// Maximum and minimum compare as numbers and take the first operand where neither is less; nan wins.
WideValue exact_result(network::op::Binary::Kind kind, const Value& a, const Value& b) {
  using Kind = network::op::Binary::Kind;
  switch (kind) {
    case Kind::kAdd:
      return add_wide(a, b);
    case Kind::kSub:
      return add_wide(a, negate(b));
    case Kind::kMul:
      return widen(multiply(a, b));
    case Kind::kMinimum:
    case Kind::kMaximum:
      break;
  }
  if (a.is_nan() || b.is_nan()) return widen(Value::nan());
  return widen((kind == Kind::kMaximum ? less(a, b) : less(b, a)) ? b : a);
}

/// Q[output](Q[activation](f(v))), where Q[activation] is exact unless it is configured.
class Finish {
 public:
  explicit Finish(const network::StagedNumerics& numerics)
      : function_(numerics.function),
        activation_(numerics.activation, Point::kActivation, 0, 1),
        output_(numerics.output, Point::kOutput, 0, 1) {
    if (output_.converter().is_exact()) throw base::InputError("the point output cannot be exact");
    check_function(function_);
  }
  Converted operator()(std::int64_t e, const WideValue& v) {
    activation_.start_element(e);
    output_.start_element(e);
    const WideValue f = apply_function(function_, v);
    if (activation_.converter().is_exact()) return output_.convert(0, f);
    return output_.convert(0, activation_.convert(0, f).value);
  }
  void add_events(StageEvents* events) const {
    if (events == nullptr) return;
    events->at(Point::kActivation) += activation_.events();
    events->at(Point::kOutput) += output_.events();
  }

 private:
  network::StagedActivation function_;
  UnitBank activation_, output_;
};

std::vector<Tensor> convert_to_codes(const QuantizedTensor& info, const OperandReader& input,
                                     StageEvents* events) {
  network::StagedNumerics numerics;
  numerics.output = info.format->element;
  const CodeWriter writer(numerics.output, info.dtype);
  Finish finish(numerics);
  std::vector<Tensor> outputs;
  outputs.emplace_back(info.dtype, info.shape);
  for (std::int64_t e = 0; e < outputs[0].size(); ++e) {
    writer.write(&outputs[0], e, finish(e, widen(input.value(e))).code);
  }
  finish.add_events(events);
  return outputs;
}

/// Blocks along the last dimension; the second output is the scales.
std::vector<Tensor> convert_to_mx(const QuantizedGraph& graph, const QuantizedNode& node,
                                  const QuantizedTensor& info, const OperandReader& input) {
  const network::NumberFormat& element = info.format->element;
  if (node.outputs.size() < 2) throw base::InputError("an MX output needs a second output for its scales");
  if (element.lfsr) throw base::UnsupportedError("stochastic conversion to MX in a graph");
  const QuantizedTensor& scales_info = declared(graph, node.outputs[1], "the scales output");
  const MxConverter converter(element);
  const CodeWriter writer(element, info.dtype);
  std::vector<Tensor> outputs;
  outputs.emplace_back(info.dtype, info.shape);
  outputs.emplace_back(scales_info.dtype, scales_info.shape);
  const std::int64_t channels = info.shape.empty() ? 1 : std::max<std::int64_t>(1, info.shape.back());
  const std::int64_t block = info.format->mx_block;
  const std::int64_t blocks = (channels + block - 1) / block;
  if (outputs[1].dtype() != network::DType::kUInt8 ||
      outputs[1].size() != outputs[0].size() / channels * blocks) {
    throw base::InputError(fmt::format("the scales output is {} {} for {}", network::name(scales_info.dtype),
                                       network::to_string(scales_info.shape),
                                       network::to_string(info.shape)));
  }
  std::int64_t scale = 0;
  for (std::int64_t row = 0; row < outputs[0].size(); row += channels) {
    for (std::int64_t first = 0; first < channels; first += block) {
      std::vector<Value> values;
      for (std::int64_t c = first; c < std::min(first + block, channels); ++c)
        values.push_back(input.value(row + c));
      const MxBlock result = converter.convert(values, nullptr);
      outputs[1].set_integer(scale++, result.scale);
      for (std::size_t i = 0; i < result.elements.size(); ++i) {
        writer.write(&outputs[0], row + first + static_cast<std::int64_t>(i), result.elements[i]);
      }
    }
  }
  return outputs;
}

}  // namespace

std::vector<Tensor> run_staged_binary(const QuantizedGraph& graph, const QuantizedNode& node,
                                      const StagedTensorLookup& lookup, StageEvents* events) {
  const auto kind = std::get<network::qop::StagedBinary>(node.operation).kind;
  if (!node.staged) throw base::InputError("the node has no number formats");
  const OperandReader a = reader_of(graph, node, lookup, 0);
  const OperandReader b = reader_of(graph, node, lookup, 1);
  const QuantizedTensor& info = output_of(graph, node);
  const Broadcast from_a(a.tensor().shape(), info.shape);
  const Broadcast from_b(b.tensor().shape(), info.shape);
  const CodeWriter writer(node.staged->output, info.dtype);
  Finish finish(*node.staged);
  std::vector<Tensor> outputs;
  outputs.emplace_back(info.dtype, info.shape);
  for (std::int64_t e = 0; e < outputs[0].size(); ++e) {
    const WideValue exact = exact_result(kind, a.value(from_a.source(e)), b.value(from_b.source(e)));
    writer.write(&outputs[0], e, finish(e, exact).code);
  }
  finish.add_events(events);
  return outputs;
}

std::vector<Tensor> run_staged_convert(const QuantizedGraph& graph, const QuantizedNode& node,
                                       const StagedTensorLookup& lookup, StageEvents* events) {
  const OperandReader input = reader_of(graph, node, lookup, 0);
  const QuantizedTensor& info = output_of(graph, node);
  if (!info.format) throw base::InputError("the output has no number format");
  if (network::element_count(info.shape) != input.tensor().size()) {
    throw base::InputError(fmt::format("output {} for input {}", network::to_string(info.shape),
                                       network::to_string(input.tensor().shape())));
  }
  if (info.format->mx_block > 0) return convert_to_mx(graph, node, info, input);
  return convert_to_codes(info, input, events);
}

}  // namespace dlasim::golden
