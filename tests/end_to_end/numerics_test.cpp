// Every numerics that comes with dlasim runs the speech WaveNet on the accelerator and gives golden's bits.

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "run_job.h"

namespace dlasim {
namespace {

using test::config;

std::vector<std::string> ready_numerics() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(config("numerics"))) {
    names.push_back(entry.path().stem().string());
  }
  std::ranges::sort(names);
  return names;
}

/// The hardware that the head of the numerics file names.
std::string hardware_for(const std::string& numerics) {
  if (numerics.starts_with("mx")) return "mx";
  const std::set<std::string> of_16_bits{"bf16", "fp16", "dfp16"};
  return of_16_bits.contains(numerics) ? "wide" : "default";
}

class ReadyNumerics : public test::RunJob, public testing::WithParamInterface<std::string> {
 protected:
  test::Result speech(int samples, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{
        config("wavenet_speech.yaml"),
        "--samples",
        std::to_string(samples),
        "--set",
        "numerics=" + config("numerics/" + GetParam() + ".yaml"),
        "--set",
        "hardware=" + config("hardware/" + hardware_for(GetParam()) + ".yaml")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_P(ReadyNumerics, RunTheSpeechWaveNetBitExactly) {
  const test::Result result = speech(12);
  ASSERT_EQ(result.exit_code, cli::kDone);
  EXPECT_TRUE(result.summary["bit_exact"]);
  EXPECT_EQ(result.summary["differing"], 0);
  EXPECT_GT(result.summary["cycles"], 0);
  for (const auto& layer : result.summary["layers"]) {
    EXPECT_GT(layer["values"], 0) << layer["name"];
  }
}

/// As SystemC modules, which are slower: the ones that need passes of their own.
class MxNumerics : public ReadyNumerics {};

TEST_P(MxNumerics, RunOnTheNetlistBitExactlyInAsManyCycles) {
  const test::Result netlist = speech(1, {"--netlist"});
  ASSERT_EQ(netlist.exit_code, cli::kDone);
  EXPECT_EQ(netlist.summary["differing"], 0);
  EXPECT_EQ(netlist.summary["cycles"], speech(1).summary["cycles"]);
}

INSTANTIATE_TEST_SUITE_P(All, MxNumerics, testing::Values("mxfp8", "mxint8"),
                         [](const auto& c) { return c.param; });
INSTANTIATE_TEST_SUITE_P(All, ReadyNumerics, testing::ValuesIn(ready_numerics()),
                         [](const auto& c) { return c.param; });

}  // namespace
}  // namespace dlasim
