#include "arena.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace dlasim::exporter {
namespace {

TEST(Arena, ChainNeedsTwoNeighbours) {
  const ArenaPlan plan = plan_arena({{100, 0, 1}, {60, 1, 2}, {30, 2, 3}});
  EXPECT_EQ(plan.offset, (std::vector<std::int64_t>{0, 112, 0}));
  EXPECT_EQ(plan.bytes, 172);
}

TEST(Arena, AHoleIsUsed) {
  // The second block dies first; the fourth fits where it was.
  const ArenaPlan plan = plan_arena({{64, 0, 9}, {48, 0, 1}, {32, 0, 9}, {48, 2, 3}});
  EXPECT_EQ(plan.offset[3], plan.offset[1]);
  EXPECT_EQ(plan.bytes, 64 + 48 + 32);
}

TEST(Arena, NothingNeedsNothing) {
  EXPECT_EQ(plan_arena({}).bytes, 0);
}

TEST(Arena, BlocksThatLiveTogetherNeverOverlap) {
  base::Random random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Block> blocks;
    for (std::int64_t i = random.integer(1, 30); i > 0; --i) {
      const std::int64_t first = random.integer(0, 12);
      blocks.push_back({random.integer(1, 300), first, first + random.integer(0, 5)});
    }
    const ArenaPlan plan = plan_arena(blocks);
    for (std::size_t a = 0; a < blocks.size(); ++a) {
      EXPECT_EQ(plan.offset[a] % kAlignment, 0);
      EXPECT_LE(plan.offset[a] + blocks[a].bytes, plan.bytes);
      for (std::size_t b = 0; b < a; ++b) {
        const bool together = blocks[a].first <= blocks[b].last && blocks[b].first <= blocks[a].last;
        const bool apart = plan.offset[a] + blocks[a].bytes <= plan.offset[b] ||
                           plan.offset[b] + blocks[b].bytes <= plan.offset[a];
        ASSERT_TRUE(!together || apart) << "round " << round << ", blocks " << a << " and " << b;
      }
    }
  }
}

}  // namespace
}  // namespace dlasim::exporter
