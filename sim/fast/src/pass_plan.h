#pragma once
/// How a pass is run: which tiles a thread takes together, and which of them read the same weights. The
/// commands alone decide.

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "pass_reader.h"
#include "sim/arch/hardware.h"

namespace dlasim::sim::fast {

/// A chain is a run of tiles that add to the same sums. Neighbouring chains that read the same activations,
/// for other output channels, run side by side: chain after chain, `length` tiles each, from `begin` on.
struct ChainGroup {
  std::size_t begin = 0, length = 1, chains = 1;
  std::size_t end() const { return begin + length * chains; }
  /// Tiles of one chain.
  std::span<const Tile> chain(std::span<const Tile> tiles, std::size_t i) const {
    return tiles.subspan(begin + i * length, length);
  }
};

/// Groups [begin, end) of a pass that one thread runs in order.
struct Unit {
  std::size_t begin = 0, end = 0;
};

/// Which sets of weights the groups of a pass read: one set for each place in their chains.
class WeightSets {
 public:
  WeightSets(const Pass& pass, std::span<const ChainGroup> groups, std::size_t ic_lanes,
             std::size_t oc_lanes);

  std::size_t count() const { return tiles_.size(); }
  /// Tiles that read a set, one for each chain of a group, and how many weights they have.
  std::span<const Tile* const> tiles(std::size_t set) const { return tiles_[set]; }
  std::size_t elements(std::size_t set) const { return elements_[set]; }
  std::size_t all_elements() const { return all_elements_; }
  /// By tile of a group's first chain.
  std::size_t of(std::size_t tile) const { return of_tile_[tile]; }

 private:
  std::vector<std::vector<const Tile*>> tiles_;
  std::vector<std::size_t> elements_, of_tile_;
  std::size_t all_elements_ = 0;
};

class PassPlan {
 public:
  /// `pass` must stay where it is as long as the plan lives. `threads`: of the pool. Chains run side by side
  /// if they have no more than `lanes` oc lanes together.
  PassPlan(const Pass& pass, const arch::Hardware& hardware, int threads, std::size_t lanes);
  PassPlan(const PassPlan&) = delete;
  PassPlan& operator=(const PassPlan&) = delete;

  /// Whether the pass is worth the time that waking threads takes.
  bool is_parallel() const { return is_parallel_; }
  std::span<const ChainGroup> groups() const { return groups_; }
  const WeightSets& weight_sets() const { return sets_; }
  /// Runs of units whose sets of weights are packed together.
  std::span<const std::span<const Unit>> slices() const { return slices_; }

 private:
  std::vector<ChainGroup> groups_;
  WeightSets sets_;
  bool is_parallel_;
  std::vector<Unit> units_;
  std::vector<std::span<const Unit>> slices_;
};

}  // namespace dlasim::sim::fast
