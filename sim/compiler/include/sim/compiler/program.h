#pragma once
/// What the compiler makes of a quantised graph: a memory image with the command streams in it, and where
/// everything lies. The same program drives every engine and the RTL.

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "network/quantized_graph.h"
#include "sim/arch/command.h"

namespace dlasim::sim::compiler {

/// A tensor in DRAM: dense, row-major, little-endian elements.
struct Placement {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
};

/// One row of a report: a graph node, or several that run as one pass over the array.
struct Layer {
  std::string name;                ///< of the first node
  std::string kind;                ///< "conv2d", "conv2d+gate", "softmax (host)", ...
  std::vector<std::size_t> nodes;  ///< of the quantised graph
  network::TensorId output = network::kNoTensor;
  std::uint64_t macs = 0;  ///< of the network, not of the array
  bool on_host = false;
  std::size_t pe_slots_per_beat = 0;  ///< ic_lanes * oc_lanes
};

/// Commands that the accelerator runs to their Finish.
struct CommandStream {
  std::uint64_t address = 0;
  std::uint64_t bytes = 0;
  std::size_t first_layer = 0, end_layer = 0;
};

/// A node that the host computes between two command streams, on tensors in DRAM.
struct HostStep {
  std::size_t node = 0;
  std::size_t layer = 0;
};

using Step = std::variant<CommandStream, HostStep>;

struct Program {
  std::vector<std::byte> image;  ///< initial DRAM: constants, parameters, commands; activations are 0
  /// From this address on lies what no command writes (packed weights, parameters, tables, commands); an
  /// engine need not copy it.
  std::uint64_t fixed_from = ~std::uint64_t{0};
  std::vector<Step> steps;
  std::vector<Layer> layers;
  std::uint64_t tiles = 0;  ///< RunTile commands in all streams
  /// By TensorId; bytes = 0: not in memory (fused away, or constants that lie there as weights are loaded).
  std::vector<Placement> tensors;

  /// The command streams in words a person reads, with the layers' names and the memory map.
  std::string dump(const network::QuantizedGraph& graph) const;
};

}  // namespace dlasim::sim::compiler
