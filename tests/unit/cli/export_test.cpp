// The verb from its input to a program that says PASS.

#include <gmock/gmock.h>

#include "command.h"
#include "support/generated_project.h"

namespace dlasim::cli::test {
namespace {

using Export = CommandTest;
using exporter::test::make_and_run;
using ::testing::HasSubstr;

const std::string kWavenet = "vectors/tflite/wavenet_gated_int8/audio0/";

void expect_pass(const std::string& directory) {
  const auto result = make_and_run(directory);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("PASS: "));
}

TEST_F(Export, WavenetOfAConfiguration) {
  ASSERT_EQ(run({"export", source("configs/wavenet_tiny.yaml"), "--to", "cmsis-nn", "-o", path("c")}), kDone);
  expect_pass(path("c"));
}

TEST_F(Export, WavenetOfInt16AndSingleRounding) {
  ASSERT_EQ(run({"export", source("configs/wavenet_tiny.yaml"), "--to", "cmsis-nn", "-o", path("c"), "--set",
                 "numerics={scheme: int16x8, rounding: single}"}),
            kDone);
  EXPECT_THAT(exporter::test::read_text(path("c/network.c")), HasSubstr("arm_convolve_wrapper_s16"));
  expect_pass(path("c"));
}

TEST_F(Export, QuantisedNetworkFromItsFile) {
  ASSERT_EQ(run({"quantize", source("configs/wavenet_tiny.yaml"), "-o", path("q")}), kDone);
  ASSERT_EQ(run({"export", path("q/network.json"), "--to", "cmsis-nn", "-o", path("a")}), kDone);
  ASSERT_EQ(run({"export", path("q/network.json"), "--to", "cmsis-nn", "-o", path("b"), "--seed", "2"}),
            kDone);
  expect_pass(path("a"));
  EXPECT_EQ(exporter::test::read_text(path("a/network.c")), exporter::test::read_text(path("b/network.c")));
  EXPECT_NE(exporter::test::read_text(path("a/test_data.h")),
            exporter::test::read_text(path("b/test_data.h")));
}

TEST_F(Export, TfliteModelOnItsVector) {
  if (!std::filesystem::exists(shared(kWavenet))) GTEST_SKIP() << "no conformance vectors";
  ASSERT_EQ(run({"export", shared(kWavenet + "wavenet_gated_int8.tflite"), "--to", "cmsis-nn", "-o",
                 path("c"), "--data", shared(kWavenet + "input0.npy")}),
            kDone);
  expect_pass(path("c"));
}

TEST_F(Export, RefusesNumberFormatsAndWritesNothing) {
  const auto [code, errors] =
      run_with_errors({"export", source("configs/wavenet_tiny.yaml"), "--to", "cmsis-nn", "-o", path("c"),
                       "--set", "numerics=" + source("configs/numerics/bf16.yaml")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("CMSIS-NN cannot run start (conv2d): computes in number formats"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(Export, RefusesUnknownTargetsFloatModelsAndOptionsThatDoNothing) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  EXPECT_THAT(run_with_errors({"export", config, "--to", "tflm", "-o", path("c")}).second,
              HasSubstr("--to: 'tflm' is not known; the target is cmsis-nn"));
  EXPECT_THAT(run_with_errors({"export", source("models/nam_standard/nam_standard.nam"), "--to", "cmsis-nn",
                               "-o", path("c")})
                  .second,
              HasSubstr("holds reals"));
  EXPECT_THAT(
      run_with_errors({"export", config, "--to", "cmsis-nn", "-o", path("c"), "--data", "x.npy"}).second,
      HasSubstr("--data: a run configuration names its own test data"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

}  // namespace
}  // namespace dlasim::cli::test
