#pragma once
/// `dlasim run` as a user calls it, into a directory of the test's own.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "cli/main.h"
#include "support/places.h"
#include "support/test_support.h"

namespace dlasim::test {

inline std::string config(const std::string& name) {
  return places::source("configs/" + name).string();
}

struct Result {
  int exit_code = 0;
  nlohmann::json summary;
};

class RunJob : public testing::Test {
 protected:
  Result run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "run");
    arguments.insert(arguments.end(), {"--out", out().string()});
    Result result;
    result.exit_code = cli::run(arguments);
    if (std::filesystem::exists(out() / "summary.json")) {
      result.summary = nlohmann::json::parse(base::read_text_file(out() / "summary.json"));
    }
    return result;
  }
  std::filesystem::path out() const { return scratch_.path() / "out"; }

 private:
  base::ScratchDirectory scratch_;
};

}  // namespace dlasim::test
