#include "value_pass.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
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

/// The weights of all tiles, each distinct set packed once.
template <class Packed>
class WeightStore {
 public:
  WeightStore(const PassContext& context, base::ThreadPool& pool) {
    std::map<Key, std::size_t> places;
    std::vector<const Tile*> tiles;
    std::vector<std::size_t> place_of;
    for (const Tile& tile : context.pass.tiles) {
      const auto [place, is_new] = places.try_emplace(key_of(context, tile), tiles.size());
      if (is_new) tiles.push_back(&tile);
      place_of.push_back(place->second);
    }
    packed_.resize(tiles.size());
    pool.parallel_for(static_cast<std::int64_t>(tiles.size()), [&](std::int64_t i) {
      const Tile& tile = *tiles[static_cast<std::size_t>(i)];
      const RegionView view(context.memory, context.pass.loads[tile.weights].region);
      const WeightReader reader(view, tile, context.ic_lanes, context.oc_lanes);
      packed_[static_cast<std::size_t>(i)] = std::make_unique<const Packed>(reader);
    });
    for (const std::size_t place : place_of) of_tile_.push_back(packed_[place].get());
  }

  /// One entry a tile of the unit.
  std::span<const Packed* const> of(std::size_t begin, std::size_t end) const {
    return std::span(of_tile_).subspan(begin, end - begin);
  }

 private:
  using Key = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t, std::uint32_t,
                         std::uint32_t, arch::Element, std::uint32_t, std::uint32_t, std::size_t>;
  static Key key_of(const PassContext& context, const Tile& tile) {
    const arch::Region& r = context.pass.loads[tile.weights].region;
    return {r.address, r.row_stride,      r.pixel_stride,           r.rows,     r.pixels, r.elements,
            r.element, tile.run.ic_tiles, tile.run.last_tile_lanes, tile.taps()};
  }

  std::vector<std::unique_ptr<const Packed>> packed_;
  std::vector<const Packed*> of_tile_;
};

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

ValuePass::ValuePass(const arch::Hardware& hardware, std::span<std::byte> memory, std::size_t layers,
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
  const auto units = make_units(pass.tiles, is_parallel ? 4 * static_cast<std::size_t>(pool.threads()) : 1);
  const auto for_each_unit = [&](const std::function<void(const Unit&)>& run) {
    pool.parallel_for(static_cast<std::int64_t>(units.size()),
                      [&](std::int64_t i) { run(units[static_cast<std::size_t>(i)]); });
  };

  if (runs_on_products(pass)) {
    const WeightStore<ProductWeights> weights(context, pool);
    for_each_unit([&](const Unit& unit) {
      ProductStrip strip = product_strip(context);
      for_each_chain(pass.tiles, unit, weights, strip, [&](auto chain, auto chain_weights) {
        run_product_chain(context, strip, chain, chain_weights);
      });
    });
    return;
  }
  const WeightStore<ExactWeights> weights(context, pool);
  if (!pass.staged) {
    for_each_unit([&](const Unit& unit) {
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
  for_each_unit([&](const Unit& unit) {
    ExactStrip strip = staged_strip(context);
    auto staged = chains.acquire();
    for_each_chain(pass.tiles, unit, weights, strip,
                   [&](auto chain, auto chain_weights) { staged->run(strip, chain, chain_weights); });
    chains.release(std::move(staged));
  });
  chains.add_events(events_.at(pass.settings.layer));
}

}  // namespace dlasim::sim::fast
