#include "staged_geometry.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"

namespace dlasim::golden {

using network::Pair;
using network::Shape;
namespace qop = network::qop;

namespace {

void require(bool condition, std::string_view message) {
  if (!condition) throw base::InputError(std::string(message));
}

/// Index of the input row (or column) at coordinate `at` of the upsampled one; -1 outside and between.
std::int64_t source(std::int64_t at, std::int64_t up, std::int64_t size) {
  if (at < 0 || at % up != 0 || at / up >= size) return -1;
  return at / up;
}

void check_steps(const Pair& stride, const Pair& dilation) {
  constexpr std::int64_t limit = std::int64_t{1} << 20;  // with 2^40 elements no index can overflow
  for (const Pair& pair : {stride, dilation}) {
    for (const std::int64_t step : pair) {
      require(step >= 1 && step < limit, fmt::format("stride and dilation are 1 to 2^20 - 1, not {}", step));
    }
  }
}

void check_padding(const network::Padding& padding) {
  constexpr std::int64_t limit = std::int64_t{1} << 40;
  for (const std::int64_t side : {padding.top, padding.left}) {
    require(side > -limit && side < limit, fmt::format("padding {} is beyond +-2^40", side));
  }
}

/// Batch, height, width and channels of input, kernel and output.
Geometry image_geometry(const Shape& input, const Shape& weight, const Shape& output) {
  require(input.size() == 4 && weight.size() == 4 && output.size() == 4,
          fmt::format("input {}, weight {} and output {} must have 4 dimensions", network::to_string(input),
                      network::to_string(weight), network::to_string(output)));
  require(input[0] == output[0],
          fmt::format("batch of the input is {}, of the output {}", input[0], output[0]));
  Geometry g;
  g.batch = input[0];
  g.in_h = input[1];
  g.in_w = input[2];
  g.in_c = input[3];
  g.out_h = output[1];
  g.out_w = output[2];
  g.out_c = output[3];
  g.kernel_h = weight[1];
  g.kernel_w = weight[2];
  require(g.kernel_h >= 1 && g.kernel_w >= 1, "the kernel is empty");
  return g;
}

struct Builder {
  const Shape& input;
  const Shape& weight;
  const Shape& output;

  Geometry operator()(const qop::Conv2d& op) const {
    check_steps(op.stride, op.dilation);
    check_padding(op.padding);
    Geometry g = image_geometry(input, weight, output);
    require(
        op.groups >= 1 && g.in_c % op.groups == 0 && g.out_c % op.groups == 0,
        fmt::format("{} groups do not divide {} input and {} output channels", op.groups, g.in_c, g.out_c));
    g.stride = op.stride;
    g.dilation = op.dilation;
    g.before = {op.padding.top, op.padding.left};
    g.channels = g.in_c / op.groups;
    g.outputs_per_group = std::max<std::int64_t>(1, g.out_c / op.groups);
    require(weight[0] == g.out_c && weight[3] == g.channels,
            fmt::format("weight {} does not fit {} channels a group and {} outputs",
                        network::to_string(weight), g.channels, g.out_c));
    return g;
  }
  Geometry operator()(const qop::DepthwiseConv2d& op) const {
    check_steps(op.stride, op.dilation);
    check_padding(op.padding);
    Geometry g = image_geometry(input, weight, output);
    require(op.channel_multiplier >= 1 && g.out_c == g.in_c * op.channel_multiplier && weight[0] == 1 &&
                weight[3] == g.out_c,
            fmt::format("weight {} does not fit {} input channels with multiplier {}",
                        network::to_string(weight), g.in_c, op.channel_multiplier));
    g.stride = op.stride;
    g.dilation = op.dilation;
    g.before = {op.padding.top, op.padding.left};
    g.channels = 1;
    g.outputs_per_group = op.channel_multiplier;
    g.layout = Geometry::WeightLayout::kHwo;
    return g;
  }
  /// out[p] gathers in[i] * w[k] with i * stride + k * dilation = p + pad. As a direct convolution: the
  /// input spread by `stride`, the kernel rotated, (K - 1) * dilation - pad zeros before.
  Geometry operator()(const qop::TransposeConv2d& op) const {
    check_steps(op.stride, op.dilation);
    check_padding(op.padding);
    Geometry g = image_geometry(input, weight, output);
    require(weight[0] == g.out_c && weight[3] == g.in_c,
            fmt::format("weight {} does not fit {} input and {} output channels", network::to_string(weight),
                        g.in_c, g.out_c));
    g.up = op.stride;
    g.dilation = op.dilation;
    g.before = {(g.kernel_h - 1) * op.dilation[0] - op.padding.top,
                (g.kernel_w - 1) * op.dilation[1] - op.padding.left};
    g.flipped = true;
    g.channels = g.in_c;
    g.outputs_per_group = std::max<std::int64_t>(1, g.out_c);
    return g;
  }
  Geometry operator()(const qop::FullyConnected& /*op*/) const {
    require(weight.size() == 2, fmt::format("weight {} must have 2 dimensions", network::to_string(weight)));
    Geometry g;
    g.out_c = weight[0];
    g.channels = g.in_c = weight[1];
    g.outputs_per_group = std::max<std::int64_t>(1, g.out_c);
    const std::int64_t inputs = network::element_count(input);
    require(g.in_c >= 1 && inputs % g.in_c == 0,
            fmt::format("input {} has no rows of {} elements", network::to_string(input), g.in_c));
    g.batch = inputs / g.in_c;
    require(
        network::element_count(output) == g.batch * g.out_c,
        fmt::format("output {} does not have {} rows of {}", network::to_string(output), g.batch, g.out_c));
    return g;
  }
  template <class Other>
  Geometry operator()(const Other& op) const {
    throw base::UnsupportedError(
        fmt::format("{} does not run staged", network::name(network::QuantizedOperation(op))));
  }
};

struct MacFinder {
  const qop::MacParameters* operator()(const qop::Conv2d& op) const { return &op.mac; }
  const qop::MacParameters* operator()(const qop::DepthwiseConv2d& op) const { return &op.mac; }
  const qop::MacParameters* operator()(const qop::TransposeConv2d& op) const { return &op.mac; }
  const qop::MacParameters* operator()(const qop::FullyConnected& op) const { return &op.mac; }
  template <class Other>
  const qop::MacParameters* operator()(const Other& /*op*/) const {
    return nullptr;
  }
};

}  // namespace

std::int64_t Geometry::input_pixel(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t ky,
                                   std::int64_t kx) const {
  const std::int64_t iy = source(y * stride[0] + ky * dilation[0] - before[0], up[0], in_h);
  const std::int64_t ix = source(x * stride[1] + kx * dilation[1] - before[1], up[1], in_w);
  if (iy < 0 || ix < 0) return -1;
  return ((n * in_h + iy) * in_w + ix) * in_c;
}

std::int64_t Geometry::weight_index(std::int64_t o, std::int64_t ky, std::int64_t kx, std::int64_t c) const {
  const std::int64_t row = flipped ? kernel_h - 1 - ky : ky;
  const std::int64_t column = flipped ? kernel_w - 1 - kx : kx;
  if (layout == WeightLayout::kHwo) return (row * kernel_w + column) * out_c + o;
  return ((o * kernel_h + row) * kernel_w + column) * channels + c;
}

Geometry make_geometry(const network::QuantizedOperation& operation, const Shape& input, const Shape& weight,
                       const Shape& output) {
  return std::visit(Builder{input, weight, output}, operation);
}

const qop::MacParameters* mac_parameters(const network::QuantizedOperation& operation) {
  return std::visit(MacFinder{}, operation);
}

}  // namespace dlasim::golden
