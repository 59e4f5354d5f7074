#include "quantize/codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"
#include "network/number_format_presets.h"
#include "samples.h"

namespace dlasim::quantize {
namespace {

using network::DType;
using network::NumberFormat;
using network::OperandFormat;
using network::Tensor;

NumberFormat preset(const char* name) {
  return *network::number_format_preset(name);
}

NumberFormat dfp(int bits, int fl) {
  NumberFormat format = preset("int8");
  format.bits = bits;
  format.fl = fl;
  return format;
}

Tensor real(std::vector<float> values) {
  Tensor tensor(DType::kFloat32, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<float>().begin());
  return tensor;
}

// The expected codes follow from the tables of spec/number_formats.md sections 3 and 4.
TEST(Codes, EncodesDfp) {
  const Tensor codes =
      encode(real({1.0F, -0.03125F, 0.046875F, 3.96875F, 4.0F, -9.0F}), {dfp(8, 5), 0}).codes;
  EXPECT_EQ(codes.dtype(), DType::kInt8);
  EXPECT_EQ(integers(codes), (std::vector<std::int64_t>{32, -1, 2, 127, 127, -128}));
}

TEST(Codes, EncodesMinifloatSignExtended) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor codes =
      encode(real({448.0F, 1e9F, -1.0F, 0.001953125F, 0.0009765625F, inf}), {preset("fp8_e4m3"), 0}).codes;
  EXPECT_EQ(integers(codes), (std::vector<std::int64_t>{0x7e, 0x7e, 0xb8 - 256, 1, 0, 0x7e}));
  EXPECT_EQ(encode_value(1.0, preset("fp16")), 0x3c00);
  EXPECT_EQ(encode_value(-2.0, preset("fp6_e3m2")), 0x30 - 64);
}

TEST(Codes, EncodesMxBlocksOfTheLastDimension) {
  // 33 channels: a block of 32 whose largest value is 6 = 1.5 * 2^2, and a block of one value 0.5.
  std::vector<float> values(33, 1.0F);
  values[7] = 6.0F;
  values[32] = 0.5F;
  OperandFormat format{*network::mx_element_preset("int8"), 32};
  const Codes made = encode(real(values), format);
  ASSERT_TRUE(made.scales);
  EXPECT_EQ(integers(*made.scales), (std::vector<std::int64_t>{127 + 2, 127 - 1}));
  EXPECT_EQ(made.codes.integer(7), 96);   // 1.5 * 2^6
  EXPECT_EQ(made.codes.integer(0), 16);   // 0.25 * 2^6
  EXPECT_EQ(made.codes.integer(32), 64);  // 1.0 * 2^6
  const Tensor back = decode(made.codes, format, &*made.scales);
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(back.data<float>()[i], values[i]) << i;
}

TEST(Codes, DecodesWhatItEncodes) {
  for (const char* name : {"fp8_e4m3", "fp8_e5m2", "fp16", "bf16", "ristretto_e5m2", "int8", "uint8"}) {
    const NumberFormat format = preset(name);
    for (std::int64_t code = 0; code < std::int64_t{1} << format.code_bits(); ++code) {
      Tensor one(DType::kInt32, {1});
      one.set_integer(0, code);
      const float value = decode(one, {format, 0}).data<float>()[0];
      if (!std::isfinite(value)) continue;
      const std::int64_t again = encode_value(static_cast<double>(value), format);
      Tensor back(DType::kInt32, {1});
      back.set_integer(0, again);
      ASSERT_EQ(decode(back, {format, 0}).data<float>()[0], value) << name << " code " << code;
    }
  }
}

TEST(Codes, TablesHoldTheRoundedFunction) {
  const Tensor table = code_table([](double x) { return std::tanh(x); }, dfp(8, 5), dfp(8, 7));
  ASSERT_EQ(table.size(), 256);
  EXPECT_EQ(table.integer(0), 0);
  EXPECT_EQ(table.integer(32), std::lround(std::tanh(1.0) * 128.0));
  EXPECT_EQ(table.integer(0x80), -128);  // tanh(-4) rounds to -1
  EXPECT_EQ(table.integer(127), 127);
  EXPECT_EQ(code_table([](double x) { return x; }, preset("bf16"), dfp(4, 1)).size(), 65536);
}

TEST(Codes, TablesIgnoreBitsAboveTheCode) {
  const Tensor table = code_table([](double x) { return x; }, dfp(6, 0), dfp(8, 0));
  EXPECT_EQ(table.integer(0xff), -1);  // code -1 as it is stored, sign-extended
  EXPECT_EQ(table.integer(0x3f), -1);
  EXPECT_EQ(table.integer(0x1f), 31);
}

TEST(Codes, RefuseWhatHasNoCodes) {
  EXPECT_THROW(encode_value(1.0, NumberFormat{}), base::InputError);
  NumberFormat random = dfp(8, 0);
  random.rounding = network::Rounding::kStochastic;
  random.lfsr = network::Lfsr{};
  EXPECT_THROW(encode_value(1.0, random), base::UnsupportedError);
  EXPECT_THROW(code_table([](double x) { return x; }, preset("int17"), dfp(8, 0)), base::UnsupportedError);
}

}  // namespace
}  // namespace dlasim::quantize
