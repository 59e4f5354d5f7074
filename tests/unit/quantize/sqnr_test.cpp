#include "quantize/sqnr.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

TEST(Sqnr, IsTheRatioOfPowers) {
  const std::vector<float> reference{3.0F, 4.0F};
  const std::vector<float> off{3.0F, 4.5F};
  EXPECT_DOUBLE_EQ(sqnr_db(reference, off), 20.0);
  EXPECT_TRUE(std::isinf(sqnr_db(reference, reference)));
  EXPECT_THROW(sqnr_db(reference, std::vector<float>{1.0F}), base::InputError);
}

TEST(Sqnr, ReadsCodesThroughTheirAffine) {
  network::Tensor reference(network::DType::kFloat32, {1});
  reference.data<float>()[0] = 1.0F;
  network::Tensor codes(network::DType::kInt8, {1});
  codes.set_integer(0, 12);
  EXPECT_NEAR(sqnr_db(reference, codes, {{0.1F}, {3}, -1}), 20.0, 1e-4);
}

TEST(CrossEntropy, IsTheLabelsSurprise) {
  network::Tensor logits(network::DType::kFloat32, {2, 2});
  const std::vector<float> values{0.0F, std::log(3.0F), 1000.0F, 0.0F};
  std::copy(values.begin(), values.end(), logits.data<float>().begin());
  EXPECT_NEAR(cross_entropy(logits, std::vector<std::int64_t>{1, 0}), std::log(4.0 / 3.0) / 2.0, 1e-7);
  EXPECT_THROW(cross_entropy(logits, std::vector<std::int64_t>{2, 0}), base::InputError);
  EXPECT_THROW(cross_entropy(logits, std::vector<std::int64_t>{0}), base::InputError);
}

}  // namespace
}  // namespace dlasim::quantize
