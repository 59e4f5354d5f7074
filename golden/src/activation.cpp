/// tanh, sigmoid and functions given as tables: spec/integer_semantics.md section 5,
/// spec/tflite_semantics.md sections 7.2 and 7.3.

#include <algorithm>
#include <vector>

#include "elements.h"
#include "fixed_functions.h"
#include "golden/operators.h"
#include "golden/requantize.h"
#include "sigmoid_table.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;

const Tensor& input_of_type(const Inputs& inputs, DType dtype, const Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  require(input.dtype() == dtype && output.dtype() == dtype, "{} to {}; only {} to {} is defined",
          network::name(input.dtype()), network::name(output.dtype()), network::name(dtype),
          network::name(dtype));
  require(input.size() == output.size(), "input {} and output {} differ in size",
          network::to_string(input.shape()), network::to_string(output.shape()));
  return input;
}

/// output = f(input), each element.
template <class F>
void map(const Tensor& input, Tensor& output, F f) {
  auto values = centred(input);
  std::transform(values.begin(), values.end(), values.begin(), f);
  store(output, 0, values);
}

std::int64_t activation_int8(const network::qop::TableInt8& op, std::int64_t x) {
  constexpr int kIntegerBits = 4;
  const std::int64_t v = x - op.input_zero_point;
  if (v <= -op.input_range_radius) return -128;
  if (v >= op.input_range_radius) return 127;
  const std::int64_t u = requantize_double(v, op.input);
  const std::int64_t y = op.sigmoid ? divide_by_power_of_two(fixed_sigmoid(u, kIntegerBits), 23) - 128
                                    : divide_by_power_of_two(fixed_tanh(u, kIntegerBits), 24);
  return std::clamp<std::int64_t>(y, -128, 127);
}

}  // namespace

void evaluate(const network::qop::TableInt8& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = input_of_type(inputs, DType::kInt8, output);
  check_zero_point(op.input_zero_point);
  check_multiplier(op.input, network::RequantRule::kDouble);
  require(op.input_range_radius >= 0, "input_range_radius {} is negative", op.input_range_radius);
  std::vector<std::int64_t> table;
  for (std::int64_t x = -128; x <= 127; ++x) table.push_back(activation_int8(op, x));
  map(input, output, [&](std::int64_t x) { return table[index(x + 128)]; });
}

void evaluate(const network::qop::ActivationS16& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = input_of_type(inputs, DType::kInt16, output);
  check_input_shift(op.input_shift);
  map(input, output, [&](std::int64_t x) {
    return op.sigmoid ? sigmoid_s16(x, op.input_shift) : tanh_s16(x, op.input_shift);
  });
}

void evaluate(const network::qop::ActivationS16Tflite& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = input_of_type(inputs, DType::kInt16, output);
  const int s = op.input_right_shift;
  require(s >= 0 && s <= 31, "input_right_shift {} is not between 0 and 31", s);
  const std::int64_t half = s > 0 ? std::int64_t{1} << (s - 1) : 0;
  map(input, output, [&](std::int64_t x) {
    const std::int64_t v = (x * op.input_multiplier + half) >> s;
    return op.sigmoid ? interpolated_sigmoid(v) : interpolated_tanh(v);
  });
}

void evaluate(const network::qop::Table&, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Tensor& table = inputs.required(1, "table");
  const int bits = input.dtype() == DType::kInt4 ? 4 : 8 * network::bytes_per_element(input.dtype());
  require(input.dtype() != DType::kFloat32 && bits <= 16, "a table cannot be indexed by {}",
          network::name(input.dtype()));
  require(table.size() == std::int64_t{1} << bits, "table has {} entries, {} are needed", table.size(),
          std::int64_t{1} << bits);
  require_same_dtype(table, output);
  require(input.size() == output.size(), "input {} and output {} differ in size",
          network::to_string(input.shape()), network::to_string(output.shape()));
  const auto entries = centred(table);
  const std::int64_t mask = table.size() - 1;
  map(input, output, [&](std::int64_t x) { return entries[index(x & mask)]; });
}

}  // namespace dlasim::golden
