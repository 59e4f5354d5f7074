// The RTL's truncation unit, multiplier, adder and LFSR against fixed_point and the number_format vectors.

#include <gtest/gtest.h>

#include "base/random.h"
#include "fixed_point/truncation_unit.h"
#include "format_vectors.h"
#include "sim/cosim/number_format_bench.h"
#include "support/places.h"

namespace dlasim::sim::cosim {
namespace {

using fixed_point::Exact;
using fixed_point::Format;
using fixed_point::Kind;
using fixed_point::Overflow;
using fixed_point::Rounding;
using fixed_point::vectors::Json;
namespace vectors = fixed_point::vectors;

/// Every rounding and overflow that is valid for the format.
std::vector<Format> modes_of(Format f) {
  std::vector<Format> modes;
  for (int rounding = 0; rounding <= static_cast<int>(Rounding::kStochastic); ++rounding) {
    for (int overflow = 0; overflow <= static_cast<int>(Overflow::kInf); ++overflow) {
      for (const int lfsr : {16, 32}) {
        f.rounding = static_cast<Rounding>(rounding);
        f.overflow = static_cast<Overflow>(overflow);
        f.lfsr =
            f.rounding == Rounding::kStochastic ? fixed_point::LfsrSpec{lfsr, 1} : fixed_point::LfsrSpec{};
        if (f.rounding != Rounding::kStochastic && lfsr == 32) continue;
        if (fixed_point::is_valid(f)) modes.push_back(f);
      }
    }
  }
  return modes;
}

/// Values around the format's range and resolution, of few and of many bits.
Exact random_value(base::Random& random, const Format& f) {
  const bool negative = random.below(2) != 0;
  const auto kind = random.below(40);
  if (kind == 0) return Exact::nan();
  if (kind == 1) return Exact::infinity(negative);
  if (kind == 2) return Exact::zero(negative);
  const int bits = static_cast<int>(random.integer(1, 64));
  const std::uint64_t significand = random.bits() & fixed_point::low_mask(bits);
  const int lowest = f.kind == Kind::kDfp ? -f.fl : 1 - f.bias - f.man;
  const int highest = f.kind == Kind::kDfp ? f.bits - f.fl : (1 << f.exp) - f.bias;
  return Exact::finite(negative, significand, random.integer(lowest - bits - 3, highest - bits + 3));
}

TEST(TruncationUnitRtl, EqualsFixedPointForEveryFormatRoundingAndOverflow) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  NumberFormatBench rtl;
  base::Random random(1);
  std::size_t compared = 0;
  for (const Format& format : NumberFormatBench::usual_formats()) {
    for (const Format& f : modes_of(format)) {
      for (int i = 0; i < 150; ++i) {
        const Exact v = random_value(random, f);
        std::uint32_t draw = static_cast<std::uint32_t>(random.bits());
        if (f.lfsr.bits == 16) draw &= 0xFFFFU;
        if (draw == 0) draw = 1;
        const auto expected = fixed_point::convert(v, f, draw);
        const auto got = rtl.convert(v, f, draw);
        ASSERT_TRUE(got);
        ASSERT_EQ(got->code, expected.code)
            << to_string(v) << " exp " << f.exp << " man " << f.man << " bits " << f.bits << " fl " << f.fl
            << " rounding " << static_cast<int>(f.rounding) << " overflow " << static_cast<int>(f.overflow);
        ASSERT_EQ(got->flags, expected.flags)
            << to_string(v) << " exp " << f.exp << " man " << f.man << " bits " << f.bits << " fl " << f.fl
            << " rounding " << static_cast<int>(f.rounding) << " overflow " << static_cast<int>(f.overflow);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 100000U);
}

struct Case {
  std::uint64_t a, b;
};

/// Operations on codes of one format, rounded to the same format and to a coarser one.
TEST(MinifloatRtl, MultiplierAndAdderEqualFixedPoint) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  NumberFormatBench rtl;
  base::Random random(2);
  for (const Format& operand : NumberFormatBench::usual_formats()) {
    if (operand.code_bits() > 32) continue;  // wider than the bench's operands
    for (Format f : {operand, fixed_point::minifloat(5, 10)}) {
      if (f.kind == Kind::kMinifloat && f.specials == fixed_point::Specials::kNone)
        f.overflow = Overflow::kSaturate;
      for (int i = 0; i < 500; ++i) {
        const Case c{random.bits() & fixed_point::low_mask(operand.code_bits()),
                     random.bits() & fixed_point::low_mask(operand.code_bits())};
        const Exact a = fixed_point::decode(c.a, operand), b = fixed_point::decode(c.b, operand);
        const auto product = fixed_point::multiply(a, b, f);
        const auto rtl_product = rtl.multiply(c.a, operand, c.b, operand, f);
        ASSERT_EQ(rtl_product.code, product.code) << to_string(a) << " * " << to_string(b);
        ASSERT_EQ(rtl_product.flags, product.flags) << to_string(a) << " * " << to_string(b);
        const auto sum = fixed_point::add(a, b, f);
        const auto rtl_sum = rtl.add(c.a, operand, c.b, operand, f);
        ASSERT_EQ(rtl_sum.code, sum.code) << to_string(a) << " + " << to_string(b);
        ASSERT_EQ(rtl_sum.flags, sum.flags) << to_string(a) << " + " << to_string(b);
      }
    }
  }
}

/// Calls check(number_format, cases) for every file of a kind; returns their number.
template <class Check>
int for_each_file(const std::string& kind, Check check) {
  int files = 0;
  for (const auto& path : vectors::files(kind)) {
    SCOPED_TRACE(path.filename().string());
    const Json file = vectors::load(path);
    check(file.at("number_format"), file.at("cases"));
    ++files;
    if (testing::Test::HasFailure()) break;
  }
  return files;
}

TEST(NumberFormatVectorsRtl, Convert) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  NumberFormatBench rtl;
  const int files = for_each_file("convert", [&](const Json& nf, const Json& cases) {
    const Format f = vectors::format(nf.at("format"));
    ASSERT_TRUE(rtl.has(f));
    for (const Json& c : cases) {
      const auto got = rtl.convert(vectors::value(c[0]), f, 0);
      ASSERT_TRUE(got) << c;
      EXPECT_EQ(got->code, vectors::code(c[1])) << c;
      EXPECT_EQ(got->flags, c[3].get<int>()) << c;
    }
  });
  if (files == 0) GTEST_SKIP() << "no vectors below " << places::shared();
}

TEST(NumberFormatVectorsRtl, MultiplyAndAdd) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  NumberFormatBench rtl;
  int files = 0;
  for (const bool multiplies : {true, false}) {
    files += for_each_file(multiplies ? "multiply" : "add", [&](const Json& nf, const Json& cases) {
      const Format a = vectors::format(nf.at("a")), b = vectors::format(nf.at("b"));
      const Format f = vectors::format(nf.at("result"));
      for (const Json& c : cases) {
        const std::uint64_t x = vectors::code(c[0]), y = vectors::code(c[1]);
        const auto got = multiplies ? rtl.multiply(x, a, y, b, f) : rtl.add(x, a, y, b, f);
        EXPECT_EQ(got.code, vectors::code(c[2])) << c;
        EXPECT_EQ(got.flags, c[4].get<int>()) << c;
      }
    });
  }
  if (files == 0) GTEST_SKIP() << "no vectors below " << places::shared();
}

TEST(NumberFormatVectorsRtl, StochasticAndLfsr) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  NumberFormatBench rtl;
  const int files = for_each_file("stochastic", [&](const Json& nf, const Json& cases) {
    if (nf.at("test") == "lfsr") {
      for (const Json& c : cases) {
        rtl.seed(static_cast<std::uint32_t>(vectors::code(c[0])));
        for (const Json& draw : c[1]) EXPECT_EQ(rtl.draw(nf.at("bits")), vectors::code(draw)) << c;
      }
      return;
    }
    const Format f = vectors::format(nf.at("format"));
    rtl.seed(static_cast<std::uint32_t>(vectors::code(nf.at("state"))));
    for (const Json& c : cases) {
      const std::uint32_t draw = rtl.draw(f.lfsr.bits);
      EXPECT_EQ(draw, vectors::code(c[1])) << c;
      const auto got = rtl.convert(vectors::value(c[0]), f, draw);
      ASSERT_TRUE(got) << c;
      EXPECT_EQ(got->code, vectors::code(c[2])) << c;
      EXPECT_EQ(got->flags, c[4].get<int>()) << c;
    }
  });
  if (files == 0) GTEST_SKIP() << "no vectors below " << places::shared();
}

}  // namespace
}  // namespace dlasim::sim::cosim
