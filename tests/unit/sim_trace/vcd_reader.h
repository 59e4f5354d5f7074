#pragma once
/// A reader of value change dumps, for tests.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace dlasim::sim::trace {

struct VcdVariable {
  std::string type, id, range;
  int width = 0;
};
struct VcdChange {
  std::uint64_t time = 0;
  std::string value;  ///< binary digits without leading zeros, or "x"
};
struct VcdFile {
  std::map<std::string, VcdVariable> variables;           ///< by full name
  std::map<std::string, std::vector<VcdChange>> changes;  ///< by id, in the order of the file
  std::vector<std::string> sections;                      ///< $dumpvars, $dumpoff, ... with their times

  const std::vector<VcdChange>& of(const std::string& name) const;
  /// The value at `time`; "none" before the first change.
  std::string at(const std::string& name, std::uint64_t time) const;
  std::uint64_t number_at(const std::string& name, std::uint64_t time) const;
};

/// Throws std::runtime_error for what is not a value change dump.
VcdFile read_vcd(const std::filesystem::path& path);

}  // namespace dlasim::sim::trace
