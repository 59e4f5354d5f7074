// Whole models of outside authors: imported, lowered and computed without a differing bit, and WaveNets in
// float within the vectors' tolerance.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "conformance/network_runner.h"
#include "conformance/verify.h"
#include "golden/interpreter.h"

namespace dlasim::conformance {
namespace {

std::filesystem::path vectors(const char* folder) {
  return std::filesystem::path(DLA_SHARED_DIR) / "vectors" / folder;
}

std::vector<Outcome> run(const Engine& engine, const std::filesystem::path& folder) {
  Verifier verifier(engine);
  verifier.handle_networks(network_handler(engine));
  const std::filesystem::path paths[] = {folder};
  return verifier.run(paths);
}

const FunctionEngine& golden_engine() {
  static const FunctionEngine engine(
      "golden", [](const auto& graph, auto inputs) { return golden::run(graph, inputs); });
  return engine;
}

class NetworkVectors : public testing::TestWithParam<const char*> {};

TEST_P(NetworkVectors, Agree) {
  const auto folder = vectors(GetParam());
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const auto outcomes = run(golden_engine(), folder);
  const Tally counts = tally(outcomes);
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(counts.failed, 0) << report.str();
  EXPECT_EQ(counts.unsupported, 0) << report.str();
  std::ptrdiff_t cases = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    cases += entry.path().filename() == "network.json" ? 1 : 0;
  }
  EXPECT_EQ(counts.passed, cases);
}

INSTANTIATE_TEST_SUITE_P(Folders, NetworkVectors, testing::Values("tflite", "nam"),
                         [](const auto& folder) { return std::string(folder.param); });

/// An engine whose second operator gives one code for everything.
std::vector<network::Tensor> run_wrong(const network::QuantizedGraph& graph,
                                       std::span<const network::Tensor> inputs) {
  network::QuantizedGraph wrong = graph;
  std::get<network::qop::Conv2d>(wrong.nodes.at(1).operation).mac.clamp.min = 127;
  return golden::run(wrong, inputs);
}

TEST(NetworkRunner, NamesTheFirstWrongOperator) {
  const auto folder = vectors("tflite/resnet8_int8/smooth0");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine engine("wrong", run_wrong);
  const auto outcomes = run(engine, folder);
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].verdict, Verdict::kFailed);
  EXPECT_THAT(outcomes[0].detail, testing::HasSubstr("the first wrong tensor is 23 "));
}

}  // namespace
}  // namespace dlasim::conformance
