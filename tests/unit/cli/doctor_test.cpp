#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>

#include "cli/main.h"
#include "command.h"

namespace dlasim::cli::test {
namespace {

std::string output_of(const std::vector<std::string>& arguments) {
  ::testing::internal::CaptureStdout();
  const int code = run(arguments);
  std::string text = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, kDone);
  return text;
}

TEST(Doctor, TheSupportPageIsCurrent) {
  std::ifstream file(source("docs/support.md"));
  const std::string page(std::istreambuf_iterator<char>(file), {});
  EXPECT_EQ(output_of({"doctor", "--support"}), page)
      << "write it anew: build/release/dlasim doctor --support > docs/support.md";
}

TEST(Doctor, NamesVersionsEnginesAndTools) {
  const std::string text = output_of({"doctor"});
  for (const char* word :
       {"dlasim", "SystemC 2.3.4", "golden, cycle", "libstdc++", "verilator", "gtkwave", "torch"}) {
    EXPECT_THAT(text, testing::HasSubstr(word));
  }
}

/// Without any program in PATH each is off, with the way to turn it on.
TEST(Doctor, SaysHowToTurnAToolOn) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const std::string text = output_of({"doctor"});
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(text, testing::ContainsRegex("verilator +off: .*; turn it on with: apt-get install verilator"));
}

TEST_F(CommandTest, ReportCountsTheHostsLayers) {
  write("a.yaml", R"(network:
  weights: {random: 1}
  input: {shape: [1, 1, 8, 2]}
  layers:
    - {op: conv1d, filters: 3, kernel: 2}
    - {op: softmax}
data: {test: {random: 1}, calibration: {random: 2}}
)");
  const std::string text = output_of({"run", path("a.yaml"), "--out", path("out")});
  EXPECT_THAT(text, testing::HasSubstr("softmax (host)"));
  EXPECT_THAT(text, testing::HasSubstr("1 of 2 layers"));
  const auto summary = read_json(path("out/summary.json"));
  EXPECT_EQ(summary["host"]["layers"], 1);
  EXPECT_EQ(summary["layers"][1]["host"], true);
  EXPECT_EQ(summary["bit_exact"], true);
}

}  // namespace
}  // namespace dlasim::cli::test
