// The tiler on random passes and hardware: nothing is left out, nothing computed twice, everything fits.

#include "tiler.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/random.h"

namespace dlasim::sim::compiler {
namespace {

arch::Hardware random_hardware(base::Random& r) {
  arch::Hardware h;
  h.pe_array.ic_lanes = static_cast<int>(r.integer(1, 20));
  h.pe_array.oc_lanes = static_cast<int>(r.integer(1, 20));
  h.pe_array.max_taps = static_cast<int>(r.integer(1, 20));
  h.buffers.activation_kib = static_cast<int>(r.integer(1, 4));
  h.buffers.weight_kib = static_cast<int>(r.integer(1, 4));
  h.buffers.operand_kib = static_cast<int>(r.integer(1, 2));
  h.buffers.output_kib = static_cast<int>(r.integer(1, 2));
  h.buffers.partial_sum_depth = static_cast<int>(r.integer(1, 60));
  return h;
}

Pass random_pass(base::Random& r, const arch::Hardware& h) {
  Pass pass;
  pass.name = "layer";
  const auto n = [&r](std::int64_t high) { return r.integer(1, high); };
  const std::int64_t groups = r.integer(0, 2) == 0 ? n(12) : 1;
  const std::int64_t inputs = groups * n(groups > 1 ? 3 : 50);
  const std::int64_t outputs = groups * n(groups > 1 ? 3 : 40);
  pass.input.size = {1, n(9), n(15), inputs};
  pass.output.size = {1, n(9), n(15), outputs};
  pass.kernel_height = n(5);
  pass.kernel_width = n(6);
  pass.pad_top = r.integer(-2, 6);
  pass.pad_left = r.integer(-2, 8);
  pass.settings.stride_y = static_cast<std::uint32_t>(n(3));
  pass.settings.stride_x = static_cast<std::uint32_t>(n(3));
  pass.settings.dilation_y = static_cast<std::uint32_t>(n(3));
  pass.settings.dilation_x = static_cast<std::uint32_t>(n(4));
  if (r.integer(0, 2) == 0) {
    pass.settings.upsample_y = static_cast<std::uint32_t>(n(3));
    pass.settings.upsample_x = static_cast<std::uint32_t>(n(3));
  }
  if (r.integer(0, 1) == 0) pass.operand = pass.output;
  pass.oc_tiles = convolution_tiles(inputs, outputs, groups, h.pe_array.ic_lanes, h.pe_array.oc_lanes, true);
  return pass;
}

/// Runs `check(pass, hardware)` for random passes that fit their hardware.
template <class Check>
void for_random_passes(int trials, Check check) {
  int fitting = 0;
  for (int trial = 0; trial < trials; ++trial) {
    base::Random random(static_cast<std::uint64_t>(trial));
    const arch::Hardware h = random_hardware(random);
    const Pass pass = random_pass(random, h);
    SCOPED_TRACE("trial " + std::to_string(trial));
    try {
      make_chunks(pass, pass.oc_tiles.front(), h);
    } catch (const base::InputError&) {
      continue;  // one tap of one position does not fit
    }
    ++fitting;
    check(pass, h);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(fitting, trials * 9 / 10);
}

TEST(Tiles, CoverEveryOutputChannelOnceWithinTheLanes) {
  for_random_passes(400, [](const Pass& pass, const arch::Hardware& h) {
    std::set<std::int64_t> seen;
    for (const OcTile& tile : pass.oc_tiles) {
      ASSERT_LE(tile.lane_channel.size(), static_cast<std::size_t>(h.pe_array.oc_lanes));
      ASSERT_LE(tile.input_channels, pass.oc_tiles.front().input_channels);
      for (const std::int64_t oc : tile.lane_channel) ASSERT_TRUE(seen.insert(oc).second) << oc;
    }
    ASSERT_EQ(static_cast<std::int64_t>(seen.size()), pass.output.size[3]);
  });
}

TEST(Strips, CoverTheOutputWithoutOverlapAndFit) {
  for_random_passes(400, [](const Pass& pass, const arch::Hardware& h) {
    const auto chunks = make_chunks(pass, pass.oc_tiles.front(), h);
    const Tiling tiling = make_strips(pass, h, chunks);
    std::set<std::pair<std::int64_t, std::int64_t>> seen;
    for (const Strip& s : tiling.strips) {
      ASSERT_LE(s.rows * s.cols, position_limit(pass, h));
      ASSERT_LE(s.rows * s.cols, tiling.most_positions);
      for (std::int64_t y = s.row; y < s.row + s.rows; ++y) {
        for (std::int64_t x = s.col; x < s.col + s.cols; ++x)
          ASSERT_TRUE(seen.emplace(y, x).second) << y << ' ' << x;
      }
    }
    ASSERT_EQ(static_cast<std::int64_t>(seen.size()), pass.output.size[1] * pass.output.size[2]);
    ASSERT_LE(tiling.most_region_words, h.activation_words() / 2);
    ASSERT_LE(tiling.most_positions, h.output_words() / 2);
    if (pass.operand) {
      ASSERT_LE(tiling.most_positions, h.operand_words() / 2);
    }
  });
}

TEST(Chunks, CoverEveryIcTileAndTapOnceAndFit) {
  for_random_passes(400, [](const Pass& pass, const arch::Hardware& h) {
    for (const OcTile& tile : pass.oc_tiles) {
      std::map<std::array<std::int64_t, 3>, int> seen;
      for (const Chunk& c : make_chunks(pass, tile, h)) {
        const std::int64_t lanes = std::min<std::int64_t>(h.pe_array.ic_lanes, tile.input_channels);
        ASSERT_LE(c.kernel_height * c.kernel_width, h.pe_array.max_taps);
        ASSERT_LE(c.ic_tiles * c.kernel_height * c.kernel_width * lanes, h.weight_words() / 2);
        for (std::int64_t t = c.first_ic_tile; t < c.first_ic_tile + c.ic_tiles; ++t) {
          for (std::int64_t ky = c.ky; ky < c.ky + c.kernel_height; ++ky) {
            for (std::int64_t kx = c.kx; kx < c.kx + c.kernel_width; ++kx) ++seen[{t, ky, kx}];
          }
        }
      }
      const std::int64_t ic_tiles = (tile.input_channels + h.pe_array.ic_lanes - 1) / h.pe_array.ic_lanes;
      ASSERT_EQ(static_cast<std::int64_t>(seen.size()), ic_tiles * pass.kernel_height * pass.kernel_width);
      for (const auto& [where, count] : seen) ASSERT_EQ(count, 1);
    }
  });
}

struct Axis {
  std::int64_t position, positions, tap, taps;
  std::uint32_t stride, dilation, upsample;
  std::int64_t pad, size;
};

/// Every element of the axis that some position's tap reads lies in the region, where the address generator,
/// counting from `start`, will look for it.
void check_axis(const Axis& a, std::int64_t first, std::int64_t count, std::int64_t start) {
  for (std::int64_t i = 0; i < a.positions; ++i) {
    for (std::int64_t k = 0; k < a.taps; ++k) {
      const std::int64_t at = (a.position + i) * a.stride - a.pad + (a.tap + k) * a.dilation;
      const std::int64_t in_region = start + i * a.stride + k * a.dilation;
      const bool is_element = at >= 0 && at % a.upsample == 0 && at / a.upsample < a.size;
      if (!is_element) {
        // Padding must not look like an element of the region.
        ASSERT_TRUE(in_region < 0 || in_region % a.upsample != 0 || in_region / a.upsample >= count);
        continue;
      }
      ASSERT_GE(at / a.upsample, first);
      ASSERT_LT(at / a.upsample, first + count);
      ASSERT_EQ(in_region, (at / a.upsample - first) * a.upsample);
    }
  }
}

TEST(Regions, HoldEveryElementThatIsReadAtTheRightPlace) {
  for_random_passes(150, [](const Pass& pass, const arch::Hardware& h) {
    const arch::Configure& s = pass.settings;
    for (const OcTile& tile : {pass.oc_tiles.front(), pass.oc_tiles.back()}) {
      const auto chunks = make_chunks(pass, tile, h);
      const Tiling tiling = make_strips(pass, h, make_chunks(pass, pass.oc_tiles.front(), h));
      for (const Strip& strip : tiling.strips) {
        for (const Chunk& c : chunks) {
          const InputRegion region = input_region(pass, strip, c);
          ASSERT_LE(region.rows * region.cols * c.ic_tiles, tiling.most_region_words);
          if (region.rows == 0 || region.cols == 0) continue;  // every tap is padding on one axis
          const Axis y{strip.row,    strip.rows,   c.ky,         c.kernel_height,   s.stride_y,
                       s.dilation_y, s.upsample_y, pass.pad_top, pass.input.size[1]};
          const Axis x{strip.col,    strip.cols,   c.kx,          c.kernel_width,    s.stride_x,
                       s.dilation_x, s.upsample_x, pass.pad_left, pass.input.size[2]};
          check_axis(y, region.row, region.rows, region.y_start);
          check_axis(x, region.col, region.cols, region.x_start);
        }
      }
    }
  });
}

TEST(Chunks, KeepAPoolingWindowWhole) {
  arch::Hardware h;
  h.pe_array.max_taps = 8;
  Pass pass;
  pass.name = "pool";
  pass.input.size = pass.output.size = {1, 9, 9, 4};
  pass.kernel_height = pass.kernel_width = 3;
  pass.oc_tiles = channelwise_tiles(4, h.pe_array.ic_lanes, h.pe_array.oc_lanes);
  EXPECT_GT(make_chunks(pass, pass.oc_tiles.front(), h).size(), 1U);
  pass.settings.mode = arch::PeMode::kMaximum;
  EXPECT_THROW(make_chunks(pass, pass.oc_tiles.front(), h), base::InputError);
  pass.settings.mode = arch::PeMode::kMultiplyAccumulate;
  pass.settings.post.requant = arch::Requant::kAverage;
  EXPECT_THROW(make_chunks(pass, pass.oc_tiles.front(), h), base::InputError);
  h.pe_array.max_taps = 9;
  EXPECT_EQ(make_chunks(pass, pass.oc_tiles.front(), h).size(), 1U);
}

}  // namespace
}  // namespace dlasim::sim::compiler
