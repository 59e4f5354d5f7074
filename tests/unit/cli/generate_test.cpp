#include <gmock/gmock.h>

#include <algorithm>

#include "base/npy.h"
#include "base/wav.h"
#include "command.h"
#include "network/audio.h"

namespace dlasim::cli::test {
namespace {

using Generate = CommandTest;
using ::testing::HasSubstr;

constexpr int kClasses = 32;

std::vector<int> codes_of(const std::string& file) {
  return network::mu_law_encode(base::read_wav(file).samples, kClasses);
}

TEST_F(Generate, ArgmaxIsWhatTheSequencePredicts) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  ASSERT_EQ(
      run({"generate", config, "--samples", "60", "--argmax", "--engine", "golden", "-o", path("x.wav")}),
      kDone);
  const std::vector<int> codes = codes_of(path("x.wav"));
  ASSERT_EQ(codes.size(), 60U);
  // The whole sequence on the accelerator, given these codes after silence, predicts each of them.
  std::vector<std::int32_t> given{network::mu_law_encode(0.0, kClasses)};
  given.insert(given.end(), codes.begin(), codes.end());
  base::write_npy(path("codes.npy"),
                  base::make_npy<std::int32_t>({61}, std::span<const std::int32_t>(given)));
  ASSERT_EQ(
      run({"run", config, "--set", "data.test={codes: '" + path("codes.npy") + "'}", "-o", path("out")}),
      kDone);
  const auto output = base::read_npy(path("out/output.npy"));
  ASSERT_EQ(output.shape, (std::vector<std::int64_t>{1, 1, 60, kClasses}));
  const auto logits = output.as<std::int8_t>();
  for (std::size_t t = 0; t < 60; ++t) {
    const auto row = logits.subspan(t * kClasses, kClasses);
    EXPECT_EQ(std::ranges::max_element(row) - row.begin(), codes[t]) << t;
  }
}

TEST_F(Generate, EnginesDrawTheSameSamples) {
  const std::string config = source("configs/wavenet_tiny.yaml");
  for (const std::string engine : {"golden", "cycle"}) {
    ASSERT_EQ(run({"generate", config, "--samples", "20", "--seed", "7", "--engine", engine, "-o",
                   path(engine + ".wav")}),
              kDone);
  }
  EXPECT_EQ(codes_of(path("golden.wav")), codes_of(path("cycle.wav")));
  ASSERT_EQ(
      run({"generate", config, "--samples", "20", "--seed", "8", "--engine", "golden", "-o", path("o.wav")}),
      kDone);
  EXPECT_NE(codes_of(path("golden.wav")), codes_of(path("o.wav")));
}

TEST_F(Generate, AnAmplifierDoesNotSpeak) {
  const auto [code, errors] = run_with_errors(
      {"generate", source("configs/nam_standard.yaml"), "--samples", "2", "-o", path("x.wav")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("data.test has no codes"));
}

}  // namespace
}  // namespace dlasim::cli::test
