// Softmax over the last axis, integer_semantics.md section 6.

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "operators.h"

namespace dlasim::sim::host {
namespace {

using fixed_point::doubling_high_multiply;
using fixed_point::rounding_shift_right;
using network::DType;
using network::Tensor;

constexpr std::int64_t kInt32Max = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kTwo31 = std::int64_t{1} << 31;

/// H of section 6 on values that the contract keeps in 32 bits.
std::int64_t high(std::int64_t a, std::int64_t b) {
  return doubling_high_multiply(static_cast<std::int32_t>(a), static_cast<std::int32_t>(b));
}

std::int64_t saturate32(std::int64_t v) {
  return std::clamp<std::int64_t>(v, std::numeric_limits<std::int32_t>::min(), kInt32Max);
}

/// e^z in Q0.31 of z <= 0 in Q5.26 (arm_nn_exp_on_negative_values): a polynomial on the last quarter, then
/// one factor for each set bit of what is left.
std::int64_t exp_of_negative(std::int64_t z) {
  if (z == 0) return kInt32Max;
  constexpr int kQuarterBits = 24;
  constexpr std::int64_t kQuarter = std::int64_t{1} << kQuarterBits;
  const std::int64_t q = (z & (kQuarter - 1)) - kQuarter;
  const std::int64_t remainder = q - z;
  const std::int64_t t = (q << 5) + (std::int64_t{1} << 28);
  const std::int64_t t2 = high(t, t);
  constexpr std::int64_t kExpOfEighth = 1895147668;  // e^(-1/8)
  constexpr std::int64_t kThird = 715827883;
  const std::int64_t cubic = high(rounding_shift_right(high(t2, t2), 2) + high(t2, t), kThird) + t2;
  std::int64_t e = kExpOfEighth + high(kExpOfEighth, t + rounding_shift_right(cubic, 1));
  constexpr std::array<std::int64_t, 7> kFactors{1672461947, 1302514674, 790015084, 290630308,
                                                 39332535,   720401,     242};
  for (std::size_t i = 0; i < kFactors.size(); ++i) {
    if ((remainder >> (kQuarterBits + static_cast<int>(i)) & 1) != 0) e = high(e, kFactors[i]);
  }
  return e;
}

/// 1 / (1 + w) for w in [0, 1), both in Q0.31 (arm_nn_one_over_one_plus_x_for_x_in_0_1): Newton-Raphson.
std::int64_t reciprocal_of_one_plus(std::int64_t w) {
  const std::int64_t half = (w + kTwo31) / 2;
  std::int64_t y = 1515870810 + high(half, -1010580540);
  for (int i = 0; i < 3; ++i) {
    y += saturate32(high(y, (std::int64_t{1} << 29) - high(half, y)) * 4);
  }
  return saturate32(y * 2);
}

/// Section 6, int8 input. `output` is a row of int8 or int16.
class Int8Row {
 public:
  Int8Row(const Call& call, const network::qop::Softmax& op) : call_(call), op_(op) {
    call.require(op.input.shift >= 0 && op.input.shift <= 31, "its input shift is outside 0..31");
  }

  void operator()(const Tensor& input, std::int64_t first, std::int64_t columns, Tensor& output) const {
    std::int64_t most = input.integer(first);
    for (std::int64_t i = 1; i < columns; ++i) most = std::max(most, input.integer(first + i));
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < columns; ++i) {
      const std::int64_t d = input.integer(first + i) - most;
      if (d >= op_.diff_min) sum += rounding_shift_right(exponential(d), 12);
    }
    if (sum <= 0 || sum > std::numeric_limits<std::uint32_t>::max()) {
      call_.fail("a row's exponentials do not add up to an unsigned 32-bit number");
    }
    const int headroom = std::countl_zero(static_cast<std::uint32_t>(sum));
    const std::int64_t inverse = reciprocal_of_one_plus((sum << headroom) - kTwo31);
    const bool wide = output.dtype() == DType::kInt16;
    const std::int64_t low = network::lowest(output.dtype());
    const std::int64_t top = network::highest(output.dtype());
    const int shift = (wide ? 27 : 35) - headroom;
    for (std::int64_t i = 0; i < columns; ++i) {
      const std::int64_t d = input.integer(first + i) - most;
      const std::int64_t code =
          d < op_.diff_min ? low : rounding_shift_right(high(inverse, exponential(d)), shift) + low;
      output.set_integer(first + i, std::clamp(code, low, top));
    }
  }

 private:
  std::int64_t exponential(std::int64_t d) const {
    const auto shifted = static_cast<std::int32_t>(static_cast<std::uint32_t>(d) << op_.input.shift);
    return exp_of_negative(high(shifted, op_.input.mantissa));
  }

  const Call& call_;
  const network::qop::Softmax& op_;
};

/// Section 6, int16 input: e^x and 1/(1+x) by interpolation between 513 entries each.
class Int16Row {
 public:
  Int16Row(const Call& call, const network::qop::Softmax& op)
      : call_(call),
        rescale_(call, op.rule, op.input),
        exponentials_(call.shaped(1, {kEntries})),
        reciprocals_(call.shaped(2, {kEntries})) {}

  void operator()(const Tensor& input, std::int64_t first, std::int64_t columns, Tensor& output) const {
    std::int64_t most = input.integer(first);
    for (std::int64_t i = 1; i < columns; ++i) most = std::max(most, input.integer(first + i));
    const auto exponential = [&](std::int64_t i) {
      const std::int64_t scaled = rescale_(input.integer(first + i) - most);
      return look_up(exponentials_, saturate16(scaled + kInt16Max));
    };
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < columns; ++i) sum += exponential(i);
    if (sum < 2 || sum > kInt32Max)
      call_.fail("a row's exponentials do not add up to a positive 32-bit number");
    const int headroom = std::countl_zero(static_cast<std::uint32_t>(sum));
    const std::int64_t mantissa = ((sum << (headroom - 1)) + (1 << 13)) >> 14;
    const std::int64_t inverse = look_up(reciprocals_, saturate16(mantissa - 98304));
    for (std::int64_t i = 0; i < columns; ++i) {
      const std::int64_t code = (((exponential(i) * inverse) >> (30 - headroom)) + 1) >> 1;
      output.set_integer(first + i, std::clamp<std::int64_t>(code, 0, kInt16Max));
    }
  }

 private:
  static constexpr std::int64_t kEntries = 513;

  static std::int64_t look_up(const Tensor& table, std::int64_t z) {
    const std::int64_t i = 256 + (z >> 7);
    const std::int64_t from = table.integer(i);
    return from + (((table.integer(i + 1) - from) * (z & 127) + 64) >> 7);
  }

  const Call& call_;
  Rescale rescale_;
  const Tensor& exponentials_;
  const Tensor& reciprocals_;
};

}  // namespace

Tensor softmax(const Call& call, const network::qop::Softmax& op) {
  const Tensor& input = call.inputs[0];
  Tensor output = call.make_output();
  call.require(!input.shape().empty(), "a scalar has no rows");
  call.require(input.shape() == output.shape(), "input and output differ in shape");
  const bool wide = input.dtype() == DType::kInt16;
  call.require(wide || input.dtype() == DType::kInt8, "its input is neither int8 nor int16");
  call.require(output.dtype() == DType::kInt16 || (!wide && output.dtype() == DType::kInt8),
               "its output is neither int8 nor int16");
  const std::int64_t columns = input.shape().back();
  const auto each_row = [&](const auto& row) {
    for (std::int64_t first = 0; first < input.size(); first += columns) row(input, first, columns, output);
  };
  wide ? each_row(Int16Row(call, op)) : each_row(Int8Row(call, op));
  return output;
}

}  // namespace dlasim::sim::host
