#include "quantize/tables.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "quantize/multiplier.h"

namespace dlasim::quantize {
namespace {

using network::DType;
using network::Tensor;

constexpr int kSoftmaxIntervals = 512;

std::int16_t saturate16(float value) {
  return static_cast<std::int16_t>(std::clamp(value, -32768.0F, 32767.0F));
}

/// 7.4: samples `function` over [low, high], each entry lowered by half the interpolation's error in the
/// middle of its segment. Every operation in float32, as TFLite's generator does it.
template <class F>
Tensor sampled_table(float low, float high, F function) {
  const float step = (high - low) / 512.0F;
  const float output_step = 2.0F / 65535.0F;
  const float upper = output_step * 32767.0F;
  const float lower = output_step * -32768.0F;
  const float per_unit = 65536.0F / (upper - lower);
  Tensor table(DType::kInt16, {kSoftmaxIntervals + 1});
  const auto t = table.data<std::int16_t>();
  for (int i = 0; i < kSoftmaxIntervals; ++i) {
    const float at = low + static_cast<float>(i) * step;
    const float value = std::round(function(at) * per_unit);
    const float next = function(low + static_cast<float>(i + 1) * step) * per_unit;
    const float middle = std::round((next + value) / 2.0F);
    const float exact = std::round(function(at + step / 2.0F) * per_unit);
    const float bias = std::round((middle - exact) / 2.0F);
    t[static_cast<std::size_t>(i)] = saturate16(value - bias);
  }
  t[kSoftmaxIntervals] = saturate16(std::round(function(high) * per_unit));
  return table;
}

}  // namespace

network::qop::TableInt8 int8_activation(bool sigmoid, float input_scale, std::int64_t input_zero_point) {
  const double real = static_cast<double>(input_scale) * 134217728.0;  // 2^27: the input in Q4.27
  network::qop::TableInt8 op;
  op.sigmoid = sigmoid;
  op.input_zero_point = input_zero_point;
  op.input = multiplier_from(real);
  // Outside +-R the function is at its end: 15 is the largest integer of a Q4 number.
  op.input_range_radius = static_cast<std::int64_t>(std::floor(std::ldexp(15.0, 27 - op.input.shift)));
  return op;
}

network::qop::ActivationS16Tflite int16_activation(bool sigmoid, float input_scale) {
  network::qop::ActivationS16Tflite op;
  op.sigmoid = sigmoid;
  // 7.3: the table is indexed in steps of 1/24, so a Q3.12 input is multiplied by three.
  const double log_scale = std::log2(static_cast<double>(input_scale));
  const double rounded = std::round(log_scale);
  const int left = 12 + static_cast<int>(rounded);
  const bool power_of_two = std::abs(log_scale - rounded) < 0.001;
  if (power_of_two && (left == 0 || (!sigmoid && left == 1))) {
    op.input_multiplier = 3 << left;
    return op;
  }
  double multiplier = static_cast<double>(input_scale) * 4096.0 * 3.0;
  while (multiplier <= 32767.0 / 2.0 && op.input_right_shift <= 30) {
    multiplier *= 2.0;
    ++op.input_right_shift;
  }
  if (multiplier >= 2147483648.0) {
    throw base::InputError("an input scale of " + std::to_string(input_scale) +
                           " is too large for an int16 activation");
  }
  op.input_multiplier = static_cast<std::int32_t>(multiplier);
  return op;
}

network::qop::Softmax int8_softmax(float beta, float input_scale) {
  const double real =
      std::min(static_cast<double>(beta) * static_cast<double>(input_scale) * 67108864.0, 2147483647.0);
  if (!(real > 1.0))
    throw base::InputError("softmax: an input scale of " + std::to_string(input_scale) + " is too small");
  network::qop::Softmax op;
  op.input = multiplier_from(real);
  op.diff_min = -static_cast<std::int64_t>(std::floor(std::ldexp(31.0, 26 - op.input.shift)));
  return op;
}

network::qop::Softmax int16_softmax(float beta, float input_scale) {
  network::qop::Softmax op;
  op.input = multiplier_from(static_cast<double>(input_scale) * static_cast<double>(beta) / (10.0 / 65535.0));
  return op;
}

Tensor softmax_exp_table() {
  const float step = 10.0F / 65535.0F;
  return sampled_table(step * -65535.0F, 0.0F, [](float x) { return std::exp(x); });
}

Tensor softmax_reciprocal_table() {
  const float step = 1.0F / 65535.0F;
  return sampled_table(0.0F, step * 65535.0F, [](float x) { return 1.0F / (1.0F + x); });
}

std::function<double(double)> real_function(const network::op::Unary& op) {
  using Kind = network::op::Unary::Kind;
  const auto parameter = [&op](std::size_t i, double otherwise) {
    return i < op.parameters.size() ? op.parameters[i] : otherwise;
  };
  switch (op.kind) {
    case Kind::kRelu:
      return [](double x) { return std::max(x, 0.0); };
    case Kind::kRelu6:
      return [](double x) { return std::clamp(x, 0.0, 6.0); };
    case Kind::kReluN1To1:
    case Kind::kHardtanh:
      return [](double x) { return std::clamp(x, -1.0, 1.0); };
    case Kind::kLeakyRelu:
    case Kind::kPRelu:
      return [slope = parameter(0, 0.01)](double x) { return x > 0.0 ? x : slope * x; };
    case Kind::kTanh:
      return [](double x) { return std::tanh(x); };
    case Kind::kSigmoid:
      return [](double x) { return 1.0 / (1.0 + std::exp(-x)); };
    case Kind::kSilu:
      return [](double x) { return x / (1.0 + std::exp(-x)); };
    case Kind::kHardswish:
      return [](double x) { return x * std::clamp(x + 3.0, 0.0, 6.0) / 6.0; };
    case Kind::kSoftsign:
      return [](double x) { return x / (1.0 + std::abs(x)); };
    case Kind::kLeakyHardtanh:
      return [low = parameter(0, -1.0), high = parameter(1, 1.0), below = parameter(2, 0.01),
              above = parameter(3, 0.01)](double x) {
        if (x < low) return (x - low) * below + low;
        return x > high ? (x - high) * above + high : x;
      };
    case Kind::kFasttanh:
      return [](double x) {
        const double a = std::abs(x);
        const double square = x * x;
        return x *
               (2.45550750702956 + 2.45550750702956 * a +
                (0.893229853513558 + 0.821226666969744 * a) * square) /
               (2.44506634652299 + (2.44506634652299 + square) * std::abs(x + 0.814642734961073 * x * a));
      };
  }
  throw base::UnsupportedError("this activation has no real function");
}

Tensor function_table(const std::function<double(double)>& function, const network::Affine& input,
                      DType input_dtype, const network::Affine& output, DType output_dtype) {
  const std::int64_t low = network::lowest(input_dtype);
  const std::int64_t count = network::highest(input_dtype) - low + 1;
  if (count > 65536) {
    throw base::UnsupportedError("a table needs an input of at most 16 bits, found " +
                                 std::string(name(input_dtype)));
  }
  Tensor table(output_dtype, {count});
  const auto out_low = static_cast<double>(network::lowest(output_dtype));
  const auto out_high = static_cast<double>(network::highest(output_dtype));
  for (std::int64_t code = low; code < low + count; ++code) {
    const double x =
        static_cast<double>(input.scale.at(0)) * static_cast<double>(code - input.zero_point.at(0));
    const double y = std::round(function(x) / static_cast<double>(output.scale.at(0))) +
                     static_cast<double>(output.zero_point.at(0));
    table.set_integer(code & (count - 1), static_cast<std::int64_t>(std::clamp(y, out_low, out_high)));
  }
  return table;
}

}  // namespace dlasim::quantize
