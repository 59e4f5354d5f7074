#include "fixed_point/truncation_unit.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "fixed_point/presets.h"
#include "format_vectors.h"
#include "kernel_test.h"

namespace dlasim::fixed_point {
namespace {

TEST(Lfsr, GivesTheDrawsOfTheContract) {
  Lfsr narrow(16, 1);
  EXPECT_EQ(narrow.draw(), 0x7c41U);
  EXPECT_EQ(narrow.draw(), 0x137bU);
  Lfsr wide(32, 1);
  EXPECT_EQ(wide.draw(), 0x8a0f3db5U);
  EXPECT_EQ(wide.draw(), 0x90bd2fa6U);
  EXPECT_EQ(Lfsr(16, 0x10000).state(), 1U);
}

TEST(Lfsr, DrawIsAsManyStepsAsBits) {
  for (const int bits : {16, 32}) {
    Lfsr drawn(bits, 0xACE1);
    Lfsr stepped = drawn;
    for (int i = 0; i < 1000; ++i) {
      for (int s = 0; s < bits; ++s) stepped.step();
      ASSERT_EQ(drawn.draw(), stepped.state());
    }
  }
}

TEST(Lfsr, SeedsAsTheContractSays) {
  EXPECT_EQ(Lfsr::seeded_state({32, 1}, Point::kProduct, 0, 0), 0x514e28b7U);
  EXPECT_EQ(Lfsr::seeded_state({32, 6}, Point::kOutput, 0, 12345), 0x6877feb2U);
  EXPECT_EQ(Lfsr::seeded_state({16, 1}, Point::kProduct, 0, 0), 0x28b7U);
}

/// Every valid format with codes of up to 8 bits.
std::vector<Format> small_formats() {
  std::vector<Format> formats;
  for (int bits = 1; bits <= 8; ++bits)
    for (const int fl : {-3, 0, 5, 12})
      for (const bool is_signed : {false, true}) formats.push_back(dfp(bits, fl, is_signed));
  for (int exp = 2; exp <= 7; ++exp)
    for (int man = 0; 1 + exp + man <= 8; ++man)
      for (const auto exp_zero : {ExpZero::kSubnormal, ExpZero::kZero, ExpZero::kNormal})
        for (const auto specials : {Specials::kIeee, Specials::kFn, Specials::kNone}) {
          Format f = minifloat(exp, man);
          f.exp_zero = exp_zero;
          f.specials = specials;
          if (specials == Specials::kNone) f.overflow = Overflow::kSaturate;
          if (is_valid(f)) formats.push_back(f);
        }
  return formats;
}

TEST(TruncationUnit, EveryCodeOfSmallFormatsComesBack) {
  for (Format f : small_formats()) {
    for (const Rounding rounding : kDeterministic) {
      f.rounding = rounding;
      for (std::uint64_t code = 0; code < (1U << f.code_bits()); ++code) {
        const Exact v = decode(code, f);
        const Converted c = convert(v, f);
        ASSERT_TRUE(identical(c.value, v)) << to_string(v) << " " << to_string(c.value);
        if (v.is_infinity() && f.overflow == Overflow::kSaturate) continue;
        ASSERT_EQ(c.flags, 0);
        // Several codes may mean one value: nans, and zeros of formats without subnormals.
        const bool has_one_code = v.is_finite_nonzero() || v.is_infinity() || f.kind == Kind::kDfp;
        if (has_one_code) {
          ASSERT_EQ(c.code, code);
        }
      }
    }
  }
}

TEST(TruncationUnit, DoublesRoundToFp32AsTheProcessorDoes) {
  const Format fp32 = preset("fp32").value();
  std::uint64_t bits = 0x9E3779B97F4A7C15U;
  for (int i = 0; i < 300'000; ++i) {
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    // Exponents around the float range, subnormals included.
    const double v = std::ldexp(std::bit_cast<double>((bits & 0x800FFFFFFFFFFFFFU) | 0x3FF0000000000000U),
                                static_cast<int>((bits >> 52) & 511) - 260);
    ASSERT_EQ(convert(Exact::from_double(v), fp32).code, std::bit_cast<std::uint32_t>(static_cast<float>(v)))
        << v;
  }
}

TEST(TruncationUnit, FarTermsOfASumAreNotLost) {
  Format f = dfp(8, 0);
  f.rounding = Rounding::kFloor;
  const Exact huge = Exact::finite(false, 1, 5000);
  const Exact tiny = Exact::finite(true, 1, -5000);
  EXPECT_EQ(add(Exact::finite(false, 3, 0), tiny, f).code, 2U);
  EXPECT_EQ(add(Exact::finite(false, 3, 0), tiny, f).flags, kInexact);
  EXPECT_EQ(add(huge, tiny, f).code, 127U);
  f.overflow = Overflow::kWrap;
  // 2^5000 is 0 modulo 2^8: what remains is the floor of the tiny negative number.
  EXPECT_EQ(add(huge, tiny, f).code, 0xFFU);
  EXPECT_EQ(add(huge, Exact::finite(false, 5, 0), f).code, 5U);
  EXPECT_EQ(add(huge, Exact::finite(false, 5, 0), f).flags, kInexact | kOverflow);
  f.rounding = Rounding::kTrunc;  // toward the zero of the positive sum: down
  EXPECT_EQ(add(huge, tiny, f).code, 0xFFU);
  EXPECT_EQ(add(huge.scaled(0), Exact::finite(false, 11, -1), f).code, 5U);
}

TEST(TruncationUnit, CountsEventsAndDrawsForEveryValue) {
  Format f = dfp(8, 0);
  f.rounding = Rounding::kStochastic;
  f.lfsr = {16, 7};
  TruncationUnit unit(f, Point::kOutput, 0);
  unit.begin_element(3);
  Lfsr expected(16, Lfsr::seeded_state(f.lfsr, Point::kOutput, 0, 3));
  unit.convert(Exact::nan());
  unit.convert(Exact::finite(false, 1, 20));
  expected.draw(), expected.draw();
  const Exact half = Exact::finite(false, 1, -1);
  EXPECT_EQ(unit.convert(half).code, convert(half, f, expected.draw()).code);
  EXPECT_EQ(unit.events().invalid, 1U);
  EXPECT_EQ(unit.events().overflow, 1U);
  EXPECT_EQ(unit.events().inexact, 2U);
}

TEST(Presets, AreTheNamedFormats) {
  struct Row {
    const char* name;
    double largest, smallest;
  };
  for (const Row& row :
       {Row{"fp32", 0x1.fffffep127, 0x1p-149}, Row{"tf32", 0x1.ffcp127, 0x1p-136},
        Row{"bf16", 0x1.fep127, 0x1p-133}, Row{"fp16", 65504, 0x1p-24}, Row{"fp8_e5m2", 57344, 0x1p-16},
        Row{"fp8_e4m3", 448, 0x1p-9}, Row{"fp6_e3m2", 28, 0x1p-4}, Row{"fp6_e2m3", 7.5, 0x1p-3},
        Row{"fp4_e2m1", 6, 0.5}, Row{"ristretto_e4m3", 480, 0x1.2p-7}}) {
    const auto f = preset(row.name);
    ASSERT_TRUE(f) << row.name;
    EXPECT_TRUE(is_valid(*f)) << row.name;
    EXPECT_EQ(decode(minifloat_codes(*f).largest, *f).to_double(), row.largest) << row.name;
    EXPECT_EQ(decode(1, *f).to_double(), row.smallest) << row.name;
  }
  EXPECT_EQ(preset("int24"), dfp(24, 0));
  EXPECT_EQ(preset("uint64"), dfp(64, 0, false));
  EXPECT_EQ(preset("exact"), exact_format());
  for (const char* wrong : {"", "int", "int0", "int65", "int08", "uint-3", "fp9", "ristretto_e9m3",
                            "ristretto_e4m", "ristretto_e4m3x", "int8 ", "uuint8"})
    EXPECT_FALSE(preset(wrong)) << wrong;
}

}  // namespace
}  // namespace dlasim::fixed_point
