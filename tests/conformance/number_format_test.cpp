// The golden model against every number_format vector: codes, values, flags and traces.

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "conformance/number_format_vector.h"
#include "golden/interpreter.h"
#include "support/places.h"

namespace dlasim::conformance {
namespace {

class NumberFormatVectors : public testing::TestWithParam<const char*> {};

TEST_P(NumberFormatVectors, AgreeBitForBit) {
  const auto folder = places::shared("vectors/number_format") / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine engine("golden",
                              [](const auto& graph, auto inputs) { return golden::run(graph, inputs); });
  Verifier verifier(engine);
  verifier.handle_op("number_format", golden_number_format_handler(engine));
  const std::filesystem::path paths[] = {folder};
  const auto outcomes = verifier.run(paths);
  const Tally counts = tally(outcomes);
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(counts.failed, 0) << report.str();
  EXPECT_EQ(counts.unsupported, 0) << report.str();
  EXPECT_GT(counts.passed, 0);
}

INSTANTIATE_TEST_SUITE_P(Folders, NumberFormatVectors,
                         testing::Values("decode", "convert", "multiply", "add", "stochastic", "dot",
                                         "conv2d", "mx_convert", "mx_dot", "choose_fl"),
                         [](const auto& folder) { return std::string(folder.param); });

}  // namespace
}  // namespace dlasim::conformance
