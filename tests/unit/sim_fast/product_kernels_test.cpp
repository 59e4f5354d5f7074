// The vector loops against plain ones, on every instruction set that this machine has: extreme operands, odd
// counts, pixels in any order.

#include "product_kernels.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/cpu.h"
#include "base/random.h"

namespace dlasim::sim::fast {
namespace {

class ProductKernelsTest : public ::testing::TestWithParam<base::CpuLevel> {
 protected:
  void SetUp() override {
    if (GetParam() > base::detected_cpu_level()) GTEST_SKIP() << "this machine has no such instructions";
    base::force_cpu_level(GetParam());
  }
  void TearDown() override { base::force_cpu_level(std::nullopt); }

  std::int16_t operand() {
    return random_.below(4) == 0 ? std::int16_t{-32768}
                                 : static_cast<std::int16_t>(random_.integer(-32768, 32767));
  }
  std::vector<std::int16_t> operands(std::size_t n) {
    std::vector<std::int16_t> values(n);
    for (auto& v : values) v = operand();
    return values;
  }
  std::vector<std::int32_t> common_row() {
    std::vector<std::int32_t> row(kBlock);
    for (auto& v : row) v = static_cast<std::int32_t>(random_.integer(-2147483648LL, 2147483647LL));
    return row;
  }

  base::Random random_{7};
};

/// A tile with random contents; sums are more than the kernel may touch. They begin with themselves, or all
/// with the same row.
struct Tile {
  std::size_t positions, taps, channels, pitch;
  std::vector<std::int16_t> pixels, weights;
  std::vector<std::int32_t> offsets, sums;
  std::vector<std::int32_t> common = {};
  static constexpr std::size_t kStride = 2 * kBlock;

  ProductArgs arguments() {
    ProductArgs a;
    a.pixels = pixels.data(), a.offsets = offsets.data(), a.positions = positions, a.taps = taps;
    a.weights = weights.data(), a.pairs = (channels + 1) / 2;
    a.sums = sums.data() + kBlock, a.sums_stride = kStride;
    a.initial = common.empty() ? a.sums : common.data(), a.initial_stride = common.empty() ? kStride : 0;
    return a;
  }
  std::int32_t initial(std::size_t p, std::size_t oc) const {
    return common.empty() ? sums[p * kStride + kBlock + oc] : common[oc];
  }
};

/// What the sums become, modulo 2^32; weight(tap, c, oc).
template <class Weight>
std::vector<std::int32_t> expected_sums(const Tile& t, const Weight& weight) {
  std::vector<std::int32_t> sums = t.sums;
  for (std::size_t p = 0; p < t.positions; ++p) {
    for (std::size_t oc = 0; oc < kBlock; ++oc) {
      std::int32_t& sum = sums[p * Tile::kStride + kBlock + oc];
      std::int64_t exact = t.initial(p, oc);
      for (std::size_t tap = 0; tap < t.taps; ++tap) {
        const auto at = static_cast<std::size_t>(t.offsets[tap * t.positions + p]);
        for (std::size_t c = 0; c < t.channels; ++c)
          exact += std::int64_t{t.pixels[at + c]} * weight(tap, c, oc);
      }
      sum = static_cast<std::int32_t>(exact);
    }
  }
  return sums;
}

TEST_P(ProductKernelsTest, DenseSumsAllTapsAndChannels) {
  for (std::size_t trial = 0; trial < 60; ++trial) {
    Tile t{1 + random_.below(27), 1 + random_.below(3), 1 + random_.below(9), 0, {}, {}, {}, {}};
    t.pitch = (t.channels + 1) / 2 * 2;
    const std::size_t pixels = 5;
    t.pixels = operands(pixels * t.pitch + kSlack);
    t.weights = operands(t.taps * (t.pitch / 2) * kBlock * 2);
    const auto place = [&t](std::size_t tap, std::size_t c, std::size_t oc) {
      return ((tap * (t.pitch / 2) + c / 2) * kBlock + oc) * 2 + c % 2;
    };
    for (std::size_t tap = 0; tap < t.taps && t.channels % 2 == 1; ++tap) {
      for (std::size_t oc = 0; oc < kBlock; ++oc) t.weights[place(tap, t.channels, oc)] = 0;
    }
    for (std::size_t i = 0; i < t.taps * t.positions; ++i)
      t.offsets.push_back(static_cast<std::int32_t>(random_.below(pixels) * t.pitch));
    for (std::size_t i = 0; i < (t.positions + 1) * Tile::kStride; ++i)
      t.sums.push_back(static_cast<std::int32_t>(random_.integer(-1000, 1000)));
    if (trial % 2 == 1) t.common = common_row();
    const auto expected = expected_sums(
        t, [&](std::size_t tap, std::size_t c, std::size_t oc) { return t.weights[place(tap, c, oc)]; });
    product_kernels().dense(t.arguments());
    ASSERT_EQ(t.sums, expected) << t.positions << " positions, " << t.taps << " taps, " << t.channels
                                << " channels";
  }
}

TEST_P(ProductKernelsTest, ChannelwiseMultipliesEachLaneByItself) {
  for (std::size_t trial = 0; trial < 40; ++trial) {
    Tile t{1 + random_.below(9), 1 + random_.below(9), kBlock, kBlock, {}, {}, {}, {}};
    const std::size_t pixels = 4;
    t.pixels = operands(pixels * t.pitch + kSlack);
    t.weights = operands((t.taps + 1) / 2 * kBlock * 2);
    const auto place = [](std::size_t tap, std::size_t oc) { return (tap / 2 * kBlock + oc) * 2 + tap % 2; };
    for (std::size_t oc = 0; oc < kBlock && t.taps % 2 == 1; ++oc) t.weights[place(t.taps, oc)] = 0;
    for (std::size_t i = 0; i < t.taps * t.positions; ++i)
      t.offsets.push_back(static_cast<std::int32_t>(random_.below(pixels) * t.pitch));
    t.sums.assign((t.positions + 1) * Tile::kStride, 17);
    if (trial % 2 == 1) t.common = common_row();
    const auto expected = expected_sums(t, [&](std::size_t tap, std::size_t c, std::size_t oc) {
      return c == oc ? t.weights[place(tap, oc)] : std::int16_t{0};
    });
    product_kernels().channelwise(t.arguments());
    ASSERT_EQ(t.sums, expected);
  }
}

TEST_P(ProductKernelsTest, WidenAndNarrowKeepTheLowBits) {
  // Pixels of 21 bytes, from and to places of their own.
  constexpr std::size_t kPixels = 5, kBytes = 21, kFromStride = 27, kToStride = 24;
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < kPixels * kFromStride; ++i)
    bytes.push_back(static_cast<std::byte>(random_.integer(0, 255)));
  std::vector<std::int16_t> wide(kPixels * kToStride, 99), wide_unsigned = wide;
  WidenArgs args{bytes.data(), kFromStride, kPixels, kBytes, wide.data(), kToStride};
  product_kernels().widen_int8(args);
  args.rows = wide_unsigned.data();
  product_kernels().widen_uint8(args);
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const std::size_t pixel = i / kToStride, x = i % kToStride;
    const bool inside = x < kBytes;
    const auto byte = static_cast<std::uint8_t>(bytes[pixel * kFromStride + x]);
    ASSERT_EQ(wide[i], inside ? static_cast<std::int8_t>(byte) : 99) << i;
    ASSERT_EQ(wide_unsigned[i], inside ? byte : 99) << i;
  }

  // Rows of 21 of 32 values, each to its own place.
  constexpr std::size_t kRows = 5, kElements = 21, kStride = 32, kPitch = 29;
  std::vector<std::int32_t> rows;
  for (std::size_t i = 0; i < kRows * kStride; ++i)
    rows.push_back(static_cast<std::int32_t>(random_.integer(-100000, 100000)));
  std::vector<std::byte> to(kRows * kPitch, std::byte{99});
  product_kernels().narrow_to_bytes({rows.data(), kStride, kRows, kElements, to.data(), kPitch});
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::size_t row = i / kPitch, x = i % kPitch;
    const int wanted = x < kElements ? rows[row * kStride + x] & 0xFF : 99;
    ASSERT_EQ(static_cast<int>(to[i]), wanted) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, ProductKernelsTest,
                         ::testing::Values(base::CpuLevel::kScalar, base::CpuLevel::kSse2,
                                           base::CpuLevel::kAvx2, base::CpuLevel::kAvx512,
                                           base::CpuLevel::kAvx512Vnni),
                         [](const auto& level) { return std::string(base::name(level.param)); });

}  // namespace
}  // namespace dlasim::sim::fast
