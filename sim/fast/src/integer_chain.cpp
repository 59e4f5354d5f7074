#include "integer_chain.h"

#include <algorithm>
#include <array>
#include <limits>

namespace dlasim::sim::fast {
namespace {

bool fits_int16(arch::Element element) {
  return element == arch::Element::kInt8 || element == arch::Element::kUInt8 ||
         element == arch::Element::kInt16;
}

/// Sums of one tap and channel in all lanes. Channelwise, lane c has the only weight that is not 0.
void add_products(const ExactWeights& weights, std::size_t row, std::size_t c, std::size_t lanes,
                  std::int64_t x, std::int64_t* sums) {
  const std::int32_t* w = weights.values.data() + row * lanes;
  if (weights.channelwise) {
    sums[c] += x * w[c];
    return;
  }
  for (std::size_t oc = 0; oc < lanes; ++oc) sums[oc] += x * w[oc];
}

/// One tile of a position: sum over channels of the sum over taps.
void add_sums(const ProductArgs& a, const std::int32_t* pixels, const ExactWeights& weights,
              std::size_t channels, std::size_t lanes, std::size_t position, std::int64_t* sums) {
  for (std::size_t tap = 0; tap < a.taps; ++tap) {
    const std::int32_t* x = pixels + a.offsets[tap * a.positions + position];
    for (std::size_t c = 0; c < channels; ++c)
      add_products(weights, tap * channels + c, c, lanes, x[c], sums);
  }
}

/// One tile of a position: sum over channels of the maximum over the taps inside the image, 0 if there is
/// none.
void add_maxima(const TapTable& taps, const ProductArgs& a, const std::int32_t* pixels,
                const ExactWeights& weights, std::size_t channels, std::size_t lanes, std::size_t position,
                std::int64_t* sums) {
  if (taps.taps_inside(position) == 0) return;
  for (std::size_t c = 0; c < channels; ++c) {
    // Where all weights of a lane are 0, so are its products and their maximum.
    const std::size_t first = weights.channelwise ? c : 0;
    const std::size_t last = weights.channelwise ? c + 1 : lanes;
    for (std::size_t oc = first; oc < last; ++oc) {
      std::int64_t most = std::numeric_limits<std::int64_t>::min();
      for (std::size_t tap = 0; tap < a.taps; ++tap) {
        if (taps.pixel(tap, position) < 0) continue;
        const std::int64_t x =
            pixels[a.offsets[tap * a.positions + position] + static_cast<std::ptrdiff_t>(c)];
        most = std::max(most, x * weights.values[(tap * channels + c) * lanes + oc]);
      }
      sums[oc] += most;
    }
  }
}

template <class Lane>
ProductArgs arguments(const typename StripCache<Lane>::Entry& strip, const Tile& tile) {
  ProductArgs a;
  a.offsets = strip.taps->offsets.data();
  a.positions = tile.positions();
  a.taps = tile.taps();
  return a;
}

}  // namespace

bool runs_on_products(const Pass& pass) {
  const arch::Configure& s = pass.settings;
  const auto narrow = [&](std::size_t load) {
    return load == kNone || fits_int16(pass.loads[load].region.element);
  };
  return s.mode == arch::PeMode::kMultiplyAccumulate && s.wide_accumulator == 0 && !pass.staged &&
         s.pad_value >= std::numeric_limits<std::int16_t>::min() &&
         s.pad_value <= std::numeric_limits<std::int16_t>::max() &&
         std::ranges::all_of(pass.tiles,
                             [&](const Tile& t) { return narrow(t.activations) && narrow(t.weights); });
}

ProductStrip product_strip(const PassContext& context, TileTables& tables) {
  return {context, tables, read_product_activations};
}

ExactStrip exact_strip(const PassContext& context, TileTables& tables) {
  return {context, tables, [](const PassContext& c, const Tile& tile) {
            return read_activations(c, tile, tile.channels(c.ic_lanes));
          }};
}

void run_product_chains(const PassContext& context, ProductStrip& strip, const ChainGroup& group,
                        std::span<const ProductWeights* const> weights) {
  const std::span<const Tile> chain = group.chain(context.pass.tiles, 0);
  const Tile& last = chain.back();
  const std::size_t stride = weights.front()->blocks * kBlock;
  std::vector<const Tile*> outputs;
  for (std::size_t i = 0; i < group.chains; ++i)
    outputs.push_back(&group.chain(context.pass.tiles, i).back());
  const ChannelUnits& channel_units = strip.tables().channels(context, outputs, stride);
  const std::size_t count = last.positions() * stride;
  std::int32_t* sums = strip.sums(count);
  const bool narrow = channel_units.take_narrow_sums();
  // Without a row unit sums begin at 0.
  const std::vector<std::int32_t> zeros(narrow ? 0 : stride);
  const std::int32_t* biases = narrow ? channel_units.narrow_biases.data() : zeros.data();
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const auto& entry = strip.of(chain[i]);
    ProductArgs a = arguments<std::int16_t>(entry, chain[i]);
    a.pairs = weights[i]->pairs;
    a.sums_stride = stride;
    a.initial_stride = i == 0 ? 0 : stride;
    const std::size_t channels = chain[i].channels(context.ic_lanes);
    for (std::size_t b = 0; b < weights[i]->blocks; ++b) {
      a.weights = weights[i]->block(b);
      a.sums = sums + b * kBlock;
      a.initial = i == 0 ? biases + b * kBlock : a.sums;
      if (weights[i]->channelwise && b * kBlock >= channels) a.taps = 0;  // no channel, and no weights but 0
      // Channelwise, the block's lanes read channels of their own.
      a.pixels = entry.activations.values.get() + (weights[i]->channelwise ? b * kBlock : 0);
      weights[i]->channelwise ? context.kernels.channelwise(a) : context.kernels.dense(a);
    }
  }
  TileOutput output(context, outputs, strip.of(last).taps->table, channel_units, stride);
  if (narrow) return output.write_narrow(sums);
  const std::vector<std::int64_t> wide(sums, sums + count);
  output.write_wide(wide.data());
}

std::vector<std::int64_t> exact_sums(const PassContext& context, ExactStrip& strip,
                                     std::span<const Tile> chain,
                                     std::span<const ExactWeights* const> weights) {
  const std::size_t lanes = context.oc_lanes;
  const bool maximum = context.pass.settings.mode == arch::PeMode::kMaximum;
  std::vector<std::int64_t> sums(chain.back().positions() * lanes);
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const auto& entry = strip.of(chain[i]);
    const ProductArgs a = arguments<std::int32_t>(entry, chain[i]);
    const std::int32_t* pixels = entry.activations.values.get();
    const std::size_t channels = chain[i].channels(context.ic_lanes);
    for (std::size_t p = 0; p < a.positions; ++p) {
      std::int64_t* row = sums.data() + p * lanes;
      maximum ? add_maxima(entry.taps->table, a, pixels, *weights[i], channels, lanes, p, row)
              : add_sums(a, pixels, *weights[i], channels, lanes, p, row);
    }
  }
  return sums;
}

void run_exact_chain(const PassContext& context, ExactStrip& strip, const ChainGroup& group,
                     std::span<const ExactWeights* const> weights) {
  const std::span<const Tile> chain = group.chain(context.pass.tiles, 0);
  const Tile& last = chain.back();
  const std::size_t lanes = context.oc_lanes;
  const auto sums = exact_sums(context, strip, chain, weights);
  const std::array<const Tile*, 1> outputs{&last};
  const ChannelUnits& channel_units = strip.tables().channels(context, outputs, lanes);
  TileOutput(context, outputs, strip.of(last).taps->table, channel_units, lanes).write_wide(sums.data());
}

}  // namespace dlasim::sim::fast
