#include "network/audio.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "support/test_support.h"

namespace dlasim::network {
namespace {

TEST(MuLaw, KnownCodes) {
  EXPECT_EQ(mu_law_encode(0.0), 128);
  EXPECT_EQ(mu_law_encode(-1.0), 0);
  EXPECT_EQ(mu_law_encode(1.0), 255);
  EXPECT_EQ(mu_law_encode(7.0), 255);
  EXPECT_EQ(mu_law_encode(0.0, 128), 64);
  // f(0.1) = ln(26.5) / ln(256) = 0.590990; (f + 1) / 2 * 255 + 0.5 = 203.35
  EXPECT_EQ(mu_law_encode(0.1), 203);
  EXPECT_DOUBLE_EQ(mu_law_decode(255), 1.0);
  EXPECT_DOUBLE_EQ(mu_law_decode(0), -1.0);
  // f = 1 / 255: (256^(1/255) - 1) / 255
  EXPECT_NEAR(mu_law_decode(128), 8.621159565e-05, 1e-14);
}

TEST(MuLaw, EveryCodeReadsBackAndIsMonotonous) {
  for (const int classes : {2, 16, 128, 255, 256}) {
    double before = -2.0;
    for (int code = 0; code < classes; ++code) {
      const double sample = mu_law_decode(code, classes);
      EXPECT_GT(sample, before);
      EXPECT_EQ(mu_law_encode(sample, classes), code);
      before = sample;
    }
  }
}

TEST(MuLaw, RefusesWhatIsNoSampleAndNoClass) {
  EXPECT_EQ(base::error_of([] { mu_law_encode(std::nan("")); }), "an audio sample is not a number");
  EXPECT_EQ(base::error_of([] { mu_law_decode(256); }), "class 256 is not between 0 and 255");
  EXPECT_EQ(base::error_of([] { mu_law_decode(-1); }), "class -1 is not between 0 and 255");
  EXPECT_THROW(mu_law_encode(0.0, 1), std::invalid_argument);
}

TEST(WavenetInput, OneHotAndScalar) {
  const std::array codes{3, 0};
  const Tensor one_hot = one_hot_input(codes, 4);
  EXPECT_EQ(one_hot.shape(), (Shape{1, 1, 2, 4}));
  EXPECT_EQ(std::vector<float>(one_hot.data<float>().begin(), one_hot.data<float>().end()),
            (std::vector<float>{0, 0, 0, 1, 1, 0, 0, 0}));
  const Tensor scalar = scalar_input(codes, 4);
  EXPECT_EQ(scalar.shape(), (Shape{1, 1, 2, 1}));
  EXPECT_EQ(scalar.data<float>()[0], 1.0F);
  EXPECT_EQ(scalar.data<float>()[1], -1.0F);
  EXPECT_EQ(base::error_of([] { one_hot_input(std::array{4}, 4); }), "class 4 is not between 0 and 3");
}

}  // namespace
}  // namespace dlasim::network
