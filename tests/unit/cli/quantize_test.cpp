#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "base/npy.h"
#include "command.h"
#include "quantize/quantized_file.h"

namespace dlasim::cli::test {
namespace {

using Quantize = CommandTest;
using ::testing::HasSubstr;

TEST_F(Quantize, SavesWhatRunRuns) {
  ASSERT_EQ(run({"quantize", source("configs/wavenet_tiny.yaml"), "-o", path("q"), "--compare"}), kDone);
  ASSERT_EQ(run({"run", source("configs/wavenet_tiny.yaml"), "-o", path("r")}), kDone);
  const auto methods = read_json(path("q/methods.json"))["candidates"];
  ASSERT_EQ(methods.size(), 5U);
  EXPECT_EQ(methods[0]["method"], "min_max");
  // The configuration's own method: golden's figure is the accelerator's.
  const auto summary = read_json(path("r/summary.json"));
  EXPECT_EQ(methods[0]["figures"]["cross-entropy"]["integer"],
            summary["figures"]["cross-entropy"]["integer"]);
  EXPECT_NE(methods[0]["figures"]["cross-entropy"]["integer"],
            methods[4]["figures"]["cross-entropy"]["integer"]);
  const auto graph = quantize::load_quantized(path("q/network.json"));
  EXPECT_EQ(graph.name, "wavenet_tiny");
}

TEST_F(Quantize, SchemeChangesTheIntegers) {
  ASSERT_EQ(run({"quantize", source("configs/wavenet_tiny.yaml"), "-o", path("a"), "--scheme", "tidl"}),
            kDone);
  const auto graph = quantize::load_quantized(path("a/network.json"));
  for (const auto id : graph.inputs) {
    int exponent = 0;
    EXPECT_EQ(std::frexp(graph.tensor(id).affine->scale[0], &exponent), 0.5F);
  }
}

TEST_F(Quantize, TableReplacesARange) {
  write("table.txt", "stack0.layer0.dilated 31.75\n");  // an input of magnitude 4
  ASSERT_EQ(run({"quantize", source("configs/wavenet_tiny.yaml"), "-o", path("a"), "--calibration-table",
                 path("table.txt")}),
            kDone);
  const auto graph = quantize::load_quantized(path("a/network.json"));
  const auto node = std::ranges::find(graph.nodes, "stack0.layer0.dilated", &network::QuantizedNode::name);
  ASSERT_NE(node, graph.nodes.end());
  EXPECT_FLOAT_EQ(graph.tensor(node->inputs[0]).affine->scale[0], 8.0F / 255.0F);
}

/// A learnt clipping level from the file of weights, under two methods and number formats.
TEST_F(Quantize, RecordedRangesStayWhateverTheMethod) {
  base::NpzArrays arrays;
  arrays["conv.weight"] = base::make_npy<float>({2, 1, 1, 2}, std::vector<float>{0.5F, -1.0F, 2.0F, 0.25F});
  arrays["conv.bias"] = base::make_npy<float>({2}, std::vector<float>{0.5F, 0.0F});
  arrays["alpha"] = base::make_npy<float>({1}, std::vector<float>{1.7F});
  base::write_npz(path("w.npz"), arrays);
  std::vector<float> x(128);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(0.3F * static_cast<float>(i)) * 3.0F;
  base::write_npy(path("x.npy"), base::make_npy<float>({1, 1, 64, 2}, x));
  write("c.yaml", R"(
network:
  name: pact
  weights: w.npz
  input: {shape: [1, 1, 64, 2]}
  layers:
    - {name: conv, op: conv2d, filters: 2, kernel: 1}
    - {name: clip, op: clip, maximum: alpha}
numerics: {scheme: int8}
data: {test: x.npy, calibration: x.npy}
)");
  for (const char* method : {"min_max", "entropy"}) {
    ::testing::internal::CaptureStdout();
    ASSERT_EQ(run({"quantize", path("c.yaml"), "-o", path("q"), "--method", method}), kDone);
    EXPECT_THAT(::testing::internal::GetCapturedStdout(), HasSubstr("; 1 tensor fixed by recorded ranges"));
    const auto graph = quantize::load_quantized(path("q/network.json"));
    ASSERT_EQ(graph.nodes.size(), 1U);
    EXPECT_EQ(graph.tensor(graph.outputs[0]).affine,
              (network::Affine{{static_cast<float>(static_cast<double>(1.7F) / 255.0)}, {-128}, -1}));
  }
  ASSERT_EQ(run({"run", path("c.yaml"), "-o", path("r")}), kDone);
  ASSERT_EQ(run({"run", path("c.yaml"), "-o", path("s"), "--set",
                 "numerics=" + source("configs/numerics/bf16.yaml")}),
            kDone);
  const auto values = base::read_npy(path("s/output.npy"));
  EXPECT_FALSE(values.shape.empty());
}

TEST_F(Quantize, ModelFileWithAudio) {
  ASSERT_EQ(run({"quantize", source("models/nam_standard/nam_standard.nam"), "--data",
                 source("models/nam_standard/test.wav"), "--samples", "300", "-o", path("a")}),
            kDone);
  EXPECT_TRUE(read_json(path("a/methods.json"))["candidates"][0]["figures"].contains("SNR"));
}

/// The accelerator computes golden's integers under every choice: `run` compares them.
TEST_F(Quantize, EveryChoiceRunsOnTheAccelerator) {
  const std::vector<std::vector<std::string>> choices{
      {"weights=per_tensor", "weight_codes=all"},
      {"weights=per_tensor", "weight_codes=reduced", "activation_codes=reduced"},
      {"weights=per_tensor", "weight_zero_point=free", "weight_codes=all"},
      {"weights=per_tensor", "weight_zero_point=free", "weight_codes=reduced", "bias_bits=12"},
      {"weight_type=int4", "multiplier_bits=8", "bias_correction=true"},
      {"scales=power_of_two", "rounding=single", "equalize=true"},
      {"scheme=pytorch", "activation_zero_point=zero"}};
  for (const auto& choice : choices) {
    std::vector<std::string> arguments{"run",    source("configs/wavenet_tiny.yaml"), "--samples", "40", "-o",
                                       path("r")};
    for (const std::string& assignment : choice) {
      arguments.insert(arguments.end(), {"--set", "numerics." + assignment});
    }
    EXPECT_EQ(run(arguments), kDone) << choice.front();
  }
}

TEST_F(Quantize, OptionsAreKeysOfTheNumerics) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  ASSERT_EQ(run({"quantize", config, "-o", path("a"), "--scheme", "amct", "--activation-zero-point", "zero",
                 "--weights", "per_tensor", "--multiplier-bits", "8", "--equalize"}),
            kDone);
  const auto graph = quantize::load_quantized(path("a/network.json"));
  for (const auto id : graph.inputs) EXPECT_EQ(graph.tensor(id).affine->zero_point[0], 0);
  const auto* conv = std::get_if<network::qop::Conv2d>(&graph.nodes.front().operation);
  ASSERT_NE(conv, nullptr);
  EXPECT_EQ(conv->mac.multiplier.size(), 1U);
  EXPECT_EQ(conv->mac.multiplier[0].mantissa % (1 << 23), 0);
  ASSERT_EQ(run({"quantize", config, "-o", path("b"), "--weight-codes", "all"}), kDone);
  const auto [code, errors] =
      run_with_errors({"quantize", config, "-o", path("c"), "--weight-codes", "most"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("restricted"));
}

TEST_F(Quantize, ComparisonIsDrawn) {
  ASSERT_EQ(run({"quantize", source("configs/wavenet_tiny.yaml"), "-o", path("q"), "--compare"}), kDone);
  std::ifstream file(path("q/methods.svg"));
  const std::string svg{std::istreambuf_iterator<char>(file), {}};
  EXPECT_THAT(svg, HasSubstr(">entropy</text>"));
  std::size_t lines = 0;
  for (std::size_t at = svg.find("<path"); at != std::string::npos; at = svg.find("<path", at + 1)) ++lines;
  EXPECT_EQ(lines, 5U);
}

TEST_F(Quantize, MistakesAreNamed) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  auto [code, errors] = run_with_errors({"quantize", config, "-o", path("a"), "--scheme", "x"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("no scheme is called 'x'"));
  std::tie(code, errors) = run_with_errors({"quantize", config, "-o", path("a"), "--method", "x"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("unknown calibration method 'x'"));
  std::tie(code, errors) =
      run_with_errors({"quantize", source("models/nam_standard/nam_standard.nam"), "-o", path("a")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("needs --data"));
}

}  // namespace
}  // namespace dlasim::cli::test
