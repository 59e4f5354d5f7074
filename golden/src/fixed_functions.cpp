#include "fixed_functions.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "golden/requantize.h"

namespace dlasim::golden {
namespace {

constexpr std::int64_t kOne = std::numeric_limits<std::int32_t>::max();  ///< almost 1 in Q0

std::int64_t power_of_two(int n) {
  return std::int64_t{1} << n;
}

/// EXP4: e^a in Q0 for -1/4 <= a < 0 in Q0: a polynomial of fourth degree around -1/8.
std::int64_t exp_on_quarter(std::int64_t a) {
  constexpr std::int64_t kExpOfMinusEighth = 1895147668;
  constexpr std::int64_t kThird = 715827883;
  const auto mul = doubling_high_multiply;
  const std::int64_t x = a + power_of_two(28);
  const std::int64_t x2 = mul(x, x);
  const std::int64_t x3 = mul(x2, x);
  const std::int64_t x4 = mul(x2, x2);
  const std::int64_t p = divide_by_power_of_two(mul(divide_by_power_of_two(x4, 2) + x3, kThird) + x2, 1);
  return kExpOfMinusEighth + mul(kExpOfMinusEighth, x + p);
}

struct ExpFactor {
  int exponent;         ///< e
  std::int64_t factor;  ///< e^-(2^e) in Q0
};
constexpr std::array kExpFactors{
    ExpFactor{-2, 1672461947}, ExpFactor{-1, 1302514674}, ExpFactor{0, 790015084}, ExpFactor{1, 290630308},
    ExpFactor{2, 39332535},    ExpFactor{3, 720401},      ExpFactor{4, 242}};

}  // namespace

std::int64_t saturating_shift_left(std::int64_t x, int n) {
  return std::clamp(x * power_of_two(n), -kOne - 1, kOne);
}

std::int64_t exp_of_negative(std::int64_t a, int k) {
  if (a == 0) return kOne;
  if (k > 5 && a < -power_of_two(36 - k)) return 0;
  const std::int64_t quarter = power_of_two(29 - k);
  const std::int64_t c = (a & (quarter - 1)) - quarter;
  std::int64_t y = exp_on_quarter(saturating_shift_left(c, k));
  const std::int64_t remainder = c - a;
  for (const auto& [exponent, factor] : kExpFactors) {
    if (k > exponent && ((remainder >> (31 - k + exponent)) & 1) != 0) y = doubling_high_multiply(y, factor);
  }
  return y;
}

std::int64_t twice_reciprocal_of_one_plus(std::int64_t a) {
  const auto mul = doubling_high_multiply;
  const std::int64_t half = (a + power_of_two(31)) >> 1;
  std::int64_t x = 1515870810 + mul(half, -1010580540);  // 48/17 - 32/17 * half, then Newton's steps
  for (int step = 0; step < 3; ++step) x += saturating_shift_left(mul(x, power_of_two(29) - mul(half, x)), 2);
  return x;
}

std::int64_t fixed_tanh(std::int64_t a, int k) {
  if (a == 0) return 0;
  // (1 - e^-2|a|) / (1 + e^-2|a|): the same integer, read with one more integer bit, is 2|a|.
  const std::int64_t reciprocal = twice_reciprocal_of_one_plus(exp_of_negative(-std::abs(a), k + 1));
  const std::int64_t t = saturating_shift_left(reciprocal - power_of_two(29), 2);
  return a < 0 ? -t : t;
}

std::int64_t fixed_sigmoid(std::int64_t a, int k) {
  if (a == 0) return power_of_two(30);
  const std::int64_t p =
      saturating_shift_left(twice_reciprocal_of_one_plus(exp_of_negative(-std::abs(a), k)), 1);
  return a > 0 ? p : kOne - p;
}

}  // namespace dlasim::golden
