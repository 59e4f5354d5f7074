/// Convolutions, fully connected layers and matrix products.

#include "network/importers/tensor_moves.h"
#include "operator_context.h"

namespace dlasim::network::tflite {
namespace {

constexpr std::int8_t kInt32Type = 2;

/// A float input with integer weights is TFLite's "hybrid" kernel, which quantises activations while running.
void refuse_hybrid(const OperatorContext& c, TensorId x, TensorId weight) {
  if ((c.info(x).dtype == DType::kFloat32) != (c.info(weight).dtype == DType::kFloat32)) {
    c.unsupported("input is " + std::string(name(c.info(x).dtype)) + " and weights are " +
                  std::string(name(c.info(weight).dtype)) + " (hybrid quantisation)");
  }
}

/// The optional bias of `channels` entries. An int16 operator without one that asks for an int32 accumulator
/// gets a bias of int32 zeros: the bias type is what selects the accumulator (spec/tflite_semantics.md
/// section 3).
TensorId bias_input(OperatorContext& c, int i, TensorId x, std::int64_t channels, int bias_type_option) {
  const TensorId bias = c.optional_input(i);
  if (bias != kNoTensor) {
    if (element_count(c.info(bias).shape) != channels) {
      c.bad("bias has shape " + to_string(c.info(bias).shape) + "; " + std::to_string(channels) +
            " entries expected");
    }
    return bias;
  }
  if (c.info(x).dtype == DType::kInt16 && c.option<std::int8_t>(bias_type_option, 0) == kInt32Type) {
    return c.add_constant("bias", Tensor(DType::kInt32, {channels}));
  }
  return kNoTensor;
}

std::vector<TensorId> operands(TensorId x, TensorId weight, TensorId bias) {
  if (bias == kNoTensor) return {x, weight};
  return {x, weight, bias};
}

/// The two spatial axes of a convolution.
struct Windows {
  AxisWindow vertical, horizontal;
};

/// Kernel size from the weights [., KH, KW, .]; option ids as given.
Windows windows(const OperatorContext& c, TensorId image, TensorId weight, int stride_w, int stride_h,
                int dilation_w, int dilation_h) {
  const Shape& x = c.info(image).shape;
  const Shape& w = c.info(weight).shape;
  if (w[1] < 1 || w[2] < 1) c.bad("weights have shape " + to_string(w));
  Windows result;
  result.vertical = {x[1], w[1], c.positive_option(stride_h, 0, "stride_h"),
                     dilation_h < 0 ? 1 : c.positive_option(dilation_h, 1, "dilation_h")};
  result.horizontal = {x[2], w[2], c.positive_option(stride_w, 0, "stride_w"),
                       dilation_w < 0 ? 1 : c.positive_option(dilation_w, 1, "dilation_w")};
  return result;
}

}  // namespace

void convert_conv_2d(OperatorContext& c) {
  constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3, kDilationW = 4, kDilationH = 5;
  constexpr int kBiasType = 6;
  const TensorId x = c.input(0);
  const TensorId weight = c.input(1);
  c.require_rank(x, 4, "input");
  c.require_rank(weight, 4, "weight");
  refuse_hybrid(c, x, weight);
  const Shape& in = c.info(x).shape;
  const Shape& w = c.info(weight).shape;
  if (w[3] < 1 || in[3] < 1 || in[3] % w[3] != 0 || w[0] % (in[3] / w[3]) != 0) {
    c.bad("weights " + to_string(w) + " do not fit an input of " + std::to_string(in[3]) + " channels");
  }
  const Windows axes = windows(c, x, weight, kStrideW, kStrideH, kDilationW, kDilationH);
  c.require_shape(
      c.output(),
      {in[0], c.window_count(kPadding, axes.vertical), c.window_count(kPadding, axes.horizontal), w[0]},
      "output");
  op::Conv2d conv;
  conv.stride = {axes.vertical.stride, axes.horizontal.stride};
  conv.dilation = {axes.vertical.dilation, axes.horizontal.dilation};
  conv.padding = c.padding(kPadding, axes.vertical, axes.horizontal);
  conv.groups = in[3] / w[3];
  conv.activation = c.activation(kActivation);
  const TensorId bias = bias_input(c, 2, x, w[0], kBiasType);
  c.emit(conv, operands(x, weight, bias));
}

void convert_depthwise_conv_2d(OperatorContext& c) {
  constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kMultiplier = 3, kActivation = 4, kDilationW = 5,
                kDilationH = 6;
  constexpr int kNoBiasType = 100;  // the operator has no such option
  const TensorId x = c.input(0);
  const TensorId weight = c.input(1);
  c.require_rank(x, 4, "input");
  c.require_rank(weight, 4, "weight");
  refuse_hybrid(c, x, weight);
  const Shape& in = c.info(x).shape;
  const Shape& w = c.info(weight).shape;
  if (w[0] != 1 || in[3] < 1 || w[3] % in[3] != 0) {
    c.bad("weights " + to_string(w) + " do not fit an input of " + std::to_string(in[3]) + " channels");
  }
  // The shapes say the multiplier; some converters leave the option at 0.
  const auto declared = c.option<std::int32_t>(kMultiplier, 0);
  if (declared != 0 && declared != w[3] / in[3]) {
    c.bad("depth_multiplier is " + std::to_string(declared) + ", the shapes give " +
          std::to_string(w[3] / in[3]));
  }
  const Windows axes = windows(c, x, weight, kStrideW, kStrideH, kDilationW, kDilationH);
  c.require_shape(
      c.output(),
      {in[0], c.window_count(kPadding, axes.vertical), c.window_count(kPadding, axes.horizontal), w[3]},
      "output");
  op::DepthwiseConv2d conv;
  conv.stride = {axes.vertical.stride, axes.horizontal.stride};
  conv.dilation = {axes.vertical.dilation, axes.horizontal.dilation};
  conv.padding = c.padding(kPadding, axes.vertical, axes.horizontal);
  conv.channel_multiplier = w[3] / in[3];
  conv.activation = c.activation(kActivation);
  const TensorId bias = bias_input(c, 2, x, w[3], kNoBiasType);
  c.emit(conv, operands(x, weight, bias));
}

void convert_transpose_conv(OperatorContext& c) {
  constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kActivation = 3;
  constexpr int kNoBiasType = 100;
  constexpr int kOutputShape = 0, kWeight = 1, kData = 2, kBias = 3;
  const TensorId x = c.input(kData);
  const TensorId weight = c.input(kWeight);
  c.require_rank(x, 4, "input");
  c.require_rank(weight, 4, "weight");
  refuse_hybrid(c, x, weight);
  const Shape in = c.info(x).shape;
  const Shape w = c.info(weight).shape;
  const Shape out = c.out().shape;
  c.require_rank(c.output(), 4, "output");
  if (in[3] != w[3] || out[0] != in[0] || out[3] != w[0]) {
    c.bad("input " + to_string(in) + ", weights " + to_string(w) + " and output " + to_string(out) +
          " do not fit");
  }
  // The declared output shape rules; a computed or given one (a graph input) cannot differ from it.
  if (c.in(kOutputShape).constant) {
    const Shape given = c.constant_integers(kOutputShape, "output shape");
    if (given != out)
      c.bad("output shape " + to_string(given) + " differs from the output " + to_string(out));
  }
  const Windows axes = windows(c, c.output(), weight, kStrideW, kStrideH, -1, -1);
  const Padding lead = c.padding(kPadding, axes.vertical, axes.horizontal);
  op::TransposeConv2d conv;
  conv.stride = {axes.vertical.stride, axes.horizontal.stride};
  conv.padding.top = lead.top;
  conv.padding.left = lead.left;
  conv.padding.bottom = (in[1] - 1) * conv.stride[0] + w[1] - lead.top - out[1];
  conv.padding.right = (in[2] - 1) * conv.stride[1] + w[2] - lead.left - out[2];
  conv.activation = c.activation(kActivation);
  const TensorId bias = bias_input(c, kBias, x, w[0], kNoBiasType);
  c.emit(conv, operands(x, weight, bias));
}

void convert_fully_connected(OperatorContext& c) {
  constexpr int kActivation = 0, kWeightsFormat = 1, kBiasType = 4;
  const TensorId x = c.input(0);
  const TensorId weight = c.input(1);
  c.require_rank(weight, 2, "weight");
  refuse_hybrid(c, x, weight);
  if (const auto format = c.option<std::int8_t>(kWeightsFormat, 0); format != 0) {
    c.unsupported("weights_format " + std::to_string(format) + "; only 0 is supported");
  }
  const Shape& w = c.info(weight).shape;
  const std::int64_t elements = element_count(c.info(x).shape);
  if (w[0] < 1 || w[1] < 1 || elements % w[1] != 0) {
    c.bad("weights " + to_string(w) + " do not fit an input of shape " + to_string(c.info(x).shape));
  }
  const Shape& out = c.out().shape;
  if (out.empty() || out.back() != w[0] || element_count(out) != elements / w[1] * w[0]) {
    c.bad("output has shape " + to_string(out) + "; " + std::to_string(elements / w[1]) + " rows of " +
          std::to_string(w[0]) + " expected");
  }
  const op::FullyConnected layer{.activation = c.activation(kActivation)};
  const TensorId bias = bias_input(c, 2, x, w[0], kBiasType);
  c.emit(layer, operands(x, weight, bias));
}

void convert_batch_matmul(OperatorContext& c) {
  constexpr int kAdjX = 0, kAdjY = 1;
  const op::BatchMatmul product{.adj_x = c.flag(kAdjX), .adj_y = c.flag(kAdjY)};
  const Shape& a = c.in(0).shape;
  const Shape& b = c.in(1).shape;
  refuse_hybrid(c, c.input(0), c.input(1));
  if (a.size() < 2 || b.size() < 2) c.bad("operands " + to_string(a) + " and " + to_string(b));
  const std::size_t n = a.size();
  const std::size_t k = b.size();
  const std::int64_t rows = product.adj_x ? a[n - 1] : a[n - 2];
  const std::int64_t inner_a = product.adj_x ? a[n - 2] : a[n - 1];
  const std::int64_t inner_b = product.adj_y ? b[k - 1] : b[k - 2];
  const std::int64_t columns = product.adj_y ? b[k - 2] : b[k - 1];
  if (inner_a != inner_b) c.bad("operands " + to_string(a) + " and " + to_string(b) + " do not fit");
  Shape expected = importers::broadcast_shape(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2));
  expected.push_back(rows);
  expected.push_back(columns);
  c.require_shape(c.output(), expected, "output");
  c.emit(product, {c.input(0), c.input(1)});
}

}  // namespace dlasim::network::tflite
