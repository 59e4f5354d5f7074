#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

Tensor floats(const std::vector<float>& values) {
  Tensor tensor(DType::kFloat32, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<float>().begin());
  return tensor;
}

TEST(QuantizeFloat, HalvesGoAwayFromZeroThenTheZeroPointThenTheClamp) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(values_of(run_one(qop::QuantizeFloat{0.5F, 1}, {floats({0.25F, -0.25F, 0.24F, 1e9F, -kInfinity})},
                              DType::kInt8, {5})),
            (Values{2, 0, 1, 127, -128}));
  EXPECT_THROW(run_one(qop::QuantizeFloat{0.5F, 1}, {floats({std::numeric_limits<float>::quiet_NaN()})},
                       DType::kInt8, {1}),
               base::InputError);
  EXPECT_THROW(run_one(qop::QuantizeFloat{0.0F, 1}, {floats({1})}, DType::kInt8, {1}), base::InputError);
}

TEST(DequantizeFloat, RoundsOnce) {
  const Tensor y = run_one(qop::DequantizeFloat{0.1F, -1}, {make_tensor(DType::kInt8, {2}, {-1, 2})},
                           DType::kFloat32, {2});
  EXPECT_EQ(y.data<float>()[0], 0.0F);
  EXPECT_EQ(y.data<float>()[1], static_cast<float>(static_cast<double>(0.1F) * 3.0));
}

}  // namespace
}  // namespace dlasim::golden
