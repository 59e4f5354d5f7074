#include "quantize/multiplier.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using network::Multiplier;

TEST(Multiplier, IsNormalised) {
  EXPECT_EQ(multiplier_from(0.5), (Multiplier{1 << 30, 0}));
  EXPECT_EQ(multiplier_from(1.0), (Multiplier{1 << 30, 1}));
  EXPECT_EQ(multiplier_from(-0.25), (Multiplier{-(1 << 30), -1}));
  EXPECT_EQ(multiplier_from(0.0), (Multiplier{0, 0}));
}

TEST(Multiplier, CarriesWhereTheMantissaRoundsUpToOne) {
  EXPECT_EQ(multiplier_from(std::nextafter(1.0, 0.0)), (Multiplier{1 << 30, 1}));
}

TEST(Multiplier, TinyFactorsVanishAndHugeOnesAreRefused) {
  EXPECT_EQ(multiplier_from(std::ldexp(1.0, -32)), (Multiplier{1 << 30, -31}));
  EXPECT_EQ(multiplier_from(std::ldexp(1.0, -33)), (Multiplier{0, 0}));
  EXPECT_THROW(multiplier_from(std::ldexp(1.0, 30)), base::InputError);
  EXPECT_THROW(multiplier_from(std::numeric_limits<double>::infinity()), base::InputError);
}

TEST(Multiplier, RealValueComesBack) {
  EXPECT_NEAR(real_value(multiplier_from(0.00123456789)), 0.00123456789, 1e-12);
}

// The same scales give other last bits in other operators: 0.1f * 0.3f is not exact in float32.
TEST(Factors, DifferInThePrecisionOfTheirSteps) {
  const double exact = static_cast<double>(0.1F) * static_cast<double>(0.3F) / static_cast<double>(0.7F);
  EXPECT_EQ(conv_factor(0.1F, 0.3F, 0.7F), exact);
  EXPECT_EQ(product_factor(0.1F, 0.3F, 0.7F), exact);
  EXPECT_EQ(fully_connected_factor(0.1F, 0.3F, 0.7F),
            static_cast<double>(0.1F * 0.3F) / static_cast<double>(0.7F));
  EXPECT_NE(fully_connected_factor(0.1F, 0.3F, 0.7F), exact);
  EXPECT_EQ(relu_factor(0.1F, 0.3F), static_cast<double>(0.1F / 0.3F));
  EXPECT_NE(relu_factor(0.1F, 0.3F), rescale_factor(0.1F, 0.3F));
}

TEST(Factors, SubtractsInSinglePrecision) {
  const SumFactors add = add_factors(0.1F, 0.3F, 0.7F, 20);
  const SumFactors sub = sub_factors(0.1F, 0.3F, 0.7F, 20);
  EXPECT_EQ(add.input2, 0.5);
  EXPECT_EQ(sub.input2, 0.5);
  EXPECT_NE(add.input1, sub.input1);
  EXPECT_EQ(sub.input1, static_cast<double>(0.1F / 0.6F));
  EXPECT_NEAR(add.output, 0.6 / 0.7 / 1048576.0, 1e-13);
}

TEST(Factors, PytorchKeepsTheFloatsBits) {
  const Multiplier m = pytorch_multiplier(0.1F, 0.3F, 0.7F);
  EXPECT_EQ(std::bit_cast<float>(m.mantissa), (0.3F * 0.1F) * (1.0F / 0.7F));
}

}  // namespace
}  // namespace dlasim::quantize
