#include <gmock/gmock.h>

#include "base/npy.h"
#include "base/wav.h"
#include "command.h"

namespace dlasim::cli::test {
namespace {

using ModelRun = CommandTest;
using ::testing::HasSubstr;

TEST_F(ModelRun, NamModelFromWavToWav) {
  ASSERT_EQ(run({"run", source("configs/nam_standard.yaml"), "--samples", "600", "--out", path("out")}),
            kDone);
  const auto summary = read_json(path("out/summary.json"));
  EXPECT_TRUE(summary["bit_exact"]);
  EXPECT_GE(summary["figures"]["SNR"]["integer"], 30.0);
  EXPECT_EQ(summary["samples"], 600);
  const base::Wav wav = base::read_wav(path("out/output.wav"));
  EXPECT_EQ(wav.sample_rate, 48000);
  ASSERT_EQ(wav.samples.size(), 600U);
  const auto codes = base::read_npy(path("out/output.npy"));
  EXPECT_EQ(codes.dtype, "i2");
  // The audio is the codes times one scale.
  double scale = 0.0;
  for (std::size_t i = 0; i < 600; ++i) {
    const auto code = static_cast<double>(codes.as<std::int16_t>()[i]);
    if (code == 0.0) continue;
    if (scale == 0.0) scale = static_cast<double>(wav.samples[i]) / code;
    ASSERT_NEAR(static_cast<double>(wav.samples[i]), code * scale, 1e-6);
  }
}

TEST_F(ModelRun, StreamGivesTheIntegersOfTheSequence) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  ASSERT_EQ(run({"run", config, "-o", path("a")}), kDone);
  ASSERT_EQ(run({"run", config, "-o", path("b"), "--set", "execution={mode: streaming, hop: 20}"}), kDone);
  EXPECT_EQ(base::read_npy(path("a/output.npy")), base::read_npy(path("b/output.npy")));
  const auto summary = read_json(path("b/summary.json"));
  EXPECT_TRUE(summary["bit_exact"]);
  EXPECT_EQ(summary["hops"], 7);  // 128 samples
  EXPECT_GT(summary["real_time_factor"], 0.0);
  const auto [code, errors] =
      run_with_errors({"run", config, "-o", path("c"), "--set", "execution=streaming", "--stalls", "10"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("do not go with execution: streaming"));
}

TEST_F(ModelRun, TfliteModelGivesTheRecordedIntegers) {
  if (!std::filesystem::exists(shared(kWavenet))) GTEST_SKIP() << "no conformance vectors";
  write("c.yaml", "network: " + shared(kWavenet + "wavenet_gated_int8.tflite") +
                      "\ndata:\n  test: " + shared(kWavenet + "input0.npy") + "\n");
  ASSERT_EQ(run({"run", path("c.yaml"), "--out", path("out")}), kDone);
  EXPECT_EQ(base::read_npy(path("out/output.npy")), base::read_npy(shared(kWavenet + "output0.npy")));
}

TEST_F(ModelRun, ImportedModelRunsAsItsFile) {
  if (!std::filesystem::exists(shared(kWavenet))) GTEST_SKIP() << "no conformance vectors";
  ASSERT_EQ(run({"import", shared(kWavenet + "wavenet_gated_int8.tflite"), "-o", path("net")}), kDone);
  write("c.yaml",
        "network: net/wavenet_gated_int8.yaml\ndata:\n  test: " + shared(kWavenet + "input0.npy") + "\n");
  ASSERT_EQ(run({"run", path("c.yaml"), "--out", path("out")}), kDone);
  EXPECT_EQ(base::read_npy(path("out/output.npy")), base::read_npy(shared(kWavenet + "output0.npy")));
}

TEST_F(ModelRun, RefusesToCalibrateAQuantisedModel) {
  if (!std::filesystem::exists(shared(kWavenet))) GTEST_SKIP() << "no conformance vectors";
  write("c.yaml", "network: {model: " + shared(kWavenet + "wavenet_gated_int8.tflite") +
                      "}\ndata:\n  test: {random: 1}\n  calibration: {random: 2}\n");
  const auto [code, errors] = run_with_errors({"run", path("c.yaml"), "--out", path("out")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("c.yaml:4:16: data.calibration: the network is quantised already"));
}

TEST_F(ModelRun, NamesAnUnknownEnding) {
  write("c.yaml", "network: {model: x.pb}\ndata:\n  test: {random: 1}\n");
  const auto [code, errors] = run_with_errors({"run", path("c.yaml"), "--out", path("out")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("c.yaml:1:18: network.model:"));
  EXPECT_THAT(errors, HasSubstr("ends in none of .tflite, .onnx and .nam"));
}

TEST_F(ModelRun, ImportRefusesABadDimension) {
  const auto [code, errors] = run_with_errors({"import", "x.onnx", "-o", path("net"), "--dimension", "T=0"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("--dimension: 'T=0' is not NAME=SIZE"));
}

}  // namespace
}  // namespace dlasim::cli::test
