// The ready numerics through the command itself, on the small WaveNet.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/main.h"
#include "support/places.h"
#include "support/test_support.h"

namespace dlasim::cli {
namespace {

const std::filesystem::path kConfigs = places::source("configs");

/// The summary of a golden run of the small WaveNet.
nlohmann::json golden_summary(const std::string& numerics, const std::filesystem::path& out) {
  const int code = run({"run", (kConfigs / "wavenet_tiny.yaml").string(), "--engine", "golden", "--set",
                        "numerics=" + (kConfigs / "numerics" / (numerics + ".yaml")).string(), "--samples",
                        "120", "--out", out.string()});
  EXPECT_EQ(code, kDone) << numerics;
  std::ifstream file(out / "summary.json");
  return nlohmann::json::parse(file);
}

struct Expectation {
  std::string numerics;
  double least_sqnr_db;  ///< of the logits: far below what is measured, far above noise
};

class ReadyNumerics : public testing::TestWithParam<Expectation> {};

TEST_P(ReadyNumerics, KeepTheSignal) {
  const base::ScratchDirectory directory;
  const auto summary = golden_summary(GetParam().numerics, directory.path() / "out");
  const auto& output = summary["layers"].back();
  EXPECT_GT(output["sqnr_db"].get<double>(), GetParam().least_sqnr_db);
  const auto& figure = summary["figures"]["cross-entropy"];
  EXPECT_NEAR(figure["integer"].get<double>(), figure["float"].get<double>(), 0.4);
}

INSTANTIATE_TEST_SUITE_P(All, ReadyNumerics,
                         testing::Values(Expectation{"int8", 10}, Expectation{"int16x8", 15},
                                         Expectation{"dfp8", 8}, Expectation{"dfp16", 45},
                                         Expectation{"fp8", 8}, Expectation{"fp16", 40},
                                         Expectation{"bf16", 25}, Expectation{"ristretto_e5m2", 4},
                                         Expectation{"mxfp8", 12}, Expectation{"mxfp6", 15},
                                         Expectation{"mxfp4", 4}, Expectation{"mxint8", 20},
                                         Expectation{"narrow_accumulator", 4}),
                         [](const auto& test) { return test.param.numerics; });

TEST(GoldenRun, FindsEveryReadyNumericsFile) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kConfigs / "numerics")) {
    files += entry.path().extension() == ".yaml" ? 1 : 0;
  }
  EXPECT_EQ(files, 13U) << "a new numerics file needs an entry in the list of ReadyNumerics";
}

TEST(GoldenRun, RefusesBadNumerics) {
  const base::ScratchDirectory directory;
  const auto code_with = [&](const std::string& assignment) {
    return run({"run", (kConfigs / "wavenet_tiny.yaml").string(), "--engine", "golden", "--set", assignment,
                "--out", (directory.path() / "out").string()});
  };
  EXPECT_EQ(code_with("numerics={defaults: {operands: {input: fp9}}}"), kBadInput);
  EXPECT_EQ(code_with("numerics={layers: {nosuch: integer}}"), kBadInput);
  EXPECT_EQ(code_with("numerics={defaults: integer, scheme: int8}"), kBadInput);
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "out"));
}

}  // namespace
}  // namespace dlasim::cli
