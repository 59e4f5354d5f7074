#pragma once
/// Where activations lie while the network runs: blocks whose lifetimes overlap do not share memory.

#include <cstdint>
#include <vector>

namespace dlasim::exporter {

/// Memory that is needed from step `first` to step `last`, both included.
struct Block {
  std::int64_t bytes = 0;
  std::int64_t first = 0, last = 0;
};

struct ArenaPlan {
  std::vector<std::int64_t> offset;  ///< of each block; a multiple of kAlignment
  std::int64_t bytes = 0;            ///< end of the last block in memory
};

/// Every block starts at a multiple of this.
inline constexpr std::int64_t kAlignment = 16;

/// The largest blocks first, each at the lowest offset that is free for its whole life. For equal blocks the
/// earlier one goes first, so that the plan depends on nothing else.
ArenaPlan plan_arena(const std::vector<Block>& blocks);

}  // namespace dlasim::exporter
