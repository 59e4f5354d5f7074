#pragma once
/// The files around the layers of a generated project.

#include <cstdint>
#include <string>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::exporter {

/// A layer as text, with the addresses filled in.
struct LayerText {
  std::string name;         ///< of the node, safe inside a string
  std::string comment;      ///< "conv2d, 1x8x8x3 -> 1x8x8x16"
  std::string definitions;  ///< before its functions
  std::string body;         ///< of `static arm_cmsis_nn_status layerN_run(const network_buffers *buffers)`
  std::string scratch;      ///< expression of the bytes it needs; empty: none
  std::string output;       ///< expression of where its output lies
  std::int64_t output_bytes = 0;
  std::uint32_t crc32 = 0;  ///< of the expected output
};

/// Everything that the files say about the network as a whole.
struct ProjectText {
  const network::QuantizedGraph* graph = nullptr;
  std::vector<LayerText> layers;
  std::int64_t arena_bytes = 0;
  std::size_t peak_layer = 0;   ///< while which most of the arena is alive
  std::int64_t peak_bytes = 0;  ///< alive at that layer: what no plan could go below
  std::int64_t constant_bytes = 0;
  bool single_rounding = false;
};

std::string network_header_text(const ProjectText& project);
std::string network_source_text(const ProjectText& project);
std::string weights_text(const std::string& arrays);
std::string main_text(const ProjectText& project);
std::string makefile_text(const ProjectText& project);

}  // namespace dlasim::exporter
