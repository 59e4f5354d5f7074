#pragma once
/// A command stream as passes over the array: the tiles between two Configure commands, each with the loads
/// that filled its buffers and the store that takes its output.
///
/// Commands are taken in the order of the stream. Each waits for commands before it only, so this is one of
/// the orders that the tokens allow. Once a tile knows where in DRAM its words come from, the buffers are no
/// longer needed, and the tiles of a pass do not depend on each other but for held sums.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/compiler/program.h"
#include "sim/memory/dram_contents.h"

namespace dlasim::sim::fast {

/// Index of a load or store that a tile does not have.
inline constexpr std::size_t kNone = ~std::size_t{0};

struct Tile {
  arch::RunTile run;
  /// Into Pass::loads and Pass::stores.
  std::size_t activations = kNone;  ///< kNone: every tap is padding
  std::size_t weights = kNone, parameters = kNone, operand = kNone, store = kNone;

  std::size_t positions() const { return std::size_t{run.rows} * run.cols; }
  std::size_t taps() const { return std::size_t{run.kernel_height} * run.kernel_width; }
  /// Input channels, given the lanes of a full ic tile.
  std::size_t channels(std::size_t ic_lanes) const {
    return (run.ic_tiles - 1) * ic_lanes + run.last_tile_lanes;
  }
};

struct Pass {
  arch::Configure settings;
  std::optional<arch::StagedSettings> staged;
  std::vector<arch::Load> tables;  ///< before the first tile
  std::vector<arch::Load> loads;
  std::vector<arch::Store> stores;
  std::vector<Tile> tiles;
};

class PassReader {
 public:
  /// Throws base::SimulationError if the stream does not lie inside `memory`.
  PassReader(const memory::DramContents& memory, const compiler::CommandStream& stream,
             const arch::Hardware& hardware);

  /// The next pass with tiles; false at the end of the stream. Throws base::SimulationError for a tile that
  /// reads what no single load of its pass has written.
  bool next(Pass& pass);

 private:
  enum class Buffer { kActivation, kWeight, kOperand, kParameter };
  void add(const arch::Load& load, Pass& pass);
  void add(const arch::RunTile& run, Pass& pass);
  void add(const arch::Store& store, Pass& pass);
  /// The load into the words from `word` on, which must be `words` words at least.
  std::size_t find(arch::LoadTarget target, std::uint32_t word, std::size_t words, const Pass& pass) const;
  std::size_t words_of(const arch::Load& load) const;

  const arch::Hardware hardware_;
  std::vector<std::uint32_t> words_;
  std::size_t at_ = 0;
  arch::Configure settings_;
  std::optional<arch::StagedSettings> staged_;
  std::map<std::pair<arch::LoadTarget, std::uint32_t>, std::size_t> written_;
  std::map<std::uint32_t, std::size_t> unstored_;  ///< tiles by output word
};

}  // namespace dlasim::sim::fast
