#pragma once
/// What the post-processor and the store channel do with the sums of one tile.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fixed_point/requantize.h"
#include "pass_reader.h"
#include "product_kernels.h"
#include "region_view.h"
#include "sim/blocks/post_arithmetic.h"
#include "tap_table.h"

namespace dlasim::sim::fast {

/// What the tiles of a pass have in common.
struct PassContext {
  const Pass& pass;
  const blocks::PostArithmetic& arithmetic;
  memory::DramContents& memory;
  std::size_t ic_lanes, oc_lanes;
  const ProductKernels& kernels;
};

/// What lanes are biased and requantised with: those of one tile after those of the other.
struct ChannelUnits {
  std::vector<arch::ChannelParameters> parameters;  ///< as they lie in DRAM; 0 for lanes without a channel
  std::optional<fixed_point::RequantizeRow> row;    ///< absent: lane by lane
  std::vector<std::int32_t> narrow_biases;          ///< low halves, `stride` of them
  bool is_fixed = true;                             ///< the same in every run

  /// For rows of `stride` values, all oc lanes rounded up.
  ChannelUnits(const PassContext& context, std::span<const Tile* const> tiles, std::size_t stride);
  /// Whether sums of 32 bits, to which the narrow biases have been added, are all that is needed.
  bool take_narrow_sums() const;
};

/// The operand buffer's words of a tile, oc_lanes values a position; empty if it reads none.
std::vector<std::int32_t> read_operand(const PassContext& context, const Tile& tile);

/// Stores rows of `stride` values, one row a position; nothing if the tile has no store.
void store_rows(const PassContext& context, const Tile& tile, const std::int32_t* rows, std::size_t stride);

/// Integer layers, tiles that differ in their output channels only. Rows have one value an oc lane, tile
/// after tile, and whatever their stride leaves behind them.
class TileOutput {
 public:
  /// Rows of `stride` values, as those of `channels`.
  TileOutput(const PassContext& context, std::span<const Tile* const> tiles, const TapTable& taps,
             const ChannelUnits& channels, std::size_t stride)
      : context_(context), tiles_(tiles), taps_(taps), channels_(channels), stride_(stride) {}

  /// Overwrites the sums, which have the narrow biases in them.
  void write_narrow(std::int32_t* biased_sums);
  /// Sums without biases.
  void write_wide(const std::int64_t* sums);

 private:
  void requantise(const std::int64_t* sums, std::int32_t* values);
  void finish(std::int32_t* values);
  void finish(const Tile& tile, std::int32_t* values);
  std::size_t lanes() const { return channels_.parameters.size(); }
  std::size_t positions() const { return tiles_.front()->positions(); }

  const PassContext& context_;
  const std::span<const Tile* const> tiles_;
  const TapTable& taps_;
  const ChannelUnits& channels_;
  const std::size_t stride_;
};

}  // namespace dlasim::sim::fast
