#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
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
  Tensor weight = layer.weights().require(name, stored, fan_in);
  if (shape != stored) weight = weight.reshaped(shape);
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

/// Random parameters are those of a trained layer: scale and variance near 1.
Tensor normalisation_parameter(const Layer& layer, const std::string& key, float random_centre) {
  const std::string name = layer.array_name(key);
  const bool random = !layer.weights().shape_of(name).has_value();
  Tensor parameter = layer.weights().require(name, {layer.input_shape().back()}, 1);
  if (random) {
    for (float& v : parameter.data<float>()) v += random_centre;
  }
  return parameter;
}

/// scale * (x - mean) / sqrt(variance + epsilon) + offset (Ioffe and Szegedy 2015, inference): a factor and
/// an offset a channel. On an image they are a depthwise 1x1 convolution, else a product and a sum.
TensorId read_batch_norm(const Layer& layer) {
  if (layer.input_shape().empty()) layer.node().fail("a scalar has no channels");
  const double epsilon = layer.node().get_double_or("epsilon", 1e-5, 0.0, 1.0);
  const Tensor scale = normalisation_parameter(layer, "scale", 1.0F);
  const Tensor offset = normalisation_parameter(layer, "offset", 0.0F);
  const Tensor mean = normalisation_parameter(layer, "mean", 0.0F);
  const Tensor variance = normalisation_parameter(layer, "variance", 1.0F);
  const std::int64_t channels = scale.size();
  Tensor factor(DType::kFloat32, {channels});
  Tensor moved(DType::kFloat32, {channels});
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    const auto at = [c](const Tensor& t) { return static_cast<double>(t.data<float>()[c]); };
    if (!(at(variance) + epsilon > 0.0)) {
      layer.node().fail(fmt::format("array '{}': a variance of {} has no square root to divide by",
                                    layer.array_name("variance"), at(variance)));
    }
    const double f = at(scale) / std::sqrt(at(variance) + epsilon);
    factor.data<float>()[c] = static_cast<float>(f);
    moved.data<float>()[c] = static_cast<float>(at(offset) - f * at(mean));
  }
  const TensorId offset_id = layer.add_constant(layer.name() + ".moved", std::move(moved));
  const std::string name = layer.name() + ".factor";
  if (layer.input_shape().size() == 4) {
    const TensorId factor_id = layer.add_constant(name, factor.reshaped({1, 1, 1, channels}));
    return layer.append(op::DepthwiseConv2d{}, {layer.input(), factor_id, offset_id});
  }
  const TensorId factor_id = layer.add_constant(name, std::move(factor));
  const op::Binary product{op::Binary::Kind::kMul, FusedActivation::kNone};
  const TensorId scaled = layer.append_step("/scaled", product, {layer.input(), factor_id});
  return layer.append(op::Binary{}, {scaled, offset_id});
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
          {"batch_norm", read_batch_norm},
          {"batch_matmul", read_batch_matmul}};
}

}  // namespace dlasim::network
