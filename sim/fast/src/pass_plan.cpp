#include "pass_plan.h"

#include <algorithm>
#include <map>

namespace dlasim::sim::fast {
namespace {

ChainGroup chain_at(std::span<const Tile> tiles, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < tiles.size() && tiles[end].run.continue_sum != 0) ++end;
  return {begin, end - begin, 1};
}

/// Whether two tiles differ in their output channels only.
bool run_side_by_side(const Tile& a, const Tile& b) {
  const auto shape = [](const arch::RunTile& t) {
    return std::tie(t.region_height, t.region_width, t.y_start, t.x_start, t.rows, t.cols, t.kernel_height,
                    t.kernel_width, t.ic_tiles, t.last_tile_lanes, t.continue_sum, t.hold_sum);
  };
  return a.activations == b.activations && shape(a.run) == shape(b.run);
}

std::vector<ChainGroup> make_groups(std::span<const Tile> tiles, std::size_t most_chains) {
  std::vector<ChainGroup> groups;
  for (std::size_t begin = 0; begin < tiles.size();) {
    const ChainGroup next = chain_at(tiles, begin);
    begin = next.end();
    if (!groups.empty()) {
      ChainGroup& last = groups.back();
      if (last.chains < most_chains && last.length == next.length &&
          std::ranges::equal(last.chain(tiles, 0), next.chain(tiles, 0), run_side_by_side)) {
        ++last.chains;
        continue;
      }
    }
    groups.push_back(next);
  }
  return groups;
}

/// Groups in runs that read the same activations, which a thread then converts once. Long runs are cut and
/// short ones joined so that there are about `wanted` units.
std::vector<Unit> make_units(std::span<const Tile> tiles, std::span<const ChainGroup> groups,
                             std::size_t wanted) {
  std::vector<Unit> runs;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    const bool same = !runs.empty() && tiles[groups[runs.back().begin].begin].activations ==
                                           tiles[groups[group].begin].activations;
    if (!same) runs.push_back({group, group});
    runs.back().end = group + 1;
  }
  const std::size_t pieces = std::max<std::size_t>(1, (wanted + runs.size() - 1) / runs.size());
  const std::size_t joined = std::max<std::size_t>(1, groups.size() / wanted);  // groups of a unit
  std::vector<Unit> units;
  for (const Unit& run : runs) {
    const std::size_t size = (run.end - run.begin + pieces - 1) / pieces;
    for (std::size_t i = run.begin; i < run.end; i += size) {
      const Unit next{i, std::min(i + size, run.end)};
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
std::uint64_t work_of(const Pass& pass, const arch::PeArray& array) {
  std::uint64_t work = 0;
  for (const Tile& t : pass.tiles)
    work += t.positions() * t.taps() * t.channels(static_cast<std::size_t>(array.ic_lanes)) *
            static_cast<std::size_t>(array.oc_lanes);
  return work;
}

bool is_worth_threads(const Pass& pass, const arch::Hardware& hardware) {
  constexpr std::uint64_t kWorthThreads = 200'000;
  return pass.staged || work_of(pass, hardware.pe_array) >= kWorthThreads;
}

/// Weights that are packed at the same time, about: 20 MB of int16. Larger layers run in slices.
constexpr std::size_t kPackedElements = 10'000'000;

std::vector<std::span<const Unit>> make_slices(const std::vector<Unit>& units,
                                               std::span<const ChainGroup> groups, const WeightSets& sets) {
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
    for (std::size_t group = units[u].begin; group < units[u].end; ++group) {
      for (std::size_t tile = 0; tile < groups[group].length; ++tile) {
        const std::size_t set = sets.of(groups[group].begin + tile);
        if (last_slice[set] == slices.size()) continue;
        last_slice[set] = slices.size();
        elements += sets.elements(set);
      }
    }
  }
  slices.push_back(std::span(units).subspan(first));
  return slices;
}

using WeightKey = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t, std::uint32_t,
                             std::uint32_t, arch::Element, std::uint32_t, std::uint32_t, std::size_t>;
WeightKey key_of(const Pass& pass, const Tile& tile) {
  const arch::Region& r = pass.loads[tile.weights].region;
  return {r.address, r.row_stride,      r.pixel_stride,           r.rows,     r.pixels, r.elements,
          r.element, tile.run.ic_tiles, tile.run.last_tile_lanes, tile.taps()};
}

}  // namespace

WeightSets::WeightSets(const Pass& pass, std::span<const ChainGroup> groups, std::size_t ic_lanes,
                       std::size_t oc_lanes)
    : of_tile_(pass.tiles.size()) {
  std::map<std::vector<WeightKey>, std::size_t> known;
  for (const ChainGroup& group : groups) {
    for (std::size_t i = 0; i < group.length; ++i) {
      std::vector<const Tile*> tiles;
      std::vector<WeightKey> key;
      for (std::size_t chain = 0; chain < group.chains; ++chain) {
        tiles.push_back(&group.chain(pass.tiles, chain)[i]);
        key.push_back(key_of(pass, *tiles.back()));
      }
      const auto [set, is_new] = known.try_emplace(std::move(key), tiles_.size());
      of_tile_[group.begin + i] = set->second;
      if (!is_new) continue;
      elements_.push_back(tiles[0]->taps() * tiles[0]->channels(ic_lanes) * oc_lanes * tiles.size());
      all_elements_ += elements_.back();
      tiles_.push_back(std::move(tiles));
    }
  }
}

PassPlan::PassPlan(const Pass& pass, const arch::Hardware& hardware, int threads, std::size_t lanes)
    : groups_(make_groups(pass.tiles, lanes / static_cast<std::size_t>(hardware.pe_array.oc_lanes))),
      sets_(pass, groups_, static_cast<std::size_t>(hardware.pe_array.ic_lanes),
            static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      is_parallel_(threads > 1 && is_worth_threads(pass, hardware)) {
  const std::size_t slices = 1 + sets_.all_elements() / kPackedElements;
  const std::size_t units_of_slice = is_parallel_ ? 4 * static_cast<std::size_t>(threads) : 1;
  units_ = make_units(pass.tiles, groups_, slices * units_of_slice);
  slices_ = make_slices(units_, groups_, sets_);
}

}  // namespace dlasim::sim::fast
