#pragma once
/// Any Graph as a YAML description (the form `graph` of network_yaml.h) and an .npz with its constants.

#include <filesystem>

#include "network/graph.h"

namespace dlasim::network {

/// Writes `path` (which must end in .yaml) and the .npz of the same name beside it; each appears whole or not
/// at all. The same graph gives the same bytes, and reading it gives an equal graph. Throws base::InputError
/// if two tensors have the same name or the files cannot be written.
void write_network(const Graph& graph, const std::filesystem::path& path);

/// Reads a network description file of any form.
Graph read_network_file(const std::filesystem::path& path);

}  // namespace dlasim::network
