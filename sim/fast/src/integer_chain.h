#pragma once
/// The sums of integer layers: tiles that add to the same partial sums, one after the other.

#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

#include "activations.h"
#include "packed_weights.h"
#include "pass_reader.h"
#include "tap_table.h"
#include "tile_output.h"

namespace dlasim::sim::fast {

/// Whether int16 operands and sums modulo 2^32 give what the array gives in this pass.
bool runs_on_products(const Pass& pass);

/// What neighbouring chains share: the activations of each load, and the tap tables.
template <class Lane>
class StripCache {
 public:
  struct Entry {
    std::size_t load = kNone;
    Activations<Lane> activations;
    TapTable taps;
    std::vector<std::int32_t> offsets;
  };

  StripCache(const PassContext& context, Activations<Lane> (*read)(const PassContext&, const Tile&))
      : context_(context), read_(read) {}

  const Entry& of(const Tile& tile) {
    for (const Entry& e : entries_) {
      if (e.load == tile.activations && tile.activations != kNone && e.taps.fits(tile.run)) return e;
    }
    Entry e{tile.activations, read_(context_, tile), TapTable(tile.run, context_.pass.settings), {}};
    e.offsets = e.taps.offsets(e.activations.pitch, e.activations.padding_pixel);
    entries_.push_back(std::move(e));
    return entries_.back();
  }

 private:
  const PassContext& context_;
  Activations<Lane> (*read_)(const PassContext&, const Tile&);
  std::deque<Entry> entries_;  // entries stay where they are
};

using ProductStrip = StripCache<std::int16_t>;
using ExactStrip = StripCache<std::int32_t>;
ProductStrip product_strip(const PassContext& context);
ExactStrip exact_strip(const PassContext& context);

/// Runs a chain to its stored output. `weights` has one entry a tile.
void run_product_chain(const PassContext& context, ProductStrip& strip, std::span<const Tile> chain,
                       std::span<const ProductWeights* const> weights);

/// The sums of a chain without its output, one row of oc_lanes a position: any operands, sums of 64 bits,
/// maxima.
std::vector<std::int64_t> exact_sums(const PassContext& context, ExactStrip& strip,
                                     std::span<const Tile> chain,
                                     std::span<const ExactWeights* const> weights);

}  // namespace dlasim::sim::fast
