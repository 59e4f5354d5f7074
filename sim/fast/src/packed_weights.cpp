#include "packed_weights.h"

#include <cstring>

#include "base/error.h"
#include "product_kernels.h"

namespace dlasim::sim::fast {
namespace {

template <class Element>
Element read(const std::byte* row, std::size_t i) {
  Element value;
  std::memcpy(&value, row + i * sizeof value, sizeof value);
  return value;
}

/// Calls `run` with a value of the type of the weights.
template <class Run>
void with_element(arch::Element element, const Run& run) {
  switch (element) {
    case arch::Element::kInt8:
      return run(std::int8_t{});
    case arch::Element::kUInt8:
      return run(std::uint8_t{});
    case arch::Element::kInt16:
      return run(std::int16_t{});
    case arch::Element::kInt32:
      return run(std::int32_t{});
    case arch::Element::kInt64:
      break;
  }
  throw base::SimulationError("dma: a lane cannot hold a 64-bit element");
}

/// Whether all weights but those of lane oc and channel oc are 0.
template <class Element>
bool is_channelwise(const WeightReader& weights) {
  bool channelwise = weights.channels() <= weights.lanes();
  const std::size_t n = weights.row_elements();
  weights.for_each_row([&](std::size_t /*tap*/, std::size_t c, const std::byte* row) {
    Element others = 0;
    for (std::size_t oc = 0; oc < std::min(c, n); ++oc) others |= read<Element>(row, oc);
    for (std::size_t oc = c + 1; oc < n; ++oc) others |= read<Element>(row, oc);
    channelwise = channelwise && others == 0;
    return channelwise;
  });
  return channelwise;
}

bool is_channelwise(const WeightReader& weights) {
  bool channelwise = false;
  with_element(weights.element(),
               [&](auto element) { channelwise = is_channelwise<decltype(element)>(weights); });
  return channelwise;
}

template <class Element>
void pack_channelwise(const WeightReader& weights, ProductWeights& packed) {
  const std::size_t n = weights.row_elements();
  weights.for_each_row([&](std::size_t tap, std::size_t c, const std::byte* row) {
    const std::size_t at = (tap / 2 * kBlock + c % kBlock) * 2 + tap % 2;
    if (c < n)
      packed.values[c / kBlock * packed.block_size + at] = static_cast<std::int16_t>(read<Element>(row, c));
    return true;
  });
}

/// A row into every second value.
template <class Element>
void pack_row(const std::byte* row, std::size_t n, std::int16_t* to) {
  for (std::size_t oc = 0; oc < n; ++oc) to[2 * oc] = static_cast<std::int16_t>(read<Element>(row, oc));
}

/// Two rows at once: a vector of pairs.
template <class Element>
void pack_rows(const std::byte* even, const std::byte* odd, std::size_t n, std::int16_t* to) {
  for (std::size_t oc = 0; oc < n; ++oc) {
    const auto low = static_cast<std::uint16_t>(read<Element>(even, oc));
    const auto high = static_cast<std::uint16_t>(read<Element>(odd, oc));
    const std::uint32_t pair = low | std::uint32_t{high} << 16;
    std::memcpy(to + 2 * oc, &pair, sizeof pair);
  }
}

/// `first_lane`: of the packed lanes.
template <class Element>
void pack_dense(const WeightReader& weights, std::size_t first_lane, ProductWeights& packed) {
  const std::byte* even = nullptr;  // of the pair that the next row completes
  const bool rows_of_pairs = weights.ic_lanes() % 2 == 0;
  weights.for_each_row([&](std::size_t tap, std::size_t c, const std::byte* row) {
    if (rows_of_pairs && c % 2 == 0 && c + 1 < weights.channels()) {
      even = row;
      return true;
    }
    for (std::size_t first = 0, n = 0; first < weights.row_elements(); first += n) {
      const std::size_t lane = first_lane + first;
      std::int16_t* to = packed.values.data() + lane / kBlock * packed.block_size +
                         2 * ((tap * packed.pairs + c / 2) * kBlock + lane % kBlock);
      n = std::min(kBlock - lane % kBlock, weights.row_elements() - first);
      const std::size_t offset = first * sizeof(Element);
      if (even != nullptr) {
        pack_rows<Element>(even + offset, row + offset, n, to);
      } else {
        pack_row<Element>(row + offset, n, to + c % 2);
      }
    }
    even = nullptr;
    return true;
  });
}

}  // namespace

WeightReader::WeightReader(const RegionView& rows, const Tile& tile, std::size_t ic_lanes,
                           std::size_t oc_lanes)
    : rows_(rows),
      taps_(tile.taps()),
      channels_(tile.channels(ic_lanes)),
      lanes_(oc_lanes),
      ic_lanes_(ic_lanes) {}

ExactWeights::ExactWeights(std::span<const WeightReader> readers)
    : values(readers.front().taps() * readers.front().channels() * readers.front().lanes()) {
  const WeightReader& weights = readers.front();
  with_element(weights.element(), [&](auto element) {
    using Element = decltype(element);
    channelwise = is_channelwise<Element>(weights);
    weights.for_each_row([&](std::size_t tap, std::size_t c, const std::byte* row) {
      std::int32_t* to = values.data() + (tap * weights.channels() + c) * weights.lanes();
      for (std::size_t oc = 0; oc < weights.row_elements(); ++oc) to[oc] = read<Element>(row, oc);
      return true;
    });
  });
}

ProductWeights::ProductWeights(std::span<const WeightReader> readers)
    : channelwise(readers.size() == 1 && is_channelwise(readers.front())),
      blocks((readers.size() * readers.front().lanes() + kBlock - 1) / kBlock),
      pairs((readers.front().channels() + 1) / 2) {
  const std::size_t taps = readers.front().taps();
  block_size = 2 * kBlock * (channelwise ? (taps + 1) / 2 : taps * pairs);
  values.resize(blocks * block_size);
  std::size_t first_lane = 0;
  for (const WeightReader& weights : readers) {
    with_element(weights.element(), [&](auto element) {
      using Element = decltype(element);
      channelwise ? pack_channelwise<Element>(weights, *this)
                  : pack_dense<Element>(weights, first_lane, *this);
    });
    first_lane += weights.lanes();
  }
}

}  // namespace dlasim::sim::fast
