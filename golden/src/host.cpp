/// Where integers meet floats: spec/tflite_semantics.md section 4, QUANTIZE and DEQUANTIZE.

#include <algorithm>
#include <cmath>
#include <vector>

#include "elements.h"
#include "golden/operators.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;

void check(const Tensor& input, const Tensor& output, float scale) {
  require(input.size() == output.size(), "input {} and output {} differ in size",
          network::to_string(input.shape()), network::to_string(output.shape()));
  require(std::isfinite(scale) && scale > 0, "scale {} is not positive", scale);
}

}  // namespace

void evaluate(const network::qop::QuantizeFloat& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  require(input.dtype() == DType::kFloat32, "input is {}, float32 is needed", network::name(input.dtype()));
  check(input, output, op.scale);
  check_zero_point(op.zero_point);
  require_at_most_bits(output, 32, "output");
  const auto low = static_cast<double>(network::lowest(output.dtype()));
  const auto high = static_cast<double>(network::highest(output.dtype()));
  const auto zero_point = static_cast<double>(op.zero_point);
  std::vector<std::int64_t> codes;
  codes.reserve(index(input.size()));
  for (const float x : input.data<float>()) {
    require(!std::isnan(x), "element {} is not a number", codes.size());
    const float quotient = x / op.scale;
    // std::round takes halves away from zero. Doubles hold every int32 code exactly, and infinity clamps.
    const double code = std::clamp(std::round(static_cast<double>(quotient)) + zero_point, low, high);
    codes.push_back(static_cast<std::int64_t>(code));
  }
  store(output, 0, codes);
}

void evaluate(const network::qop::DequantizeFloat& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  require(output.dtype() == DType::kFloat32, "output is {}, float32 is needed",
          network::name(output.dtype()));
  check(input, output, op.scale);
  check_zero_point(op.zero_point);
  const auto q = centred(input, op.zero_point);
  std::transform(q.begin(), q.end(), output.data<float>().begin(), [&](std::int64_t v) {
    return static_cast<float>(static_cast<double>(op.scale) * static_cast<double>(v));
  });
}

}  // namespace dlasim::golden
