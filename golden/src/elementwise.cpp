/// Element-wise operators: spec/integer_semantics.md section 3, spec/tflite_semantics.md section 4.

#include <algorithm>
#include <vector>

#include "elements.h"
#include "golden/operators.h"
#include "golden/requantize.h"
#include "strided.h"

namespace dlasim::golden {
namespace {

using network::Tensor;

/// output[i] = f(input1, input2) with both broadcast to the output's shape; inputs minus their zero points.
template <class F>
void combine(const Inputs& inputs, std::int64_t zero_point1, std::int64_t zero_point2, Tensor& output, F f) {
  const Tensor& input1 = inputs.required(0, "input1");
  const Tensor& input2 = inputs.required(1, "input2");
  check_zero_point(zero_point1);
  check_zero_point(zero_point2);
  const auto x1 = centred(input1, zero_point1);
  const auto x2 = centred(input2, zero_point2);
  const Strides strides2 = broadcast_strides(input2.shape(), output.shape(), "input2");
  std::vector<std::int64_t> y(index(output.size()));
  for_each_strided(output.shape(), broadcast_strides(input1.shape(), output.shape(), "input1"), 0,
                   [&](std::int64_t i, std::int64_t from) { y[index(i)] = x1[index(from)]; });
  for_each_strided(output.shape(), strides2, 0,
                   [&](std::int64_t i, std::int64_t from) { y[index(i)] = f(y[index(i)], x2[index(from)]); });
  store(output, 0, y);
}

/// Operands of a 32-bit operator: products and shifts of wider ones would leave its contract.
void require_at_most_16_bits(const Inputs& inputs) {
  require_at_most_bits(inputs.required(0, "input1"), 16, "input1");
  require_at_most_bits(inputs.required(1, "input2"), 16, "input2");
}

/// output[i] = f(input[i], channel of i) for the input minus its zero point; the shapes have as many
/// elements.
template <class F>
void map(const Inputs& inputs, std::int64_t zero_point, Tensor& output, F f) {
  const Tensor& input = inputs.required(0, "input");
  check_zero_point(zero_point);
  require(input.size() == output.size(), "input {} and output {} differ in size",
          network::to_string(input.shape()), network::to_string(output.shape()));
  auto values = centred(input, zero_point);
  const std::int64_t channels = output.shape().empty() ? 1 : output.shape().back();
  std::int64_t channel = 0;
  for (std::int64_t& v : values) {
    v = f(v, channel);
    if (++channel == channels) channel = 0;
  }
  store(output, 0, values);
}

}  // namespace

void evaluate(const network::qop::Add& op, const Inputs& inputs, Tensor& output) {
  require_at_most_16_bits(inputs);
  require(op.left_shift >= 0 && op.left_shift <= 30, "left_shift {} is not between 0 and 30", op.left_shift);
  check_multiplier(op.input1, op.rule);
  check_multiplier(op.input2, op.rule);
  const OutputStage stage({op.output}, op.rule, op.output_zero_point, op.clamp, output.dtype(), 1);
  const std::int64_t factor = std::int64_t{1} << op.left_shift;
  const std::int64_t sign = op.subtract ? -1 : 1;
  combine(inputs, op.input1_zero_point, op.input2_zero_point, output, [&](std::int64_t x1, std::int64_t x2) {
    const std::int64_t a = requantize(x1 * factor, op.input1, op.rule);
    const std::int64_t b = requantize(x2 * factor, op.input2, op.rule);
    return stage(a + sign * b, 0);
  });
}

void evaluate(const network::qop::Mul& op, const Inputs& inputs, Tensor& output) {
  require_at_most_16_bits(inputs);
  const OutputStage stage({op.output}, op.rule, op.output_zero_point, op.clamp, output.dtype(), 1);
  combine(inputs, op.input1_zero_point, op.input2_zero_point, output,
          [&](std::int64_t x1, std::int64_t x2) { return stage(x1 * x2, 0); });
}

void evaluate(const network::qop::MinMax& op, const Inputs& inputs, Tensor& output) {
  require_same_dtype(inputs.required(0, "input1"), output);
  require_same_dtype(inputs.required(1, "input2"), output);
  combine(inputs, 0, 0, output,
          [&](std::int64_t x1, std::int64_t x2) { return op.maximum ? std::max(x1, x2) : std::min(x1, x2); });
}

void evaluate(const network::qop::Requantize& op, const Inputs& inputs, Tensor& output) {
  const std::int64_t channels = output.shape().empty() ? 1 : output.shape().back();
  const OutputStage stage(op.multiplier, op.rule, op.output_zero_point, op.clamp, output.dtype(), channels);
  map(inputs, op.input_zero_point, output, stage);
}

void evaluate(const network::qop::ClampOnly& op, const Inputs& inputs, Tensor& output) {
  require_same_dtype(inputs.required(0, "input"), output);
  check_clamp(op.clamp, output.dtype());
  map(inputs, 0, output,
      [&](std::int64_t x, std::int64_t) { return std::clamp(x, op.clamp.min, op.clamp.max); });
}

void evaluate(const network::qop::LeakyRelu& op, const Inputs& inputs, Tensor& output) {
  check_multiplier(op.identity, op.rule);
  check_multiplier(op.alpha, op.rule);
  check_zero_point(op.output_zero_point);
  check_clamp(op.clamp, output.dtype());
  // An integer rule rounds the magnitude and applies the sign of a negative slope afterwards: its
  // rounding is not symmetric. The float rule's is, and its mantissa is a bit pattern.
  const bool negate = op.alpha.mantissa < 0 && op.rule != network::RequantRule::kPytorch;
  const network::Multiplier slope{negate ? -op.alpha.mantissa : op.alpha.mantissa, op.alpha.shift};
  map(inputs, op.input_zero_point, output, [&](std::int64_t v, std::int64_t) {
    const std::int64_t scaled = requantize(v, v >= 0 ? op.identity : slope, op.rule);
    const std::int64_t signed_scaled = v < 0 && negate ? -scaled : scaled;
    return std::clamp(op.output_zero_point + signed_scaled, op.clamp.min, op.clamp.max);
  });
}

}  // namespace dlasim::golden
