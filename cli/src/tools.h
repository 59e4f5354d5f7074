#pragma once
/// Programs and modules beside dlasim that some of its jobs need.

#include <filesystem>
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

/// First executable file `program` in the folders of `path` (PATH's syntax).
std::optional<std::filesystem::path> find_program(const std::string& program, const std::string& path);

/// All tools, looked for in PATH and in Debian's Python modules.
std::vector<Tool> find_tools();

}  // namespace dlasim::cli
