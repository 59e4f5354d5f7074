#pragma once
/// A quantised graph on disk: `x.json` holds everything but the constants, `x.npz` beside it those, as arrays
/// "tensor<id>".

#include <filesystem>

#include "network/quantized_graph.h"

namespace dlasim::quantize {

/// Writes `path` (which must end in .json) and the .npz beside it; each appears whole or not at all. The same
/// graph gives the same bytes.
void save_quantized(const network::QuantizedGraph& graph, const std::filesystem::path& path);

/// Reads what save_quantized wrote. Every key must be there and none besides; values are checked against
/// their type, constants against the declared type and shape, and the graph as `validate` does. Throws
/// base::InputError that names the file and the place.
network::QuantizedGraph load_quantized(const std::filesystem::path& path);

/// The structure: tensor ids exist, shapes can be allocated, each tensor is written at most once and before
/// it is read, constants fit their declaration, affines their shape. Throws base::InputError.
void validate(const network::QuantizedGraph& graph);

}  // namespace dlasim::quantize
