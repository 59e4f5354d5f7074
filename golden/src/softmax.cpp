/// Softmax over the last axis: spec/integer_semantics.md section 6.

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "elements.h"
#include "fixed_functions.h"
#include "golden/operators.h"
#include "golden/requantize.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
using Row = std::span<std::int64_t>;

constexpr std::int64_t kLutSize = 513;

std::int64_t saturate16(std::int64_t x) {
  return std::clamp<std::int64_t>(x, -32768, 32767);
}

/// Leading zeros of a sum as 32 bits.
int leading_zeros(std::int64_t sum) {
  require(sum >= 2 && sum < (std::int64_t{1} << 32), "the row's exponentials sum to {}, outside 32 bits",
          sum);
  return std::countl_zero(static_cast<std::uint32_t>(sum));
}

/// int8 input: exponential and reciprocal in fixed point. Replaces the codes by the result.
void softmax_int8(const network::qop::Softmax& op, const Tensor& output, Row row) {
  constexpr int kInputIntegerBits = 5;
  const std::int64_t max = *std::max_element(row.begin(), row.end());
  const auto exponential = [&](std::int64_t d) {
    const std::int64_t shifted = wrap32(d * (std::int64_t{1} << op.input.shift));
    return exp_of_negative(doubling_high_multiply(shifted, op.input.mantissa), kInputIntegerBits);
  };
  std::int64_t sum = 0;
  for (const std::int64_t x : row) {
    if (x - max >= op.diff_min) sum += divide_by_power_of_two(exponential(x - max), 12);
  }
  const int headroom = leading_zeros(sum);
  const std::int64_t fraction = (sum << headroom) - (std::int64_t{1} << 31);
  const std::int64_t reciprocal = saturating_shift_left(twice_reciprocal_of_one_plus(fraction), 1);
  const std::int64_t low = network::lowest(output.dtype());
  const int output_bits = 8 * network::bytes_per_element(output.dtype());
  const int shift = 12 - headroom + 31 - output_bits;
  for (std::int64_t& x : row) {
    const std::int64_t d = x - max;
    const std::int64_t y =
        d < op.diff_min ? 0
                        : divide_by_power_of_two(doubling_high_multiply(reciprocal, exponential(d)), shift);
    x = std::clamp(y + low, low, network::highest(output.dtype()));
  }
}

/// Linear interpolation in 512 segments over the int16 codes.
std::int64_t lookup(const std::vector<std::int64_t>& table, std::int64_t z) {
  const std::int64_t i = 256 + (z >> 7);
  const std::int64_t left = table[index(i)];
  return left + (((table[index(i + 1)] - left) * (z & 127) + 64) >> 7);
}

/// int16 input: both functions from tables.
void softmax_int16(const network::qop::Softmax& op, const std::vector<std::int64_t>& exp_table,
                   const std::vector<std::int64_t>& reciprocal_table, Row row) {
  const std::int64_t max = *std::max_element(row.begin(), row.end());
  std::int64_t sum = 0;
  for (std::int64_t& x : row) {
    x = lookup(exp_table, saturate16(requantize(x - max, op.input, op.rule) + 32767));
    sum += x;
  }
  const int headroom = leading_zeros(sum);
  require(headroom >= 1, "the row's exponentials sum to {}, outside 31 bits", sum);
  const std::int64_t w = saturate16((((sum << (headroom - 1)) + (1 << 13)) >> 14) - 98304);
  const std::int64_t reciprocal = lookup(reciprocal_table, w);
  for (std::int64_t& e : row)
    e = std::clamp<std::int64_t>((((e * reciprocal) >> (30 - headroom)) + 1) >> 1, 0, 32767);
}

std::vector<std::int64_t> lookup_table(const Inputs& inputs, std::size_t position, std::string_view what) {
  const Tensor& table = inputs.required(position, what);
  require(table.dtype() == DType::kInt16 && table.size() == kLutSize,
          "{} has {} entries of {}, {} of int16 are needed", what, table.size(), network::name(table.dtype()),
          kLutSize);
  return centred(table);
}

/// Calls f with each row of the input's codes and stores what it leaves there.
template <class F>
void for_each_row(const Tensor& input, Tensor& output, F f) {
  auto values = centred(input);
  const std::size_t length = input.shape().empty() ? 1 : index(input.shape().back());
  for (std::size_t first = 0; first < values.size(); first += length) f(Row(values).subspan(first, length));
  store(output, 0, values);
}

}  // namespace

void evaluate(const network::qop::Softmax& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  require(input.shape() == output.shape(), "input {} and output {} differ", network::to_string(input.shape()),
          network::to_string(output.shape()));
  check_multiplier(op.input, op.rule);
  if (input.dtype() == DType::kInt8 && (output.dtype() == DType::kInt8 || output.dtype() == DType::kInt16)) {
    require(op.input.shift >= 0, "input_shift {} is negative", op.input.shift);
    require(op.input.mantissa >= 0, "input_multiplier {} is negative", op.input.mantissa);
    require(op.diff_min <= 0, "diff_min {} is positive", op.diff_min);
    for_each_row(input, output, [&](Row row) { softmax_int8(op, output, row); });
  } else if (input.dtype() == DType::kInt16 && output.dtype() == DType::kInt16) {
    const auto exp_table = lookup_table(inputs, 1, "exp_lut");
    const auto reciprocal_table = lookup_table(inputs, 2, "one_by_one_lut");
    for_each_row(input, output, [&](Row row) { softmax_int16(op, exp_table, reciprocal_table, row); });
  } else {
    throw base::UnsupportedError(
        fmt::format("from {} to {}; int8 to int8 or int16 and int16 to int16 are defined",
                    network::name(input.dtype()), network::name(output.dtype())));
  }
}

}  // namespace dlasim::golden
