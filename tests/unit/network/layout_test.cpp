// The conversions of docs/layout.md: a convolution, a flatten and a fully-connected layer computed in
// PyTorch's order, and by the network with converted weights.

#include <gtest/gtest.h>

#include "base/npy.h"
#include "base/random.h"
#include "network/float_reference.h"
#include "network/network_yaml.h"
#include "support/test_support.h"

namespace dlasim::network {
namespace {

constexpr std::size_t kIn = 3, kHeight = 5, kWidth = 4, kOut = 2, kKernelH = 2, kKernelW = 3, kLabels = 4;
constexpr std::size_t kRows = kHeight - kKernelH + 1, kColumns = kWidth - kKernelW + 1;
using Values = std::vector<float>;

/// Small whole numbers: every sum is exact, so any order of summation gives the same bits.
Values random_integers(std::size_t count, base::Random& random) {
  Values values(count);
  for (float& v : values) v = static_cast<float>(random.integer(-8, 8));
  return values;
}

/// [A, B, H, W] to [A, H, W, B].
Values channels_last(const Values& from, std::size_t a, std::size_t b, std::size_t h, std::size_t w) {
  Values to(from.size());
  for (std::size_t i = 0; i < a; ++i) {
    for (std::size_t c = 0; c < b; ++c) {
      for (std::size_t p = 0; p < h * w; ++p) to[(i * h * w + p) * b + c] = from[(i * b + c) * h * w + p];
    }
  }
  return to;
}

/// Conv2d, Flatten, Linear as PyTorch defines them, on one image [C, H, W].
Values in_pytorch_order(const Values& x, const Values& conv, const Values& linear) {
  Values flat(kOut * kRows * kColumns);
  for (std::size_t o = 0; o < kOut; ++o) {
    for (std::size_t y = 0; y < kRows; ++y) {
      for (std::size_t column = 0; column < kColumns; ++column) {
        float& sum = flat[(o * kRows + y) * kColumns + column];
        for (std::size_t i = 0; i < kIn; ++i) {
          for (std::size_t ky = 0; ky < kKernelH; ++ky) {
            for (std::size_t kx = 0; kx < kKernelW; ++kx) {
              sum += x[(i * kHeight + y + ky) * kWidth + column + kx] *
                     conv[((o * kIn + i) * kKernelH + ky) * kKernelW + kx];
            }
          }
        }
      }
    }
  }
  Values result(kLabels);
  for (std::size_t k = 0; k < kLabels; ++k) {
    for (std::size_t i = 0; i < flat.size(); ++i) result[k] += linear[k * flat.size() + i] * flat[i];
  }
  return result;
}

base::NpyArray array(std::vector<std::int64_t> shape, const Values& values) {
  return base::make_npy<float>(std::move(shape), values);
}

class Layout : public testing::Test {
 protected:
  /// The network on `image`, with the fully-connected weights as given.
  Values run(const Values& image, const Values& conv, const Values& linear) const {
    const base::ScratchDirectory scratch;
    base::write_npz(scratch / "w.npz", {{"conv.weight", array({kOut, kKernelH, kKernelW, kIn}, conv)},
                                        {"fc.weight", array({kLabels, kOut * kRows * kColumns}, linear)}});
    const Graph graph = read_network(base::YamlDocument::from_string(R"(
weights: w.npz
input: {shape: [1, 5, 4, 3]}
layers:
  - {name: conv, op: conv2d, filters: 2, kernel: [2, 3]}
  - {name: fc, op: fully_connected, filters: 4}
)",
                                                                     "x.yaml", scratch.path())
                                         .root());
    Tensor input(DType::kFloat32, {1, kHeight, kWidth, kIn});
    std::ranges::copy(image, input.data<float>().begin());
    const Tensor output = FloatReference(graph).run({input}).at(0);
    return {output.data<float>().begin(), output.data<float>().end()};
  }

  base::Random random_{11};
  Values x_ = random_integers(kIn * kHeight * kWidth, random_);
  Values conv_ = random_integers(kOut * kIn * kKernelH * kKernelW, random_);
  Values linear_ = random_integers(kLabels * kOut * kRows * kColumns, random_);
};

TEST_F(Layout, ConvertedWeightsGivePytorchsNumbers) {
  EXPECT_EQ(
      run(channels_last(x_, 1, kIn, kHeight, kWidth), channels_last(conv_, kOut, kIn, kKernelH, kKernelW),
          channels_last(linear_, kLabels, kOut, kRows, kColumns)),
      in_pytorch_order(x_, conv_, linear_));
}

/// The trap is real: with the columns as PyTorch stores them the numbers are others.
TEST_F(Layout, UnconvertedColumnsDoNot) {
  EXPECT_NE(run(channels_last(x_, 1, kIn, kHeight, kWidth),
                channels_last(conv_, kOut, kIn, kKernelH, kKernelW), linear_),
            in_pytorch_order(x_, conv_, linear_));
}

}  // namespace
}  // namespace dlasim::network
