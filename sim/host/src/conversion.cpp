// Between integers and floats, and requantisation of accumulators that are wider than a lane.

#include <algorithm>
#include <cmath>

#include "operators.h"

namespace dlasim::sim::host {

using network::DType;
using network::Tensor;

Tensor quantize(const Call& call, const network::qop::QuantizeFloat& op) {
  const Tensor& input = call.inputs[0];
  Tensor output = call.make_output();
  call.require(input.dtype() == DType::kFloat32, "its input is not float32");
  call.require(output.dtype() != DType::kFloat32, "its output is not an integer tensor");
  call.require(input.size() == output.size(), "input and output differ in size");
  const auto values = input.data<float>();
  const auto low = static_cast<double>(network::lowest(output.dtype()));
  const auto high = static_cast<double>(network::highest(output.dtype()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) call.fail(fmt::format("element {} is NaN", i));
    // The quotient is rounded to float32 before it is rounded to an integer.
    const float quotient = values[i] / op.scale;
    const double code = static_cast<double>(std::round(quotient)) + static_cast<double>(op.zero_point);
    output.set_integer(static_cast<std::int64_t>(i), static_cast<std::int64_t>(std::clamp(code, low, high)));
  }
  return output;
}

Tensor dequantize(const Call& call, const network::qop::DequantizeFloat& op) {
  const Tensor& input = call.inputs[0];
  Tensor output = call.make_output();
  call.require(input.dtype() != DType::kFloat32, "its input is not an integer tensor");
  call.require(output.dtype() == DType::kFloat32, "its output is not float32");
  call.require(input.size() == output.size(), "input and output differ in size");
  const auto values = output.data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto centred = static_cast<double>(input.integer(static_cast<std::int64_t>(i)) - op.zero_point);
    values[i] = static_cast<float>(static_cast<double>(op.scale) * centred);
  }
  return output;
}

Tensor requantize(const Call& call, const network::qop::Requantize& op) {
  const Tensor& input = call.inputs[0];
  Tensor output = call.make_output();
  call.require(input.dtype() != DType::kFloat32 && output.dtype() != DType::kFloat32,
               "its tensors are not integers");
  call.require(input.size() == output.size(), "input and output differ in size");
  call.require_within(op.clamp, output.dtype());
  const auto channels = static_cast<std::int64_t>(op.multiplier.size());
  call.require(channels == 1 || (!input.shape().empty() && input.shape().back() == channels),
               "the multipliers are neither one nor one a channel");
  std::vector<Rescale> rescale;
  for (const network::Multiplier& m : op.multiplier) rescale.emplace_back(call, op.rule, m);
  for (std::int64_t i = 0; i < input.size(); ++i) {
    const Rescale& channel = rescale[static_cast<std::size_t>(i % channels)];
    const std::int64_t code = channel(input.integer(i) - op.input_zero_point) + op.output_zero_point;
    output.set_integer(i, std::clamp(code, op.clamp.min, op.clamp.max));
  }
  return output;
}

}  // namespace dlasim::sim::host
