#pragma once
/// Reading a model file as untrusted bytes.

#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace dlasim::network::importers {

/// The whole file. Throws base::InputError if it cannot be read or is larger than 2 GiB.
std::vector<std::byte> read_bytes(const std::filesystem::path& path);

/// The file's name without directory and extension: the graph's name.
std::string stem(const std::filesystem::path& path);

/// `text` if it is not in use yet, else `text` with the first free number: "conv", "conv_2", ...
/// Letters, digits and "_-./:;" are kept, everything else becomes "_", so that names stay readable on one
/// line.
class UniqueNames {
 public:
  std::string claim(const std::string& text);

 private:
  std::set<std::string> used_;
  std::map<std::string, int> next_;  ///< keeps many equal names from costing quadratic time
};

}  // namespace dlasim::network::importers
