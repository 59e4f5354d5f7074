// The golden model against every vector of the outside authors: no differing element, nothing left out.

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "conformance/verify.h"
#include "golden/interpreter.h"
#include "support/places.h"

namespace dlasim::conformance {
namespace {

class GoldenVectors : public testing::TestWithParam<const char*> {};

TEST_P(GoldenVectors, AgreeBitForBit) {
  const auto folder = places::shared("vectors") / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine engine("golden",
                              [](const auto& graph, auto inputs) { return golden::run(graph, inputs); });
  const std::filesystem::path paths[] = {folder};
  const auto outcomes = Verifier(engine).run(paths);
  const Tally counts = tally(outcomes);
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(counts.failed, 0) << report.str();
  EXPECT_EQ(counts.unsupported, 0) << report.str();
  EXPECT_GT(counts.passed, 0);
}

INSTANTIATE_TEST_SUITE_P(Folders, GoldenVectors,
                         testing::Values("cmsis_nn", "cmsis_nn_wavenet", "tflite_activations"),
                         [](const auto& folder) { return std::string(folder.param); });

}  // namespace
}  // namespace dlasim::conformance
