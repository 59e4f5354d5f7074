#pragma once
/// The weights of one tile, turned once a pass into the order in which a kernel reads them.

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "pass_reader.h"
#include "region_view.h"

namespace dlasim::sim::fast {

/// Weight (tap, channel, lane): channels of all ic tiles one behind the other.
class WeightReader {
 public:
  WeightReader(const RegionView& rows, const Tile& tile, std::size_t ic_lanes, std::size_t oc_lanes);

  std::size_t taps() const { return taps_; }
  std::size_t channels() const { return channels_; }
  std::size_t lanes() const { return lanes_; }
  std::size_t ic_lanes() const { return ic_lanes_; }
  arch::Element element() const { return rows_.region().element; }
  /// Weights of a row that lie in memory; those of the lanes behind them are 0.
  std::size_t row_elements() const { return std::min<std::size_t>(lanes_, rows_.region().elements); }

  /// `v(tap, channel, place of the lanes' weights)` for each row of weight registers, in the order of the
  /// rows, until it returns false.
  template <class Visitor>
  void for_each_row(Visitor&& v) const {
    std::uint32_t row = 0, column = 0;
    for (std::size_t first = 0; first < channels_; first += ic_lanes_) {
      const std::size_t end = std::min(first + ic_lanes_, channels_);
      for (std::size_t tap = 0; tap < taps_; ++tap) {
        for (std::size_t c = first; c < end; ++c) {
          if (!v(tap, c, rows_.pixel(row, column))) return;
          if (++column < rows_.region().pixels) continue;
          column = 0;
          ++row;
        }
      }
    }
  }

 private:
  RegionView rows_;
  std::size_t taps_, channels_, lanes_, ic_lanes_;
};

/// For sums of 64 bits and for maxima: [tap][channel][lane].
struct ExactWeights {
  bool channelwise = false;
  std::vector<std::int32_t> values;

  /// One reader.
  explicit ExactWeights(std::span<const WeightReader> readers);
};

/// For ProductKernels: int16, blocks of kBlock lanes; the lanes of several tiles one behind the other.
struct ProductWeights {
  bool channelwise = false;  ///< lane oc reads channel oc alone
  std::size_t blocks = 0, pairs = 0, block_size = 0;
  std::vector<std::int16_t> values;  ///< block after block, as ProductArgs::weights

  /// Of tiles with the same taps and channels.
  explicit ProductWeights(std::span<const WeightReader> readers);
  const std::int16_t* block(std::size_t b) const { return values.data() + b * block_size; }
};

}  // namespace dlasim::sim::fast
