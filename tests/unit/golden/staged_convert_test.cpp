// Conversions against the processor's own floating point, against hand-worked cases of the contract, and
// the narrow path against the wide one.

#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>
#include <random>

#include "base/error.h"
#include "formats.h"
#include "golden/convert.h"
#include "golden/mx.h"

namespace dlasim::golden {
namespace {

using network::NumberFormat;
using network::Overflow;
using network::Rounding;

/// Codes of fp32 that visit all kinds of values; a third of them with the same few exponents, so that sums
/// cancel.
std::uint32_t random_float_code(std::mt19937& random) {
  const auto code = static_cast<std::uint32_t>(random());
  const auto exponent = static_cast<std::uint32_t>(120 + random() % 12);
  if (random() % 3 == 0) return (code & 0x807FFFFFU) | (exponent << 23);
  if (random() % 9 == 0) return code & 0x807FFFFFU;  // zeros and subnormals
  return code;
}

struct HardwareMode {
  Rounding rounding;
  int mode;
};

class Hardware : public testing::TestWithParam<HardwareMode> {
 protected:
  void SetUp() override { std::fesetround(GetParam().mode); }
  void TearDown() override { std::fesetround(FE_TONEAREST); }

  static void expect_same(float expected, const Converted& got, const Converter& fp32) {
    if (std::isnan(expected)) {
      EXPECT_TRUE(got.value.is_nan());
      return;
    }
    const auto bits = std::bit_cast<std::uint32_t>(expected);
    ASSERT_EQ(got.code, bits);
    EXPECT_TRUE(same(got.value, fp32.decode(bits)));
  }
};

TEST_P(Hardware, SumsAndProductsOfFp32) {
  const Converter fp32(preset("fp32", GetParam().rounding));
  std::mt19937 random(7);
  for (int i = 0; i < 200000; ++i) {
    const std::uint32_t a = random_float_code(random);
    const std::uint32_t b = random_float_code(random);
    // Volatile: the operations must happen now, under this rounding mode.
    const volatile float x = std::bit_cast<float>(a);
    const volatile float y = std::bit_cast<float>(b);
    const volatile float product = x * y;
    const volatile float sum = x + y;
    expect_same(product, fp32.convert(multiply(fp32.decode(a), fp32.decode(b)), nullptr), fp32);
    const Value left = fp32.decode(a);
    const Value right = fp32.decode(b);
    const Converted got = fp32.convert_sum(left, right, nullptr);
    // Section 9: x + -x is +0 here in every mode, -0 in IEEE when rounding down.
    if (sum == 0.0F && left.negative != right.negative) {
      EXPECT_EQ(got.code, 0U);
    } else {
      expect_same(sum, got, fp32);
    }
  }
}

TEST_P(Hardware, FusedMultiplyAddOfFp32) {
  const Converter fp32(preset("fp32", GetParam().rounding));
  std::mt19937 random(11);
  for (int i = 0; i < 100000; ++i) {
    const std::uint32_t a = random_float_code(random);
    const std::uint32_t b = random_float_code(random);
    const std::uint32_t c = random_float_code(random);
    const volatile float x = std::bit_cast<float>(a);
    const volatile float y = std::bit_cast<float>(b);
    const volatile float z = std::bit_cast<float>(c);
    const volatile float expected = std::fma(x, y, z);
    if (expected == 0.0F) continue;  // the sign of a zero sum differs when rounding down
    expect_same(expected, fp32.convert_sum(multiply(fp32.decode(a), fp32.decode(b)), fp32.decode(c), nullptr),
                fp32);
  }
}

TEST_P(Hardware, DoubleToFp32) {
  const Converter fp32(preset("fp32", GetParam().rounding));
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> exponent(-160.0, 135.0);
  for (int i = 0; i < 100000; ++i) {
    const double mantissa = static_cast<double>(random() >> 11) * (random() % 2 == 0 ? 1.0 : -1.0);
    const volatile double x = std::ldexp(mantissa, static_cast<int>(exponent(random)) - 53);
    const volatile float expected = static_cast<float>(x);
    expect_same(expected, fp32.convert(Value::from_double(x), nullptr), fp32);
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Hardware,
                         testing::Values(HardwareMode{Rounding::kNearestEven, FE_TONEAREST},
                                         HardwareMode{Rounding::kFloor, FE_DOWNWARD},
                                         HardwareMode{Rounding::kTrunc, FE_TOWARDZERO}));

std::vector<NumberFormat> many_formats() {
  std::vector<NumberFormat> formats;
  for (const Rounding rounding : {Rounding::kFloor, Rounding::kTrunc, Rounding::kNearestUp,
                                  Rounding::kNearestAway, Rounding::kNearestEven}) {
    for (const char* name : {"fp32", "bf16", "fp16", "fp8_e4m3", "fp4_e2m1", "ristretto_e4m3"}) {
      formats.push_back(preset(name, rounding));
    }
    NumberFormat flushing = preset("fp16", rounding);
    flushing.exp_zero = network::ExpZero::kZero;
    formats.push_back(flushing);
    for (const Overflow overflow : {Overflow::kSaturate, Overflow::kSaturateSymmetric, Overflow::kWrap}) {
      formats.push_back(dfp(8, 3, rounding, overflow));
      formats.push_back(dfp(64, 40, rounding, overflow));
    }
  }
  formats.push_back(stochastic(preset("fp16"), {16, 1}));
  formats.push_back(stochastic(dfp(16, 8, Rounding::kNearestEven), {32, 1}));
  return formats;
}

TEST(Convert, NarrowAndWideAgree) {
  std::mt19937_64 random(5);
  for (const NumberFormat& format : many_formats()) {
    const Converter converter(format);
    LfsrState narrow_lfsr(format.lfsr ? format.lfsr->bits : 16, 77);
    LfsrState wide_lfsr = narrow_lfsr;
    for (int i = 0; i < 3000; ++i) {
      const auto value = [&] {
        const auto bits = random() % 65;
        const UInt128 magnitude = bits == 0 ? 0 : random() >> (64 - bits);
        return Value::scaled(random() % 2 == 0, magnitude, static_cast<std::int64_t>(random() % 90) - 60);
      };
      const Value a = value();
      const Value b = value();
      const Converted narrow = converter.convert_sum(a, b, &narrow_lfsr);
      const Converted wide = converter.convert(add_wide(a, b), &wide_lfsr);
      ASSERT_EQ(narrow.code, wide.code) << to_string(a) << " + " << to_string(b);
      ASSERT_EQ(narrow.flags, wide.flags);
      ASSERT_TRUE(same(narrow.value, wide.value));
    }
  }
}

TEST(Convert, EveryCodeComesBack) {
  for (const NumberFormat& format : many_formats()) {
    if (format.code_bits() > 16) continue;
    const Converter converter(format);
    LfsrState lfsr(format.lfsr ? format.lfsr->bits : 16, 1);
    for (std::uint64_t code = 0; code < (std::uint64_t{1} << format.code_bits()); ++code) {
      const Value value = converter.decode(code);
      const Converted again = converter.convert(value, &lfsr);
      const bool most_negative = format.overflow == Overflow::kSaturateSymmetric && code == 0x80;
      if (value.is_nan()) {
        EXPECT_TRUE(again.value.is_nan());
      } else if (value.kind == ValueKind::kFinite && !most_negative) {
        ASSERT_EQ(again.code, code);
        ASSERT_EQ(again.flags, 0U);
      }
    }
  }
}

TEST(Convert, WrapKeepsBitsThatLieFarBelowTheLargest) {
  const Converter wrap(dfp(8, 300, Rounding::kFloor, Overflow::kWrap));
  const Value large = Value::scaled(false, 1, 500);
  const Value small = Value::scaled(false, 5, -300);
  EXPECT_EQ(wrap.convert_sum(large, small, nullptr).code, 5U);
  EXPECT_EQ(wrap.convert_sum(negate(large), small, nullptr).code, 5U);
  EXPECT_EQ(wrap.convert_sum(large, negate(small), nullptr).code, 0xFBU);
}

TEST(Convert, FarApartAddendsAreSticky) {
  const Converter fp32(preset("fp32"));
  const Value tie = Value::scaled(false, 0x2000001, 0);  // between 2^25 and 2^25 + 4, just above the former
  const Value half = Value::scaled(false, 0x2000002, 0);
  const Value tiny = Value::scaled(false, 1, -149);
  EXPECT_EQ(to_string(fp32.convert_sum(half, tiny, nullptr).value), "0x800001p+2");
  EXPECT_EQ(to_string(fp32.convert_sum(half, negate(tiny), nullptr).value), "0x1p+25");
  EXPECT_EQ(to_string(fp32.convert_sum(tie, tiny, nullptr).value), "0x1p+25");
}

TEST(Lfsr, DrawsOfTheContract) {
  LfsrState narrow(16, 1);
  EXPECT_EQ(narrow.draw(), 0x7C41U);
  EXPECT_EQ(narrow.draw(), 0x137BU);
  LfsrState wide(32, 0);
  EXPECT_EQ(wide.draw(), 0x8A0F3DB5U);
  EXPECT_EQ(wide.draw(), 0x90BD2FA6U);
}

TEST(Lfsr, SeedsOfTheContract) {
  EXPECT_EQ(LfsrState::for_element({32, 1}, 0, 0, 0).state(), 0x514E28B7U);
  EXPECT_EQ(LfsrState::for_element({32, 6}, 6, 0, 12345).state(), 0x6877FEB2U);
  EXPECT_EQ(LfsrState::for_element({16, 6}, 6, 0, 12345).state(), 0xFEB2U);
}

/// floor(f * 2^16) + r against 2^16, for every possible fraction of 16 bits around the next draw.
TEST(Stochastic, RoundsExactlyAtTheThreshold) {
  const Converter converter(stochastic(dfp(8, 0, Rounding::kFloor), {16, 1}));
  const std::uint32_t draw = 0x7C41;  // from state 1
  const auto code = [&](bool negative, std::uint64_t sixteenths) {
    LfsrState lfsr(16, 1);
    return converter.convert(Value::scaled(negative, sixteenths, -16), &lfsr).code;
  };
  const std::uint64_t one = 0x10000;
  EXPECT_EQ(code(false, 3 * one + one - draw), 4U);
  EXPECT_EQ(code(false, 3 * one + one - draw - 1), 3U);
  // -(3 + m): f = 1 - m; f * 2^16 + r >= 2^16 exactly if m * 2^16 <= r.
  EXPECT_EQ(code(true, 3 * one + draw), 0xFDU);
  EXPECT_EQ(code(true, 3 * one + draw + 1), 0xFCU);
  EXPECT_EQ(code(true, 3 * one), 0xFDU);
}

TEST(Stochastic, FractionsFinerThanTheDrawAreFloored) {
  const Converter converter(stochastic(dfp(8, 0, Rounding::kFloor), {16, 1}));
  const std::uint64_t draw = 0x7C41;
  const auto code = [&](bool negative, std::uint64_t fraction) {
    LfsrState lfsr(16, 1);
    return converter.convert(Value::scaled(negative, (std::uint64_t{1} << 20) + fraction, -20), &lfsr).code;
  };
  // In units of 2^-20: just below the threshold stays, though it lies within the last 16-bit step.
  EXPECT_EQ(code(false, ((0x10000 - draw) << 4) - 1), 1U);
  EXPECT_EQ(code(false, ((0x10000 - draw) << 4) + 15), 2U);
  EXPECT_EQ(code(true, (draw << 4)), 0xFFU);
  EXPECT_EQ(code(true, (draw << 4) + 1), 0xFEU);
}

TEST(Format, ImpossibleCombinationsAreRefused) {
  NumberFormat format = preset("fp6_e3m2");
  format.overflow = Overflow::kInf;
  EXPECT_THROW(Converter{format}, base::InputError);
  format = preset("fp16");
  format.man = 0;
  EXPECT_THROW(Converter{format}, base::InputError);
  format = preset("fp16");
  format.rounding = Rounding::kStochastic;
  EXPECT_THROW(Converter{format}, base::InputError);
  EXPECT_THROW(Converter{dfp(65, 0, Rounding::kFloor)}, base::InputError);
  EXPECT_THROW(Converter{dfp(8, 1 << 21, Rounding::kFloor)}, base::UnsupportedError);
}

TEST(ExactValue, TextRoundTrip) {
  for (const char* text : {"0x0p+0", "-0x0p+0", "inf", "-inf", "nan", "0x3p-4", "-0xffffffffffffffffp+100"}) {
    EXPECT_EQ(to_string(parse_value(text)), text);
  }
  for (const char* text :
       {"", "-", "0x", "0xp+0", "0x1", "0x1p", "3p+0", "0xgp+0", "-nan", "0x1p+1x", "infx"}) {
    EXPECT_THROW(parse_value(text), base::InputError) << text;
  }
  EXPECT_THROW(parse_value("0x1" + std::string(32, '0') + "p+0"), base::InputError);
}

TEST(ExactValue, OrderIgnoresTheSignOfZero) {
  const std::vector<Value> ascending = {
      Value::infinity(true), Value::from_double(-3.5),   Value::from_double(-1e-300),
      Value::zero(),         Value::from_double(1e-300), Value::from_double(2.0),
      Value::infinity()};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) EXPECT_EQ(less(ascending[i], ascending[j]), i < j);
    EXPECT_FALSE(less(ascending[i], Value::nan()));
    EXPECT_FALSE(less(Value::nan(), ascending[i]));
  }
  EXPECT_FALSE(less(Value::zero(true), Value::zero()));
}

TEST(Mx, ScaleIsClampedAndNanSpreads) {
  const MxConverter converter(*network::mx_element_preset("fp8_e4m3"));
  const std::vector<Value> huge = {Value::scaled(false, 1, 200), Value::zero(true)};
  EXPECT_EQ(converter.convert(huge, nullptr).scale, 254);
  EXPECT_EQ(converter.convert(huge, nullptr).elements, (std::vector<std::uint64_t>{0x7E, 0x80}));
  const std::vector<Value> zeros = {Value::zero(), Value::zero()};
  EXPECT_EQ(converter.convert(zeros, nullptr).scale, 0);
  const std::vector<Value> broken = {Value::from_double(1.0), Value::infinity()};
  EXPECT_EQ(converter.convert(broken, nullptr).scale, kMxNanScale);
  EXPECT_TRUE(converter.decode(kMxNanScale, 0).is_nan());
}

}  // namespace
}  // namespace dlasim::golden
