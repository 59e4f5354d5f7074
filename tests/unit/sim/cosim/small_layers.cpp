#include "small_layers.h"

#include <utility>

#include "base/random.h"

namespace dlasim::sim::cosim {
namespace {

using network::DType;
using network::QuantizedGraph;
using network::Shape;
using network::Tensor;
using network::TensorId;
namespace qop = network::qop;

class Builder {
 public:
  explicit Builder(std::uint64_t seed) : random_(seed) {}

  std::int64_t uniform(std::int64_t low, std::int64_t high) { return random_.integer(low, high); }

  Tensor random_tensor(DType dtype, const Shape& shape, std::int64_t limit) {
    Tensor t(dtype, shape);
    const std::int64_t low = std::max(network::lowest(dtype), -limit);
    const std::int64_t high = std::min(network::highest(dtype), limit);
    for (std::int64_t i = 0; i < t.size(); ++i) t.set_integer(i, uniform(low, high));
    return t;
  }
  TensorId input(DType dtype, const Shape& shape) {
    const TensorId id = add(dtype, shape, {});
    layer_.graph.inputs.push_back(id);
    layer_.inputs.push_back(random_tensor(dtype, shape, 40000));
    return id;
  }
  TensorId constant(DType dtype, const Shape& shape, std::int64_t limit) {
    return add(dtype, shape, random_tensor(dtype, shape, limit));
  }
  TensorId node(const char* name, network::QuantizedOperation op, std::vector<TensorId> inputs, DType dtype,
                const Shape& shape) {
    const TensorId out = add(dtype, shape, {});
    layer_.graph.nodes.push_back({name, std::move(op), std::move(inputs), {out}, {}});
    return out;
  }
  network::Multiplier multiplier(int shift) {
    return {static_cast<std::int32_t>(uniform(std::int64_t{1} << 30, (std::int64_t{1} << 31) - 1)), shift};
  }
  qop::MacParameters mac(std::int64_t channels, int shift, DType dtype) {
    qop::MacParameters m;
    for (std::int64_t c = 0; c < channels; ++c)
      m.multiplier.push_back(multiplier(shift - static_cast<int>(uniform(0, 2))));
    m.clamp = {network::lowest(dtype), network::highest(dtype)};
    if (dtype == DType::kInt8) {
      m.input_zero_point = uniform(-128, 127), m.output_zero_point = uniform(-20, 20);
      m.rule = uniform(0, 1) == 0 ? network::RequantRule::kDouble : network::RequantRule::kSingle;
    } else {
      m.rule = network::RequantRule::kInt64;
    }
    return m;
  }
  SmallLayer finish(TensorId output) {
    layer_.graph.name = "small";
    layer_.graph.outputs = {output};
    return std::move(layer_);
  }

 private:
  TensorId add(DType dtype, const Shape& shape, std::optional<Tensor> constant) {
    network::QuantizedTensor t;
    t.name = "t" + std::to_string(layer_.graph.tensors.size());
    t.dtype = dtype, t.shape = shape, t.constant = std::move(constant);
    return layer_.graph.add_tensor(std::move(t));
  }

  base::Random random_;
  SmallLayer layer_;
};

constexpr std::int64_t kHeight = 5, kWidth = 6;

/// Output extent of a window with padding on both sides.
std::int64_t extent(std::int64_t in, std::int64_t pad, std::int64_t kernel, std::int64_t dilation,
                    std::int64_t stride) {
  return (in + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1;
}

struct Window {
  std::int64_t kernel, dilation, stride, pad, height, width;
  explicit Window(Builder& b, std::int64_t largest_dilation) {
    kernel = b.uniform(1, 3);
    dilation = b.uniform(1, largest_dilation);
    stride = b.uniform(1, 2);
    pad = b.uniform(0, 1);
    if ((kernel - 1) * dilation >= kHeight) dilation = 1;
    height = extent(kHeight, pad, kernel, dilation, stride);
    width = extent(kWidth, pad, kernel, dilation, stride);
  }
  template <class Op>
  void set(Op& op) const {
    op.stride = {stride, stride};
    op.padding = {pad, pad, pad, pad};
    if constexpr (requires { op.dilation; }) op.dilation = {dilation, dilation};
    if constexpr (requires { op.kernel; }) op.kernel = {kernel, kernel};
  }
};

SmallLayer convolution(Builder& b, DType dtype, bool with_add) {
  const Window w(b, 2);
  const std::int64_t in = b.uniform(1, 7), out = b.uniform(1, 7);
  const bool wide = dtype == DType::kInt16;
  qop::Conv2d op;
  w.set(op);
  op.mac = b.mac(out, wide ? -10 : -7, dtype);
  const TensorId x = b.input(dtype, {1, kHeight, kWidth, in});
  const TensorId weight = b.constant(DType::kInt8, {out, w.kernel, w.kernel, in}, 127);
  const TensorId bias = b.constant(wide ? DType::kInt64 : DType::kInt32, {out}, 5000);
  const Shape shape{1, w.height, w.width, out};
  const TensorId y = b.node("convolution", op, {x, weight, bias}, dtype, shape);
  if (!with_add) return b.finish(y);
  qop::Add add;
  add.input1_zero_point = op.mac.output_zero_point, add.input2_zero_point = b.uniform(-20, 20);
  add.input1 = b.multiplier(0), add.input2 = b.multiplier(-1), add.output = b.multiplier(-19);
  const TensorId residual = b.input(dtype, shape);
  return b.finish(b.node("addition", add, {y, residual}, dtype, shape));
}

SmallLayer depthwise(Builder& b) {
  const Window w(b, 2);
  const std::int64_t channels = b.uniform(1, 6);
  qop::DepthwiseConv2d op;
  w.set(op);
  op.mac = b.mac(channels, -6, DType::kInt8);
  const TensorId x = b.input(DType::kInt8, {1, kHeight, kWidth, channels});
  const TensorId weight = b.constant(DType::kInt8, {1, w.kernel, w.kernel, channels}, 127);
  const TensorId bias = b.constant(DType::kInt32, {channels}, 5000);
  return b.finish(b.node("depthwise", op, {x, weight, bias}, DType::kInt8, {1, w.height, w.width, channels}));
}

SmallLayer pooling(Builder& b, network::op::Pool2d::Kind kind) {
  Window w(b, 1);
  // A window without a tap inside the image has no mean.
  if (w.kernel == 1)
    w.pad = 0, w.height = extent(kHeight, 0, 1, 1, w.stride), w.width = extent(kWidth, 0, 1, 1, w.stride);
  const std::int64_t channels = b.uniform(1, 6);
  qop::Pool2d op;
  op.kind = kind;
  w.set(op);
  const TensorId x = b.input(DType::kInt8, {1, kHeight, kWidth, channels});
  return b.finish(b.node("pooling", op, {x}, DType::kInt8, {1, w.height, w.width, channels}));
}

}  // namespace

SmallLayer small_layer(std::uint64_t seed) {
  Builder b(seed);
  switch (seed % 6) {
    case 0:
      return convolution(b, DType::kInt8, false);
    case 1:
      return convolution(b, DType::kInt16, false);
    case 2:
      return depthwise(b);
    case 3:
      return pooling(b, network::op::Pool2d::Kind::kAverage);
    case 4:
      return pooling(b, network::op::Pool2d::Kind::kMax);
    default:
      return convolution(b, DType::kInt8, true);
  }
}

}  // namespace dlasim::sim::cosim
