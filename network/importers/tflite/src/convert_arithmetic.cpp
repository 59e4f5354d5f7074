/// Element-wise operators, pooling, reductions and changes of the number type.

#include <algorithm>
#include <cmath>

#include "network/importers/tensor_moves.h"
#include "operator_context.h"

namespace dlasim::network::tflite {
namespace {

void convert_binary(OperatorContext& c, op::Binary operation) {
  c.require_shape(c.output(), importers::broadcast_shape(c.in(0).shape, c.in(1).shape), "output");
  if (c.in(0).dtype != c.in(1).dtype || c.in(0).dtype != c.out().dtype) {
    c.unsupported("operands of types " + std::string(name(c.in(0).dtype)) + " and " +
                  std::string(name(c.in(1).dtype)) + " with an output of " +
                  std::string(name(c.out().dtype)));
  }
  c.emit(operation, {c.input(0), c.input(1)});
}

void convert_unary(OperatorContext& c, op::Unary operation) {
  c.require_shape(c.output(), c.in(0).shape, "output");
  c.emit(std::move(operation), {c.input(0)});
}

void convert_pool(OperatorContext& c, op::Pool2d::Kind kind) {
  constexpr int kPadding = 0, kStrideW = 1, kStrideH = 2, kWidth = 3, kHeight = 4, kActivation = 5;
  const TensorId x = c.input(0);
  c.require_rank(x, 4, "input");
  const Shape& in = c.info(x).shape;
  const AxisWindow vertical{in[1], c.positive_option(kHeight, 0, "filter_height"),
                            c.positive_option(kStrideH, 0, "stride_h"), 1};
  const AxisWindow horizontal{in[2], c.positive_option(kWidth, 0, "filter_width"),
                              c.positive_option(kStrideW, 0, "stride_w"), 1};
  c.require_shape(c.output(),
                  {in[0], c.window_count(kPadding, vertical), c.window_count(kPadding, horizontal), in[3]},
                  "output");
  op::Pool2d pool;
  pool.kind = kind;
  pool.kernel = {vertical.kernel, horizontal.kernel};
  pool.stride = {vertical.stride, horizontal.stride};
  pool.padding = c.padding(kPadding, vertical, horizontal);
  pool.activation = c.activation(kActivation);
  c.emit(pool, {x});
}

void convert_reduce(OperatorContext& c, op::Reduce::Kind kind) {
  const Shape& in = c.in(0).shape;
  op::Reduce reduce;
  reduce.kind = kind;
  reduce.keep_dims = c.flag(0);
  for (const std::int64_t axis : c.constant_integers(1, "axes")) {
    reduce.axes.push_back(importers::normalized_axis(axis, in.size()));
  }
  std::sort(reduce.axes.begin(), reduce.axes.end());
  reduce.axes.erase(std::unique(reduce.axes.begin(), reduce.axes.end()), reduce.axes.end());
  Shape expected;
  for (std::size_t a = 0; a < in.size(); ++a) {
    const bool gone = std::binary_search(reduce.axes.begin(), reduce.axes.end(), static_cast<int>(a));
    if (gone && in[a] < 1) c.bad("an empty dimension is reduced");
    if (!gone) expected.push_back(in[a]);
    if (gone && reduce.keep_dims) expected.push_back(1);
  }
  c.require_shape(c.output(), expected, "output");
  c.emit(reduce, {c.input(0)});
}

/// Scale and zero point of TensorFlow's fake quantisation, in float32 as there: the range's lower end is
/// moved so that 0 has a code, which is the first or last one where the range does not hold 0. Codes from 0
/// become signed ones.
op::FakeQuantize nudged(const OperatorContext& c, float min, float max, int bits, bool narrow) {
  if (!std::isfinite(min) || !std::isfinite(max) || !(min < max)) {
    c.bad("range from " + std::to_string(min) + " to " + std::to_string(max) + " is not one");
  }
  const std::int64_t lowest = narrow ? 1 : 0;
  const std::int64_t highest = (std::int64_t{1} << bits) - 1;
  const float scale = (max - min) / static_cast<float>(highest - lowest);
  if (!std::isfinite(scale) || !(scale > 0.0F)) {
    c.bad("range from " + std::to_string(min) + " to " + std::to_string(max) + " gives no float32 scale");
  }
  const float from_min = static_cast<float>(lowest) - min / scale;
  std::int64_t zero_point = highest;
  if (from_min < static_cast<float>(lowest)) {
    zero_point = lowest;
  } else if (from_min <= static_cast<float>(highest)) {
    zero_point = static_cast<std::int64_t>(std::round(from_min));
  }
  const std::int64_t half = std::int64_t{1} << (bits - 1);
  return {scale, zero_point - half, lowest - half, highest - half};
}

}  // namespace

void convert_add(OperatorContext& c) {
  convert_binary(c, {op::Binary::Kind::kAdd, c.activation(0)});
}
void convert_sub(OperatorContext& c) {
  convert_binary(c, {op::Binary::Kind::kSub, c.activation(0)});
}
void convert_mul(OperatorContext& c) {
  convert_binary(c, {op::Binary::Kind::kMul, c.activation(0)});
}
void convert_maximum(OperatorContext& c) {
  convert_binary(c, {op::Binary::Kind::kMaximum, FusedActivation::kNone});
}
void convert_minimum(OperatorContext& c) {
  convert_binary(c, {op::Binary::Kind::kMinimum, FusedActivation::kNone});
}
void convert_average_pool(OperatorContext& c) {
  convert_pool(c, op::Pool2d::Kind::kAverage);
}
void convert_max_pool(OperatorContext& c) {
  convert_pool(c, op::Pool2d::Kind::kMax);
}
void convert_mean(OperatorContext& c) {
  convert_reduce(c, op::Reduce::Kind::kMean);
}
void convert_sum(OperatorContext& c) {
  convert_reduce(c, op::Reduce::Kind::kSum);
}
void convert_relu(OperatorContext& c) {
  convert_unary(c, {op::Unary::Kind::kRelu, {}});
}
void convert_relu6(OperatorContext& c) {
  convert_unary(c, {op::Unary::Kind::kRelu6, {}});
}
void convert_leaky_relu(OperatorContext& c) {
  const auto alpha = c.option<float>(0, 0.0F);
  if (!std::isfinite(alpha)) c.bad("alpha is not a finite number");
  convert_unary(c, {op::Unary::Kind::kLeakyRelu, {static_cast<double>(alpha)}});
}
void convert_tanh(OperatorContext& c) {
  convert_unary(c, {op::Unary::Kind::kTanh, {}});
}
void convert_logistic(OperatorContext& c) {
  convert_unary(c, {op::Unary::Kind::kSigmoid, {}});
}

void convert_softmax(OperatorContext& c) {
  const auto beta = c.option<float>(0, 0.0F);
  if (!std::isfinite(beta) || beta <= 0.0F) c.bad("beta is " + std::to_string(beta) + "; it must be above 0");
  if (c.in(0).shape.empty()) c.bad("input is a scalar");
  c.require_shape(c.output(), c.in(0).shape, "output");
  c.emit(op::Softmax{beta}, {c.input(0)});
}

void convert_quantize(OperatorContext& c) {
  c.require_shape(c.output(), c.in(0).shape, "output");
  if (!c.out().affine) c.bad("output has no scale");
  c.emit(op::Quantize{}, {c.input(0)});
}

void convert_fake_quant(OperatorContext& c) {
  constexpr int kMin = 0, kMax = 1, kBits = 2, kNarrowRange = 3;
  c.require_shape(c.output(), c.in(0).shape, "output");
  for (const TensorInfo* tensor : {&c.in(0), &c.out()}) {
    if (tensor->dtype != DType::kFloat32) {
      c.unsupported("tensor '" + tensor->name + "' of type " + std::string(name(tensor->dtype)));
    }
  }
  const auto bits = c.option<std::int32_t>(kBits, 0);
  if (bits < 2 || bits > 16) c.bad("num_bits is " + std::to_string(bits) + "; it must be between 2 and 16");
  c.emit(nudged(c, c.option<float>(kMin, 0.0F), c.option<float>(kMax, 0.0F), bits, c.flag(kNarrowRange)),
         {c.input(0)});
}

void convert_dequantize(OperatorContext& c) {
  c.require_shape(c.output(), c.in(0).shape, "output");
  if (!c.in(0).affine) c.bad("input has no scale");
  if (c.out().dtype != DType::kFloat32) c.unsupported("output of type " + std::string(name(c.out().dtype)));
  c.emit(op::Dequantize{}, {c.input(0)});
}

}  // namespace dlasim::network::tflite
