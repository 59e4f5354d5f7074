#include <gmock/gmock.h>

#include <sstream>

#include "base/npy.h"
#include "command.h"

namespace dlasim::cli {
namespace {

using testing::HasSubstr;

class Explain : public test::CommandTest {
 protected:
  static std::vector<std::string> with(const std::string& verb, const std::string& numerics) {
    return {verb,        test::source("configs/wavenet_tiny.yaml"),
            "--samples", "30",
            "--set",     "numerics=" + test::source("configs/numerics/" + numerics + ".yaml")};
  }
  static std::string explain(const std::string& numerics, const std::string& layer, const std::string& at,
                             bool json) {
    std::vector<std::string> arguments = with("explain", numerics);
    for (const auto& more : {std::string("--layer"), layer, std::string("--at"), at})
      arguments.push_back(more);
    if (json) arguments.emplace_back("--json");
    testing::internal::CaptureStdout();
    const int code = run(arguments);
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, kDone);
    return text;
  }
  /// Element (0, 0, 17, c) of the network's output by a run of its own.
  std::int64_t golden_output(const std::string& numerics, std::int64_t c) const {
    std::vector<std::string> arguments = with("run", numerics);
    for (const auto& more :
         {std::string("--engine"), std::string("golden"), std::string("--out"), path("out")})
      arguments.push_back(more);
    testing::internal::CaptureStdout();
    EXPECT_EQ(run(arguments), kDone);
    testing::internal::GetCapturedStdout();
    return base::read_npy(path("out/output.npy")).to_integers().at(static_cast<std::size_t>(17 * 32 + c));
  }
};

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

TEST_F(Explain, StagedStepsEndInTheRunsOutput) {
  for (const char* numerics : {"fp8", "bf16", "mxint8", "narrow_accumulator"}) {
    const auto j = nlohmann::json::parse(explain(numerics, "head.end2", "0,0,17,5", true));
    EXPECT_EQ(j["mode"], "staged");
    const int unused = 64 - j["output"]["code_bits"].get<int>();
    const auto code = static_cast<std::int64_t>(j["output"]["code"].get<std::uint64_t>() << unused) >> unused;
    EXPECT_EQ(code, golden_output(numerics, 5)) << numerics;
    EXPECT_LE(longest_line(explain(numerics, "head.end2", "0,0,17,5", false)), 100U) << numerics;
  }
}

// 8 channels on 4 lanes: two tiles of four taps, two levels of the tree and a sum each.
TEST_F(Explain, IntegerStepsAddUpAndRequantise) {
  const auto j = nlohmann::json::parse(explain("int8", "head.end2", "0,0,17,5", true));
  std::int64_t products = 0;
  std::int64_t total = 0;
  for (const auto& step : j["steps"]) {
    if (step.contains("product")) {
      EXPECT_EQ(step["product"]["value"].get<double>(),
                step["x"]["value"].get<double>() * step["w"]["value"].get<double>());
      products += step["product"]["value"].get<std::int64_t>();
    }
    if (step["step"] == "bias") total = products + step["w"]["value"].get<std::int64_t>();
  }
  EXPECT_EQ(j["steps"].size(), 2U * (4U + 3U + 1U) + 1U);
  ASSERT_EQ(j["requantisations"].size(), 3U);
  EXPECT_TRUE(j["requantisations"][0]["used"].get<bool>());
  EXPECT_FALSE(j["requantisations"][1]["used"].get<bool>());
  EXPECT_FALSE(j["requantisations"][2]["used"].get<bool>());
  for (const auto& rule : j["requantisations"]) {
    EXPECT_EQ(rule["lines"][0]["value"].get<std::int64_t>(), total);
  }
  EXPECT_EQ(j["requantisations"][0]["lines"].back()["value"].get<std::int64_t>(), golden_output("int8", 5));
  EXPECT_LE(longest_line(explain("int8", "head.end2", "0,0,17,5", false)), 100U);
  EXPECT_THAT(explain("int16x8", "head.end2", "0,0,17,5", false), HasSubstr("int64, used"));
}

TEST_F(Explain, ShowsOperandsOfElementwiseLayers) {
  const auto j = nlohmann::json::parse(explain("fp8", "stack0.layer1.gate", "0,0,17,5", true));
  ASSERT_EQ(j["steps"].size(), 3U);
  const double product =
      j["steps"][0]["result"]["value"].get<double>() * j["steps"][1]["result"]["value"].get<double>();
  EXPECT_NEAR(j["output"]["value"].get<double>(), product, std::abs(product) / 16.0 + 0x1p-10);
}

TEST_F(Explain, ShowsScaleAndElementOfAnMxConversion) {
  const auto j = nlohmann::json::parse(explain("mxfp4", "head.end2/input", "0,0,17,5", true));
  ASSERT_EQ(j["steps"].size(), 3U);
  EXPECT_EQ(j["steps"][1]["step"], "block scale");
  const double scale = j["steps"][1]["result"]["value"].get<double>();
  EXPECT_EQ(scale, std::ldexp(1.0, j["steps"][1]["result"]["code"].get<int>() - 127));
  const double element = j["output"]["value"].get<double>() / scale;
  EXPECT_LE(std::abs(element), 6.0);  // of fp4_e2m1
  EXPECT_EQ(element * 2.0, std::round(element * 2.0));
  EXPECT_NEAR(j["output"]["value"].get<double>(), j["steps"][0]["result"]["value"].get<double>(),
              2.0 * scale);
}

TEST_F(Explain, RefusesWhatIsNotThere) {
  const auto errors = [&](const std::string& layer, const std::string& at) {
    std::vector<std::string> arguments = with("explain", "fp8");
    for (const auto& more : {std::string("--layer"), layer, std::string("--at"), at})
      arguments.push_back(more);
    const auto [code, text] = run_with_errors(arguments);
    EXPECT_EQ(code, kBadInput);
    return text;
  };
  EXPECT_THAT(errors("head.end3", "0,0,0,0"), HasSubstr("did you mean 'head.end"));
  for (const char* at : {"0,0,0", "0,0,0,32", "0,0,30,0", "0,0,0,0,0", "0,0,x,0", "", "0,0,-1,0"}) {
    EXPECT_THAT(errors("head.end2", at), HasSubstr("is not an element of 1x1x30x32")) << at;
  }
  EXPECT_THAT(errors("stack0.layer1.tanh_half", "0,0,0,0"), HasSubstr("neither"));
}

}  // namespace
}  // namespace dlasim::cli
