#pragma once
/// A quantised network as C99 sources that call CMSIS-NN's public functions, with a test of its own.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::exporter {

/// One generated file.
struct SourceFile {
  std::string name;
  std::string text;
};

/// What `export_cmsis_nn` made, and the figures that a user asks for first.
struct CmsisNnProject {
  std::vector<SourceFile>
      files;                ///< network.h, network.c, weights.h, helpers.h, test_data.h, main.c, Makefile
  std::int64_t layers = 0;  ///< calls that compute something
  std::int64_t arena_bytes = 0;     ///< peak of the planned activation memory
  std::int64_t constant_bytes = 0;  ///< weights, biases, multipliers, tables
};

/// Writes `graph` for CMSIS-NN. golden runs it on `inputs` (in the order of graph.inputs); its answer and a
/// checksum of every layer are compiled into the test. The same graph and inputs give the same text.
///
/// Throws base::UnsupportedError that names every node which CMSIS-NN cannot run and says why (staged number
/// formats, the float rule of PyTorch, two rounding dialects in one graph, ...).
CmsisNnProject export_cmsis_nn(const network::QuantizedGraph& graph, std::span<const network::Tensor> inputs);

}  // namespace dlasim::exporter
