#include "packed_weights.h"

#include <algorithm>

#include "product_kernels.h"

namespace dlasim::sim::fast {
namespace {

/// Whether all weights but those of lane oc and channel oc are 0.
bool is_channelwise(const std::vector<std::int32_t>& values, const WeightReader& weights) {
  if (weights.channels() > weights.lanes()) return false;
  const std::int32_t* w = values.data();
  for (std::size_t tap = 0; tap < weights.taps(); ++tap) {
    for (std::size_t c = 0; c < weights.channels(); ++c, w += weights.lanes()) {
      for (std::size_t oc = 0; oc < weights.lanes(); ++oc) {
        if (oc != c && w[oc] != 0) return false;
      }
    }
  }
  return true;
}

}  // namespace

WeightReader::WeightReader(const RegionView& rows, const Tile& tile, std::size_t ic_lanes,
                           std::size_t oc_lanes)
    : rows_(rows),
      taps_(tile.taps()),
      channels_(tile.channels(ic_lanes)),
      lanes_(oc_lanes),
      ic_lanes_(ic_lanes) {}

ExactWeights::ExactWeights(const WeightReader& weights)
    : values(weights.taps() * weights.channels() * weights.lanes()) {
  weights.for_each_row([&](std::size_t tap, std::size_t c, const std::int32_t* row) {
    std::copy_n(row, weights.lanes(), values.data() + (tap * weights.channels() + c) * weights.lanes());
  });
  channelwise = is_channelwise(values, weights);
}

ProductWeights::ProductWeights(const WeightReader& weights)
    : blocks((weights.lanes() + kBlock - 1) / kBlock), pairs((weights.channels() + 1) / 2) {
  const ExactWeights exact(weights);
  channelwise = exact.channelwise;
  block_size = 2 * kBlock * (channelwise ? (weights.taps() + 1) / 2 : weights.taps() * pairs);
  values.resize(blocks * block_size);
  channelwise ? pack_channelwise(exact, weights) : pack_dense(exact, weights);
}

void ProductWeights::pack_dense(const ExactWeights& exact, const WeightReader& weights) {
  const std::int32_t* w = exact.values.data();
  for (std::size_t tap = 0; tap < weights.taps(); ++tap) {
    for (std::size_t c = 0; c < weights.channels(); ++c, w += weights.lanes()) {
      for (std::size_t b = 0; b < blocks; ++b) {
        std::int16_t* to = values.data() + b * block_size + 2 * (tap * pairs + c / 2) * kBlock + c % 2;
        const std::size_t lanes = std::min(kBlock, weights.lanes() - b * kBlock);
        for (std::size_t oc = 0; oc < lanes; ++oc) to[2 * oc] = static_cast<std::int16_t>(w[b * kBlock + oc]);
      }
    }
  }
}

void ProductWeights::pack_channelwise(const ExactWeights& exact, const WeightReader& weights) {
  const std::int32_t* w = exact.values.data();
  for (std::size_t tap = 0; tap < weights.taps(); ++tap) {
    for (std::size_t c = 0; c < weights.channels(); ++c, w += weights.lanes()) {
      const std::size_t at = (tap / 2 * kBlock + c % kBlock) * 2 + tap % 2;
      values[c / kBlock * block_size + at] = static_cast<std::int16_t>(w[c]);
    }
  }
}

}  // namespace dlasim::sim::fast
