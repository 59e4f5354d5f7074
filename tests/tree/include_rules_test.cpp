// The arrows between the rooms (docs/architecture.md): what a room's sources include, read from the files.
// CMake's include roots refuse most wrong edges already; this test also sees those that a transitive
// dependency would let through.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/places.h"

namespace dlasim {
namespace {

namespace fs = std::filesystem;

struct Rule {
  std::string room;                    ///< folder below the source tree
  std::vector<std::string> forbidden;  ///< first parts of include paths
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules{
      {"base",
       {"network/", "fixed_point/", "quantize/", "golden/", "sim/", "report/", "cli/", "conformance/"}},
      {"fixed_point",
       {"base/", "network/", "quantize/", "golden/", "sim/", "report/", "cli/", "conformance/"}},
      {"network", {"fixed_point/", "quantize/", "golden/", "sim/", "report/", "cli/", "conformance/"}},
      {"quantize", {"golden/", "sim/", "report/", "cli/", "conformance/"}},
      {"export", {"fixed_point/", "quantize/", "sim/", "report/", "cli/", "conformance/"}},
      {"golden", {"fixed_point/", "quantize/", "sim/", "report/", "cli/", "conformance/"}},
      {"sim", {"golden/", "quantize/", "report/", "cli/", "conformance/"}},
      {"sim/arch", {"network/", "golden/", "sim/blocks", "sim/compiler", "sim/engine"}},
      {"sim/blocks", {"network/", "base/yaml", "base/file", "base/npy", "sim/compiler", "sim/engine"}},
      {"sim/memory", {"network/", "sim/compiler", "sim/engine"}},
      {"sim/compiler", {"sim/blocks", "sim/memory", "sim/engine"}},
      {"sim/host", {"sim/blocks", "sim/memory", "sim/compiler", "sim/engine"}},
      {"report", {"network/", "golden/", "quantize/", "sim/blocks", "sim/compiler", "sim/engine", "cli/"}},
  };
  return kRules;
}

std::vector<std::string> includes_of(const fs::path& file) {
  static const std::regex kInclude("^\\s*#\\s*include\\s*[\"<]([^\">]+)[\">]");
  std::vector<std::string> found;
  std::ifstream in(file);
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (std::regex_search(line, match, kInclude)) found.push_back(match[1]);
  }
  return found;
}

class IncludeRules : public testing::TestWithParam<Rule> {};

TEST_P(IncludeRules, NoForbiddenEdge) {
  const fs::path room = places::source(GetParam().room);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(room)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".h" && extension != ".cpp") continue;
    ++files;
    for (const std::string& include : includes_of(entry.path())) {
      for (const std::string& forbidden : GetParam().forbidden) {
        EXPECT_FALSE(include.starts_with(forbidden)) << entry.path() << " includes " << include;
      }
    }
  }
  EXPECT_GT(files, 0) << room;
}

INSTANTIATE_TEST_SUITE_P(Rooms, IncludeRules, testing::ValuesIn(rules()), [](const auto& rule) {
  std::string name = rule.param.room;
  std::replace(name.begin(), name.end(), '/', '_');
  return name;
});

}  // namespace
}  // namespace dlasim
