#include "context.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::onnx_import {
namespace {

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char ch) { return static_cast<char>(std::tolower(ch)); });
  return text;
}

Order without_ones(const Order& order) {
  Order result;
  std::copy_if(order.begin(), order.end(), std::back_inserter(result), [](int d) { return d != kOne; });
  return result;
}

/// Dimensions that hold more than one element, in the order in which they lie.
Order moving(const Order& order, const Shape& shape) {
  Order result;
  std::copy_if(order.begin(), order.end(), std::back_inserter(result),
               [&](int d) { return d != kOne && shape[static_cast<std::size_t>(d)] != 1; });
  return result;
}

/// Operators whose result is of their operand's type: integers stay integers.
bool moves_data(const Operation& operation) {
  return std::holds_alternative<op::Slice>(operation) || std::holds_alternative<op::Concat>(operation) ||
         std::holds_alternative<op::Pad>(operation) || std::holds_alternative<op::Transpose>(operation) ||
         std::holds_alternative<op::Reshape>(operation);
}

}  // namespace

Order plain_order(std::size_t rank) {
  Order order(rank);
  for (std::size_t i = 0; i < rank; ++i) order[i] = static_cast<int>(i);
  return order;
}

Order channels_last(std::size_t rank) {
  if (rank == 4) return {0, 2, 3, 1};
  if (rank == 3) return {0, kOne, 2, 1};
  return plain_order(rank);
}

Shape stored_shape(const Shape& shape, const Order& order) {
  Shape result;
  for (const int d : order) result.push_back(d == kOne ? 1 : shape.at(static_cast<std::size_t>(d)));
  return result;
}

int stored_axis(const Order& order, int axis) {
  return static_cast<int>(std::find(order.begin(), order.end(), axis) - order.begin());
}

std::int64_t checked_count(const Shape& shape) {
  constexpr std::int64_t kMost = (std::int64_t{1} << 31) - 1;
  const std::int64_t count = element_count(shape);
  if (count > kMost) throw base::InputError("shape " + to_string(shape) + " is too large");
  return count;
}

const Value& Context::value(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw base::InputError("value '" + name + "' is used before it is computed");
  return found->second;
}

void Context::define(const std::string& name, Value value) {
  if (name.empty()) throw base::InputError("an output has no name");
  if (!values_.emplace(name, std::move(value)).second) {
    throw base::InputError("value '" + name + "' is written twice");
  }
}

void Context::define_constant(const std::string& name, Tensor tensor, std::optional<Affine> affine) {
  spend(static_cast<std::int64_t>(tensor.bytes().size()));
  Value value;
  value.shape = tensor.shape();
  value.constant = std::move(tensor);
  value.affine = std::move(affine);
  define(name, std::move(value));
}

int Context::uses(const std::string& name) const {
  const auto found = uses_.find(name);
  return found == uses_.end() ? 0 : found->second;
}

void Context::spend(std::int64_t bytes) {
  if (static_cast<std::uint64_t>(bytes) > budget_)
    throw base::InputError("its constants grow out of proportion");
  budget_ -= static_cast<std::size_t>(bytes);
}

void Context::begin(const NodeReader& node, int index) {
  node_ = &node;
  name_ = node_names_.claim(node.name().empty() ? lower_case(node.op()) + "_" + std::to_string(index)
                                                : node.name());
}

const Value& Context::in(int i) const {
  if (!has_input(i)) throw base::InputError("input " + std::to_string(i) + " is absent");
  return value(node_->input(i));
}

const Tensor& Context::constant(int i, std::string_view what) const {
  const Value& v = in(i);
  if (!v.constant)
    throw base::UnsupportedError(std::string(what) + " computed while running is not supported");
  return *v.constant;
}

std::vector<std::int64_t> Context::constant_integers(int i, std::string_view what) const {
  const Tensor& tensor = constant(i, what);
  constexpr std::int64_t kMostEntries = 4096;
  if (tensor.dtype() == DType::kFloat32 || tensor.size() > kMostEntries) {
    throw base::InputError(std::string(what) + " is not a short list of integers");
  }
  auto values = importers::integers(tensor);
  // "To the end" is written as the largest integer; this is far enough and cannot overflow later.
  constexpr std::int64_t kFar = std::int64_t{1} << 31;
  for (std::int64_t& v : values) v = std::clamp(v, -kFar, kFar);
  return values;
}

float Context::constant_number(int i, std::string_view what) const {
  const Tensor& tensor = constant(i, what);
  if (tensor.size() != 1) throw base::InputError(std::string(what) + " is not a single number");
  const float value =
      tensor.dtype() == DType::kFloat32 ? tensor.data<float>()[0] : static_cast<float>(tensor.integer(0));
  if (std::isnan(value)) throw base::InputError(std::string(what) + " is not a number");
  return value;
}

bool Context::is_private(int i) const {
  return uses(node_->input(i)) == 1 && !in(i).is_shared;
}

void Context::alias(Value v) {
  for (int i = 0; i < node_->input_count(); ++i) v.is_shared = v.is_shared || uses(node_->input(i)) > 1;
  define(node_->output(0), std::move(v));
}

void Context::add_input(const std::string& input_name, DType dtype, const Shape& shape) {
  Value v;
  v.shape = shape;
  v.order = channels_last(shape.size());
  TensorInfo info;
  info.name = tensor_names_.claim(input_name);
  info.dtype = dtype;
  info.shape = stored_shape(shape, v.order);
  checked_count(shape);
  v.id = graph.add_tensor(std::move(info));
  graph.inputs.push_back(v.id);
  define(input_name, std::move(v));
}

TensorId Context::add_result(std::string_view result_name, Shape shape, const Operation& operation,
                             const std::vector<TensorId>& inputs) {
  checked_count(shape);
  TensorInfo info;
  info.name = tensor_names_.claim(std::string(result_name));
  info.shape = std::move(shape);
  if (moves_data(operation)) {
    info.dtype = graph.tensor(inputs.at(0)).dtype;
    info.affine = graph.tensor(inputs.at(0)).affine;
  }
  return graph.add_tensor(std::move(info));
}

TensorId Context::add_constant(std::string_view suffix, Constant elements, std::optional<Affine> affine) {
  spend(static_cast<std::int64_t>(elements->bytes().size()));
  TensorInfo info;
  info.name = tensor_names_.claim(name_ + "_" + std::string(suffix));
  info.dtype = elements->dtype();
  info.shape = elements->shape();
  info.affine = std::move(affine);
  info.constant = std::move(elements);
  return graph.add_tensor(std::move(info));
}

TensorId Context::emit_step(std::string_view suffix, Operation operation, std::vector<TensorId> inputs,
                            Shape stored_as) {
  const TensorId id = add_result(name_ + "_" + std::string(suffix), std::move(stored_as), operation, inputs);
  producers_[id] = graph.nodes.size();
  graph.nodes.push_back(
      {node_names_.claim(name_ + "_" + std::string(suffix)), std::move(operation), std::move(inputs), {id}});
  return id;
}

void Context::emit(Operation operation, std::vector<TensorId> inputs, const Shape& shape, const Order& order,
                   int i) {
  const std::string& output = node_->output(i);
  const TensorId id = add_result(output, stored_shape(shape, order), operation, inputs);
  producers_[id] = graph.nodes.size();
  const std::string name = i == 0 ? name_ : node_names_.claim(name_ + "_" + std::to_string(i));
  graph.nodes.push_back({name, std::move(operation), std::move(inputs), {id}});
  Value result;
  result.shape = shape;
  result.id = id;
  result.order = order;
  define(output, std::move(result));
}

Node* Context::producer(TensorId id) {
  const auto found = producers_.find(id);
  return found == producers_.end() ? nullptr : &graph.nodes[found->second];
}

Order Context::natural_order(int i) const {
  const Value& v = in(i);
  if (v.constant || !v.flattened_from.empty()) return plain_order(v.shape.size());
  return v.order;
}

TensorId Context::stored(int i, const Order& order) {
  return stored(in(i), order);
}

TensorId Context::stored(const Value& v, const Order& order) {
  if (v.constant && order == plain_order(v.shape.size()) && v.constant->shape() == v.shape)
    return add_constant("constant", v.constant, v.affine);
  if (v.constant) {
    Tensor tensor =
        importers::transposed(*v.constant, without_ones(order)).reshaped(stored_shape(v.shape, order));
    std::optional<Affine> affine = v.affine;
    if (affine && affine->axis >= 0) affine->axis = stored_axis(order, affine->axis);
    return add_constant("constant", std::move(tensor), std::move(affine));
  }
  if (!v.flattened_from.empty()) {
    Value image;
    image.shape = v.flattened_from;
    image.id = v.id;
    image.order = v.order;
    const TensorId plain = stored(image, plain_order(image.shape.size()));
    const TensorId flat = emit_step("flat", op::Reshape{}, {plain}, v.shape);
    Value result;
    result.shape = v.shape;
    result.id = flat;
    result.order = plain_order(v.shape.size());
    return stored(result, order);
  }
  if (v.order == order) return v.id;
  const Shape target = stored_shape(v.shape, order);
  const auto step = [&](std::string_view suffix, Operation operation, TensorId from, Shape shape) {
    return emit_step(suffix, std::move(operation), {from}, std::move(shape));
  };
  if (moving(v.order, v.shape) == moving(order, v.shape))
    return step("reshaped", op::Reshape{}, v.id, target);
  TensorId id = v.id;
  const Order from = without_ones(v.order);
  const Order to = without_ones(order);
  if (from.size() != v.order.size()) id = step("squeezed", op::Reshape{}, id, stored_shape(v.shape, from));
  op::Transpose transpose;
  for (const int d : to) transpose.perm.push_back(stored_axis(from, d));
  id = step("transposed", transpose, id, stored_shape(v.shape, to));
  if (to.size() != order.size()) id = step("expanded", op::Reshape{}, id, target);
  return id;
}

Conversion conversion_of(const std::string& op) {
  static const std::map<std::string, Conversion> kConversions{
      {"Abs", convert_unary},
      {"Add", convert_binary},
      {"AveragePool", convert_pool},
      {"BatchNormalization", convert_batch_normalization},
      {"Cast", convert_identity},
      {"Clip", convert_clip},
      {"Concat", convert_concat},
      {"Conv", convert_conv},
      {"ConvTranspose", convert_conv_transpose},
      {"DequantizeLinear", convert_dequantize},
      {"Div", convert_binary},
      {"Dropout", convert_identity},
      {"Flatten", convert_flatten},
      {"Gather", convert_gather},
      {"Gemm", convert_gemm},
      {"GlobalAveragePool", convert_global_average_pool},
      {"HardSwish", convert_unary},
      {"Identity", convert_identity},
      {"LeakyRelu", convert_unary},
      {"MatMul", convert_matmul},
      {"Max", convert_binary},
      {"MaxPool", convert_pool},
      {"Min", convert_binary},
      {"Mul", convert_binary},
      {"PRelu", convert_unary},
      {"Pad", convert_pad},
      {"QuantizeLinear", convert_quantize},
      {"ReduceMean", convert_reduce},
      {"ReduceSum", convert_reduce},
      {"Relu", convert_unary},
      {"Reshape", convert_reshape},
      {"Shape", convert_shape},
      {"Sigmoid", convert_unary},
      {"Slice", convert_slice},
      {"Softmax", convert_softmax},
      {"Softsign", convert_unary},
      {"Split", convert_split},
      {"Squeeze", convert_squeeze},
      {"Sub", convert_binary},
      {"Tanh", convert_unary},
      {"Transpose", convert_transpose},
      {"Unsqueeze", convert_unsqueeze},
  };
  const auto found = kConversions.find(op);
  return found == kConversions.end() ? nullptr : found->second;
}

}  // namespace dlasim::network::onnx_import
