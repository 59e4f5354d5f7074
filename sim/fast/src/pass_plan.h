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

/// Tiles [begin, end) of a pass that one thread runs in order: whole chains.
struct Unit {
  std::size_t begin = 0, end = 0;
};

/// End of the chain that begins at a tile: those that add to the same sums.
std::size_t end_of_chain(std::span<const Tile> tiles, std::size_t begin);

/// Which sets of weights the tiles of a pass read.
class WeightSets {
 public:
  WeightSets(const Pass& pass, std::size_t ic_lanes, std::size_t oc_lanes);

  std::size_t count() const { return first_tiles_.size(); }
  /// A tile that reads the set, and how many weights it has.
  const Tile& tile(std::size_t set) const { return *first_tiles_[set]; }
  std::size_t elements(std::size_t set) const { return elements_[set]; }
  std::size_t all_elements() const { return all_elements_; }
  std::size_t of(std::size_t tile) const { return of_tile_[tile]; }

 private:
  std::vector<const Tile*> first_tiles_;
  std::vector<std::size_t> elements_, of_tile_;
  std::size_t all_elements_ = 0;
};

class PassPlan {
 public:
  /// `pass` must stay where it is as long as the plan lives. `threads`: of the pool.
  PassPlan(const Pass& pass, const arch::Hardware& hardware, int threads);
  PassPlan(const PassPlan&) = delete;
  PassPlan& operator=(const PassPlan&) = delete;

  /// Whether the pass is worth the time that waking threads takes.
  bool is_parallel() const { return is_parallel_; }
  const WeightSets& weight_sets() const { return sets_; }
  /// Runs of units whose sets of weights are packed together.
  std::span<const std::span<const Unit>> slices() const { return slices_; }

 private:
  WeightSets sets_;
  bool is_parallel_;
  std::vector<Unit> units_;
  std::vector<std::span<const Unit>> slices_;
};

}  // namespace dlasim::sim::fast
