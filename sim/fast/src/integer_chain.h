#pragma once
/// The sums of integer layers: tiles that add to the same partial sums, one after the other.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "activations.h"
#include "packed_weights.h"
#include "pass_plan.h"
#include "pass_reader.h"
#include "tile_output.h"
#include "tile_tables.h"

namespace dlasim::sim::fast {

/// Whether int16 operands and sums modulo 2^32 give what the array gives in this pass.
bool runs_on_products(const Pass& pass);

/// What neighbouring chains share: the activations of each load, and memory for sums.
template <class Lane>
class StripCache {
 public:
  struct Entry {
    std::size_t load = kNone;
    Activations<Lane> activations;
    const Taps* taps = nullptr;
  };

  StripCache(const PassContext& context, TileTables& tables,
             Activations<Lane> (*read)(const PassContext&, const Tile&))
      : context_(context), tables_(tables), read_(read) {}

  TileTables& tables() { return tables_; }

  /// A chain begins: activations that it does not read are not kept. References to entries end here.
  void begin(const Tile& first) {
    const auto reads = [&first](const Entry& e) { return e.load == first.activations; };
    if (std::ranges::none_of(entries_, reads)) entries_.clear();
  }

  const Entry& of(const Tile& tile) {
    for (auto e = entries_.rbegin(); e != entries_.rend(); ++e) {
      if (e->load == tile.activations && tile.activations != kNone && e->taps->table.fits(tile.run))
        return *e;
    }
    Entry e{tile.activations, read_(context_, tile), nullptr};
    e.taps = &tables_.taps(context_, tile, e.activations.pitch, e.activations.padding_pixel);
    entries_.push_back(std::move(e));
    return entries_.back();
  }

  /// Room for `n` sums, with any contents.
  std::int32_t* sums(std::size_t n) {
    if (sums_.size() < n) sums_.resize(n);
    return sums_.data();
  }

 private:
  const PassContext& context_;
  TileTables& tables_;
  Activations<Lane> (*read_)(const PassContext&, const Tile&);
  std::deque<Entry> entries_;  // entries stay where they are
  std::vector<std::int32_t> sums_;
};

using ProductStrip = StripCache<std::int16_t>;
using ExactStrip = StripCache<std::int32_t>;
ProductStrip product_strip(const PassContext& context, TileTables& tables);
ExactStrip exact_strip(const PassContext& context, TileTables& tables);

/// Runs chains side by side to their stored outputs. `weights` has one entry a tile of a chain.
void run_product_chains(const PassContext& context, ProductStrip& strip, const ChainGroup& group,
                        std::span<const ProductWeights* const> weights);

/// The sums of a chain without its output, one row of oc_lanes a position: any operands, sums of 64 bits,
/// maxima.
std::vector<std::int64_t> exact_sums(const PassContext& context, ExactStrip& strip,
                                     std::span<const Tile> chain,
                                     std::span<const ExactWeights* const> weights);

/// exact_sums() of a group's only chain to the stored output.
void run_exact_chain(const PassContext& context, ExactStrip& strip, const ChainGroup& group,
                     std::span<const ExactWeights* const> weights);

}  // namespace dlasim::sim::fast
