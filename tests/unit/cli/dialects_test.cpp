/// `study --dialects` on a layer whose every rounding is known by hand, and on networks of PyTorch's.

#include <gmock/gmock.h>

#include <sstream>

#include "base/npy.h"
#include "command.h"

namespace dlasim::cli::test {
namespace {

using ::testing::HasSubstr;

class Dialects : public CommandTest {
 protected:
  static std::string output_of(const std::vector<std::string>& arguments) {
    testing::internal::CaptureStdout();
    const int code = run(arguments);
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, kDone);
    return text;
  }
  std::vector<std::string> arguments(const std::string& config, const std::string& rounding) const {
    return {"study", config, "--dialects", "-o", path("out"), "--set", "numerics.rounding=" + rounding};
  }
  nlohmann::json study(const std::string& config, const std::string& rounding) const {
    auto all = arguments(config, rounding);
    all.emplace_back("--json");
    return nlohmann::json::parse(output_of(all));
  }
  nlohmann::json explain(const std::string& config, const std::string& layer, const std::string& at) const {
    return nlohmann::json::parse(output_of({"explain", config, "--layer", layer, "--at", at, "--json"}));
  }
  /// The layer's output by a rule.
  static std::int64_t result(const nlohmann::json& explanation, const std::string& rule) {
    for (const auto& r : explanation["requantisations"]) {
      if (r["rule"] == rule) return r["lines"].back()["value"].get<std::int64_t>();
    }
    ADD_FAILURE() << "no rule " << rule;
    return 0;
  }

  /// y = M[c] x for four channels, M = 1/4, 3/16, 0.1 and 1.
  std::string hand_made() const {
    const std::vector<std::int8_t> x{2, -2, 6, -6, 1, 5, -5, 3};
    base::write_npy(path("x.npy"), base::make_npy<std::int8_t>({1, 1, 8, 1}, x));
    base::NpzArrays arrays;
    arrays["w"] = base::make_npy<std::int8_t>({4, 1, 1, 1}, std::vector<std::int8_t>{1, 1, 1, 1});
    arrays["w.scale"] = base::make_npy<float>({4}, std::vector<float>{0.25F, 0.1875F, 0.1F, 1.0F});
    arrays["w.zero_point"] = base::make_npy<std::int64_t>({4}, std::vector<std::int64_t>(4, 0));
    base::write_npz(path("w.npz"), arrays);
    write("config.yaml", R"(
network:
  weights: w.npz
  graph:
    tensors:
      - {name: x, dtype: int8, shape: [1, 1, 8, 1], scale: 1, zero_point: 0}
      - {name: w, dtype: int8, shape: [4, 1, 1, 1], axis: 0, constant: true}
      - {name: y, dtype: int8, shape: [1, 1, 8, 4], scale: 1, zero_point: 0}
    inputs: [x]
    nodes:
      - {name: conv, op: conv2d, inputs: [x, w], outputs: [y]}
    outputs: [y]
numerics: {rounding: double}
data: {test: x.npy}
)");
    return path("config.yaml");
  }
};

// Against PyTorch (to even), where they differ:
//   1/4: 2 is the tie 0.5 (double and single 1), -2 is -0.5 (double -1), -6 is -1.5 (single -1);
//        1 and 5 are 0.25 and 1.25: the high multiply makes 1/2 and 3/2 of them (double 1 and 2)
//   3/16: 2 is 0.375: the high multiply makes 2/4 of it (double 1)
//   0.1: 5 and -5 are a little beyond +-0.5, which float32 does not hold: PyTorch 0, both others +-1
TEST_F(Dialects, CountsAndCausesOfAHandMadeLayer) {
  const std::string config = hand_made();
  for (const char* rounding : {"double", "single", "pytorch"}) {
    SCOPED_TRACE(rounding);
    const auto j = study(config, rounding);
    EXPECT_EQ(j["dialect"], rounding);
    ASSERT_EQ(j["layers"].size(), 1U);
    const auto& layer = j["layers"][0];
    EXPECT_EQ(layer["values"], 32);
    EXPECT_EQ(layer["double"], nlohmann::json::parse(R"({"differing": 7, "max_difference": 1, "above": 5,
        "causes": {"double_rounding": 3, "tie_rule": 2, "float32": 2, "other_arithmetic": 0},
        "first_at": "0,0,0,0"})"));
    EXPECT_EQ(layer["single"], nlohmann::json::parse(R"({"differing": 4, "max_difference": 1, "above": 3,
        "causes": {"double_rounding": 0, "tie_rule": 2, "float32": 2, "other_arithmetic": 0},
        "first_at": "0,0,0,0"})"));
    EXPECT_EQ(j["outputs"][0]["differing"], 7);
    EXPECT_EQ(j["outputs"][1]["differing"], 4);
  }
}

TEST_F(Dialects, ExplainShowsAllThreeSideBySide) {
  const std::string config = hand_made();
  const auto expect = [&](const char* at, std::int64_t d, std::int64_t s, std::int64_t p) {
    const auto j = explain(config, "conv", at);
    EXPECT_EQ(result(j, "double"), d) << at;
    EXPECT_EQ(result(j, "single"), s) << at;
    EXPECT_EQ(result(j, "pytorch"), p) << at;
  };
  expect("0,0,0,0", 1, 1, 0);
  expect("0,0,1,0", -1, 0, 0);
  expect("0,0,3,0", -2, -1, -2);
  expect("0,0,4,0", 1, 0, 0);
  expect("0,0,5,2", 1, 1, 0);
  expect("0,0,6,2", -1, -1, 0);
  const std::string text = output_of({"explain", config, "--layer", "conv", "--at", "0,0,5,2"});
  EXPECT_THAT(text, HasSubstr("double, used"));
  EXPECT_THAT(text, HasSubstr("0.100000001"));
}

TEST_F(Dialects, TableFitsThePage) {
  const std::string config = hand_made();
  const std::string text = output_of(arguments(config, "double"));
  EXPECT_THAT(text, HasSubstr("double   7 of 32 output values differ, by 1 at most"));
  EXPECT_THAT(text, HasSubstr("dlasim explain " + config + " --layer conv --at 0,0,0,0"));
  std::istringstream lines(output_of(arguments(source("tests/unit/cli/torch/cnn/config.yaml"), "pytorch")));
  for (std::string line; std::getline(lines, line);) {
    const bool path = line.rfind("results in", 0) == 0 || line.rfind("one of them", 0) == 0;
    EXPECT_TRUE(path || line.size() <= 100U) << line;
  }
}

/// In every layer of PyTorch's own networks the causes add up, no layer with products differs by more than
/// one, and `explain` shows the difference that the report names.
TEST_F(Dialects, PytorchsNetworks) {
  for (const char* model : {"cnn", "cnn_qat_tensor", "wavenet"}) {
    SCOPED_TRACE(model);
    const std::string config = source(std::string("tests/unit/cli/torch/") + model + "/config.yaml");
    const auto j = study(config, "pytorch");
    int explained = 0;
    for (const auto& layer : j["layers"]) {
      for (const char* dialect : {"double", "single"}) {
        const auto& d = layer[dialect];
        std::int64_t sum = 0;
        for (const auto& cause : d["causes"]) sum += cause.get<std::int64_t>();
        EXPECT_EQ(sum, d["differing"]) << layer["layer"];
        if (d["differing"] == 0 || d["causes"]["other_arithmetic"] != 0) continue;
        EXPECT_EQ(d["max_difference"], 1) << layer["layer"];
        const auto steps = explain(config, layer["layer"], d["first_at"]);
        EXPECT_NE(result(steps, dialect), result(steps, "pytorch")) << layer["layer"];
        ++explained;
      }
    }
    EXPECT_GT(explained, 0);
    EXPECT_EQ(j["outputs"].size(), 2U);
    EXPECT_GE(j["outputs"][0]["differing"], j["outputs"][1]["differing"]);
  }
}

/// 64-bit sums have one rule; number formats none.
TEST_F(Dialects, OnlyWhereThereAreDialects) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  const auto j = nlohmann::json::parse(
      output_of({"study", config, "--dialects", "--samples", "20", "-o", path("out"), "--json", "--set",
                 "numerics=" + source("configs/numerics/int16x8.yaml")}));
  EXPECT_GT(j["same_in_every_dialect"].size(), 0U);
  const auto [code, error] = run_with_errors({"study", config, "--dialects", "-o", path("out"), "--set",
                                              "numerics=" + source("configs/numerics/fp8.yaml")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(error, HasSubstr("number formats round by their own rules"));
}

}  // namespace
}  // namespace dlasim::cli::test
