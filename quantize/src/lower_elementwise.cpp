// Element-wise operators, activations, rescaling and reductions: spec/tflite_semantics.md sections 4, 6, 7.

#include <algorithm>
#include <bit>
#include <string>

#include "lowering.h"
#include "quantize/multiplier.h"
#include "quantize/tables.h"

namespace dlasim::quantize {

using network::DType;
using network::RequantRule;

network::QuantizedOperation Lowering::sum(const network::op::Binary& op, const Node& node) {
  const Scalar a = affine(node, input(node, 0));
  const Scalar b = affine(node, input(node, 1));
  const Scalar y = affine(node, output(node));
  network::qop::Add add;
  add.subtract = op.kind == network::op::Binary::Kind::kSub;
  add.left_shift = output(node).dtype == DType::kInt8 ? 20 : 15;
  const SumFactors factors = add.subtract ? sub_factors(a.scale, b.scale, y.scale, add.left_shift)
                                          : add_factors(a.scale, b.scale, y.scale, add.left_shift);
  if (factors.output >= 1.0) wrong(node, "the output's scale is too small for the inputs'");
  add.input1_zero_point = a.zero_point;
  add.input2_zero_point = b.zero_point;
  add.output_zero_point = y.zero_point;
  add.input1 = factor(factors.input1);
  add.input2 = factor(factors.input2);
  add.output = factor(factors.output);
  add.rule = elementwise_rule();
  add.clamp = clamp(node, op.activation);
  return add;
}

network::QuantizedOperation Lowering::convert(const network::op::Binary& op, const Node& node) {
  using Kind = network::op::Binary::Kind;
  const Tensor& x1 = input(node, 0);
  const Tensor& x2 = input(node, 1);
  require_activations(node, {&x1, &x2, &output(node)});
  if (op.kind == Kind::kAdd || op.kind == Kind::kSub) {
    return pytorch_sums(node) ? pytorch_sum(op, node) : sum(op, node);
  }
  if (op.kind == Kind::kMul) {
    const Scalar a = affine(node, x1);
    const Scalar b = affine(node, x2);
    const Scalar y = affine(node, output(node));
    network::qop::Mul mul{a.zero_point, b.zero_point,  y.zero_point,
                          {},           options_.rule, clamp(node, op.activation)};
    mul.output = options_.rule == RequantRule::kPytorch ? pytorch_multiplier(b.scale, a.scale, y.scale)
                                                        : factor(product_factor(a.scale, b.scale, y.scale));
    return mul;
  }
  require_same_scale(node, x1, output(node));
  require_same_scale(node, x2, output(node));
  if (op.activation != network::FusedActivation::kNone)
    refuse(node, "an activation fused into minimum or maximum");
  return network::qop::MinMax{op.kind == Kind::kMaximum};
}

/// A function without a kernel of its own, or with an output scale that its kernel does not have.
network::QuantizedOperation Lowering::table(const network::op::Unary& op, const Node& node) {
  if (op.kind == network::op::Unary::Kind::kPRelu && op.parameters.size() > 1) {
    refuse(node, "a slope a channel; rewrite it as relu and leaky parts before");
  }
  const Tensor& x = input(node, 0);
  const Tensor& y = output(node);
  static_cast<void>(affine(node, x));
  static_cast<void>(affine(node, y));
  add_operand(node, "table", function_table(real_function(op), *x.affine, x.dtype, *y.affine, y.dtype));
  return network::qop::Table{};
}

network::QuantizedOperation Lowering::convert(const network::op::Unary& op, const Node& node) {
  using Kind = network::op::Unary::Kind;
  require_activations(node, {&input(node, 0), &output(node)});
  const Scalar x = affine(node, input(node, 0));
  const Scalar y = affine(node, output(node));
  const DType dtype = output(node).dtype;
  const network::Clamp whole{network::lowest(dtype), network::highest(dtype)};
  const bool tanh = op.kind == Kind::kTanh;
  const bool copies = x == y && (op.kind == Kind::kRelu || op.kind == Kind::kRelu6 ||
                                 op.kind == Kind::kReluN1To1 || op.kind == Kind::kHardtanh);
  const bool one_function = op.kind != Kind::kPRelu || op.parameters.size() == 1;
  if (pytorch_rule(node) && !copies && one_function) return pytorch_table(real_function(op), node);
  switch (op.kind) {
    case Kind::kRelu: {
      const network::Clamp range{std::max(whole.min, y.zero_point), whole.max};
      if (x == y) return network::qop::ClampOnly{range};
      return network::qop::Requantize{
          x.zero_point, y.zero_point, {factor(relu_factor(x.scale, y.scale))}, elementwise_rule(), range};
    }
    case Kind::kRelu6:
      return network::qop::ClampOnly{
          {std::max(whole.min, x.zero_point), std::min(whole.max, code_of(6.0F, x.scale, x.zero_point))}};
    case Kind::kReluN1To1:
    case Kind::kHardtanh:
      require_same_scale(node, input(node, 0), output(node));
      return network::qop::ClampOnly{{std::max(whole.min, code_of(-1.0F, x.scale, x.zero_point)),
                                      std::min(whole.max, code_of(1.0F, x.scale, x.zero_point))}};
    case Kind::kLeakyRelu: {
      const auto slope = static_cast<float>(op.parameters.empty() ? 0.01 : op.parameters[0]);
      return network::qop::LeakyRelu{x.zero_point,
                                     y.zero_point,
                                     factor(relu_factor(x.scale, y.scale)),
                                     factor(leaky_factor(x.scale, slope, y.scale)),
                                     elementwise_rule(),
                                     whole};
    }
    case Kind::kTanh:
    case Kind::kSigmoid:
      if (dtype == DType::kInt8) {
        const Scalar fixed = tanh ? Scalar{1.0F / 128.0F, 0} : Scalar{1.0F / 256.0F, -128};
        if (y == fixed) return int8_activation(!tanh, x.scale, x.zero_point);
      } else if (y == Scalar{1.0F / 32768.0F, 0}) {
        return int16_activation(!tanh, x.scale);
      }
      return table(op, node);
    default:
      return table(op, node);
  }
}

network::QuantizedOperation Lowering::convert(const network::op::Softmax& op, const Node& node) {
  const Tensor& x = input(node, 0);
  const Tensor& y = output(node);
  const Scalar in = affine(node, x);
  const Scalar out = affine(node, y);
  const bool int8_in = x.dtype == DType::kInt8;
  const bool int16_out = y.dtype == DType::kInt16;
  Scalar expected{1.0F / 256.0F, -128};
  if (int16_out) expected = int8_in ? Scalar{1.0F / 65536.0F, -32768} : Scalar{1.0F / 32768.0F, 0};
  if ((!int8_in && x.dtype != DType::kInt16) || (!int16_out && y.dtype != DType::kInt8) ||
      (!int8_in && !int16_out)) {
    refuse(node, std::string(name(x.dtype)) + " to " + std::string(name(y.dtype)));
  }
  if (!(out == expected))
    refuse(node, "the output must have the scale " + std::to_string(expected.scale) + " and zero point " +
                     std::to_string(expected.zero_point));
  network::qop::Softmax softmax =
      int8_in ? int8_softmax(op.beta, in.scale) : int16_softmax(op.beta, in.scale);
  softmax.rule = elementwise_rule();
  if (!int8_in) {
    if (in.zero_point != 0) refuse(node, "an int16 input with a zero point other than 0");
    add_operand(node, "exp", softmax_exp_table());
    add_operand(node, "reciprocal", softmax_reciprocal_table());
  }
  return softmax;
}

network::QuantizedOperation Lowering::convert(const network::op::Quantize&, const Node& node) {
  const Tensor& x = input(node, 0);
  const Tensor& y = output(node);
  const Scalar out = affine(node, y);
  if (x.dtype == DType::kFloat32) return network::qop::QuantizeFloat{out.scale, out.zero_point};
  if (y.dtype == DType::kFloat32) refuse(node, "integers to float32");
  if (x.dtype == DType::kInt8 && pytorch_rule(node)) return pytorch_table([](double v) { return v; }, node);
  const Scalar in = affine(node, x);
  return network::qop::Requantize{in.zero_point,
                                  out.zero_point,
                                  {factor(rescale_factor(in.scale, out.scale))},
                                  elementwise_rule(),
                                  {network::lowest(y.dtype), network::highest(y.dtype)}};
}

network::QuantizedOperation Lowering::convert(const network::op::Dequantize&, const Node& node) {
  if (output(node).dtype != DType::kFloat32 || input(node, 0).dtype == DType::kFloat32)
    refuse(node, "does not go from integers to float32");
  const Scalar in = affine(node, input(node, 0));
  return network::qop::DequantizeFloat{in.scale, in.zero_point};
}

network::QuantizedOperation Lowering::convert(const network::op::Reduce& op, const Node& node) {
  require_activations(node, {&input(node, 0), &output(node)});
  const Scalar in = affine(node, input(node, 0));
  const Scalar out = affine(node, output(node));
  network::qop::Reduce reduce{op.axes, in.zero_point,      out.zero_point,
                              {},      elementwise_rule(), clamp(node, network::FusedActivation::kNone)};
  if (pytorch_rule(node)) {
    const bool mean = op.kind == network::op::Reduce::Kind::kMean;
    const std::int64_t outputs = std::max<std::int64_t>(1, network::element_count(output(node).shape));
    const std::int64_t count = network::element_count(input(node, 0).shape) / outputs;
    reduce.rule = RequantRule::kPytorch;
    reduce.multiplier = pytorch_average(in.scale, out.scale, mean ? std::max<std::int64_t>(1, count) : 1);
    return reduce;
  }
  reduce.multiplier = factor(rescale_factor(in.scale, out.scale));
  if (op.kind == network::op::Reduce::Kind::kMean) {
    const std::int64_t outputs = network::element_count(output(node).shape);
    const std::int64_t count = outputs == 0 ? 0 : network::element_count(input(node, 0).shape) / outputs;
    if (count < 1) wrong(node, "nothing to take the mean of");
    // Section 6: the division by the count goes into the multiplier, with as many bits as it has room for.
    const int log2_count = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(count))) - 1;
    const int room = std::min({log2_count, 32, 31 + reduce.multiplier.shift});
    const std::int64_t widened = static_cast<std::int64_t>(reduce.multiplier.mantissa) << room;
    reduce.multiplier.mantissa = static_cast<std::int32_t>(widened / count);
    reduce.multiplier.shift -= room;
  }
  return reduce;
}

}  // namespace dlasim::quantize
