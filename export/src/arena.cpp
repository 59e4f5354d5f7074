#include "arena.h"

#include <algorithm>
#include <numeric>

namespace dlasim::exporter {
namespace {

std::int64_t aligned(std::int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

bool live_together(const Block& a, const Block& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

ArenaPlan plan_arena(const std::vector<Block>& blocks) {
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order,
                           [&](std::size_t a, std::size_t b) { return blocks[a].bytes > blocks[b].bytes; });

  ArenaPlan plan;
  plan.offset.resize(blocks.size());
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t i : order) {
    std::int64_t offset = 0;
    for (const std::size_t other : placed) {
      if (!live_together(blocks[i], blocks[other])) continue;
      if (offset + blocks[i].bytes <= plan.offset[other]) break;
      offset = std::max(offset, aligned(plan.offset[other] + blocks[other].bytes));
    }
    plan.offset[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + blocks[i].bytes);
    const auto after =
        std::ranges::upper_bound(placed, offset, {}, [&](std::size_t p) { return plan.offset[p]; });
    placed.insert(after, i);
  }
  return plan;
}

}  // namespace dlasim::exporter
