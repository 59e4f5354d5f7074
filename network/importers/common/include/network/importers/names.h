#pragma once
/// Names for graphs and tensors out of foreign files.

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace dlasim::network::importers {

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
