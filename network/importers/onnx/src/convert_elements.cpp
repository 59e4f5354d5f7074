/// Element-wise operators, pooling and reductions.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "context.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::onnx_import {
namespace {

op::Binary::Kind binary_kind(const std::string& op) {
  if (op == "Add") return op::Binary::Kind::kAdd;
  if (op == "Sub") return op::Binary::Kind::kSub;
  if (op == "Max") return op::Binary::Kind::kMaximum;
  if (op == "Min") return op::Binary::Kind::kMinimum;
  return op::Binary::Kind::kMul;  // Mul, and Div by the reciprocal
}

Value with_rank(const Value& value, std::size_t rank) {
  Value result = value;
  const std::size_t missing = rank - value.shape.size();
  if (missing == 0) return result;
  result.shape.insert(result.shape.begin(), missing, 1);
  result.constant = value.constant->reshaped(result.shape);
  if (result.affine && result.affine->axis >= 0) result.affine->axis += static_cast<int>(missing);
  return result;
}

Value reciprocal(const Value& divisor) {
  if (!divisor.constant || divisor.constant->dtype() != DType::kFloat32) {
    throw base::UnsupportedError("division by anything but float constants is not supported");
  }
  Value result = divisor;
  for (float& v : result.constant.edit().data<float>()) {
    if (v == 0.0F) throw base::InputError("division by 0");
    v = 1.0F / v;
  }
  return result;
}

/// A product with constants behind a fully connected layer without bias is its bias: [O] added to rows of O.
bool becomes_bias(Context& c, const Value& x, int x_index, const Value& addend) {
  if (!addend.constant || addend.affine || addend.constant->dtype() != DType::kFloat32 || x.constant ||
      !x.flattened_from.empty()) {
    return false;
  }
  Node* producer = c.producer(x.id);
  if (producer == nullptr || !std::holds_alternative<op::FullyConnected>(producer->operation) ||
      producer->inputs.size() != 2 || !c.is_private(x_index) || x.shape.empty()) {
    return false;
  }
  const std::int64_t outputs = c.graph.tensor(producer->inputs[1]).shape[0];
  if (addend.constant->size() != outputs || addend.shape.empty() || addend.shape.back() != outputs ||
      x.shape.back() != outputs || x.order.back() != static_cast<int>(x.shape.size()) - 1) {
    return false;
  }
  const TensorId bias = c.add_constant("bias", addend.constant->reshaped({outputs}));
  c.producer(x.id)->inputs.push_back(bias);
  c.alias(x);
  return true;
}

}  // namespace

void convert_binary(Context& c) {
  const std::string& op = c.node().op();
  if (c.node().input_count() != 2) {
    throw base::UnsupportedError(std::to_string(c.node().input_count()) + " operands are not supported");
  }
  Value a = c.in(0);
  Value b = c.in(1);
  if (op == "Div") b = reciprocal(b);
  if (op == "Add" && (becomes_bias(c, a, 0, b) || becomes_bias(c, b, 1, a))) return;
  const Shape shape = importers::broadcast_shape(a.shape, b.shape);
  for (Value* v : {&a, &b}) {
    if (v->shape.size() == shape.size()) continue;
    if (v->constant) {
      *v = with_rank(*v, shape.size());
    } else {
      const TensorId plain = c.stored(*v, plain_order(v->shape.size()));
      v->shape.insert(v->shape.begin(), shape.size() - v->shape.size(), 1);
      v->id = c.emit_step("ranked", op::Reshape{}, {plain}, v->shape);
      v->order = plain_order(shape.size());
      v->flattened_from.clear();
    }
  }
  const Value& leader =
      a.constant || (!b.constant && element_count(b.shape) > element_count(a.shape)) ? b : a;
  const Order order =
      leader.constant || !leader.flattened_from.empty() ? plain_order(shape.size()) : leader.order;
  const TensorId left = c.stored(a, order);
  const TensorId right = c.stored(b, order);
  c.emit(op::Binary{binary_kind(op), FusedActivation::kNone}, {left, right}, shape, order);
}

void convert_unary(Context& c) {
  using Kind = op::Unary::Kind;
  const std::string& op = c.node().op();
  op::Unary unary;
  if (op == "LeakyRelu") {
    unary = {Kind::kLeakyRelu, {static_cast<double>(c.node().number("alpha", 0.01F))}};
  } else if (op == "Abs") {
    unary = {Kind::kLeakyRelu, {-1.0}};
  } else if (op == "PRelu") {
    const Tensor& slope = c.constant(1, "slope");
    const Shape& shape = c.in(0).shape;
    const std::int64_t channels = shape.size() < 2 ? 1 : shape[1];
    const bool per_channel = slope.size() == channels && channels > 1;
    if (slope.dtype() != DType::kFloat32 || (slope.size() != 1 && !per_channel) ||
        (per_channel && (slope.shape().size() + 1 < shape.size() ||
                         slope.shape().at(slope.shape().size() + 1 - shape.size()) != channels))) {
      throw base::UnsupportedError("slopes of shape " + to_string(slope.shape()) + " are not supported");
    }
    unary.kind = per_channel ? Kind::kPRelu : Kind::kLeakyRelu;
    for (const float s : slope.data<float>()) unary.parameters.push_back(static_cast<double>(s));
    if (per_channel) {
      const Order order = channels_last(shape.size());
      return c.emit(std::move(unary), {c.stored(0, order)}, shape, order);
    }
  } else {
    unary.kind = op == "Relu"        ? Kind::kRelu
                 : op == "Tanh"      ? Kind::kTanh
                 : op == "Sigmoid"   ? Kind::kSigmoid
                 : op == "HardSwish" ? Kind::kHardswish
                                     : Kind::kSoftsign;
  }
  const Order order = c.natural_order(0);
  c.emit(std::move(unary), {c.stored(0, order)}, c.in(0).shape, order);
}

void convert_clip(Context& c) {
  constexpr int kInputsSince = 11;
  const bool inputs = c.node().opset() >= kInputsSince;
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float low =
      inputs ? (c.has_input(1) ? c.constant_number(1, "min") : -kLargest) : c.node().number("min", -kLargest);
  const float high =
      inputs ? (c.has_input(2) ? c.constant_number(2, "max") : kLargest) : c.node().number("max", kLargest);
  if (std::isnan(low) || std::isnan(high) || low > high) {
    throw base::InputError("min " + std::to_string(low) + " and max " + std::to_string(high) +
                           " leave nothing between them");
  }
  const bool open = high >= kLargest;
  const Order order = c.natural_order(0);
  const Shape shape = c.in(0).shape;
  const TensorId x = c.stored(0, order);
  const DType dtype = c.graph.tensor(x).dtype;
  const auto unary = [&](op::Unary::Kind kind) { c.emit(op::Unary{kind, {}}, {x}, shape, order); };
  if (dtype == DType::kFloat32 && low == 0.0F && open) return unary(op::Unary::Kind::kRelu);
  if (dtype == DType::kFloat32 && low == 0.0F && high == 6.0F) return unary(op::Unary::Kind::kRelu6);
  if (dtype == DType::kFloat32 && low == -1.0F && high == 1.0F) return unary(op::Unary::Kind::kHardtanh);
  // Between integers the two ends are codes of one clamp.
  const Node* producer = c.producer(x);
  const bool of_integers = producer != nullptr && std::holds_alternative<op::Dequantize>(producer->operation);
  if (of_integers && low <= 0.0F && high >= 0.0F && low < high && low > -kLargest && !open) {
    return c.emit(op::Clip{low, high}, {x}, shape, order);
  }
  // Any other range: a maximum and a minimum with constants, of codes where the input holds codes.
  const std::optional<Affine> affine = c.graph.tensor(x).affine;
  const auto bound = [&](const char* suffix, float value) {
    Tensor tensor(dtype, Shape(order.size(), 1));
    if (dtype == DType::kFloat32) {
      tensor.data<float>()[0] = value;
    } else {
      const double code = std::clamp(static_cast<double>(value), static_cast<double>(lowest(dtype)),
                                     static_cast<double>(highest(dtype)));
      tensor.set_integer(0, static_cast<std::int64_t>(code));
    }
    return c.add_constant(suffix, std::move(tensor), affine);
  };
  const TensorId raised = c.emit_step("max", op::Binary{op::Binary::Kind::kMaximum, FusedActivation::kNone},
                                      {x, bound("low", low)}, stored_shape(shape, order));
  c.graph.tensors[static_cast<std::size_t>(raised)].dtype = dtype;
  c.graph.tensors[static_cast<std::size_t>(raised)].affine = affine;
  c.emit(op::Binary{op::Binary::Kind::kMinimum, FusedActivation::kNone}, {raised, bound("high", high)}, shape,
         order);
  c.graph.tensors.back().dtype = dtype;
  c.graph.tensors.back().affine = affine;
}

void convert_softmax(Context& c) {
  constexpr int kSingleAxisSince = 13;
  const bool single = c.node().opset() >= kSingleAxisSince;
  const Shape& shape = c.in(0).shape;
  const int axis = importers::normalized_axis(c.node().integer("axis", single ? -1 : 1), shape.size());
  // Older opsets reduce over all dimensions from `axis`: the same where the others are 1.
  int reduced = axis;
  for (std::size_t a = static_cast<std::size_t>(axis); !single && a < shape.size(); ++a) {
    if (shape[a] == 1) continue;
    if (shape[static_cast<std::size_t>(reduced)] != 1 && reduced != static_cast<int>(a)) {
      throw base::UnsupportedError("softmax over several dimensions is not supported");
    }
    reduced = static_cast<int>(a);
  }
  Order order = c.natural_order(0);
  if (order.back() != reduced) {
    order = plain_order(shape.size());
    order.erase(order.begin() + reduced);
    order.push_back(reduced);
  }
  c.emit(op::Softmax{}, {c.stored(0, order)}, shape, order);
}

namespace {

/// `auto_pad` of ONNX as positions before and after one axis.
struct Edges {
  std::int64_t before = 0, after = 0;
};

std::int64_t at_least_one(std::int64_t v, const char* what) {
  constexpr std::int64_t kLargest = 1 << 16;
  if (v < 1 || v > kLargest)
    throw base::InputError(std::string(what) + " " + std::to_string(v) + " is not in 1 .. 65536");
  return v;
}

}  // namespace

void convert_pool(Context& c) {
  const Value& x = c.in(0);
  if (x.shape.size() != 3 && x.shape.size() != 4) {
    throw base::UnsupportedError("pooling of shape " + to_string(x.shape) + " is not supported");
  }
  const bool is_max = c.node().op() == "MaxPool";
  const std::size_t axes = x.shape.size() - 2;
  const Shape ones(axes, 1);
  const auto kernel = c.node().integers("kernel_shape", {});
  const auto stride = c.node().integers("strides", ones);
  const auto dilation = c.node().integers("dilations", ones);
  auto pads = c.node().integers("pads", Shape(2 * axes, 0));
  const bool ceil = c.node().integer("ceil_mode", 0) != 0;
  const bool counts_pads = c.node().integer("count_include_pad", 0) != 0;
  if (c.node().integer("storage_order", 0) != 0 || c.node().output_count() > 1) {
    throw base::UnsupportedError("indices of MaxPool are not supported");
  }
  if (kernel.size() != axes || stride.size() != axes || pads.size() != 2 * axes || dilation != ones) {
    throw base::UnsupportedError("kernel_shape, strides, pads or dilations are not supported");
  }
  const std::string auto_pad = c.node().text("auto_pad", "NOTSET");
  Shape shape = x.shape;
  std::array<Edges, 2> edges{};
  op::Pool2d pool;
  pool.kind = is_max ? op::Pool2d::Kind::kMax : op::Pool2d::Kind::kAverage;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t k = at_least_one(kernel[i], "kernel_shape");
    const std::int64_t s = at_least_one(stride[i], "strides");
    const std::int64_t n = x.shape[i + 2];
    Edges e{pads[i], pads[i + axes]};
    std::int64_t windows = 0;
    if (auto_pad == "NOTSET" || auto_pad == "VALID") {
      if (auto_pad == "VALID") e = {};
      if (e.before < 0 || e.after < 0 || e.before >= k || e.after >= k)
        throw base::InputError("pads are out of range");
      const std::int64_t room = n + e.before + e.after - k;
      windows = room < 0 ? 0 : (ceil ? (room + s - 1) / s : room / s) + 1;
      // A window that would begin in the padding behind the image does not count.
      if (ceil && windows > 0 && (windows - 1) * s >= n + e.before) --windows;
      e.after = std::max(e.after, (windows - 1) * s + k - n - e.before);
    } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      windows = (n + s - 1) / s;
      const std::int64_t total = std::max<std::int64_t>(0, (windows - 1) * s + k - n);
      const std::int64_t small = total / 2;
      e = auto_pad == "SAME_UPPER" ? Edges{small, total - small} : Edges{total - small, small};
    } else {
      throw base::UnsupportedError("auto_pad '" + auto_pad + "' is not supported");
    }
    if (windows < 1) throw base::InputError("the window is larger than the image");
    if (!is_max && counts_pads && (e.before != 0 || e.after != 0)) {
      throw base::UnsupportedError("count_include_pad with padding is not supported");
    }
    shape[i + 2] = windows;
    const std::size_t to = i + 2 - axes;  // one axis is the horizontal one
    edges[to] = e;
    pool.kernel[to] = k;
    pool.stride[to] = s;
  }
  pool.padding = {
      .top = edges[0].before, .left = edges[1].before, .bottom = edges[0].after, .right = edges[1].after};
  const Order order = channels_last(shape.size());
  c.emit(pool, {c.stored(0, order)}, shape, order);
}

void convert_global_average_pool(Context& c) {
  const Value& x = c.in(0);
  if (x.shape.size() != 3 && x.shape.size() != 4) {
    throw base::UnsupportedError("pooling of shape " + to_string(x.shape) + " is not supported");
  }
  Shape shape = x.shape;
  for (std::size_t a = 2; a < shape.size(); ++a) {
    if (shape[a] < 1) throw base::InputError("the image is empty");
    shape[a] = 1;
  }
  const Order order = channels_last(shape.size());
  c.emit(op::Reduce{op::Reduce::Kind::kMean, {1, 2}, true}, {c.stored(0, order)}, shape, order);
}

void convert_reduce(Context& c) {
  constexpr int kSumInputsSince = 13;
  const bool is_mean = c.node().op() == "ReduceMean";
  const bool is_input = !is_mean && c.node().opset() >= kSumInputsSince;
  const Shape& in = c.in(0).shape;
  auto axes = is_input ? (c.has_input(1) ? c.constant_integers(1, "axes") : std::vector<std::int64_t>{})
                       : c.node().integers("axes", {});
  const bool keep = c.node().integer("keepdims", 1) != 0;
  if (c.node().integer("noop_with_empty_axes", 0) != 0 && axes.empty()) return c.alias(c.in(0));
  if (axes.empty()) {
    for (std::size_t a = 0; a < in.size(); ++a) axes.push_back(static_cast<std::int64_t>(a));
  }
  Order order = c.natural_order(0);
  Shape shape = in;
  op::Reduce reduce{is_mean ? op::Reduce::Kind::kMean : op::Reduce::Kind::kSum, {}, true};
  std::vector<bool> gone(in.size(), false);
  for (const std::int64_t v : axes) {
    const int axis = importers::normalized_axis(v, in.size());
    const auto a = static_cast<std::size_t>(axis);
    if (gone[a]) throw base::InputError("axes name one twice");
    if (in[a] < 1) throw base::InputError("an empty dimension is reduced");
    gone[a] = true;
    shape[a] = 1;
    reduce.axes.push_back(stored_axis(order, axis));
  }
  std::sort(reduce.axes.begin(), reduce.axes.end());
  const TensorId x = c.stored(0, order);
  if (keep) return c.emit(std::move(reduce), {x}, shape, order);
  // The tensor keeps its dimensions of size 1; the value loses them.
  Shape dropped;
  std::vector<int> target(in.size(), kOne);
  for (std::size_t a = 0; a < in.size(); ++a) {
    if (gone[a]) continue;
    target[a] = static_cast<int>(dropped.size());
    dropped.push_back(in[a]);
  }
  for (int& d : order) {
    if (d != kOne) d = target[static_cast<std::size_t>(d)];
  }
  c.emit(std::move(reduce), {x}, dropped, order);
}

}  // namespace dlasim::network::onnx_import
