#include <gmock/gmock.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>

#include "command.h"

namespace dlasim::cli {
namespace {

using testing::HasSubstr;

class Study : public test::CommandTest {
 protected:
  nlohmann::json study(const std::vector<std::string>& settings) const {
    std::vector<std::string> arguments{
        "study", test::source("configs/wavenet_tiny.yaml"), "--samples", "40", "--out", path("out"),
        "--json"};
    for (const std::string& setting : settings) {
      arguments.emplace_back("--set");
      arguments.push_back(setting);
    }
    testing::internal::CaptureStdout();
    const int code = run(arguments);
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, kDone);
    return nlohmann::json::parse(text);
  }
  static std::string numerics(const std::string& name) {
    return "numerics=" + test::source("configs/numerics/" + name + ".yaml");
  }
};

/// Infinite for "exact".
double sqnr(const nlohmann::json& row) {
  return row["sqnr_db"].is_string() ? INFINITY : row["sqnr_db"].get<double>();
}

std::map<std::string, nlohmann::json> points_of(const nlohmann::json& study, const std::string& layer) {
  std::map<std::string, nlohmann::json> points;
  for (const auto& row : study["points"]) {
    if (row["layer"] == layer) points[row["point"].get<std::string>()] = row;
  }
  return points;
}

// 8 x 8 bits multiply exactly into 16, and the sums are wide: in dfp8 the output is what costs.
TEST_F(Study, FindsThePointThatCosts) {
  auto points = points_of(study({numerics("dfp8")}), "head.end1");
  ASSERT_TRUE(points.contains("output"));
  EXPECT_EQ(points["product"]["inexact"], 0);
  EXPECT_TRUE(std::isinf(sqnr(points["product"])));
  EXPECT_LT(sqnr(points["output"]), 45.0);
  EXPECT_NEAR(sqnr(points["all"]), sqnr(points["output"]), 0.5);
  // 40 samples, 8 channels out, 8 in, one tap
  EXPECT_EQ(points["product"]["count"], 40 * 8 * 8);
  EXPECT_EQ(points["bias"]["count"], 40 * 8);
}

// One bit less at a point of a layer costs six decibels there, and nothing at its other points.
TEST_F(Study, ABitIsSixDecibels) {
  const auto with_sum = [&](int bits) {
    auto points = points_of(
        study({numerics("fp16"), "numerics.layers={head.end2: {points: {partial_sum: {preset: fp16, man: " +
                                     std::to_string(bits) + "}}}}"}),
        "head.end2");
    return std::pair{sqnr(points["partial_sum"]), sqnr(points["bias"])};
  };
  const auto [fine, bias] = with_sum(8);
  const auto [coarse, same_bias] = with_sum(7);
  EXPECT_NEAR(fine - coarse, 6.0, 1.0);
  EXPECT_EQ(bias, same_bias);
}

TEST_F(Study, CountsBlocksAndSavesResults) {
  const auto j = study({numerics("mxfp8")});
  auto points = points_of(j, "head.end1");
  EXPECT_FALSE(points.contains("accumulator"));
  EXPECT_EQ(points["block"]["count"], 40 * 8);
  EXPECT_EQ(read_json(path("out/study.json")), j);
  EXPECT_TRUE(std::filesystem::exists(path("out/study.csv")));
}

// The sums of dfp8 are wider than they need be: the search finds cheaper ones, and every row it takes is
// within the limit and cheaper than the one before.
TEST_F(Study, SearchesCheaperFormatsWithinTheLimit) {
  testing::internal::CaptureStdout();
  const int code = run({"study", test::source("configs/wavenet_tiny.yaml"), "--samples", "40", "--out",
                        path("out"), "--set", numerics("dfp8"), "--search", "--limit", "0.2"});
  const std::string text = testing::internal::GetCapturedStdout();
  ASSERT_EQ(code, kDone);
  EXPECT_THAT(text, HasSubstr("cheapest within cross_entropy"));
  std::ifstream file(path("out/search.csv"));
  std::string line;
  std::getline(file, line);
  double first = 0.0;
  double last = 0.0;
  int taken = 0;
  while (std::getline(file, line)) {
    const std::string rest = line.substr(line.rfind('"') + 2);
    double cost = 0.0;
    double figure = 0.0;
    int within = 0;
    int is_taken = 0;
    ASSERT_EQ(std::sscanf(rest.c_str(), "%lf,%lf,%d,%d", &cost, &figure, &within, &is_taken), 4) << line;
    if (first == 0.0) first = last = cost;
    if (is_taken == 0) continue;
    EXPECT_EQ(within, 1);
    EXPECT_LT(cost, last);
    last = cost;
    ++taken;
  }
  EXPECT_GT(taken, 3);
  EXPECT_LT(last, 0.8 * first);
  std::ifstream svg(path("out/search.svg"));
  std::getline(svg, line);
  EXPECT_THAT(line, HasSubstr("<svg"));
}

// 16-bit operands are far better than the limit asks for: they are what is cheapest to take.
TEST_F(Study, SearchesOperandFormatsToo) {
  testing::internal::CaptureStdout();
  const int code =
      run({"study", test::source("configs/wavenet_tiny.yaml"), "--samples", "30", "--out", path("out"),
           "--set", numerics("dfp16"), "--search", "--limit", "cross_entropy +0.3"});
  const std::string text = testing::internal::GetCapturedStdout();
  ASSERT_EQ(code, kDone);
  EXPECT_THAT(text, HasSubstr("as configured"));
  std::ifstream file(path("out/search.csv"));
  std::string last;
  for (std::string line; std::getline(file, line);) {
    if (line.find(",1,1,") != std::string::npos) last = line;  // within the limit and taken
  }
  EXPECT_THAT(last, HasSubstr("weight -"));
  EXPECT_THAT(last, HasSubstr("tensors -"));
}

TEST_F(Study, SearchRefusesFiguresThatTheTaskDoesNotHave) {
  const auto refusal = [&](const std::string& limit) {
    const auto [code, text] =
        run_with_errors({"study", test::source("configs/wavenet_tiny.yaml"), "--samples", "10", "--set",
                         numerics("dfp8"), "--search", "--limit", limit});
    EXPECT_EQ(code, kBadInput);
    return text;
  };
  EXPECT_THAT(refusal("cross_entropi +0.1"), HasSubstr("did you mean 'cross_entropy'?"));
  EXPECT_THAT(refusal("esr_target +0.1"), HasSubstr("no target"));
  EXPECT_THAT(refusal("esr"), HasSubstr("'esr' is not a figure and what it may be above float"));
  EXPECT_THAT(refusal("esr +"), HasSubstr("'esr +' is not"));
  EXPECT_THAT(refusal("-1"), HasSubstr("'-1' is not"));
}

TEST_F(Study, RefusesIntegerNumerics) {
  const auto [code, text] = run_with_errors({"study", test::source("configs/wavenet_tiny.yaml")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(text, HasSubstr("no truncation points"));
}

}  // namespace
}  // namespace dlasim::cli
