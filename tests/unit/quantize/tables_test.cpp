#include "quantize/tables.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "quantize/affine.h"

namespace dlasim::quantize {
namespace {

using network::DType;
using network::Tensor;

std::uint32_t crc32(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const std::byte b : bytes) {
    crc ^= static_cast<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

// The sums are those of spec/tflite_semantics.md section 7.4.
TEST(SoftmaxTables, HaveThePublishedChecksums) {
  EXPECT_EQ(crc32(softmax_exp_table().bytes()), 0xac7dffaaU);
  EXPECT_EQ(crc32(softmax_reciprocal_table().bytes()), 0x39fb9655U);
}

TEST(Int16Activation, PowersOfTwoNeedNoShift) {
  const auto q3_12 = int16_activation(true, 1.0F / 4096.0F);
  EXPECT_EQ(q3_12.input_multiplier, 3);
  EXPECT_EQ(q3_12.input_right_shift, 0);
  EXPECT_EQ(int16_activation(false, 1.0F / 2048.0F).input_multiplier, 6);
  // sigmoid has no shortcut for 2^-11: 6 doubled until it exceeds 16383.5
  EXPECT_EQ(int16_activation(true, 1.0F / 2048.0F).input_multiplier, 24576);
  EXPECT_EQ(int16_activation(true, 1.0F / 2048.0F).input_right_shift, 12);
}

TEST(Int16Activation, OtherScalesHaveFifteenBits) {
  const auto op = int16_activation(false, 0.001F);  // 12.288 * 2^11 = 25165.8
  EXPECT_EQ(op.input_multiplier, 25165);
  EXPECT_EQ(op.input_right_shift, 11);
}

TEST(Int8Activation, RadiusIsWhereFifteenIsReached) {
  const auto op = int8_activation(false, 0.0625F, 3);  // 2^-4 * 2^27 = 0.5 * 2^24
  EXPECT_EQ(op.input.mantissa, 1 << 30);
  EXPECT_EQ(op.input.shift, 24);
  EXPECT_EQ(op.input_range_radius, 120);
  EXPECT_EQ(op.input_zero_point, 3);
  EXPECT_THROW(int8_activation(false, 16.0F, 0), base::InputError);
}

TEST(FunctionTable, IsIndexedByTheCodesBits) {
  const network::Affine in{{0.5F}, {1}, -1};
  const network::Affine out{{0.25F}, {-2}, -1};
  const Tensor table = function_table([](double x) { return 2.0 * x; }, in, DType::kInt8, out, DType::kInt8);
  ASSERT_EQ(table.size(), 256);
  EXPECT_EQ(table.integer(1), -2);       // real 0
  EXPECT_EQ(table.integer(3), 6);        // real 1 -> 2
  EXPECT_EQ(table.integer(255), -10);    // code -1, real -1 -> -2
  EXPECT_EQ(table.integer(0x80), -128);  // code -128, clamped
  EXPECT_EQ(table.integer(127), 127);
}

TEST(RealFunction, AgreesWithKnownValues) {
  using Kind = network::op::Unary::Kind;
  EXPECT_DOUBLE_EQ(real_function({Kind::kLeakyRelu, {0.25}})(-2.0), -0.5);
  EXPECT_NEAR(real_function({Kind::kSilu, {}})(1.0), 0.7310585786, 1e-9);
  EXPECT_NEAR(real_function({Kind::kFasttanh, {}})(0.3), std::tanh(0.3), 2e-3);
  EXPECT_DOUBLE_EQ(real_function({Kind::kLeakyHardtanh, {-1, 1, 0.1, 0.2}})(-3.0), -1.2);
}

}  // namespace
}  // namespace dlasim::quantize
