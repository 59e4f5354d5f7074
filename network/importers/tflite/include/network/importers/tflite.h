#pragma once
/// TensorFlow Lite files (spec/tflite_import.md).

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

#include "network/graph.h"

namespace dlasim::network {

/// The graph of a .tflite file.
///
/// Integers stay integers, with their affine. Tensor i of the graph is tensor i of the file (its shape
/// differs only where it is an SVDF state, [N, F, T]); further tensors are those between the nodes that one
/// file operator becomes. Node names are "<operator>_<index in the file>". Padding is explicit, int32 shape
/// arithmetic folded. Variable tensors are constants that hold their reset value, the zero point.
///
/// Throws base::InputError for a damaged file and base::UnsupportedError for what a Graph cannot represent;
/// the message names the operator, its index and its output.
Graph read_tflite(const std::filesystem::path& path);

/// The same from memory; `name` stands in for the file's name. Nothing in `file` is trusted: time and memory
/// are bounded by a small multiple of its size.
Graph import_tflite(std::span<const std::byte> file, const std::string& name);

}  // namespace dlasim::network
