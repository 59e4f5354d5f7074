#pragma once
/// From a position in a tile to the element of the layer's output that it becomes.

#include <cstdint>
#include <optional>
#include <vector>

#include "network/quantized_graph.h"
#include "sim/arch/command.h"
#include "sim/compiler/program.h"

namespace dlasim::sim::compiler {

/// The commands of a program.
std::vector<arch::Command> commands_of(const Program& program, const CommandStream& stream);

class OutputMap {
 public:
  OutputMap(const Program& program, int oc_lanes);

  /// In the order in which they are issued, over all streams.
  const std::vector<arch::RunTile>& tiles() const { return tiles_; }

  /// Flat index in the output of the tile's layer of what `oc_lane` becomes at the tile's position; for a
  /// tile that holds its sums, of what the sums become in the end. None if it is not stored: an unused lane.
  std::optional<std::int64_t> element(std::size_t tile, std::uint32_t position, std::uint32_t oc_lane) const;

 private:
  struct IssuedStore {
    std::size_t tiles_before;
    arch::Store store;
  };
  const int oc_lanes_;
  std::vector<std::uint64_t> output_address_;  ///< by layer
  std::vector<arch::RunTile> tiles_;
  std::vector<IssuedStore> stores_;
};

}  // namespace dlasim::sim::compiler
