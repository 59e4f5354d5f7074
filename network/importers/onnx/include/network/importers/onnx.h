#pragma once
/// ONNX files: float models, and quantised ones in QDQ or QLinear form.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "network/graph.h"

namespace dlasim::network {

struct OnnxOptions {
  /// Sizes of symbolic dimensions by name ("T", "batch"). A symbolic first dimension that is not named here
  /// is 1.
  std::map<std::string, std::int64_t> dimensions;
};

/// The graph of an .onnx file, opsets 7 to 17 of the default domain.
///
/// Layout: values of four dimensions [N, C, H, W] become [N, H, W, C], of three [N, C, T] become [N, 1, T,
/// C], graph inputs and outputs included; others keep theirs. A Transpose is only a view until an operator
/// needs the elements in another order. Where a Gemm reads a flattened image, its columns are reordered
/// instead of the image.
///
/// Constants are folded, BatchNormalization goes into the convolution before it or becomes a depthwise 1x1
/// one, zero padding goes into the convolution behind it. QuantizeLinear and DequantizeLinear around an
/// operator make it an integer operator with their scales; uint8 activations inside become int8 with the zero
/// point moved by 128, which means the same.
///
/// Throws base::InputError for a damaged file and base::UnsupportedError for what a Graph cannot represent;
/// the message names the node, its operator and the attribute.
Graph read_onnx(const std::filesystem::path& path, const OnnxOptions& options = {});

/// The same from memory; `name` stands in for the file's name.
Graph import_onnx(std::span<const std::byte> file, const std::string& name, const OnnxOptions& options = {});

}  // namespace dlasim::network
