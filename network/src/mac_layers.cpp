#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "layer.h"
#include "network/shape_inference.h"

/// Layers with weights: convolutions, fully connected, batch matmul.
namespace dlasim::network {
namespace {

constexpr std::int64_t kMostChannels = std::int64_t{1} << 24;
constexpr std::int64_t kLargestKernel = std::int64_t{1} << 20;
constexpr std::int64_t kLargestPadding = std::int64_t{1} << 31;

enum class PaddingKind { kValid, kSame, kCausal };
constexpr std::array kPaddingKinds{base::Choice<PaddingKind>{"valid", PaddingKind::kValid},
                                   base::Choice<PaddingKind>{"same", PaddingKind::kSame},
                                   base::Choice<PaddingKind>{"causal", PaddingKind::kCausal}};

/// What the weights of a convolution look like, from the array or from the keys `filters` and `kernel`.
struct Geometry {
  std::int64_t filters = 1;
  Pair kernel{1, 1};
};

/// Which dimension of a weight counts the output channels.
enum class WeightLayout { kOutputFirst, kOutputLast };

/// A convolution's dimensions of an array [O, KH, KW, I] or, in one dimension, [O, K, I].
std::optional<Geometry> stored_geometry(const Layer& layer, WeightLayout layout) {
  std::optional<Shape> shape = layer.weights().shape_of(layer.array_name("weight"));
  if (!shape) return std::nullopt;
  if (shape->size() == 3) shape->insert(shape->begin() + 1, 1);
  if (shape->size() != 4) return std::nullopt;  // `require` will say what is wrong
  const std::int64_t filters = layout == WeightLayout::kOutputFirst ? (*shape)[0] : (*shape)[3];
  return Geometry{filters, {(*shape)[1], (*shape)[2]}};
}

std::int64_t filters_of(const Layer& layer, const std::optional<Geometry>& stored) {
  const bool given = layer.node().has("filters");
  return stored && !given ? stored->filters : layer.node().get_int("filters", 1, kMostChannels);
}

Pair kernel2d_of(const Layer& layer, const std::optional<Geometry>& stored) {
  const bool given = layer.node().has("kernel");
  if (stored && !given) return stored->kernel;
  const base::YamlNode node = layer.node().at("kernel");
  const Pair kernel = layer.pair_or("kernel", 1);
  if (std::max(kernel[0], kernel[1]) > kLargestKernel) {
    node.fail(fmt::format("{}x{} is larger than {}", kernel[0], kernel[1], kLargestKernel));
  }
  return kernel;
}

/// The bias array, unless the layer says `bias: false` or there is none.
TensorId bias_of(const Layer& layer, std::int64_t channels, std::int64_t fan_in) {
  const auto key = layer.node().find("bias");
  if (key && key->as_string() == "false" && !key->is_quoted()) return kNoTensor;
  const std::string name = layer.array_name("bias");
  // A bias that is named must be there.
  std::optional<Tensor> bias = key ? layer.weights().require(name, {channels}, fan_in)
                                   : layer.weights().find(name, {channels}, fan_in);
  return bias ? layer.add_constant(name, *std::move(bias)) : kNoTensor;
}

/// Input, weight and bias as the operator wants them; `stored` is the array's own shape, `shape` the
/// operator's.
std::vector<TensorId> operands(const Layer& layer, const Shape& stored, const Shape& shape,
                               std::int64_t channels, std::int64_t fan_in) {
  const std::string name = layer.array_name("weight");
  Tensor weight = layer.weights().require(name, stored, fan_in).reshaped(shape);
  const TensorId constant = layer.add_constant(name, std::move(weight));
  return {layer.input(), constant, bias_of(layer, channels, fan_in)};
}

/// The key `padding`: same, valid (the default), causal, or positions.
Padding padding_of(const Layer& layer, Pair kernel, Pair stride, Pair dilation) {
  const auto node = layer.node().find("padding");
  if (!node) return {};
  if (node->is_list()) {
    const std::vector<std::int64_t> p = node->as_ints(0, kLargestPadding);
    if (p.size() != 4) {
      node->fail(fmt::format("same, valid, causal or [top, left, bottom, right] is wanted, found {} numbers",
                             p.size()));
    }
    return {p[0], p[1], p[2], p[3]};
  }
  switch (node->as_enum<PaddingKind>(kPaddingKinds)) {
    case PaddingKind::kValid:
      return {};
    case PaddingKind::kSame:
      return window_padding(PaddingScheme::kSame, layer.image_shape(), kernel, stride, dilation);
    case PaddingKind::kCausal:
      break;
  }
  Padding causal;
  causal.left = (kernel[1] - 1) * dilation[1];
  if (kernel[0] != 1) node->fail("a causal convolution has a kernel of height 1");
  return causal;
}

/// [O, KH, KW, I / groups]
Shape grouped_weight(const Layer& layer, std::int64_t filters, Pair kernel, std::int64_t groups) {
  const std::int64_t channels = layer.image_shape()[3];
  if (channels % groups != 0 || filters % groups != 0) {
    layer.node().fail(
        fmt::format("{} groups do not divide {} input and {} output channels", groups, channels, filters));
  }
  return {filters, kernel[0], kernel[1], channels / groups};
}

TensorId read_conv2d(const Layer& layer) {
  const auto stored = stored_geometry(layer, WeightLayout::kOutputFirst);
  const std::int64_t filters = filters_of(layer, stored);
  const Pair kernel = kernel2d_of(layer, stored);
  op::Conv2d conv;
  conv.stride = layer.pair_or("stride", 1);
  conv.dilation = layer.pair_or("dilation", 1);
  conv.groups = layer.node().get_int_or("groups", 1, 1, kMostChannels);
  conv.padding = padding_of(layer, kernel, conv.stride, conv.dilation);
  conv.activation = layer.activation();
  const Shape weight = grouped_weight(layer, filters, kernel, conv.groups);
  return layer.append(conv, operands(layer, weight, weight, filters, kernel[0] * kernel[1] * weight[3]));
}

/// A number of a layer over time.
std::int64_t time_key(const Layer& layer, std::string_view key, std::int64_t fallback) {
  return layer.node().get_int_or(key, fallback, 1, kLargestKernel);
}

Padding time_padding(const Layer& layer, Pair kernel, Pair stride, Pair dilation) {
  const auto node = layer.node().find("padding");
  if (!node || !node->is_list()) return padding_of(layer, kernel, stride, dilation);
  const std::vector<std::int64_t> p = node->as_ints(0, kLargestPadding);
  if (p.size() != 2) {
    node->fail(fmt::format("same, valid, causal or [left, right] is wanted, found {} numbers", p.size()));
  }
  return {0, p[0], 0, p[1]};
}

TensorId read_conv1d(const Layer& layer) {
  const Shape& x = layer.image_shape();
  if (x[1] != 1) {
    layer.node().fail(fmt::format("a signal [N, 1, T, C] is wanted, found {}", to_string(x)));
  }
  const auto stored = stored_geometry(layer, WeightLayout::kOutputFirst);
  const std::int64_t filters = filters_of(layer, stored);
  const bool from_array = stored && !layer.node().has("kernel");
  const Pair kernel{1, from_array ? stored->kernel[1] : layer.node().get_int("kernel", 1, kLargestKernel)};
  op::Conv2d conv;
  conv.stride = {1, time_key(layer, "stride", 1)};
  conv.dilation = {1, time_key(layer, "dilation", 1)};
  conv.groups = layer.node().get_int_or("groups", 1, 1, kMostChannels);
  conv.padding = time_padding(layer, kernel, conv.stride, conv.dilation);
  conv.activation = layer.activation();
  const Shape weight = grouped_weight(layer, filters, kernel, conv.groups);
  const auto found = layer.weights().shape_of(layer.array_name("weight"));
  const Shape flat{filters, kernel[1], weight[3]};  // [O, K, I] is as good as [O, 1, K, I]
  return layer.append(conv, operands(layer, found && found->size() == 3 ? flat : weight, weight, filters,
                                     kernel[1] * weight[3]));
}

TensorId read_depthwise_conv2d(const Layer& layer) {
  const Shape& x = layer.image_shape();
  const auto stored = stored_geometry(layer, WeightLayout::kOutputLast);
  const bool given = layer.node().has("channel_multiplier");
  const std::int64_t from_array = stored && !given ? std::max<std::int64_t>(1, stored->filters / x[3]) : 1;
  op::DepthwiseConv2d conv;
  conv.channel_multiplier = layer.node().get_int_or("channel_multiplier", from_array, 1, 1 << 16);
  const Pair kernel = kernel2d_of(layer, stored);
  conv.stride = layer.pair_or("stride", 1);
  conv.dilation = layer.pair_or("dilation", 1);
  conv.padding = padding_of(layer, kernel, conv.stride, conv.dilation);
  conv.activation = layer.activation();
  const Shape weight{1, kernel[0], kernel[1], x[3] * conv.channel_multiplier};
  return layer.append(conv, operands(layer, weight, weight, weight[3], kernel[0] * kernel[1]));
}

/// SAME makes the output `stride` times as large, VALID keeps the full output; positions are cut from it.
Padding transpose_padding_of(const Layer& layer, Pair kernel, Pair stride) {
  const auto node = layer.node().find("padding");
  if (!node || node->is_list()) return padding_of(layer, kernel, stride, {1, 1});
  const PaddingKind kind = node->as_enum<PaddingKind>(std::span(kPaddingKinds).first(2));
  if (kind == PaddingKind::kValid) return {};
  const Shape& x = layer.image_shape();
  const auto cut = [&](std::size_t axis) {
    const std::int64_t in = x[axis + 1];
    if (kernel[axis] < stride[axis]) node->fail("same needs a kernel that is not shorter than the stride");
    return transpose_padding(PaddingScheme::kSame, in, in * stride[axis], kernel[axis], stride[axis]);
  };
  const PaddingEnds rows = cut(0);
  const PaddingEnds columns = cut(1);
  return {rows.before, columns.before, rows.after, columns.after};
}

TensorId read_transpose_conv2d(const Layer& layer) {
  const Shape& x = layer.image_shape();
  const auto stored = stored_geometry(layer, WeightLayout::kOutputFirst);
  const std::int64_t filters = filters_of(layer, stored);
  const Pair kernel = kernel2d_of(layer, stored);
  op::TransposeConv2d conv;
  conv.stride = layer.pair_or("stride", 1);
  conv.padding = transpose_padding_of(layer, kernel, conv.stride);
  conv.activation = layer.activation();
  const Shape weight{filters, kernel[0], kernel[1], x[3]};
  return layer.append(conv, operands(layer, weight, weight, filters, kernel[0] * kernel[1] * x[3]));
}

/// Elements of one row of a fully-connected input: the array's, else all but the batch, or the last dimension
/// with `flatten: false`.
std::int64_t row_length(const Layer& layer, const std::optional<Shape>& stored) {
  const bool flatten = layer.node().get_bool_or("flatten", true);
  if (stored && stored->size() == 2 && !layer.node().has("flatten")) return (*stored)[1];
  const Shape& x = layer.input_shape();
  if (x.empty()) layer.node().fail("a scalar has no rows");
  return flatten && x.size() > 1 ? element_count(x) / x[0] : x.back();
}

TensorId read_fully_connected(const Layer& layer) {
  const auto stored = layer.weights().shape_of(layer.array_name("weight"));
  const bool from_array = stored && stored->size() == 2 && !layer.node().has("filters");
  const std::int64_t filters = from_array ? (*stored)[0] : layer.node().get_int("filters", 1, kMostChannels);
  const std::int64_t length = row_length(layer, stored);
  op::FullyConnected operation;
  operation.activation = layer.activation();
  const Shape weight{filters, length};
  return layer.append(operation, operands(layer, weight, weight, filters, length));
}

TensorId read_batch_matmul(const Layer& layer) {
  op::BatchMatmul operation;
  operation.adj_x = layer.node().get_bool_or("adj_x", false);
  operation.adj_y = layer.node().get_bool_or("adj_y", false);
  if (layer.inputs().size() != 2) {
    layer.node().fail(fmt::format("two inputs are wanted, found {}", layer.inputs().size()));
  }
  return layer.append(operation, layer.inputs());
}

}  // namespace

std::vector<LayerKind> mac_layer_kinds() {
  return {{"conv1d", read_conv1d},
          {"conv2d", read_conv2d},
          {"depthwise_conv2d", read_depthwise_conv2d},
          {"transpose_conv2d", read_transpose_conv2d},
          {"fully_connected", read_fully_connected},
          {"batch_matmul", read_batch_matmul}};
}

}  // namespace dlasim::network
