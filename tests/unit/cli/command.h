#pragma once
/// Running the command in a test, in a directory of its own.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/main.h"
#include "support/places.h"

namespace dlasim::cli::test {

/// A fresh directory for each test, removed at its end.
class CommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::temp_directory_path() /
                 (std::string("dlasim_cli_") + info->test_suite_name() + "_" + info->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  static nlohmann::json read_json(const std::filesystem::path& file) {
    return nlohmann::json::parse(std::ifstream(file));
  }
  /// What the command wrote to stderr, and its exit code.
  static std::pair<int, std::string> run_with_errors(const std::vector<std::string>& arguments) {
    ::testing::internal::CaptureStderr();
    const int code = run(arguments);
    return {code, ::testing::internal::GetCapturedStderr()};
  }

  std::filesystem::path directory_;
};

/// A file of the source tree.
inline std::string source(const std::string& name) {
  return places::source(name).string();
}

/// A file of the conformance vectors; may be absent.
inline std::string shared(const std::string& name) {
  return places::shared(name).string();
}
/// A model of the conformance vectors with its input and output.
inline const std::string kWavenet = "vectors/tflite/wavenet_gated_int8/audio0/";

}  // namespace dlasim::cli::test
