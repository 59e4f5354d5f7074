#include "fixed_point/requantize.h"

#include <gtest/gtest.h>

#include <random>

namespace dlasim::fixed_point {
namespace {

__extension__ using Wide = __int128;

// The formulas of integer_semantics.md section 1, in wide integers and with real divisions.
Wide floor_divide(Wide a, Wide b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
Wide power(int n) {
  return Wide{1} << n;
}
std::int64_t formula_d(std::int64_t v, std::int64_t m, int s) {
  const Wide h = floor_divide(v * power(std::max(s, 0)) * m + power(30), power(31));
  const int n = std::max(-s, 0);
  if (n == 0) return static_cast<std::int64_t>(h);
  const Wide magnitude = ((h < 0 ? -h : h) + power(n - 1)) / power(n);
  return static_cast<std::int64_t>(h < 0 ? -magnitude : magnitude);
}
std::int64_t formula_s(std::int64_t v, std::int64_t m, int s) {
  return static_cast<std::int64_t>(floor_divide(Wide{v} * m + power(30 - s), power(31 - s)));
}
std::int64_t formula_q(std::int64_t v, std::int64_t m, int s) {
  const Wide r = m < 0x7FFF0000 ? floor_divide(m + 32768, 65536) : Wide{0x7FFF};
  return static_cast<std::int64_t>(floor_divide(v * r + power(14 - s), power(15 - s)));
}

struct WorkedNumber {
  std::int32_t v, m;
  int s;
  std::int32_t d, single, q;
};
constexpr std::int32_t kHalf = 1 << 30;
constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
constexpr WorkedNumber kTable[] = {
    {1, kHalf, -1, 1, 0, 0},
    {5, kHalf, -1, 2, 1, 1},
    {-6, kHalf, -1, -2, -1, -1},
    {6, kHalf, -1, 2, 2, 2},
    {-1000001, kMax, 0, -1000001, -1000001, -999970},
};

TEST(Requantize, GivesTheWorkedNumbersOfTheContract) {
  for (const auto& row : kTable) {
    const Multiplier m{row.m, row.s};
    EXPECT_EQ(requantize(RequantizeRule::kDouble, row.v, m), row.d) << row.v;
    EXPECT_EQ(requantize(RequantizeRule::kSingle, row.v, m), row.single) << row.v;
    EXPECT_EQ(requantize(RequantizeRule::kInt64, row.v, m), row.q) << row.v;
  }
}

TEST(Requantize, HighMultiplySaturatesItsOneOverflow) {
  const std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
  EXPECT_EQ(doubling_high_multiply(lowest, lowest), kMax);
  EXPECT_EQ(doubling_high_multiply(lowest, kMax), -kMax);
}

TEST(Requantize, KnowsTheRangesOfItsRegisters) {
  EXPECT_TRUE(is_supported(RequantizeRule::kDouble, {kHalf, -31}));
  EXPECT_TRUE(is_supported(RequantizeRule::kSingle, {kHalf, 30}));
  EXPECT_FALSE(is_supported(RequantizeRule::kSingle, {kHalf, 31}));
  EXPECT_TRUE(is_supported(RequantizeRule::kInt64, {kHalf, 7}));
  EXPECT_FALSE(is_supported(RequantizeRule::kInt64, {kHalf, 8}));
  EXPECT_FALSE(is_supported(RequantizeRule::kDouble, {std::numeric_limits<std::int32_t>::min(), 0}));
  EXPECT_FALSE(is_supported(RequantizeRule::kPytorch, {0x7F800000, 0}));
}

/// A multiplier and accumulators that the rule's contract allows, at all magnitudes.
class Cases {
 public:
  explicit Cases(std::uint64_t seed) : random_(seed) {}

  Multiplier multiplier(RequantizeRule rule) {
    if (rule == RequantizeRule::kPytorch)
      return {std::bit_cast<std::int32_t>(std::ldexp(1.0F + mantissa_fraction(), uniform(-30, -1))), 0};
    const int lowest_shift = -31;
    const int highest_shift = rule == RequantizeRule::kInt64 ? 7 : 30;
    std::int32_t m = uniform(kHalf, kMax);
    const int kind = uniform(0, 15);
    if (kind == 0) m = 0;
    if (kind == 1) m = kMax - uniform(0, 70000);
    if (kind == 2) m = kHalf;
    if (kind == 3) m = -m;  // leaky relu's slope
    return {m, uniform(lowest_shift, highest_shift)};
  }
  /// Below both the register's width and the width that keeps the result in int32.
  std::int64_t accumulator(RequantizeRule rule, Multiplier m) {
    const int limit = rule == RequantizeRule::kInt64    ? std::min(47, 31 - m.shift)
                      : rule == RequantizeRule::kDouble ? 31 - std::max(m.shift, 0)
                                                        : std::min(31, 31 - m.shift);
    const int bits = uniform(0, limit);
    const auto magnitude = static_cast<std::int64_t>(random_() & ((std::uint64_t{1} << bits) - 1));
    if (uniform(0, 31) == 0) return -(std::int64_t{1} << bits);
    return uniform(0, 1) == 0 ? magnitude : -magnitude;
  }
  int uniform(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

 private:
  float mantissa_fraction() { return static_cast<float>(random_() & 0x7FFFFF) * 0x1p-23F; }
  std::mt19937_64 random_;
};

std::int64_t formula(RequantizeRule rule, std::int64_t v, Multiplier m) {
  switch (rule) {
    case RequantizeRule::kDouble:
      return formula_d(v, m.mantissa, m.shift);
    case RequantizeRule::kSingle:
      return formula_s(v, m.mantissa, m.shift);
    case RequantizeRule::kInt64:
      return formula_q(v, m.mantissa, m.shift);
    case RequantizeRule::kPytorch:
      break;
  }
  // The float32 product by integers: 24-bit significands, nearest even twice.
  const float product = static_cast<float>(v) * std::bit_cast<float>(m.mantissa);
  int exponent = 0;
  const auto significand = static_cast<std::int64_t>(std::ldexp(std::frexp(product, &exponent), 24));
  const int drop = 24 - exponent;
  if (drop <= 0) return significand << -drop;
  if (drop > 60) return 0;
  const auto floor = static_cast<std::int64_t>(floor_divide(significand, power(drop)));
  const Wide twice_rest = 2 * (significand - floor * power(drop));
  const bool up = twice_rest > power(drop) || (twice_rest == power(drop) && (floor & 1) != 0);
  return floor + (up ? 1 : 0);
}

class RequantizeRules : public testing::TestWithParam<RequantizeRule> {};

TEST_P(RequantizeRules, ScalarEqualsTheFormula) {
  Cases cases(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const Multiplier m = cases.multiplier(GetParam());
    ASSERT_TRUE(is_supported(GetParam(), m));
    const std::int64_t v = cases.accumulator(GetParam(), m);
    const std::int64_t expected = formula(GetParam(), v, m);
    if (expected != static_cast<std::int32_t>(expected)) continue;  // outside the contract
    ASSERT_EQ(requantize(GetParam(), v, m), expected) << "v " << v << " m " << m.mantissa << " s " << m.shift;
  }
}

template <typename Accumulator>
void expect_row_equals_scalar(RequantizeRule rule, std::uint64_t seed) {
  Cases cases(seed);
  for (int round = 0; round < 4000; ++round) {
    const auto lanes = static_cast<std::size_t>(cases.uniform(1, 37));
    const auto positions = static_cast<std::size_t>(cases.uniform(1, 30));
    std::vector<Multiplier> multipliers(lanes);
    for (auto& m : multipliers) m = cases.multiplier(rule);
    const OutputStage output{cases.uniform(-200, 200), cases.uniform(-40000, 0), cases.uniform(0, 40000)};
    std::vector<Accumulator> accumulators(lanes * positions);
    for (std::size_t i = 0; i < accumulators.size(); ++i)
      accumulators[i] = static_cast<Accumulator>(cases.accumulator(rule, multipliers[i % lanes]));
    std::vector<std::int32_t> out(accumulators.size());
    RequantizeRow(rule, multipliers, output)(accumulators.data(), out.data(), positions);
    for (std::size_t i = 0; i < out.size(); ++i)
      ASSERT_EQ(out[i], output(requantize(rule, accumulators[i], multipliers[i % lanes])))
          << "v " << accumulators[i] << " m " << multipliers[i % lanes].mantissa << " s "
          << multipliers[i % lanes].shift;
  }
}

TEST_P(RequantizeRules, RowOfInt32EqualsTheScalar) {
  expect_row_equals_scalar<std::int32_t>(GetParam(), 2);
}
TEST_P(RequantizeRules, RowOfInt64EqualsTheScalar) {
  expect_row_equals_scalar<std::int64_t>(GetParam(), 3);
}

INSTANTIATE_TEST_SUITE_P(All, RequantizeRules,
                         testing::Values(RequantizeRule::kDouble, RequantizeRule::kSingle,
                                         RequantizeRule::kInt64, RequantizeRule::kPytorch));

}  // namespace
}  // namespace dlasim::fixed_point
