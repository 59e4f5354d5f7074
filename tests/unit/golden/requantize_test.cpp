#include "golden/requantize.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "base/error.h"

namespace dlasim::golden {
namespace {

using network::Clamp;
using network::DType;
using network::Multiplier;
using network::RequantRule;

struct Row {
  std::int64_t v;
  Multiplier multiplier;
  std::int64_t d, s, q;
};

// The table of the contract's section 1.
class ContractTable : public testing::TestWithParam<Row> {};

TEST_P(ContractTable, EveryRule) {
  const auto& [v, multiplier, d, s, q] = GetParam();
  EXPECT_EQ(requantize(v, multiplier, RequantRule::kDouble), d);
  EXPECT_EQ(requantize(v, multiplier, RequantRule::kSingle), s);
  EXPECT_EQ(requantize(v, multiplier, RequantRule::kInt64), q);
}

INSTANTIATE_TEST_SUITE_P(Rows, ContractTable,
                         testing::Values(Row{1, {1 << 30, -1}, 1, 0, 0}, Row{5, {1 << 30, -1}, 2, 1, 1},
                                         Row{-6, {1 << 30, -1}, -2, -1, -1}, Row{6, {1 << 30, -1}, 2, 2, 2},
                                         Row{-1000001, {0x7FFFFFFF, 0}, -1000001, -1000001, -999970}));

TEST(DivideByPowerOfTwo, HalvesGoAwayFromZero) {
  EXPECT_EQ(divide_by_power_of_two(5, 1), 3);
  EXPECT_EQ(divide_by_power_of_two(-5, 1), -3);
  EXPECT_EQ(divide_by_power_of_two(-5, 2), -1);
  EXPECT_EQ(divide_by_power_of_two(-6, 2), -2);
  EXPECT_EQ(divide_by_power_of_two(-7, 0), -7);
}

TEST(DoublingHighMultiply, HalvesGoUpAndOneCornerSaturates) {
  EXPECT_EQ(doubling_high_multiply(1, 1 << 30), 1);
  EXPECT_EQ(doubling_high_multiply(-1, 1 << 30), 0);
  constexpr std::int64_t kLowest = std::numeric_limits<std::int32_t>::min();
  EXPECT_EQ(doubling_high_multiply(kLowest, kLowest), std::numeric_limits<std::int32_t>::max());
  EXPECT_EQ(doubling_high_multiply(kLowest, 1 << 30), -(1 << 30));
}

TEST(RequantizeDouble, TheLeftShiftWrapsTo32Bits) {
  EXPECT_EQ(requantize_double(1 << 20, {1 << 30, 12}), 0);
  EXPECT_EQ(requantize_double(1 << 20, {1 << 30, 11}), -(1 << 30));
  EXPECT_EQ(wrap32((std::int64_t{1} << 32) + 5), 5);
}

TEST(RequantizeSingle, KeepsWhatDoesNotFit32Bits) {
  EXPECT_EQ(requantize_single(std::int64_t{1} << 40, {1 << 30, 1}), std::int64_t{1} << 40);
}

TEST(RequantizeInt64, ReducesTheMultiplierTo15Bits) {
  const std::int64_t v = std::int64_t{1} << 40;
  EXPECT_EQ(requantize_int64(v, {(1 << 30) + 0x7FFF, -10}), requantize_int64(v, {1 << 30, -10}));
  EXPECT_EQ(requantize_int64(v, {(1 << 30) + 0x8000, -10}), (v >> 11) + (v >> 25));
  // The largest multipliers would round to 2^15, which has no 15 bits.
  EXPECT_EQ(requantize_int64(1 << 15, {0x7FFF0000, 0}), 0x7FFF);
}

TEST(RequantizePytorch, RoundsHalvesToEvenInSinglePrecision) {
  const auto by = [](float factor) { return Multiplier{std::bit_cast<std::int32_t>(factor), 0}; };
  EXPECT_EQ(requantize_pytorch(5, by(0.5F)), 2);
  EXPECT_EQ(requantize_pytorch(7, by(0.5F)), 4);
  EXPECT_EQ(requantize_pytorch(-5, by(0.5F)), -2);
  // 2^24 + 1 is not a float: it becomes 2^24 before the product.
  EXPECT_EQ(requantize_pytorch((1 << 24) + 1, by(1.0F)), 1 << 24);
  EXPECT_EQ(requantize_pytorch(1 << 30, by(1e30F)), std::int64_t{1} << 31);
}

TEST(CheckMultiplier, RefusesWhatTheRulesDoNotDefine) {
  EXPECT_THROW(check_multiplier({1 << 30, 31}, RequantRule::kDouble), base::InputError);
  EXPECT_THROW(check_multiplier({1 << 30, -32}, RequantRule::kSingle), base::InputError);
  EXPECT_THROW(check_multiplier({1 << 30, 15}, RequantRule::kInt64), base::InputError);
  EXPECT_THROW(check_multiplier({std::numeric_limits<std::int32_t>::min(), 0}, RequantRule::kDouble),
               base::InputError);
  EXPECT_THROW(check_multiplier({0x7FC00000, 0}, RequantRule::kPytorch), base::InputError);
  EXPECT_NO_THROW(check_multiplier({0, 30}, RequantRule::kDouble));
}

TEST(OutputStage, AddsTheZeroPointAfterRoundingAndClampsLast) {
  // The zero point lies outside the type, as CMSIS-NN's data has it.
  const OutputStage stage({{1 << 30, 0}}, RequantRule::kDouble, 128, {-100, 120}, DType::kInt8, 3);
  EXPECT_EQ(stage(-20, 0), 118);
  EXPECT_EQ(stage(-500, 2), -100);
  EXPECT_EQ(stage(0, 1), 120);
}

TEST(OutputStage, RefusesWrongCountsAndClampsWiderThanTheType) {
  const std::vector<Multiplier> two(2, {1 << 30, 0});
  EXPECT_THROW(OutputStage(two, RequantRule::kDouble, 0, {-128, 127}, DType::kInt8, 3), base::InputError);
  EXPECT_THROW(OutputStage({}, RequantRule::kDouble, 0, {-128, 127}, DType::kInt8, 3), base::InputError);
  EXPECT_THROW(OutputStage(two, RequantRule::kDouble, 0, {-129, 127}, DType::kInt8, 2), base::InputError);
  EXPECT_THROW(OutputStage(two, RequantRule::kDouble, 0, {5, 4}, DType::kInt8, 2), base::InputError);
  EXPECT_THROW(OutputStage(two, RequantRule::kDouble, 1 << 20, {0, 4}, DType::kInt8, 2), base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
