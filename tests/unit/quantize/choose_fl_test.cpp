#include "quantize/choose_fl.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using network::Rounding;

TEST(ChooseFl, MaxIsTheLargestThatDoesNotOverflow) {
  // 127.5 rounds to 128 by every nearest mode (to 128 by even too), and stays 127 cut down.
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kNearestEven}, 127.4999), 0);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kNearestEven}, 127.5), -1);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kFloor}, std::nextafter(128.0, 0.0)), 0);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kFloor}, 128.0), -1);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kStochastic}, 127.0), 0);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kStochastic}, 127.0001), -1);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, false, Rounding::kFloor}, 255.9), 0);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {64, true, Rounding::kNearestEven}, 1.0), 62);
  EXPECT_EQ(choose_fl(FlMethod::kMax, {8, true, Rounding::kNearestEven}, 5e-324), 1074 + 6);
}

TEST(ChooseFl, RistrettoAtPowersOfTwo) {
  const FlFormat format{8, true, Rounding::kNearestEven};
  EXPECT_EQ(choose_fl(FlMethod::kRistrettoActivation, format, 4.0), 6);
  EXPECT_EQ(choose_fl(FlMethod::kRistrettoActivation, format, std::nextafter(4.0, 5.0)), 5);
  EXPECT_EQ(choose_fl(FlMethod::kRistrettoParameter, format, 4.0), 5);
}

TEST(ChooseFl, NothingButZeros) {
  for (const FlMethod method :
       {FlMethod::kMax, FlMethod::kPercentile, FlMethod::kMse, FlMethod::kKlDivergence}) {
    const float zeros[] = {0.0F, -0.0F};
    EXPECT_EQ(choose_fl(method, {8, true, Rounding::kNearestEven}, zeros), 7);
    EXPECT_EQ(choose_fl(method, {8, false, Rounding::kNearestEven}, std::span<const float>()), 8);
  }
}

TEST(ChooseFl, PercentileLeavesOutliersOut) {
  std::vector<float> values(100, 0.9F);
  values.back() = -1000.0F;
  const FlFormat format{8, true, Rounding::kNearestEven};
  EXPECT_EQ(choose_fl(FlMethod::kPercentile, format, values, 99.0), choose_fl(FlMethod::kMax, format, 0.9F));
  EXPECT_EQ(choose_fl(FlMethod::kPercentile, format, values, 99.5),
            choose_fl(FlMethod::kMax, format, 1000.0));
}

/// Tries every fl around with the definition itself.
TEST(ChooseFl, MseFindsTheLeastError) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  std::vector<float> values(2000);
  for (float& x : values) x = normal(random);
  values[0] = 40.0F;
  const FlFormat format{6, true, Rounding::kNearestEven};
  const auto error = [&](int fl) {
    double sum = 0.0;
    for (const float x : values) {
      const double q = std::fmin(std::fmax(std::nearbyint(std::ldexp(x, fl)), -32.0), 31.0);
      sum += std::pow(x - std::ldexp(q, -fl), 2);
    }
    return sum;
  };
  const int chosen = choose_fl(FlMethod::kMse, format, values);
  EXPECT_GT(chosen, choose_fl(FlMethod::kMax, format, 40.0));
  for (int fl = choose_fl(FlMethod::kMax, format, 40.0); fl < 12; ++fl) EXPECT_LE(error(chosen), error(fl));
}

TEST(ChooseFl, KlClipsOutliersAndKeepsUniformData) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0.0F, 1.0F);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> spiky(20000), flat(20000);
  for (float& x : spiky) x = normal(random);
  for (float& x : flat) x = uniform(random);
  spiky[0] = 100.0F;
  const FlFormat format{8, true, Rounding::kNearestEven};
  EXPECT_GT(choose_fl(FlMethod::kKlDivergence, format, spiky), choose_fl(FlMethod::kMax, format, 100.0));
  EXPECT_EQ(choose_fl(FlMethod::kKlDivergence, format, flat), choose_fl(FlMethod::kMax, format, flat));
}

TEST(ChooseFl, MistakesAreRefused) {
  EXPECT_THROW(choose_fl(FlMethod::kMax, {0, true, Rounding::kFloor}, 1.0), base::InputError);
  EXPECT_THROW(choose_fl(FlMethod::kMax, {8, true, Rounding::kFloor}, -1.0), base::InputError);
  EXPECT_THROW(choose_fl(FlMethod::kMax, {8, true, Rounding::kFloor}, std::nan("")), base::InputError);
  EXPECT_THROW(choose_fl(FlMethod::kMse, {8, true, Rounding::kFloor}, 1.0), base::InputError);
  const float values[] = {1.0F, std::numeric_limits<float>::infinity()};
  EXPECT_THROW(choose_fl(FlMethod::kMse, {8, true, Rounding::kFloor}, values), base::InputError);
  const float one[] = {1.0F};
  EXPECT_THROW(choose_fl(FlMethod::kPercentile, {8, true, Rounding::kFloor}, one, 0.0), base::InputError);
}

TEST(ChooseFl, NamesGoBothWays) {
  for (const FlMethod method : {FlMethod::kMax, FlMethod::kRistrettoActivation, FlMethod::kRistrettoParameter,
                                FlMethod::kPercentile, FlMethod::kMse, FlMethod::kKlDivergence}) {
    EXPECT_EQ(fl_method_from_name(name(method)), method);
  }
  EXPECT_FALSE(fl_method_from_name("min"));
}

}  // namespace
}  // namespace dlasim::quantize
