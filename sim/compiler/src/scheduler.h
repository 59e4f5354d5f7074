#pragma once
/// Orders loads, tiles and stores into a command stream with dependency tokens.

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "memory_image.h"
#include "pass.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "slot_cache.h"
#include "tiler.h"

namespace dlasim::sim::compiler {

/// Every command waits only for commands that stand before it in the stream, so no order of execution can
/// deadlock. The loads of a tile stand before the tile in front of it: they run while that one computes.
class Scheduler {
 public:
  Scheduler(const arch::Hardware& hardware, MemoryImage& image) : hardware_(hardware), image_(image) {}

  void run(const Pass& pass);
  /// Ends the stream and places it in the image: address and bytes.
  std::pair<std::uint64_t, std::uint64_t> finish(std::uint32_t layer);
  /// Tiles so far.
  std::uint64_t tiles() const { return tiles_; }
  /// Stores so far: what a reader of the last pass's output waits for.
  std::uint32_t stores() const { return stores_; }

 private:
  /// Loads, one tile and perhaps a store; the unit of software pipelining.
  struct TileStep {
    std::vector<arch::Load> loads;
    arch::RunTile tile;
    bool has_store = false;
    arch::Store store;
  };
  /// Where the slots of each buffer lie for one pass.
  struct Buffers {
    SlotCache<std::tuple<std::int64_t, std::size_t, std::int64_t, std::size_t>>
        activations;                                                        // image, strip, channel, chunk
    SlotCache<std::tuple<std::int64_t, std::size_t, std::size_t>> weights;  // batch, oc tile, chunk
    SlotCache<std::size_t> parameters;                                      // oc tile
    std::uint32_t activation_slot_words = 0, weight_slot_words = 0;
    std::uint32_t strip_words = 0;  // of the operand and output slots
  };
  struct Place {  // of the loop nest
    std::int64_t image = 0;
    std::size_t strip_index = 0, tile_index = 0, chunk_index = 0;
  };

  void configure(const Pass& pass);
  void load_tables(const Pass& pass);
  TileStep make_step(const Pass& pass, const Place& place, const Strip& strip,
                     const std::vector<Chunk>& chunks, Buffers& buffers);
  void load_activations(const Pass& pass, const Place& place, const OcTile& oc_tile,
                        const InputRegion& region, const Chunk& chunk, Buffers& buffers, TileStep& step);
  void load_weights(const Pass& pass, const Place& place, const OcTile& oc_tile, const Chunk& chunk,
                    Buffers& buffers, TileStep& step);
  void load_parameters(const Pass& pass, const Place& place, const OcTile& oc_tile, Buffers& buffers,
                       TileStep& step);
  void load_operand(const Pass& pass, const Place& place, const Strip& strip, const OcTile& oc_tile,
                    const Buffers& buffers, TileStep& step);
  void store_output(const Pass& pass, const Place& place, const Strip& strip, const OcTile& oc_tile,
                    const Buffers& buffers, TileStep& step);
  arch::Region packed_weights(const Pass& pass, const Place& place, const Chunk& chunk);
  std::uint64_t packed_parameters(const Pass& pass, std::size_t tile_index);
  void emit(std::vector<TileStep>& steps);
  void emit(const arch::Command& command);

  const arch::Hardware& hardware_;
  MemoryImage& image_;
  std::vector<std::uint32_t> words_;
  std::uint32_t loads_ = 0, computes_ = 0, stores_ = 0;  // commands in the stream so far
  std::uint64_t tiles_ = 0;
  std::uint32_t planned_computes_ = 0;  // including the tiles of the pass being planned
  std::uint32_t planned_stores_ = 0;
  std::vector<std::uint32_t> slot_stores_;  // per output slot: its last store
  std::size_t next_output_slot_ = 0, next_operand_slot_ = 0;
  std::vector<std::uint32_t> operand_uses_;  // per operand slot: its last tile
  // Of the pass that is being planned: what a tile needs again is in the image once.
  std::map<std::pair<std::size_t, std::size_t>, arch::Region> packed_weights_;  // oc tile, chunk
  std::map<std::size_t, std::uint64_t> packed_parameters_;                      // oc tile
};

}  // namespace dlasim::sim::compiler
