#include "staged_chain.h"

#include <algorithm>
#include <array>

namespace dlasim::sim::fast {

ExactStrip staged_strip(const PassContext& context, TileTables& tables) {
  return {context, tables, [](const PassContext& c, const Tile& tile) {
            return read_activations(c, tile, tile.run.ic_tiles * c.ic_lanes);
          }};
}

StagedChain::StagedChain(const arch::StagedSettings& settings, std::size_t ic_lanes, std::size_t oc_lanes,
                         std::size_t max_taps)
    : settings_(settings),
      ic_lanes_(ic_lanes),
      oc_lanes_(oc_lanes),
      tree_sums_(oc_lanes),
      registers_(max_taps * ic_lanes * oc_lanes) {
  const blocks::StagedSizes sizes{ic_lanes, oc_lanes, max_taps};
  lanes_ = blocks::make_staged_lanes(settings_, sizes);
  tree_ = blocks::make_staged_tree(settings_, sizes);
  totals_ = blocks::make_staged_totals(settings_, sizes);
  output_ = blocks::make_staged_output(settings_, sizes);
  strip_ = blocks::make_staged_strip(settings_, sizes);
  if (strip_ != nullptr) {
    tree_sums_.resize(strip_->positions() * oc_lanes);
    inputs_.resize(strip_->positions());
  }
  beat_.x.resize(ic_lanes);
  lane_sums_.narrow.resize(ic_lanes * oc_lanes);
  lane_sums_.wide.resize(lane_sums_.narrow.size());
}

void StagedChain::run(const PassContext& context, ExactStrip& strip, std::span<const Tile> chain,
                      std::span<const ExactWeights* const> weights) {
  if (lanes_ == nullptr) {
    sums_ = exact_sums(context, strip, chain, weights);
  } else {
    const std::size_t values = chain.back().positions() * oc_lanes_;
    strips_have_totals() ? totals_of_strips_.resize(values) : sums_.assign(values, 0);
    for (std::size_t i = 0; i < chain.size(); ++i) run_tile(strip.of(chain[i]), chain[i], *weights[i]);
  }
  write(context, strip, chain.back());
}

void StagedChain::run_tile(const ExactStrip::Entry& strip, const Tile& tile, const ExactWeights& weights) {
  for (std::uint32_t t = 0; t < tile.run.ic_tiles; ++t) {
    set_weights(tile, weights, t);
    begin_ic_tile(tile.run, t);
    if (strip_ != nullptr) {
      run_ic_tile_in_strips(strip, tile, t);
    } else {
      run_ic_tile(strip, tile, t);
    }
  }
}

void StagedChain::set_weights(const Tile& tile, const ExactWeights& weights, std::uint32_t ic_tile) {
  const std::size_t channels = tile.channels(ic_lanes_);
  const std::size_t first = ic_tile * ic_lanes_;
  const std::size_t lanes = std::min(ic_lanes_, channels - first);
  blocks::WeightRow row;
  row.valid = true;
  row.w.resize(oc_lanes_);
  for (std::size_t tap = 0; tap < tile.taps(); ++tap) {
    for (std::size_t ic = 0; ic < ic_lanes_; ++ic) {
      if (ic < lanes) {
        std::copy_n(weights.values.data() + (tap * channels + first + ic) * oc_lanes_, oc_lanes_,
                    row.w.begin());
      } else {
        std::ranges::fill(row.w, 0);
      }
      std::ranges::copy(row.w,
                        registers_.begin() + static_cast<std::ptrdiff_t>((tap * ic_lanes_ + ic) * oc_lanes_));
      row.tap = static_cast<std::uint32_t>(tap);
      row.ic_lane = static_cast<std::uint32_t>(ic);
      strip_ != nullptr ? strip_->set_weights(row) : lanes_->set_weights(row);
    }
  }
}

/// What all positions and taps of an ic tile have in common.
void StagedChain::begin_ic_tile(const arch::RunTile& run, std::uint32_t ic_tile) {
  const bool last_ic_tile = ic_tile + 1 == run.ic_tiles;
  blocks::TapRequest& r = beat_.request;
  r.bank = 0;
  r.lanes_active = last_ic_tile ? run.last_tile_lanes : static_cast<std::uint32_t>(ic_lanes_);
  blocks::Position& p = r.position;
  p.oc_active = run.oc_active;
  p.layer = run.layer;
  p.first_sum = ic_tile == 0 && run.continue_sum == 0;
  p.last_sum = last_ic_tile && run.hold_sum == 0;
}

/// Place and number of a position: what its units with a state, and its output, need.
void StagedChain::begin_position(const arch::RunTile& run, std::size_t index) {
  blocks::Position& p = beat_.request.position;
  p.index = static_cast<std::uint32_t>(index);
  p.element = run.output_element + p.index / run.cols * settings_.element_row_stride +
              p.index % run.cols * settings_.element_column_stride;
}

/// The word that a tap of a position reads.
const std::int32_t* StagedChain::word_of(const ExactStrip::Entry& strip, const Tile& tile, std::size_t tap,
                                         std::size_t position, std::uint32_t ic_tile) const {
  const auto at = static_cast<std::size_t>(strip.taps->offsets[tap * tile.positions() + position]);
  return strip.activations.values.get() + at + ic_tile * ic_lanes_;
}

void StagedChain::run_ic_tile_in_strips(const ExactStrip::Entry& strip, const Tile& tile,
                                        std::uint32_t ic_tile) {
  const std::uint32_t lanes_active = beat_.request.lanes_active;
  const std::uint32_t oc_active = tile.run.oc_active;
  for (std::size_t first = 0; first < tile.positions(); first += strip_->positions()) {
    const std::size_t n = std::min(strip_->positions(), tile.positions() - first);
    for (std::size_t tap = 0; tap < tile.taps(); ++tap) {
      for (std::size_t i = 0; i < n; ++i) {
        const bool padded = strip.taps->table.pixel(tap, first + i) < 0;
        inputs_[i] = padded ? nullptr : word_of(strip, tile, tap, first + i, ic_tile);
      }
      strip_->accumulate(static_cast<std::uint32_t>(tap), std::span(inputs_).first(n), lanes_active,
                         oc_active);
    }
    if (strip_->has_totals()) {
      strip_->reduce_into_totals(n, oc_active, beat_.request.position.first_sum,
                                 totals_of_strips_.data() + first * oc_lanes_);
      continue;
    }
    strip_->reduce(n, oc_active, tree_sums_.data());
    for (std::size_t i = 0; i < n; ++i) {
      begin_position(tile.run, first + i);
      std::int64_t* total = sums_.data() + (first + i) * oc_lanes_;
      totals_->add(beat_.request.position, total, tree_sums_.data() + i * oc_lanes_, total);
    }
  }
}

void StagedChain::run_ic_tile(const ExactStrip::Entry& strip, const Tile& tile, std::uint32_t ic_tile) {
  blocks::TapRequest& r = beat_.request;
  for (std::size_t position = 0; position < tile.positions(); ++position) {
    begin_position(tile.run, position);
    r.position.taps_inside = 0;
    for (std::size_t tap = 0; tap < tile.taps(); ++tap) {
      r.padded = strip.taps->table.pixel(tap, position) < 0;
      r.position.taps_inside += !r.padded;
      std::copy_n(word_of(strip, tile, tap, position, ic_tile), ic_lanes_, beat_.x.begin());
      take_tap(tile, tap);
    }
  }
}

void StagedChain::take_tap(const Tile& tile, std::size_t tap) {
  blocks::TapRequest& r = beat_.request;
  r.tap = static_cast<std::uint32_t>(tap);
  r.first_tap = tap == 0;
  r.last_tap = tap + 1 == tile.taps();
  const std::int32_t* weights = registers_.data() + tap * ic_lanes_ * oc_lanes_;
  if (!lanes_->accumulate(beat_, weights, lane_sums_)) return;
  lane_sums_.lanes_active = r.lanes_active;
  lane_sums_.position = r.position;
  if (settings_.datapath == arch::StagedDatapath::kBlocks) {
    // Every tap is a sum: only the first begins a total, only the last completes it.
    lane_sums_.position.first_sum = r.position.first_sum && r.first_tap;
    lane_sums_.position.last_sum = r.position.last_sum && r.last_tap;
  }
  tree_->reduce(lane_sums_, tree_sums_.data());
  std::int64_t* total = sums_.data() + r.position.index * oc_lanes_;
  totals_->add(lane_sums_.position, total, tree_sums_.data(), total);
}

void StagedChain::write(const PassContext& context, ExactStrip& strip, const Tile& tile) {
  const std::size_t lanes = oc_lanes_;
  const TapTable& taps = strip.of(tile).taps->table;
  const std::array<const Tile*, 1> outputs{&tile};
  const auto& parameters = strip.tables().channels(context, outputs, lanes).parameters;
  const std::vector<std::int32_t> operand = read_operand(context, tile);
  std::vector<std::int32_t> rows(tile.positions() * lanes);
  blocks::ChannelSums sums{std::vector<std::int64_t>(lanes), beat_.request.position};
  std::vector<std::int64_t> values(lanes);
  sums.position.oc_active = tile.run.oc_active;
  sums.position.last_sum = true;
  for (std::size_t i = 0; i < tile.positions(); ++i) {
    begin_position(tile.run, i);
    blocks::Position& p = sums.position;
    p.index = beat_.request.position.index;
    p.element = beat_.request.position.element;
    p.taps_inside = taps.taps_inside(i);
    if (strips_have_totals()) {
      strip_->widen_totals(totals_of_strips_.data() + i * lanes, tile.run.oc_active, sums.sum.data());
    } else {
      std::copy_n(sums_.data() + i * lanes, lanes, sums.sum.begin());
    }
    output_->finish(sums, parameters.data(), operand.empty() ? nullptr : operand.data() + i * lanes,
                    values.data());
    for (std::size_t oc = 0; oc < tile.run.oc_active; ++oc) {
      const std::int64_t v = settings_.affine != 0
                                 ? context.arithmetic.requantise(values[oc], parameters[oc], p.taps_inside)
                                 : values[oc];
      rows[i * lanes + oc] = static_cast<std::int32_t>(v);
    }
  }
  store_rows(context, tile, rows.data(), lanes);
}

fixed_point::PointEvents StagedChain::take_events() {
  fixed_point::PointEvents sum{};
  const std::initializer_list<blocks::StagedBlock*> all{lanes_.get(), tree_.get(), strip_.get(),
                                                        totals_.get(), output_.get()};
  for (blocks::StagedBlock* block : all) {
    if (block == nullptr) continue;
    const fixed_point::PointEvents events = block->take_events();
    for (std::size_t point = 0; point < events.size(); ++point) sum[point] += events[point];
  }
  return sum;
}

}  // namespace dlasim::sim::fast
