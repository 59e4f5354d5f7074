/// Convolutions, matrix products and the normalisation behind them.

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "context.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::onnx_import {
namespace {

std::int64_t in_range(std::int64_t v, const char* what) {
  constexpr std::int64_t kLargest = 1 << 16;
  if (v < 1 || v > kLargest) {
    throw base::InputError(std::string(what) + " " + std::to_string(v) + " is not in 1 .. 65536");
  }
  return v;
}

/// Geometry of a convolution in [vertical, horizontal]; a signal has one row.
struct Geometry {
  Pair kernel{1, 1}, stride{1, 1}, dilation{1, 1}, before{0, 0}, after{0, 0};
};

Geometry read_geometry(Context& c, const Shape& x, const Shape& w) {
  const std::size_t axes = x.size() - 2;
  const Shape ones(axes, 1);
  const auto kernel = c.node().integers("kernel_shape", Shape(w.begin() + 2, w.end()));
  const auto stride = c.node().integers("strides", ones);
  const auto dilation = c.node().integers("dilations", ones);
  const auto pads = c.node().integers("pads", Shape(2 * axes, 0));
  if (kernel != Shape(w.begin() + 2, w.end()) || stride.size() != axes || dilation.size() != axes ||
      pads.size() != 2 * axes) {
    throw base::InputError("kernel_shape, strides, dilations or pads do not fit the weights " + to_string(w));
  }
  const std::string auto_pad = c.node().text("auto_pad", "NOTSET");
  Geometry g;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::size_t to = i + 2 - axes;
    g.kernel[to] = in_range(kernel[i], "kernel_shape");
    g.stride[to] = in_range(stride[i], "strides");
    g.dilation[to] = in_range(dilation[i], "dilations");
    if (auto_pad == "NOTSET") {
      constexpr std::int64_t kMostPadding = 1 << 24;
      if (std::min(pads[i], pads[i + axes]) < 0 || std::max(pads[i], pads[i + axes]) > kMostPadding) {
        throw base::UnsupportedError("negative pads are not supported");
      }
      g.before[to] = pads[i];
      g.after[to] = pads[i + axes];
    } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      const std::int64_t windows = (x[i + 2] + g.stride[to] - 1) / g.stride[to];
      const std::int64_t extent = (g.kernel[to] - 1) * g.dilation[to] + 1;
      const std::int64_t total = std::max<std::int64_t>(0, (windows - 1) * g.stride[to] + extent - x[i + 2]);
      g.before[to] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      g.after[to] = total - g.before[to];
    } else if (auto_pad != "VALID") {
      throw base::UnsupportedError("auto_pad '" + auto_pad + "' is not supported");
    }
  }
  return g;
}

/// An integer bias without a scale of its own has the product of the operands' scales.
std::optional<Affine> bias_affine(Context& c, TensorId x, TensorId weight) {
  const Node* producer = c.producer(x);
  if (producer == nullptr || !std::holds_alternative<op::Dequantize>(producer->operation))
    return std::nullopt;
  const auto& in = c.graph.tensor(producer->inputs[0]).affine;
  const auto& w = c.graph.tensor(weight).affine;
  if (!in || !w) return std::nullopt;
  Affine result;
  for (const float s : w->scale) result.scale.push_back(in->scale[0] * s);
  result.zero_point.assign(result.scale.size(), 0);
  result.axis = result.scale.size() > 1 ? 0 : -1;
  return result;
}

/// Input `i` as a bias of `outputs` entries, or kNoTensor.
TensorId bias_input(Context& c, int i, std::int64_t outputs, TensorId x, TensorId weight) {
  if (!c.has_input(i)) return kNoTensor;
  const Value& bias = c.in(i);
  const Tensor& tensor = c.constant(i, "bias");
  if (tensor.size() != outputs) {
    throw base::InputError("bias of shape " + to_string(tensor.shape()) + " for " + std::to_string(outputs) +
                           " outputs");
  }
  std::optional<Affine> affine = bias.affine;
  if (tensor.dtype() != DType::kFloat32 && !affine) {
    affine = bias_affine(c, x, weight);
    if (!affine) throw base::UnsupportedError("an integer bias without scale is not supported");
  }
  return c.add_constant("bias", tensor.reshaped({outputs}), std::move(affine));
}

const Value& weight_input(Context& c, int i) {
  c.constant(i, "weights");
  const Value& w = c.in(i);
  if (w.constant->dtype() != DType::kFloat32 && !w.affine) {
    throw base::UnsupportedError("integer weights without scale are not supported");
  }
  return w;
}

std::vector<TensorId> operands(TensorId x, TensorId weight, TensorId bias) {
  if (bias == kNoTensor) return {x, weight};
  return {x, weight, bias};
}

/// Padding of zeros on the spatial axes right before a convolution is the convolution's own.
TensorId absorb_padding(Context& c, TensorId x, Geometry& g) {
  const Node* producer = c.producer(x);
  if (producer == nullptr || !c.is_private(0)) return x;
  const auto* pad = std::get_if<op::Pad>(&producer->operation);
  if (pad == nullptr || pad->value != 0.0 || pad->before.size() != 4) return x;
  if (pad->before[0] + pad->after[0] + pad->before[3] + pad->after[3] != 0) return x;
  for (std::size_t i = 0; i < 2; ++i) {
    g.before[i] += pad->before[i + 1];
    g.after[i] += pad->after[i + 1];
  }
  return producer->inputs[0];
}

Padding padding_of(const Geometry& g) {
  return {.top = g.before[0], .left = g.before[1], .bottom = g.after[0], .right = g.after[1]};
}

void require_image(const Shape& shape) {
  if (shape.size() != 3 && shape.size() != 4) {
    throw base::UnsupportedError("convolution of shape " + to_string(shape) + " is not supported");
  }
}

}  // namespace

void convert_conv(Context& c) {
  const Shape x = c.in(0).shape;
  const Value& w = weight_input(c, 1);
  require_image(x);
  const Shape& ws = w.shape;
  const std::int64_t groups = in_range(c.node().integer("group", 1), "group");
  if (ws.size() != x.size() || ws[0] < 1 || ws[1] < 1 || ws[1] * groups != x[1] || ws[0] % groups != 0) {
    throw base::InputError("weights " + to_string(ws) + " do not fit an input of " + to_string(x) + " with " +
                           std::to_string(groups) + " groups");
  }
  Geometry g = read_geometry(c, x, ws);
  Shape shape = x;
  shape[1] = ws[0];
  for (std::size_t i = 2; i < x.size(); ++i) {
    const std::size_t a = i + 2 - x.size();
    const std::int64_t room = x[i] + g.before[a] + g.after[a] - (g.kernel[a] - 1) * g.dilation[a] - 1;
    if (room < 0) throw base::InputError("the kernel is larger than the padded input " + to_string(x));
    shape[i] = room / g.stride[a] + 1;
  }
  const Order order = channels_last(x.size());
  const TensorId image = absorb_padding(c, c.stored(0, order), g);
  const bool depthwise = groups > 1 && ws[1] == 1;
  const Order to_depthwise = x.size() == 4 ? Order{1, 2, 3, 0} : Order{1, kOne, 2, 0};
  const TensorId weight = c.stored(w, depthwise ? to_depthwise : order);
  const TensorId bias = bias_input(c, 2, ws[0], image, weight);
  Operation operation;
  if (depthwise) {
    operation =
        op::DepthwiseConv2d{g.stride, g.dilation, padding_of(g), ws[0] / groups, FusedActivation::kNone};
  } else {
    operation = op::Conv2d{g.stride, g.dilation, padding_of(g), groups, FusedActivation::kNone};
  }
  c.emit(std::move(operation), operands(image, weight, bias), shape, order);
}

void convert_conv_transpose(Context& c) {
  const Shape x = c.in(0).shape;
  const Value& w = weight_input(c, 1);
  require_image(x);
  const Shape& ws = w.shape;
  if (c.node().integer("group", 1) != 1) throw base::UnsupportedError("group other than 1 is not supported");
  if (c.node().has("output_shape")) throw base::UnsupportedError("output_shape is not supported");
  if (const auto pad = c.node().text("auto_pad", "NOTSET"); pad != "NOTSET") {
    throw base::UnsupportedError("auto_pad '" + pad + "' is not supported");
  }
  if (ws.size() != x.size() || ws[0] != x[1] || ws[1] < 1) {
    throw base::InputError("weights " + to_string(ws) + " do not fit an input of " + to_string(x));
  }
  const Geometry g = read_geometry(c, x, ws);
  if (g.dilation != Pair{1, 1}) throw base::UnsupportedError("dilations are not supported");
  const std::size_t axes = x.size() - 2;
  const auto extra = c.node().integers("output_padding", Shape(axes, 0));
  if (extra.size() != axes) throw base::InputError("output_padding has a wrong length");
  op::TransposeConv2d conv{g.stride, padding_of(g), FusedActivation::kNone};
  Shape shape = x;
  shape[1] = ws[1];
  for (std::size_t i = 0; i < axes; ++i) {
    const std::size_t a = i + 2 - axes;
    if (extra[i] < 0 || extra[i] >= g.stride[a]) throw base::InputError("output_padding is out of range");
    shape[i + 2] = (x[i + 2] - 1) * g.stride[a] + g.kernel[a] - g.before[a] - g.after[a] + extra[i];
    if (shape[i + 2] < 1) throw base::InputError("pads leave no output");
    (a == 0 ? conv.padding.bottom : conv.padding.right) -= extra[i];
  }
  const Order order = channels_last(x.size());
  const TensorId weight = c.stored(w, x.size() == 4 ? Order{1, 2, 3, 0} : Order{1, kOne, 2, 0});
  const TensorId image = c.stored(0, order);
  const TensorId bias = bias_input(c, 2, ws[1], image, weight);
  c.emit(conv, operands(image, weight, bias), shape, order);
}

namespace {

/// A flattened image meets weights [O, C * H * W]: the columns follow the image's order in memory.
TensorId weights_for_flattened(Context& c, const Value& x, Value w) {
  const Shape& image = x.flattened_from;
  w.shape = image;
  w.shape[0] = w.constant->shape()[0];
  w.constant = w.constant->reshaped(w.shape);
  const TensorId ordered = c.stored(w, x.order);
  TensorInfo& info = c.graph.tensors[static_cast<std::size_t>(ordered)];
  info.shape = {w.shape[0], info.constant->size() / w.shape[0]};
  info.constant = info.constant->reshaped(info.shape);
  return ordered;
}

/// x [..., K] times constant weights, given as a value [O, K].
void emit_fully_connected(Context& c, int x_index, const Value& w, int bias_index) {
  const Value& x = c.in(x_index);
  const std::size_t last = x.shape.size() - 1;
  if (x.shape.empty() || x.shape[last] != w.shape[1] || w.shape[0] < 1 || w.shape[1] < 1) {
    throw base::InputError("weights " + to_string(w.shape) + " do not fit an input of " + to_string(x.shape));
  }
  Shape shape = x.shape;
  shape[last] = w.shape[0];
  TensorId rows = kNoTensor;
  TensorId weight = kNoTensor;
  Order order = plain_order(shape.size());
  if (!x.flattened_from.empty() && x.order[0] == 0) {
    rows = x.id;
    weight = weights_for_flattened(c, x, w);
  } else {
    order = c.natural_order(x_index);
    if (order.back() != static_cast<int>(last)) order = plain_order(shape.size());
    rows = c.stored(x_index, order);
    weight = c.stored(w, {0, 1});
  }
  const TensorId bias = bias_index < 0 ? kNoTensor : bias_input(c, bias_index, w.shape[0], rows, weight);
  c.emit(op::FullyConnected{}, operands(rows, weight, bias), shape, order);
}

Value transposed_weights(const Value& w) {
  constexpr std::array kSwap{1, 0};
  Value result = w;
  result.constant = importers::transposed(*w.constant, kSwap);
  result.shape = result.constant->shape();
  if (result.affine && result.affine->axis >= 0) result.affine->axis = 1 - result.affine->axis;
  return result;
}

}  // namespace

void convert_gemm(Context& c) {
  Value w = weight_input(c, 1);
  if (w.shape.size() != 2 || c.in(0).shape.size() != 2) throw base::InputError("operands are not matrices");
  if (c.node().integer("transA", 0) != 0) throw base::UnsupportedError("transA is not supported");
  if (c.node().integer("transB", 0) == 0) w = transposed_weights(w);
  if (c.node().number("alpha", 1.0F) != 1.0F)
    throw base::UnsupportedError("alpha other than 1 is not supported");
  if (c.has_input(2) && c.node().number("beta", 1.0F) != 1.0F) {
    throw base::UnsupportedError("beta other than 1 is not supported");
  }
  c.node().ignore("beta");
  emit_fully_connected(c, 0, w, c.has_input(2) ? 2 : -1);
}

void convert_matmul(Context& c) {
  if (c.in(1).constant && c.in(1).shape.size() == 2 && !c.in(0).constant) {
    return emit_fully_connected(c, 0, transposed_weights(weight_input(c, 1)), -1);
  }
  const Shape a = c.in(0).shape;
  const Shape b = c.in(1).shape;
  if (a.size() < 2 || b.size() < 2) throw base::UnsupportedError("products with vectors are not supported");
  if (a.back() != b[b.size() - 2]) throw base::InputError(to_string(a) + " times " + to_string(b));
  Shape shape = importers::broadcast_shape(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  shape.insert(shape.end(), {a[a.size() - 2], b.back()});
  const TensorId left = c.stored(0, plain_order(a.size()));
  const TensorId right = c.stored(1, plain_order(b.size()));
  c.emit(op::BatchMatmul{}, {left, right}, shape, plain_order(shape.size()));
}

namespace {

/// y = factor * x + offset, a channel.
struct Normalisation {
  std::vector<float> factor, offset;
};

Normalisation normalisation(Context& c, std::int64_t channels) {
  std::array<std::span<const float>, 4> p;  // scale, bias, mean, variance
  for (int i = 0; i < 4; ++i) {
    const Tensor& t = c.constant(i + 1, "a parameter");
    if (t.dtype() != DType::kFloat32 || t.size() != channels)
      throw base::InputError("a parameter has a wrong shape");
    p[static_cast<std::size_t>(i)] = t.data<float>();
  }
  const auto epsilon = static_cast<double>(c.node().number("epsilon", 1e-5F));
  Normalisation line;
  for (std::size_t i = 0; i < static_cast<std::size_t>(channels); ++i) {
    const double deviation = std::sqrt(static_cast<double>(p[3][i]) + epsilon);
    if (!(deviation > 0.0)) throw base::InputError("a variance is negative");
    const double factor = static_cast<double>(p[0][i]) / deviation;
    line.factor.push_back(static_cast<float>(factor));
    line.offset.push_back(
        static_cast<float>(static_cast<double>(p[1][i]) - factor * static_cast<double>(p[2][i])));
  }
  return line;
}

/// Scales the weights of the convolution that wrote `x`, if nothing else reads it.
bool fold_into_convolution(Context& c, const Normalisation& line) {
  const Value& x = c.in(0);
  Node* producer = x.constant || !x.flattened_from.empty() ? nullptr : c.producer(x.id);
  if (producer == nullptr || !c.is_private(0)) return false;
  const bool depthwise = std::holds_alternative<op::DepthwiseConv2d>(producer->operation);
  if (!depthwise && !std::holds_alternative<op::Conv2d>(producer->operation)) return false;
  TensorInfo& weight = c.graph.tensors[static_cast<std::size_t>(producer->inputs[1])];
  if (weight.affine || (producer->inputs.size() > 2 && c.graph.tensor(producer->inputs[2]).affine))
    return false;
  auto w = weight.constant.edit().data<float>();
  const std::size_t channels = line.factor.size();
  const std::size_t run = w.size() / channels;
  for (std::size_t i = 0; i < w.size(); ++i) w[i] *= line.factor[depthwise ? i % channels : i / run];
  std::vector<float> bias = line.offset;
  if (producer->inputs.size() > 2) {
    const auto old = c.graph.tensor(producer->inputs[2]).constant->data<float>();
    for (std::size_t i = 0; i < channels; ++i) bias[i] += old[i] * line.factor[i];
    producer->inputs.pop_back();
  }
  const TensorId id =
      c.add_constant("bias", importers::float_tensor({static_cast<std::int64_t>(channels)}, bias));
  producer->inputs.push_back(id);
  c.alias(x);
  return true;
}

}  // namespace

void convert_batch_normalization(Context& c) {
  c.node().ignore("momentum");
  c.node().ignore("spatial");
  if (c.node().integer("training_mode", 0) != 0)
    throw base::UnsupportedError("training_mode is not supported");
  const Shape shape = c.in(0).shape;
  if (shape.size() < 2 || shape.size() > 4 || shape[1] < 1) {
    throw base::UnsupportedError("normalisation of shape " + to_string(shape) + " is not supported");
  }
  const Normalisation line = normalisation(c, shape[1]);
  if (fold_into_convolution(c, line)) return;
  const Order order = channels_last(shape.size());
  const TensorId x = c.stored(0, order);
  const TensorId offset = c.add_constant("bias", importers::float_tensor({shape[1]}, line.offset));
  if (shape.size() == 2) {
    const TensorId factor = c.add_constant("weight", importers::float_tensor({1, shape[1]}, line.factor));
    const TensorId scaled =
        c.emit_step("scaled", op::Binary{op::Binary::Kind::kMul, FusedActivation::kNone}, {x, factor}, shape);
    return c.emit(op::Binary{op::Binary::Kind::kAdd, FusedActivation::kNone}, {scaled, offset}, shape, order);
  }
  const TensorId factor = c.add_constant("weight", importers::float_tensor({1, 1, 1, shape[1]}, line.factor));
  c.emit(op::DepthwiseConv2d{}, {x, factor, offset}, shape, order);
}

}  // namespace dlasim::network::onnx_import
