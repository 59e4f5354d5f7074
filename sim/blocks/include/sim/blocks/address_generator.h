#pragma once
/// Walks a tile: for each ic tile, each position, each tap one request to the activation buffer.

#include <cstdint>
#include <optional>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/elastic_pipeline.h"

namespace dlasim::sim::blocks {

/// Order: ic tile, output row, output column, ky, kx. A tap reads upsampled region coordinate
/// `start + position * stride + tap * dilation`; it is padding if that lies outside the region or, for
/// transposed convolutions, between two input elements. One request a cycle; the first of an ic tile waits
/// for its weights. Latency 1.
class AddressGenerator {
 public:
  explicit AddressGenerator(const arch::Hardware& hardware);

  struct In {
    const arch::RunTile* tile = nullptr;  ///< a new tile, only while `can_accept_tile`
    std::uint64_t ic_tiles_loaded = 0;    ///< from the weight loader: ic tiles whose weights are in registers
    bool out_taken = false;               ///< the activation buffer took `out()`
  };

  /// Geometry for the tiles that follow; only while `idle`.
  void configure(const arch::Configure& settings) {
    settings_ = settings;
    element_row_stride_ = element_column_stride_ = 0;
  }
  void configure(const arch::ConfigureStaged& settings) {
    element_row_stride_ = settings.staged.element_row_stride;
    element_column_stride_ = settings.staged.element_column_stride;
  }

  /// The layer whose settings are in force.
  std::uint32_t layer() const { return settings_.layer; }
  bool can_accept_tile() const { return !next_tile_.has_value(); }
  bool idle() const { return !tile_ && !next_tile_ && pipeline_.empty(); }
  bool valid() const { return pipeline_.valid(); }
  const TapRequest& out() const { return pipeline_.front(); }
  void step(const In& in);

  /// Names the registers for waves; `v(name, value)` is called for each.
  template <class Visitor>
  void registers(Visitor&& v) const {
    v("tile_valid", tile_.has_value()), v("next_tile_valid", next_tile_.has_value());
    v("layer", settings_.layer), v("ic_tile", ic_tile_), v("row", row_), v("col", col_);
    v("ky", ky_), v("kx", kx_), v("ic_tiles_begun", ic_tiles_begun_);
    pipeline_.registers(v);
  }

 private:
  void begin_tile();
  bool emit(std::uint64_t ic_tiles_loaded);
  void advance();
  void locate_tap(TapRequest& request) const;

  const std::uint32_t ic_lanes_;
  arch::Configure settings_;
  std::uint32_t element_row_stride_ = 0, element_column_stride_ = 0;
  std::optional<arch::RunTile> tile_, next_tile_;
  std::uint32_t ic_tile_ = 0, row_ = 0, col_ = 0, ky_ = 0, kx_ = 0;
  std::uint32_t taps_inside_ = 0;
  std::uint64_t ic_tiles_begun_ = 0;  // since reset: compared with the loader's count
  ElasticPipeline<TapRequest> pipeline_;
};

}  // namespace dlasim::sim::blocks
