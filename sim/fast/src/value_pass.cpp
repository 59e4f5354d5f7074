#include "value_pass.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <tuple>

#include "integer_chain.h"
#include "staged_chain.h"

namespace dlasim::sim::fast {
namespace {

/// Tiles [begin, end) of a pass that one thread runs in order: whole chains.
struct Unit {
  std::size_t begin = 0, end = 0;
};

std::size_t end_of_chain(const std::vector<Tile>& tiles, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < tiles.size() && tiles[end].run.continue_sum != 0) ++end;
  return end;
}

/// Chains in runs that read the same activations, which a thread then converts once. Long runs are cut and
/// short ones joined so that there are about `wanted` units.
std::vector<Unit> make_units(const std::vector<Tile>& tiles, std::size_t wanted) {
  std::vector<std::vector<Unit>> runs;
  for (std::size_t begin = 0; begin < tiles.size();) {
    const std::size_t end = end_of_chain(tiles, begin);
    const bool same =
        !runs.empty() && tiles[runs.back().front().begin].activations == tiles[begin].activations;
    if (!same) runs.emplace_back();
    runs.back().push_back({begin, end});
    begin = end;
  }
  const std::size_t pieces = std::max<std::size_t>(1, (wanted + runs.size() - 1) / runs.size());
  const std::size_t joined = std::max<std::size_t>(1, tiles.size() / wanted);  // tiles of a unit
  std::vector<Unit> units;
  for (const auto& chains : runs) {
    const std::size_t size = (chains.size() + pieces - 1) / pieces;
    for (std::size_t i = 0; i < chains.size(); i += size) {
      const Unit next{chains[i].begin, chains[std::min(i + size, chains.size()) - 1].end};
      if (!units.empty() && next.end - units.back().begin <= joined) {
        units.back().end = next.end;
      } else {
        units.push_back(next);
      }
    }
  }
  return units;
}

/// Multiplications that a pass takes, about.
std::uint64_t work_of(const PassContext& context) {
  std::uint64_t work = 0;
  for (const Tile& t : context.pass.tiles)
    work += t.positions() * t.taps() * t.channels(context.ic_lanes) * context.oc_lanes;
  return work;
}

/// Which sets of weights the tiles of a pass read.
class WeightSets {
 public:
  explicit WeightSets(const PassContext& context) {
    std::map<Key, std::size_t> known;
    for (const Tile& tile : context.pass.tiles) {
      const auto [set, is_new] = known.try_emplace(key_of(context, tile), first_tiles_.size());
      if (is_new) {
        first_tiles_.push_back(&tile);
        elements_.push_back(tile.taps() * tile.channels(context.ic_lanes) * context.oc_lanes);
      }
      of_tile_.push_back(set->second);
    }
  }

  std::size_t count() const { return first_tiles_.size(); }
  /// A tile that reads the set, and how many weights it has.
  const Tile& tile(std::size_t set) const { return *first_tiles_[set]; }
  std::size_t elements(std::size_t set) const { return elements_[set]; }
  std::size_t all_elements() const {
    return std::accumulate(elements_.begin(), elements_.end(), std::size_t{0});
  }
  std::size_t of(std::size_t tile) const { return of_tile_[tile]; }

 private:
  using Key = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t, std::uint32_t,
                         std::uint32_t, arch::Element, std::uint32_t, std::uint32_t, std::size_t>;
  static Key key_of(const PassContext& context, const Tile& tile) {
    const arch::Region& r = context.pass.loads[tile.weights].region;
    return {r.address, r.row_stride,      r.pixel_stride,           r.rows,     r.pixels, r.elements,
            r.element, tile.run.ic_tiles, tile.run.last_tile_lanes, tile.taps()};
  }

  std::vector<const Tile*> first_tiles_;
  std::vector<std::size_t> elements_, of_tile_;
};

/// Weights that are packed at the same time, about: 20 MB of int16. Larger layers run in slices.
constexpr std::size_t kPackedElements = 10'000'000;

/// Runs of units whose sets of weights are packed together.
std::vector<std::span<const Unit>> make_slices(const std::vector<Unit>& units, const WeightSets& sets) {
  std::vector<std::span<const Unit>> slices;
  std::vector<std::size_t> last_slice(sets.count(), ~std::size_t{0});  // that packs the set
  std::size_t elements = 0;
  std::size_t first = 0;
  for (std::size_t u = 0; u < units.size(); ++u) {
    if (elements >= kPackedElements) {
      slices.push_back(std::span(units).subspan(first, u - first));
      first = u;
      elements = 0;
    }
    for (std::size_t tile = units[u].begin; tile < units[u].end; ++tile) {
      const std::size_t set = sets.of(tile);
      if (last_slice[set] == slices.size()) continue;
      last_slice[set] = slices.size();
      elements += sets.elements(set);
    }
  }
  slices.push_back(std::span(units).subspan(first));
  return slices;
}

/// The packed weights of a slice's tiles, each set once.
template <class Packed>
class WeightStore {
 public:
  WeightStore(const PassContext& context, const WeightSets& sets, std::span<const Unit> slice,
              base::ThreadPool& pool)
      : first_tile_(slice.front().begin) {
    std::vector<bool> is_wanted(sets.count(), false);
    std::vector<std::size_t> wanted;
    for (std::size_t tile = first_tile_; tile < slice.back().end; ++tile) {
      if (!is_wanted[sets.of(tile)]) wanted.push_back(sets.of(tile));
      is_wanted[sets.of(tile)] = true;
    }
    packed_.resize(sets.count());
    pool.parallel_for(static_cast<std::int64_t>(wanted.size()), [&](std::int64_t i) {
      const std::size_t set = wanted[static_cast<std::size_t>(i)];
      const Tile& tile = sets.tile(set);
      const RegionView view(context.memory, context.pass.loads[tile.weights].region);
      const WeightReader reader(view, tile, context.ic_lanes, context.oc_lanes);
      packed_[set] = std::make_unique<const Packed>(reader);
    });
    for (std::size_t tile = first_tile_; tile < slice.back().end; ++tile)
      of_tile_.push_back(packed_[sets.of(tile)].get());
  }

  /// One entry a tile of the unit.
  std::span<const Packed* const> of(std::size_t begin, std::size_t end) const {
    return std::span(of_tile_).subspan(begin - first_tile_, end - begin);
  }

 private:
  std::size_t first_tile_;
  std::vector<std::unique_ptr<const Packed>> packed_;  // by set
  std::vector<const Packed*> of_tile_;
};

/// Runs `run(unit, weights)` for each unit, slice after slice.
template <class Packed, class Run>
void run_units(const PassContext& context, const WeightSets& sets, const std::vector<Unit>& units,
               base::ThreadPool& pool, const Run& run) {
  for (const std::span<const Unit> slice : make_slices(units, sets)) {
    const WeightStore<Packed> weights(context, sets, slice, pool);
    pool.parallel_for(static_cast<std::int64_t>(slice.size()),
                      [&](std::int64_t i) { run(slice[static_cast<std::size_t>(i)], weights); });
  }
}

/// Runs `chain(tiles, weights)` for each chain of a unit.
template <class Packed, class Strip, class Run>
void for_each_chain(const std::vector<Tile>& tiles, const Unit& unit, const WeightStore<Packed>& weights,
                    Strip& strip, const Run& run) {
  for (std::size_t begin = unit.begin; begin < unit.end;) {
    const std::size_t end = end_of_chain(tiles, begin);
    strip.begin(tiles[begin]);
    if (tiles[end - 1].run.hold_sum == 0)
      run(std::span(tiles).subspan(begin, end - begin), weights.of(begin, end));
    begin = end;
  }
}

/// One set of truncation units a thread that runs at the same time.
class StagedChains {
 public:
  StagedChains(const PassContext& context, std::uint32_t max_taps) : context_(context), max_taps_(max_taps) {}

  std::unique_ptr<StagedChain> acquire() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return std::make_unique<StagedChain>(context_, max_taps_);
    auto chain = std::move(free_.back());
    free_.pop_back();
    return chain;
  }
  void release(std::unique_ptr<StagedChain> chain) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(chain));
  }
  /// Adds the events of all.
  void add_events(fixed_point::PointEvents& sum) {
    for (const auto& chain : free_) {
      const fixed_point::PointEvents events = chain->take_events();
      for (std::size_t point = 0; point < events.size(); ++point) sum[point] += events[point];
    }
  }

 private:
  const PassContext& context_;
  const std::uint32_t max_taps_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<StagedChain>> free_;
};

std::uint32_t most_taps(const std::vector<Tile>& tiles) {
  std::size_t most = 1;
  for (const Tile& tile : tiles) most = std::max(most, tile.taps());
  return static_cast<std::uint32_t>(most);
}

}  // namespace

ValuePass::ValuePass(const arch::Hardware& hardware, memory::DramContents& memory, std::size_t layers,
                     base::ThreadPool& pool)
    : hardware_(hardware),
      memory_(memory),
      pool_(pool),
      arithmetic_(hardware.post_processor.table_entries),
      events_(layers) {}

void ValuePass::run(const compiler::CommandStream& stream) {
  PassReader reader(memory_, stream, hardware_);
  for (Pass pass; reader.next(pass);) run_pass(pass);
}

void ValuePass::load_tables(const Pass& pass) {
  for (const arch::Load& load : pass.tables) {
    const RegionView view(memory_, load.region);
    std::vector<std::int32_t> values(load.region.elements);
    view.read(0, 0, values.data());
    arithmetic_.write_table(load.word, 0, values);
  }
}

void ValuePass::run_pass(const Pass& pass) {
  load_tables(pass);
  arithmetic_.configure(pass.settings.post);
  const PassContext context{pass,
                            arithmetic_,
                            memory_,
                            static_cast<std::size_t>(hardware_.pe_array.ic_lanes),
                            static_cast<std::size_t>(hardware_.pe_array.oc_lanes),
                            product_kernels()};
  // Waking threads takes longer than a small pass.
  constexpr std::uint64_t kWorthThreads = 200'000;
  const bool is_parallel = pool_.threads() > 1 && (pass.staged || work_of(context) >= kWorthThreads);
  base::ThreadPool alone(1);
  base::ThreadPool& pool = is_parallel ? pool_ : alone;
  const WeightSets sets(context);
  const std::size_t slices = 1 + sets.all_elements() / kPackedElements;
  const auto units =
      make_units(pass.tiles, slices * (is_parallel ? 4 * static_cast<std::size_t>(pool.threads()) : 1));
  if (runs_on_products(pass)) {
    run_units<ProductWeights>(context, sets, units, pool, [&](const Unit& unit, const auto& weights) {
      ProductStrip strip = product_strip(context);
      for_each_chain(pass.tiles, unit, weights, strip, [&](auto chain, auto chain_weights) {
        run_product_chain(context, strip, chain, chain_weights);
      });
    });
    return;
  }
  if (!pass.staged) {
    run_units<ExactWeights>(context, sets, units, pool, [&](const Unit& unit, const auto& weights) {
      ExactStrip strip = exact_strip(context);
      for_each_chain(pass.tiles, unit, weights, strip, [&](auto chain, auto chain_weights) {
        const Tile& last = chain.back();
        const auto sums = exact_sums(context, strip, chain, chain_weights);
        TileOutput(context, last, strip.of(last).taps->table, context.oc_lanes).write_wide(sums.data());
      });
    });
    return;
  }
  StagedChains chains(context, most_taps(pass.tiles));
  run_units<ExactWeights>(context, sets, units, pool, [&](const Unit& unit, const auto& weights) {
    ExactStrip strip = staged_strip(context);
    auto staged = chains.acquire();
    for_each_chain(pass.tiles, unit, weights, strip,
                   [&](auto chain, auto chain_weights) { staged->run(strip, chain, chain_weights); });
    chains.release(std::move(staged));
  });
  chains.add_events(events_.at(pass.settings.layer));
}

}  // namespace dlasim::sim::fast
