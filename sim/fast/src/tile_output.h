#pragma once
/// What the post-processor and the store channel do with the sums of one tile.

#include <cstdint>
#include <optional>
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

/// The parameters of a tile's lanes, as they lie in DRAM.
std::vector<arch::ChannelParameters> read_parameters(const PassContext& context, const Tile& tile);

/// The operand buffer's words of a tile, oc_lanes values a position; empty if it reads none.
std::vector<std::int32_t> read_operand(const PassContext& context, const Tile& tile);

/// Stores rows of `stride` values, one row a position; nothing if the tile has no store.
void store_rows(const PassContext& context, const Tile& tile, const std::int32_t* rows, std::size_t stride);

/// Integer layers. Rows have one value an oc lane, and whatever their stride leaves behind them.
class TileOutput {
 public:
  /// Rows of `stride` values, the oc lanes rounded up.
  TileOutput(const PassContext& context, const Tile& tile, const TapTable& taps, std::size_t stride);

  /// Whether sums of 32 bits, to which the low halves of the biases have been added, are all it needs.
  bool takes_narrow_sums() const;
  /// Bias of a lane, its low half.
  std::int32_t narrow_bias(std::size_t lane) const;
  /// Overwrites the sums.
  void write_narrow(std::int32_t* biased_sums);
  /// Sums without biases.
  void write_wide(const std::int64_t* sums);

 private:
  void requantise(const std::int64_t* sums, std::int32_t* values);
  void finish(std::int32_t* values);

  const PassContext& context_;
  const Tile& tile_;
  const TapTable& taps_;
  const std::size_t stride_;
  std::vector<arch::ChannelParameters> parameters_;
  std::optional<fixed_point::RequantizeRow> row_;  ///< absent: lane by lane
};

}  // namespace dlasim::sim::fast
