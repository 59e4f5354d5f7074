// Random operators of one or two values.

#include <algorithm>

#include "graph_draft.h"

namespace dlasim::testing {
namespace {

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape out = a;
  for (std::size_t i = 0; i < a.size(); ++i) out[i] = std::max(a[i], b[i]);
  return out;
}

}  // namespace

TensorId add_sum(GraphDraft& d, TensorId x, TensorId y, bool subtract) {
  const DType type = d.dtype(x);
  qop::Add op;
  op.subtract = subtract;
  op.rule = d.rule();
  op.left_shift = type == DType::kInt16 ? 15 : 20;
  op.input1_zero_point = d.zero_point(type);
  op.input2_zero_point = d.zero_point(type);
  op.output_zero_point = d.zero_point(type);
  op.input1 = d.multiplier(op.rule, 0.5);
  op.input2 = d.multiplier(op.rule, 0.5);
  op.output = d.multiplier(op.rule, std::ldexp(2.0, -op.left_shift));
  op.clamp = d.clamp(type);
  const std::string text =
      fmt::format("subtract {}, rule {}, zp {} {} {}", subtract, static_cast<int>(op.rule),
                  op.input1_zero_point, op.input2_zero_point, op.output_zero_point);
  return d.node(op, {x, y}, type, broadcast_shape(d.shape(x), d.shape(y)), text);
}

TensorId add_product(GraphDraft& d, TensorId x, TensorId y) {
  const DType type = d.dtype(x);
  qop::Mul op;
  op.rule = d.rule();
  op.input1_zero_point = d.zero_point(type);
  op.input2_zero_point = d.zero_point(type);
  op.output_zero_point = d.zero_point(type);
  op.output = d.multiplier(op.rule, 1.0 / GraphDraft::spread(type));
  op.clamp = d.clamp(type);
  const std::string text = fmt::format("rule {}, zp {} {} {}", static_cast<int>(op.rule),
                                       op.input1_zero_point, op.input2_zero_point, op.output_zero_point);
  return d.node(op, {x, y}, type, broadcast_shape(d.shape(x), d.shape(y)), text);
}

TensorId add_binary(GraphDraft& d, TensorId x, TensorId y) {
  if (d.c.chance(50)) std::swap(x, y);
  switch (d.c.pick(0, 3)) {
    case 0:
      return add_sum(d, x, y, false);
    case 1:
      return add_sum(d, x, y, true);
    case 2:
      return add_product(d, x, y);
    default: {
      const bool maximum = d.c.chance(50);
      return d.node(qop::MinMax{maximum}, {x, y}, d.dtype(x), broadcast_shape(d.shape(x), d.shape(y)),
                    maximum ? "maximum" : "minimum");
    }
  }
}

TensorId add_broadcast_binary(GraphDraft& d, TensorId x) {
  Shape shape = d.shape(x);
  for (std::int64_t& size : shape) {
    if (d.c.chance(30)) size = 1;
  }
  const DType type = d.dtype(x);
  const TensorId y = d.c.chance(30) ? d.constant(type, shape, network::lowest(type), network::highest(type))
                                    : d.input(type, shape);
  return add_binary(d, x, y);
}

TensorId add_requantize(GraphDraft& d, TensorId x) {
  const Shape shape = d.shape(x);
  const DType to = d.c.one_of({DType::kInt8, DType::kInt16, DType::kUInt8});
  qop::Requantize op;
  op.rule = d.rule();
  op.input_zero_point = d.zero_point(d.dtype(x));
  op.output_zero_point = d.zero_point(to);
  op.clamp = d.clamp(to);
  const std::int64_t entries = d.c.chance(50) ? shape.back() : 1;
  for (std::int64_t i = 0; i < entries; ++i)
    op.multiplier.push_back(
        d.multiplier(op.rule, std::min(100.0, GraphDraft::spread(to) / GraphDraft::spread(d.dtype(x)))));
  const std::string text = fmt::format("rule {}, {} multipliers", static_cast<int>(op.rule), entries);
  return d.node(std::move(op), {x}, to, shape, text);
}

TensorId add_clamp(GraphDraft& d, TensorId x) {
  const qop::ClampOnly op{d.clamp(d.dtype(x))};
  const std::string text = fmt::format("{}..{}", op.clamp.min, op.clamp.max);
  return d.node(op, {x}, d.dtype(x), Shape(d.shape(x)), text);
}

TensorId add_leaky(GraphDraft& d, TensorId x) {
  const DType type = d.dtype(x);
  qop::LeakyRelu op;
  op.rule = d.rule();
  op.input_zero_point = d.zero_point(type);
  op.output_zero_point = d.zero_point(type);
  op.identity = d.multiplier(op.rule, 1.0);
  op.alpha = d.multiplier(op.rule, 0.25);
  const bool negative = d.c.chance(40);
  if (negative) {
    op.alpha.mantissa = op.rule == RequantRule::kPytorch
                            ? std::bit_cast<std::int32_t>(-std::bit_cast<float>(op.alpha.mantissa))
                            : -op.alpha.mantissa;
  }
  op.clamp = d.clamp(type);
  const std::string text =
      fmt::format("rule {}, slope {}", static_cast<int>(op.rule), negative ? "below 0" : "above 0");
  return d.node(op, {x}, type, Shape(d.shape(x)), text);
}

TensorId add_curve(GraphDraft& d, TensorId x, bool sigmoid) {
  const Shape shape = d.shape(x);
  const char* name = sigmoid ? "sigmoid" : "tanh";
  if (d.dtype(x) == DType::kUInt8) return add_table(d, x);
  if (d.dtype(x) == DType::kInt8) {
    qop::TableInt8 op;
    op.sigmoid = sigmoid;
    op.input_zero_point = d.zero_point(DType::kInt8);
    op.input = {static_cast<std::int32_t>(d.c.pick(1 << 30, 0x7FFFFFFF)), static_cast<int>(d.c.pick(21, 24))};
    op.input_range_radius = d.c.pick(60, 120);
    return d.node(op, {x}, DType::kInt8, shape, name);
  }
  if (d.c.chance(50)) {
    const int shift = static_cast<int>(d.c.pick(0, 3));
    return d.node(qop::ActivationS16{sigmoid, shift}, {x}, DType::kInt16, shape,
                  fmt::format("{}, shift {}", name, shift));
  }
  const auto m = static_cast<std::int32_t>(d.c.pick(1 << 14, 3 << 15));
  const int s = static_cast<int>(d.c.pick(12, 16));
  return d.node(qop::ActivationS16Tflite{sigmoid, m, s}, {x}, DType::kInt16, shape,
                fmt::format("{}, M {}, S {}", name, m, s));
}

TensorId add_table(GraphDraft& d, TensorId x) {
  const DType type = d.dtype(x);
  if (type == DType::kInt16) return add_curve(d, x, false);  // 65536 entries are a test of their own
  const DType to = d.c.one_of({DType::kInt8, DType::kInt16, DType::kUInt8});
  const TensorId table = d.constant(to, {256}, network::lowest(to), network::highest(to));
  return d.node(qop::Table{}, {x, table}, to, Shape(d.shape(x)), "");
}

}  // namespace dlasim::testing
