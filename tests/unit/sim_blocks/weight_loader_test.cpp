// The weight loader: rows in the order of the buffer, two banks, never a row into a bank that is in use.

#include "sim/blocks/weight_loader.h"

#include "block_bench.h"

namespace dlasim::sim::blocks {
namespace {

constexpr int kIcLanes = 4, kOcLanes = 3;

struct ExpectedRow {
  std::uint32_t bank, tap, ic_lane, word;
  std::uint64_t ic_tile;  // since reset
};

std::vector<ExpectedRow> expected_rows(const std::vector<arch::RunTile>& tiles) {
  std::vector<ExpectedRow> rows;
  std::uint64_t ic_tile = 0;
  for (const arch::RunTile& t : tiles) {
    std::uint32_t word = t.weight_word;
    for (std::uint32_t ic = 0; ic < t.ic_tiles; ++ic, ++ic_tile) {
      const std::uint32_t lanes_used = ic + 1 == t.ic_tiles ? t.last_tile_lanes : kIcLanes;
      for (std::uint32_t tap = 0; tap < t.kernel_height * t.kernel_width; ++tap) {
        for (std::uint32_t lane = 0; lane < lanes_used; ++lane)
          rows.push_back({static_cast<std::uint32_t>(ic_tile % 2), tap, lane, word++, ic_tile});
      }
    }
  }
  return rows;
}

class WeightLoading : public testing::TestWithParam<int> {};

TEST_P(WeightLoading, MovesRowsInOrderAndNeverIntoABankInUse) {
  base::Random random(31);
  WeightLoader loader(lanes(kIcLanes, kOcLanes));
  std::vector<std::vector<std::int32_t>> contents;
  for (std::uint32_t word = 0; word < 200; ++word) {
    contents.push_back(random_values<std::int32_t>(random, kOcLanes, -128, 127));
    const BufferWrite write{word, contents.back()};
    loader.step({nullptr, 0, &write});
  }
  std::vector<arch::RunTile> tiles(12);
  for (arch::RunTile& t : tiles) {
    t.ic_tiles = static_cast<std::uint32_t>(random.integer(1, 3));
    t.last_tile_lanes = static_cast<std::uint32_t>(random.integer(1, kIcLanes));
    t.kernel_height = static_cast<std::uint32_t>(random.integer(1, 3));
    t.kernel_width = static_cast<std::uint32_t>(random.integer(1, 3));
    t.weight_word = static_cast<std::uint32_t>(random.integer(0, 60));
  }
  const auto expected = expected_rows(tiles);
  const std::uint64_t all = expected.back().ic_tile + 1;

  std::size_t next = 0, row = 0;
  std::uint64_t consumed = 0;
  for (int cycle = 0; cycle < 100000 && (row < expected.size() || !loader.idle()); ++cycle) {
    if (loader.out().valid) {
      ASSERT_LT(row, expected.size());
      const ExpectedRow& e = expected[row++];
      const WeightRow& got = loader.out();
      ASSERT_EQ(got.bank, e.bank);
      ASSERT_EQ(got.tap, e.tap);
      ASSERT_EQ(got.ic_lane, e.ic_lane);
      ASSERT_EQ(got.w, contents[e.word]);
      ASSERT_LT(e.ic_tile, consumed + 2) << "the bank is still in use";
      ASSERT_LE(loader.ic_tiles_loaded(), e.ic_tile) << "announced before its last row was written";
    }
    const bool give = next < tiles.size() && loader.can_accept_tile();
    const std::uint64_t seen = consumed;  // the array consumes only what is loaded
    if (consumed < loader.ic_tiles_loaded() && random.integer(0, 99) < GetParam()) ++consumed;
    loader.step({give ? &tiles[next] : nullptr, seen, nullptr});
    next += give ? 1U : 0U;
  }
  EXPECT_EQ(row, expected.size());
  loader.step({});
  EXPECT_EQ(loader.ic_tiles_loaded(), all);
}

INSTANTIATE_TEST_SUITE_P(ArraySpeeds, WeightLoading, testing::Values(100, 20, 2));

TEST(WeightLoader, MovesARowACycleWhileItsBankIsFree) {
  WeightLoader loader(lanes(kIcLanes, kOcLanes));
  arch::RunTile t;
  t.kernel_width = 3;
  t.last_tile_lanes = 4;
  loader.step({&t, 0, nullptr});
  for (int i = 0; i < 12; ++i) {
    loader.step({});
    ASSERT_TRUE(loader.out().valid) << i;
  }
  EXPECT_EQ(loader.ic_tiles_loaded(), 0U);
  loader.step({});
  EXPECT_EQ(loader.ic_tiles_loaded(), 1U);
  EXPECT_TRUE(loader.idle());
}

}  // namespace
}  // namespace dlasim::sim::blocks
