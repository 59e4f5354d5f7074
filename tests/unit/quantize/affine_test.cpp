#include "quantize/affine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "samples.h"

namespace dlasim::quantize {
namespace {

using network::DType;
using network::Tensor;
using testing::ElementsAre;

Tensor floats(network::Shape shape, const std::vector<float>& values) {
  Tensor t(DType::kFloat32, std::move(shape));
  std::copy(values.begin(), values.end(), t.data<float>().begin());
  return t;
}

TEST(Asymmetric, HoldsZeroExactly) {
  EXPECT_EQ(asymmetric({0.0, 255.0}, DType::kInt8), (network::Affine{{1.0F}, {-128}, -1}));
  EXPECT_EQ(asymmetric({100.0, 255.0}, DType::kInt8), (network::Affine{{1.0F}, {-128}, -1}));
  EXPECT_EQ(asymmetric({-255.0, -3.0}, DType::kInt8), (network::Affine{{1.0F}, {127}, -1}));
  EXPECT_EQ(asymmetric({0.0, 255.0}, DType::kUInt8), (network::Affine{{1.0F}, {0}, -1}));
  EXPECT_EQ(asymmetric({0.0, 0.0}, DType::kInt8), (network::Affine{{1.0F}, {0}, -1}));
}

TEST(Asymmetric, NudgesTheZeroPointToTheNearestInteger) {
  // scale 1, min -27.4: -128 + 27.4 = -100.6
  EXPECT_EQ(asymmetric({-27.4, 227.6}, DType::kInt8).zero_point[0], -101);
}

TEST(Symmetric, LeavesTheLowestCodeUnused) {
  EXPECT_EQ(symmetric(127.0, DType::kInt8), (network::Affine{{1.0F}, {0}, -1}));
  EXPECT_EQ(symmetric(7.0, DType::kInt4), (network::Affine{{1.0F}, {0}, -1}));
  EXPECT_EQ(activation_affine({-1.0, 32767.0}, DType::kInt16), (network::Affine{{1.0F}, {0}, -1}));
}

TEST(Symmetric, HasAScaleForEachSlice) {
  const Tensor w = floats({2, 2}, {127, -1, 0.5F, -254});
  EXPECT_THAT(symmetric_per_channel(w, 0, DType::kInt8).scale, ElementsAre(1.0F, 2.0F));
  EXPECT_THAT(symmetric_per_channel(w, 1, DType::kInt8).scale, ElementsAre(1.0F, 2.0F));
  EXPECT_THROW(symmetric_per_channel(w, 2, DType::kInt8), base::InputError);
}

TEST(Quantize, RoundsHalvesAwayFromZeroAndClamps) {
  const Tensor x = floats({6}, {0.25F, -0.25F, 0.75F, 1000.0F, -1000.0F, 0.0F});
  EXPECT_THAT(integers(quantize(x, {{0.5F}, {3}, -1}, DType::kInt8)), ElementsAre(4, 2, 5, 127, -128, 3));
}

TEST(Quantize, TakesTheSlicesScale) {
  EXPECT_THAT(integers(quantize(floats({2, 2}, {1, 2, 3, 4}), {{1.0F, 0.5F}, {0, 0}, 1}, DType::kInt8)),
              ElementsAre(1, 4, 3, 8));
  EXPECT_THROW(quantize(floats({3}, {1, 2, 3}), {{1.0F, 0.5F}, {0, 0}, 0}, DType::kInt8), base::InputError);
}

TEST(Quantize, RefusesWhatIsNotFinite) {
  EXPECT_THROW(
      quantize(floats({1}, {std::numeric_limits<float>::quiet_NaN()}), {{1.0F}, {0}, -1}, DType::kInt8),
      base::InputError);
  const std::vector<float> values{1.0F, std::numeric_limits<float>::infinity()};
  EXPECT_THROW(range_of(values), base::InputError);
}

TEST(QuantizeBias, SaturatesToItsAccumulator) {
  const std::vector<float> scale{0.5F, 0.25F, 1e-9F};
  EXPECT_THAT(integers(quantize_bias(floats({3}, {1.0F, -1.0F, 1e6F}), 0.5F, scale, DType::kInt32)),
              ElementsAre(4, -8, 2147483647));
  EXPECT_EQ(quantize_bias(floats({3}, {1.0F, 1.0F, 1e6F}), 0.5F, scale, DType::kInt64).integer(2),
            std::int64_t{1} << 46);
}

}  // namespace
}  // namespace dlasim::quantize
