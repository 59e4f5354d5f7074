#include "quantize/zero_point_folding.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using network::DType;
using network::Tensor;

TEST(ZeroPointFolding, EqualsTheDirectForm) {
  std::mt19937 random(11);
  std::uniform_int_distribution<int> code(-128, 127);
  for (int trial = 0; trial < 50; ++trial) {
    const std::int64_t channels = 1 + trial % 5;
    const std::int64_t taps = 1 + trial % 7;
    // Convolution weights have their channels first, depthwise weights last.
    const bool depthwise = trial % 2 == 1;
    Tensor weight(DType::kInt8,
                  depthwise ? network::Shape{1, 1, taps, channels} : network::Shape{channels, 1, 1, taps});
    Tensor bias(DType::kInt32, {channels});
    std::vector<std::int64_t> x(static_cast<std::size_t>(taps));
    for (std::int64_t i = 0; i < weight.size(); ++i) weight.set_integer(i, code(random));
    for (std::int64_t i = 0; i < channels; ++i) bias.set_integer(i, code(random) * 1000);
    for (auto& v : x) v = code(random);
    const std::int64_t zero_point = code(random);
    const Tensor folded = fold_zero_point(weight, depthwise ? 3 : 0, &bias, zero_point);
    for (std::int64_t o = 0; o < channels; ++o) {
      std::int64_t direct = bias.integer(o);
      std::int64_t raw = folded.integer(o);
      for (std::int64_t i = 0; i < taps; ++i) {
        const std::int64_t w = weight.integer(depthwise ? i * channels + o : o * taps + i);
        direct += w * (x[static_cast<std::size_t>(i)] - zero_point);
        raw += w * x[static_cast<std::size_t>(i)];
      }
      EXPECT_EQ(raw, direct);
    }
  }
}

TEST(ZeroPointFolding, WorksWithoutABiasAndRefusesAWrongOne) {
  Tensor weight(DType::kInt8, {2, 1});
  weight.set_integer(0, 3);
  weight.set_integer(1, -4);
  EXPECT_EQ(fold_zero_point(weight, 0, nullptr, -5).integer(1), -20);
  const Tensor bias(DType::kInt32, {3});
  EXPECT_THROW(fold_zero_point(weight, 0, &bias, 1), base::InputError);
  EXPECT_THROW(fold_zero_point(weight, 2, nullptr, 1), base::InputError);
}

}  // namespace
}  // namespace dlasim::quantize
