#pragma once
/// Where the source tree and the conformance vectors lie. One object file knows it: a path in the compile
/// line of every test would make each clone compile all tests anew.

#include <filesystem>
#include <string>

namespace dlasim::places {

/// A file or folder of the source tree; the tree itself without a name.
std::filesystem::path source(const std::string& name = "");

/// A file or folder of `shared/` beside the source tree, which may be absent.
std::filesystem::path shared(const std::string& name = "");

}  // namespace dlasim::places
