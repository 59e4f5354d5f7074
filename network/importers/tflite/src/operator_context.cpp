#include "operator_context.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::tflite {
namespace {

constexpr int kSame = 0, kValid = 1;

std::int64_t extent(const AxisWindow& axis) {
  return (axis.kernel - 1) * axis.dilation + 1;
}

std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace

std::string OperatorContext::where() const {
  std::string text = std::string(name_) + " (" + node_name_;
  if (!operator_.outputs.empty()) text += ", output '" + graph_.tensor(operator_.outputs[0]).name + "'";
  return text + ")";
}

void OperatorContext::bad(const std::string& what) const {
  throw base::InputError(where() + ": " + what);
}

void OperatorContext::unsupported(const std::string& what) const {
  throw base::UnsupportedError(where() + ": " + what);
}

TensorId OperatorContext::optional_input(int i) const {
  return i < input_count() ? operator_.inputs[static_cast<std::size_t>(i)] : kNoTensor;
}

TensorId OperatorContext::input(int i) const {
  const TensorId id = optional_input(i);
  if (id == kNoTensor) bad("input " + std::to_string(i) + " is absent");
  return id;
}

TensorId OperatorContext::output(int i) const {
  if (i >= output_count()) bad("output " + std::to_string(i) + " is absent");
  return operator_.outputs[static_cast<std::size_t>(i)];
}

const Tensor& OperatorContext::constant(int i, std::string_view what) const {
  const TensorInfo& tensor = in(i);
  if (!tensor.constant) unsupported(std::string(what) + " is computed while running; it must be constant");
  return *tensor.constant;
}

std::vector<std::int64_t> OperatorContext::constant_integers(int i, std::string_view what) const {
  const Tensor& tensor = constant(i, what);
  if (tensor.dtype() != DType::kInt32 && tensor.dtype() != DType::kInt64) {
    bad(std::string(what) + " is " + std::string(network::name(tensor.dtype())) +
        "; int32 or int64 expected");
  }
  constexpr std::int64_t kMost = 64;
  if (tensor.size() > kMost) bad(std::string(what) + " has " + std::to_string(tensor.size()) + " entries");
  auto values = importers::integers(tensor);
  // Keeps the sums and products of shape arithmetic far from overflow.
  constexpr std::int64_t kLargest = std::int64_t{1} << 31;
  for (const std::int64_t v : values) {
    if (v > kLargest || v < -kLargest) bad(std::string(what) + " holds " + std::to_string(v));
  }
  return values;
}

int OperatorContext::axis_input(int i, std::string_view what, std::size_t rank) const {
  const auto values = constant_integers(i, what);
  if (values.size() != 1)
    bad(std::string(what) + " has " + std::to_string(values.size()) + " entries, not 1");
  return importers::normalized_axis(values[0], rank);
}

FusedActivation OperatorContext::activation(int field) const {
  switch (const int code = option<std::int8_t>(field, 0); code) {
    case 0:
      return FusedActivation::kNone;
    case 1:
      return FusedActivation::kRelu;
    case 2:
      return FusedActivation::kReluN1To1;
    case 3:
      return FusedActivation::kRelu6;
    case 4:
      unsupported("fused activation TANH");
    case 5:
      unsupported("fused activation SIGN_BIT");
    default:
      bad("fused activation number " + std::to_string(code));
  }
}

std::int64_t OperatorContext::positive_option(int field, std::int32_t absent, std::string_view what) const {
  const auto value = option<std::int32_t>(field, absent);
  constexpr std::int32_t kLargest = 1 << 16;
  if (value < 1 || value > kLargest) {
    bad(std::string(what) + " is " + std::to_string(value) + "; it must be between 1 and 65536");
  }
  return value;
}

std::int64_t OperatorContext::window_count(int field, const AxisWindow& axis) const {
  switch (const int scheme = option<std::int8_t>(field, 0); scheme) {
    case kSame:
      return ceil_div(axis.input, axis.stride);
    case kValid:
      return std::max<std::int64_t>(0, ceil_div(axis.input - extent(axis) + 1, axis.stride));
    default:
      bad("padding scheme number " + std::to_string(scheme) + "; SAME is 0, VALID is 1");
  }
}

Padding OperatorContext::padding(int field, const AxisWindow& vertical, const AxisWindow& horizontal) const {
  const auto total = [&](const AxisWindow& axis) {
    return std::max<std::int64_t>(0,
                                  (window_count(field, axis) - 1) * axis.stride + extent(axis) - axis.input);
  };
  const std::int64_t rows = total(vertical);
  const std::int64_t columns = total(horizontal);
  return {.top = rows / 2, .left = columns / 2, .bottom = rows - rows / 2, .right = columns - columns / 2};
}

void OperatorContext::require_rank(TensorId id, std::size_t rank, std::string_view what) const {
  if (info(id).shape.size() != rank) {
    unsupported(std::string(what) + " has shape " + to_string(info(id).shape) + "; " + std::to_string(rank) +
                " dimensions are supported");
  }
}

void OperatorContext::require_shape(TensorId id, const Shape& shape, std::string_view what) const {
  if (info(id).shape != shape) {
    bad(std::string(what) + " has shape " + to_string(info(id).shape) + "; " + to_string(shape) +
        " expected");
  }
}

void OperatorContext::emit(Operation operation, std::vector<TensorId> inputs, int i) {
  graph_.nodes.push_back({node_name_, std::move(operation), std::move(inputs), {output(i)}});
}

void OperatorContext::emit_as(std::string_view suffix, Operation operation, std::vector<TensorId> inputs,
                              TensorId output_id) {
  graph_.nodes.push_back(
      {node_name_ + "_" + std::string(suffix), std::move(operation), std::move(inputs), {output_id}});
}

TensorId OperatorContext::emit_step(std::string_view suffix, Operation operation,
                                    std::vector<TensorId> inputs, TensorId like, Shape shape) {
  TensorInfo step;
  step.name = node_name_ + "_" + std::string(suffix);
  step.dtype = info(like).dtype;
  step.affine = info(like).affine;
  step.shape = std::move(shape);
  const TensorId id = graph_.add_tensor(std::move(step));
  emit_as(suffix, std::move(operation), std::move(inputs), id);
  return id;
}

TensorId OperatorContext::add_constant(std::string_view suffix, Tensor value) {
  return graph_.add_constant(node_name_ + "_" + std::string(suffix), std::move(value));
}

void OperatorContext::fold(Tensor value) {
  TensorInfo& target = graph_.tensors[static_cast<std::size_t>(output())];
  require_shape(output(), value.shape(), "output");
  if (value.dtype() != target.dtype) {
    bad("output is " + std::string(network::name(target.dtype)) + ", its value " +
        std::string(network::name(value.dtype())));
  }
  target.constant = std::move(value);
}

void OperatorContext::set_constant(TensorId id, Tensor value) {
  TensorInfo& target = graph_.tensors[static_cast<std::size_t>(id)];
  target.shape = value.shape();
  target.constant = std::move(value);
}

}  // namespace dlasim::network::tflite
