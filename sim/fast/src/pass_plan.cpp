#include "pass_plan.h"

#include <algorithm>
#include <map>

namespace dlasim::sim::fast {
namespace {

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

using WeightKey = std::tuple<std::uint64_t, std::int64_t, std::int64_t, std::uint32_t, std::uint32_t,
                             std::uint32_t, arch::Element, std::uint32_t, std::uint32_t, std::size_t>;
WeightKey key_of(const Pass& pass, const Tile& tile) {
  const arch::Region& r = pass.loads[tile.weights].region;
  return {r.address, r.row_stride,      r.pixel_stride,           r.rows,     r.pixels, r.elements,
          r.element, tile.run.ic_tiles, tile.run.last_tile_lanes, tile.taps()};
}

}  // namespace

std::size_t end_of_chain(std::span<const Tile> tiles, std::size_t begin) {
  std::size_t end = begin + 1;
  while (end < tiles.size() && tiles[end].run.continue_sum != 0) ++end;
  return end;
}

WeightSets::WeightSets(const Pass& pass, std::size_t ic_lanes, std::size_t oc_lanes) {
  std::map<WeightKey, std::size_t> known;
  for (const Tile& tile : pass.tiles) {
    const auto [set, is_new] = known.try_emplace(key_of(pass, tile), first_tiles_.size());
    if (is_new) {
      first_tiles_.push_back(&tile);
      elements_.push_back(tile.taps() * tile.channels(ic_lanes) * oc_lanes);
      all_elements_ += elements_.back();
    }
    of_tile_.push_back(set->second);
  }
}

PassPlan::PassPlan(const Pass& pass, const arch::Hardware& hardware, int threads)
    : sets_(pass, static_cast<std::size_t>(hardware.pe_array.ic_lanes),
            static_cast<std::size_t>(hardware.pe_array.oc_lanes)),
      is_parallel_(threads > 1 && is_worth_threads(pass, hardware)) {
  const std::size_t slices = 1 + sets_.all_elements() / kPackedElements;
  const std::size_t units_of_slice = is_parallel_ ? 4 * static_cast<std::size_t>(threads) : 1;
  units_ = make_units(pass.tiles, slices * units_of_slice);
  slices_ = make_slices(units_, sets_);
}

}  // namespace dlasim::sim::fast
