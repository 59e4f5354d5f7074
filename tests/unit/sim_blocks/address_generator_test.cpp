// The address generator against an oracle that lays the upsampled, padded image out and reads it.

#include "sim/blocks/address_generator.h"

#include <algorithm>
#include <map>
#include <optional>

#include "block_bench.h"

namespace dlasim::sim::blocks {
namespace {

struct Walk {
  arch::Configure settings;
  std::vector<arch::RunTile> tiles;
};

/// A tile with any geometry; every second one continues the sums of the one before.
arch::RunTile random_tile(base::Random& r, int ic_lanes, std::uint32_t sequence) {
  const auto n = [&r](std::int64_t low, std::int64_t high) {
    return static_cast<std::uint32_t>(r.integer(low, high));
  };
  arch::RunTile t;
  t.layer = 3;
  t.activation_word = n(0, 50);
  t.region_height = n(0, 5);
  t.region_width = n(1, 7);
  t.ic_tiles = n(1, 3);
  t.last_tile_lanes = n(1, ic_lanes);
  t.y_start = static_cast<std::int32_t>(r.integer(-6, 4));
  t.x_start = static_cast<std::int32_t>(r.integer(-9, 4));
  t.rows = n(1, 4);
  t.cols = n(1, 5);
  t.kernel_height = n(1, 3);
  t.kernel_width = n(1, 4);
  t.parameter_slot = n(0, 5);
  t.operand_word = n(0, 30);
  t.output_word = n(0, 30);
  t.oc_active = n(1, 8);
  t.continue_sum = sequence % 2;
  t.hold_sum = 1 - sequence % 2;
  return t;
}

Walk random_walk(base::Random& r, int ic_lanes) {
  Walk w;
  const auto n = [&r](std::int64_t high) { return static_cast<std::uint32_t>(r.integer(1, high)); };
  w.settings.stride_y = n(3);
  w.settings.stride_x = n(3);
  w.settings.dilation_y = n(3);
  w.settings.dilation_x = n(4);
  if (r.integer(0, 1) == 1) {
    w.settings.upsample_y = n(3);
    w.settings.upsample_x = n(3);
  }
  for (std::uint32_t i = 0; i < 3; ++i) w.tiles.push_back(random_tile(r, ic_lanes, i));
  return w;
}

/// The image on the upsampled grid: which pixel lies where. What is not in it is padding.
std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> upsampled_image(const Walk& w,
                                                                               const arch::RunTile& t) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::uint32_t> image;
  std::uint32_t pixel = 0;
  for (std::int64_t y = 0; y < t.region_height; ++y) {
    for (std::int64_t x = 0; x < t.region_width; ++x) {
      image[{y * w.settings.upsample_y, x * w.settings.upsample_x}] = pixel++;
    }
  }
  return image;
}

/// All requests of a tile. `first_ic_tile`: ic tiles of the tiles before.
void expect_tile(const Walk& w, const arch::RunTile& t, std::uint32_t first_ic_tile, int ic_lanes,
                 std::vector<TapRequest>& requests) {
  const auto image = upsampled_image(w, t);
  const std::uint32_t taps = t.kernel_height * t.kernel_width;
  for (std::uint32_t ic = 0; ic < t.ic_tiles; ++ic) {
    for (std::uint32_t position = 0; position < t.rows * t.cols; ++position) {
      std::uint32_t inside = 0;
      for (std::uint32_t tap = 0; tap < taps; ++tap) {
        const std::int64_t y = t.y_start + std::int64_t{position / t.cols} * w.settings.stride_y +
                               std::int64_t{tap / t.kernel_width} * w.settings.dilation_y;
        const std::int64_t x = t.x_start + std::int64_t{position % t.cols} * w.settings.stride_x +
                               std::int64_t{tap % t.kernel_width} * w.settings.dilation_x;
        const auto pixel = image.find({y, x});
        TapRequest r;
        r.padded = pixel == image.end();
        inside += r.padded ? 0U : 1U;
        r.word = r.padded ? 0 : t.activation_word + pixel->second * t.ic_tiles + ic;
        r.tap = tap;
        r.lanes_active = ic + 1 == t.ic_tiles ? t.last_tile_lanes : static_cast<std::uint32_t>(ic_lanes);
        r.bank = (first_ic_tile + ic) % 2;
        r.first_tap = tap == 0;
        r.last_tap = tap == taps - 1;
        r.last_of_ic_tile = r.last_tap && position == t.rows * t.cols - 1;
        r.position = {position,
                      t.parameter_slot,
                      t.operand_word + position,
                      t.output_word + position,
                      inside,
                      t.oc_active,
                      t.layer,
                      false,
                      false,
                      false};
        r.position.first_sum = ic == 0 && t.continue_sum == 0;
        r.position.last_sum = ic == t.ic_tiles - 1 && t.hold_sum == 0;
        r.position.last_of_tile = ic == t.ic_tiles - 1 && r.last_of_ic_tile;
        requests.push_back(r);
      }
    }
  }
}

/// Drives the generator; weights arrive at random, at most `chance` per cent a cycle an ic tile.
std::vector<TapRequest> run(AddressGenerator& generator, const Walk& w, int sink_stall, int chance,
                            base::Random& random) {
  std::vector<TapRequest> requests;
  std::uint64_t loaded = 0, completed = 0, all = 0;
  for (const arch::RunTile& t : w.tiles) all += t.ic_tiles;
  generator.configure(w.settings);
  std::size_t next = 0;
  for (int cycle = 0; cycle < 100000 && (next < w.tiles.size() || !generator.idle()); ++cycle) {
    const bool give = next < w.tiles.size() && generator.can_accept_tile();
    const bool take = generator.valid() && random.integer(0, 99) >= sink_stall;
    if (take) {
      requests.push_back(generator.out());
      EXPECT_LT(completed, loaded) << "a request before the weights of its ic tile";
      completed += generator.out().last_of_ic_tile ? 1U : 0U;
    }
    generator.step({give ? &w.tiles[next] : nullptr, loaded, take});
    next += give ? 1U : 0U;
    if (loaded < all && random.integer(0, 99) < chance) ++loaded;
  }
  EXPECT_TRUE(generator.idle());
  return requests;
}

TEST(AddressGenerator, WalksEveryGeometryAsTheOracle) {
  base::Random random(11);
  for (int trial = 0; trial < 150; ++trial) {
    const int ic_lanes = static_cast<int>(random.integer(1, 9));
    const Walk w = random_walk(random, ic_lanes);
    std::vector<TapRequest> expected;
    std::uint32_t ic_tiles = 0;
    for (const arch::RunTile& t : w.tiles) {
      expect_tile(w, t, ic_tiles, ic_lanes, expected);
      ic_tiles += t.ic_tiles;
    }
    AddressGenerator generator(lanes(ic_lanes, 8));
    const Stalls stalls = kStallPatterns[trial % 5];
    auto requests = run(generator, w, stalls.sink, trial % 3 == 0 ? 100 : 3, random);
    ASSERT_EQ(requests.size(), expected.size()) << "trial " << trial;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      if (requests[i].padded) requests[i].word = 0;  // not read
      ASSERT_EQ(requests[i], expected[i]) << "trial " << trial << ", request " << i;
    }
  }
}

TEST(AddressGenerator, EmitsARequestEveryCycleAcrossTiles) {
  base::Random random(12);
  Walk w = random_walk(random, 4);
  AddressGenerator generator(lanes(4, 8));
  generator.configure(w.settings);
  std::size_t requests = 0, cycles_of_requests = 0, next = 0;
  bool seen = false;
  for (int cycle = 0; cycle < 3000 && (next < w.tiles.size() || !generator.idle()); ++cycle) {
    const bool give = next < w.tiles.size() && generator.can_accept_tile();
    requests += generator.valid() ? 1U : 0U;
    seen = seen || generator.valid();
    cycles_of_requests += seen ? 1U : 0U;
    generator.step({give ? &w.tiles[next] : nullptr, 100, generator.valid()});
    next += give ? 1U : 0U;
  }
  EXPECT_GT(requests, 50U);
  EXPECT_LE(cycles_of_requests, requests + w.tiles.size());  // at most a bubble a tile
}

}  // namespace
}  // namespace dlasim::sim::blocks
