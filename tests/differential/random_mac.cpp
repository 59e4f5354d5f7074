// Random multiply-accumulate operators.

#include <algorithm>

#include "graph_draft.h"

namespace dlasim::testing {
namespace {

using network::Pair;

struct Weights {
  TensorId tensor = kNoTensor;
  std::int64_t zero_point = 0;
};

Weights random_weights(GraphDraft& d, DType input, const Shape& shape) {
  if (input == DType::kUInt8) {
    const Weights w{d.constant(DType::kUInt8, shape, 0, 255), d.zero_point(DType::kUInt8)};
    return w;
  }
  const DType type = input == DType::kInt8 && d.c.chance(25) ? DType::kInt4 : DType::kInt8;
  // Symmetric, as quantisers make them; the lowest code now and then.
  const std::int64_t low = network::lowest(type) + (d.c.chance(20) ? 0 : 1);
  return {d.constant(type, shape, low, network::highest(type)), 0};
}

/// Parameters for sums of `products` products, so that the outputs spread over their range.
qop::MacParameters random_mac(GraphDraft& d, DType input, const Weights& w, std::int64_t products,
                              std::int64_t channels) {
  qop::MacParameters mac;
  mac.input_zero_point = d.zero_point(input);
  mac.weight_zero_point = w.zero_point;
  mac.output_zero_point = d.zero_point(input);
  // Only Q holds sums of products of two int16.
  const bool is_wide = input == DType::kInt16 && d.dtype(w.tensor) == DType::kInt16;
  mac.rule = is_wide ? RequantRule::kInt64 : d.rule();
  mac.clamp = d.clamp(input);
  const double sum = GraphDraft::spread(input) * GraphDraft::spread(d.dtype(w.tensor)) *
                     std::sqrt(static_cast<double>(products));
  const std::int64_t entries = d.c.chance(60) ? channels : 1;
  for (std::int64_t i = 0; i < entries; ++i)
    mac.multiplier.push_back(d.multiplier(mac.rule, GraphDraft::spread(input) / sum));
  return mac;
}

TensorId random_bias(GraphDraft& d, DType input, std::int64_t channels) {
  if (!d.c.chance(75)) return kNoTensor;
  const DType type = input == DType::kInt16 && d.c.chance(50) ? DType::kInt64 : DType::kInt32;
  const std::int64_t most = input == DType::kInt16 ? 10'000'000 : 20'000;
  return d.constant(type, {channels}, -most, most);
}

std::string words(const qop::MacParameters& mac, TensorId bias) {
  return fmt::format("zp {} {} {}, rule {}, clamp {}..{}, {} multipliers{}", mac.input_zero_point,
                     mac.weight_zero_point, mac.output_zero_point, static_cast<int>(mac.rule), mac.clamp.min,
                     mac.clamp.max, mac.multiplier.size(), bias == kNoTensor ? "" : ", bias");
}

struct Window {
  Pair kernel, stride, dilation;
  network::Padding padding;
  std::int64_t out_h = 1, out_w = 1;
};

std::int64_t outputs_of(std::int64_t size, std::int64_t padding, std::int64_t kernel, std::int64_t stride,
                        std::int64_t dilation) {
  return (size + padding - (kernel - 1) * dilation - 1) / stride + 1;
}

/// Any kernel, stride, dilation and padding, a side's padding also wider than the kernel.
Window random_window(GraphDraft& d, const Shape& in) {
  Choices& c = d.c;
  Window w;
  w.kernel = {in[1] == 1 ? 1 : c.pick(1, 4), c.pick(1, 5)};
  w.stride = {c.pick(1, 3), c.pick(1, 3)};
  w.dilation = {c.pick(1, 2), c.chance(20) ? c.pick(3, 8) : c.pick(1, 2)};
  network::Padding& p = w.padding;
  p.top = in[1] == 1 ? 0 : c.pick(0, 3);
  p.bottom = in[1] == 1 ? 0 : c.pick(0, 3);
  p.left = c.pick(0, 4);
  p.right = c.pick(0, 4);
  // At least one output position: more padding where the kernel is wider than the image.
  p.bottom = std::max(p.bottom, (w.kernel[0] - 1) * w.dilation[0] + 1 - in[1] - p.top);
  p.right = std::max(p.right, (w.kernel[1] - 1) * w.dilation[1] + 1 - in[2] - p.left);
  w.out_h = outputs_of(in[1], p.top + p.bottom, w.kernel[0], w.stride[0], w.dilation[0]);
  w.out_w = outputs_of(in[2], p.left + p.right, w.kernel[1], w.stride[1], w.dilation[1]);
  return w;
}

std::string words(const Window& w) {
  return fmt::format("kernel {}x{}, stride {}x{}, dilation {}x{}, padding t{} b{} l{} r{}, ", w.kernel[0],
                     w.kernel[1], w.stride[0], w.stride[1], w.dilation[0], w.dilation[1], w.padding.top,
                     w.padding.bottom, w.padding.left, w.padding.right);
}

}  // namespace

TensorId add_conv(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  const Window w = random_window(d, in);
  const std::int64_t groups = d.c.chance(30) ? in[3] : 1;  // of one, or any divisor below
  const std::int64_t divisor = groups > 3 && groups % 2 == 0 ? groups / 2 : groups;
  const std::int64_t outputs = divisor * d.c.pick(1, divisor > 1 ? 3 : 19);
  const std::int64_t inputs = in[3] / divisor;
  const Weights weights = random_weights(d, d.dtype(x), {outputs, w.kernel[0], w.kernel[1], inputs});
  qop::Conv2d op;
  op.stride = w.stride;
  op.dilation = w.dilation;
  op.padding = w.padding;
  op.groups = divisor;
  op.mac = random_mac(d, d.dtype(x), weights, w.kernel[0] * w.kernel[1] * inputs, outputs);
  const TensorId bias = random_bias(d, d.dtype(x), outputs);
  const std::string text = words(w) + fmt::format("groups {}, ", op.groups) + words(op.mac, bias);
  return d.node(std::move(op), {x, weights.tensor, bias}, d.dtype(x), {in[0], w.out_h, w.out_w, outputs},
                text);
}

TensorId add_same_conv(GraphDraft& d, TensorId x, std::int64_t outputs, std::int64_t kernel_width,
                       std::int64_t dilation) {
  const Shape in = d.shape(x);
  const Weights weights = random_weights(d, d.dtype(x), {outputs, 1, kernel_width, in[3]});
  qop::Conv2d op;
  op.dilation = {1, dilation};
  op.padding.left = (kernel_width - 1) * dilation;  // causal
  op.mac = random_mac(d, d.dtype(x), weights, kernel_width * in[3], outputs);
  const TensorId bias = random_bias(d, d.dtype(x), outputs);
  const std::string text =
      fmt::format("causal, kernel {}, dilation {}, ", kernel_width, dilation) + words(op.mac, bias);
  return d.node(std::move(op), {x, weights.tensor, bias}, d.dtype(x), {in[0], in[1], in[2], outputs}, text);
}

TensorId add_depthwise(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  const Window w = random_window(d, in);
  qop::DepthwiseConv2d op;
  op.channel_multiplier = d.c.pick(1, 3);
  const std::int64_t outputs = in[3] * op.channel_multiplier;
  const Weights weights = random_weights(d, d.dtype(x), {1, w.kernel[0], w.kernel[1], outputs});
  op.stride = w.stride;
  op.dilation = w.dilation;
  op.padding = w.padding;
  op.mac = random_mac(d, d.dtype(x), weights, w.kernel[0] * w.kernel[1], outputs);
  const TensorId bias = random_bias(d, d.dtype(x), outputs);
  const std::string text =
      words(w) + fmt::format("multiplier {}, ", op.channel_multiplier) + words(op.mac, bias);
  return d.node(std::move(op), {x, weights.tensor, bias}, d.dtype(x), {in[0], w.out_h, w.out_w, outputs},
                text);
}

TensorId add_transpose_conv(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  Choices& c = d.c;
  qop::TransposeConv2d op;
  const Pair kernel{in[1] == 1 ? 1 : c.pick(1, 3), c.pick(1, 4)};
  op.stride = {in[1] == 1 ? 1 : c.pick(1, 3), c.pick(1, 3)};
  op.dilation = {c.pick(1, 2), c.pick(1, 2)};
  op.padding.top = in[1] == 1 ? 0 : c.pick(0, 2);
  op.padding.left = c.pick(0, 3);
  // The output's size is free: positions that no kernel reaches hold the bias.
  const std::int64_t full_h = (in[1] - 1) * op.stride[0] + (kernel[0] - 1) * op.dilation[0] + 1;
  const std::int64_t full_w = (in[2] - 1) * op.stride[1] + (kernel[1] - 1) * op.dilation[1] + 1;
  const Shape out{in[0], std::max<std::int64_t>(1, full_h - op.padding.top - c.pick(0, 1)),
                  std::max<std::int64_t>(1, full_w - op.padding.left + c.pick(0, 2)), c.pick(1, 17)};
  const Weights weights = random_weights(d, d.dtype(x), {out[3], kernel[0], kernel[1], in[3]});
  op.mac = random_mac(d, d.dtype(x), weights, kernel[0] * kernel[1] * in[3], out[3]);
  const TensorId bias = random_bias(d, d.dtype(x), out[3]);
  const std::string text = fmt::format("kernel {}x{}, stride {}x{}, dilation {}x{}, padding t{} l{}, ",
                                       kernel[0], kernel[1], op.stride[0], op.stride[1], op.dilation[0],
                                       op.dilation[1], op.padding.top, op.padding.left) +
                           words(op.mac, bias);
  return d.node(std::move(op), {x, weights.tensor, bias}, d.dtype(x), out, text);
}

TensorId add_fully_connected(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  const std::int64_t elements = network::element_count(in);
  const std::int64_t depth = d.c.chance(50) ? in.back() : elements / in[0];
  const std::int64_t outputs = d.c.pick(1, 23);
  const Weights weights = random_weights(d, d.dtype(x), {outputs, depth});
  qop::FullyConnected op;
  op.mac = random_mac(d, d.dtype(x), weights, depth, outputs);
  const TensorId bias = random_bias(d, d.dtype(x), outputs);
  const std::string text = words(op.mac, bias);
  return d.node(std::move(op), {x, weights.tensor, bias}, d.dtype(x), {elements / depth, outputs}, text);
}

TensorId add_batch_matmul(GraphDraft& d, TensorId x) {
  Shape a = d.shape(x);
  if (a.size() < 2) return add_fully_connected(d, x);
  qop::BatchMatmul op;
  op.adj_x = d.c.chance(40);
  op.adj_y = d.c.chance(40);
  const std::int64_t rows = op.adj_x ? a.back() : a[a.size() - 2];
  const std::int64_t depth = op.adj_x ? a[a.size() - 2] : a.back();
  const std::int64_t columns = d.c.pick(1, 13);
  Shape b(a.begin(), a.end() - 2);
  if (!b.empty() && d.c.chance(50)) b.back() = 1;
  Shape out(a.begin(), a.end() - 2);
  out.insert(out.end(), {rows, columns});
  b.insert(b.end(), {op.adj_y ? columns : depth, op.adj_y ? depth : columns});
  const DType type = d.dtype(x);
  const TensorId y = d.input(type, b);
  const Weights weights{y, d.zero_point(type)};
  op.mac = random_mac(d, type, weights, depth, 1);
  op.mac.multiplier.resize(1);
  const std::string text = fmt::format("adj {} {}, ", op.adj_x, op.adj_y) + words(op.mac, kNoTensor);
  return d.node(std::move(op), {x, y}, type, out, text);
}

}  // namespace dlasim::testing
