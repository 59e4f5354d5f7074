#pragma once
/// Programs and modules beside dlasim that some of its jobs need.

#include <optional>
#include <string>
#include <vector>

namespace dlasim::cli {

struct Tool {
  std::string name;
  std::string job;                   ///< what it is for
  std::string package;               ///< Debian package that brings it
  std::optional<std::string> found;  ///< version, or where it lies; none: not found
};

/// All tools, looked for in PATH and in Debian's Python modules.
std::vector<Tool> find_tools();

}  // namespace dlasim::cli
