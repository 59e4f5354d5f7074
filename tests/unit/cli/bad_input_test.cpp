// What the command says of mistakes, word for word: one line on stderr with the place, and the exit code.
// Results of an earlier run stay as they were.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <limits>

#include "base/npy.h"
#include "cli/main.h"
#include "command.h"

namespace dlasim::cli::test {
namespace {

/// A network of one convolution and a softmax on 1x1x8x2, in one file.
constexpr const char* kConfig = R"(name: small
network:
  weights: weights.npz
  input: {shape: [1, 1, 8, 2]}
  layers:
    - {name: conv, op: conv1d, filters: 3, kernel: 2}
    - {name: soft, op: softmax}
hardware:
  pe_array: {ic_lanes: 2, oc_lanes: 4}
data:
  test: {random: 1}
  calibration: {random: 2}
)";

base::NpyArray weights(std::vector<std::int64_t> shape, float first = 0.5F) {
  std::int64_t count = 1;
  for (const std::int64_t d : shape) count *= d;
  std::vector<float> values(static_cast<std::size_t>(count), 0.25F);
  values.front() = first;
  return base::make_npy<float>(std::move(shape), values);
}

class BadInput : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    write("a.yaml", kConfig);
    write_weights(weights({3, 1, 2, 2}));
  }

  void write_weights(const base::NpyArray& array) const {
    base::write_npz(path("weights.npz"), {{"conv.weight", array}});
  }
  /// The config with `from` replaced.
  void write_config(const std::string& from, const std::string& to) const {
    std::string text = kConfig;
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write("a.yaml", text.replace(at, from.size(), to));
  }

  /// The exit code and stderr of `dlasim run a.yaml OPTIONS`; the directory's name is taken out.
  std::pair<int, std::string> run_config(std::vector<std::string> options = {}) const {
    std::vector<std::string> arguments{"run", path("a.yaml"), "--out", path("out")};
    std::ranges::move(options, std::back_inserter(arguments));
    ::testing::internal::CaptureStdout();
    auto [code, text] = run_with_errors(arguments);
    ::testing::internal::GetCapturedStdout();
    const std::string folder = directory_.string() + "/";
    for (std::size_t at = 0; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
    return {code, text};
  }

  void expect_refusal(const std::string& message, std::vector<std::string> options = {}) const {
    const auto [code, text] = run_config(std::move(options));
    EXPECT_EQ(code, kBadInput);
    EXPECT_EQ(text, "dlasim: " + message + "\n");
    EXPECT_FALSE(std::filesystem::exists(path("out")));
  }

  std::string contents(const std::string& name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
};

TEST_F(BadInput, GoodConfigRuns) {
  EXPECT_EQ(run_config(), std::pair(static_cast<int>(kDone), std::string()));
  EXPECT_TRUE(std::filesystem::exists(path("out/summary.json")));
}

TEST_F(BadInput, UnknownKeyIsAnsweredWithTheNearestOne) {
  write_config("ic_lanes", "ic_lane");
  expect_refusal("a.yaml:9:14: hardware.pe_array.ic_lane: unknown key, did you mean 'ic_lanes'?");
}

TEST_F(BadInput, UnknownKeyOfALayerHasItsPlace) {
  write_config("kernel: 2", "kernel: 2, stried: 1");
  expect_refusal("a.yaml:6:55: network.layers[0].stried: unknown key, did you mean 'stride'?");
}

TEST_F(BadInput, WordWhereANumberBelongs) {
  write_config("ic_lanes: 2", "ic_lanes: two");
  expect_refusal("a.yaml:9:24: hardware.pe_array.ic_lanes: 'two' is not a whole number");
}

TEST_F(BadInput, ListWhereANumberBelongs) {
  write_config("ic_lanes: 2", "ic_lanes: [2]");
  expect_refusal("a.yaml:9:24: hardware.pe_array.ic_lanes: is a list; a single value is wanted");
}

TEST_F(BadInput, SizeOutOfRange) {
  write_config("oc_lanes: 4", "oc_lanes: 4096");
  expect_refusal("a.yaml:9:37: hardware.pe_array.oc_lanes: 4096 is not between 1 and 1024");
}

TEST_F(BadInput, AQuantisedNetworkIsForExport) {
  ASSERT_EQ(run({"quantize", path("a.yaml"), "--out", path("q")}), kDone);
  write("a.yaml", "network: q/network.json\ndata: {test: {random: 1}}\n");
  expect_refusal(
      "a.yaml:1:10: network: the network that 'dlasim quantize' writes is for 'dlasim export'; to run its "
      "integers, run the configuration that it was made from");
}

TEST_F(BadInput, MissingConfig) {
  std::filesystem::remove(path("a.yaml"));
  expect_refusal("a.yaml: cannot read: No such file or directory");
}

TEST_F(BadInput, MissingWeights) {
  std::filesystem::remove(path("weights.npz"));
  expect_refusal("a.yaml:3:12: network.weights: weights.npz: there is no such file");
}

TEST_F(BadInput, MissingClipIsNamedWhereItIsAsked) {
  write_config("test: {random: 1}", "test: clip.npy");
  expect_refusal("a.yaml:11:9: data.test: clip.npy: cannot read: No such file or directory");
}

TEST_F(BadInput, TruncatedWeights) {
  const std::string whole = contents("weights.npz");
  write("weights.npz", whole.substr(0, whole.size() / 2));
  expect_refusal("weights.npz: not a NumPy archive (.npz): Not a zip archive");
}

TEST_F(BadInput, WeightsOfTheWrongShape) {
  write_weights(weights({3, 1, 3, 2}));
  expect_refusal("weights.npz: array 'conv.weight': shape (3, 1, 2, 2) is wanted, found (3, 1, 3, 2)");
}

TEST_F(BadInput, WeightsThatAreNoNumbers) {
  write_weights(weights({3, 1, 2, 2}, std::numeric_limits<float>::quiet_NaN()));
  expect_refusal("weights.npz: array 'conv.weight': element 0 is nan; weights must be finite");
}

TEST_F(BadInput, ClipThatHoldsNoNumbers) {
  base::write_npy(path("clip.npy"), weights({1, 1, 8, 2}, std::numeric_limits<float>::infinity()));
  write_config("test: {random: 1}", "test: clip.npy");
  expect_refusal("a.yaml:11:9: data.test: 'clip.npy': element 0 is inf; inputs must be finite");
}

TEST_F(BadInput, ClipOfTheWrongShape) {
  base::write_npy(path("clip.npy"), weights({1, 1, 9, 2}));
  write_config("test: {random: 1}", "test: clip.npy");
  expect_refusal(
      "a.yaml:11:9: data.test: 'clip.npy' has shape (1, 1, 9, 2), but input 'input' has (1, 1, 8, 2)");
}

TEST_F(BadInput, OverrideWithoutAValue) {
  expect_refusal("--set nonsense: there is no '='; the form is --set a.b.c=value", {"--set", "nonsense"});
}

TEST_F(BadInput, OverrideOfAnUnknownKey) {
  expect_refusal(
      "--set hardware.pe_array.ic_lane=3: hardware.pe_array.ic_lane: unknown key, did you mean 'ic_lanes'?",
      {"--set", "hardware.pe_array.ic_lane=3"});
}

TEST_F(BadInput, OverrideOfTheWrongType) {
  expect_refusal("--set hardware.clock_mhz=fast: hardware.clock_mhz: 'fast' is not a finite number",
                 {"--set", "hardware.clock_mhz=fast"});
}

TEST_F(BadInput, LayerThatFitsNoBuffer) {
  write_config("[1, 1, 8, 2]", "[1, 1, 8, 1024]");
  write_config("weights: weights.npz\n  input: {shape: [1, 1, 8, 2]}",
               "weights: {random: 1}\n  input: {shape: [1, 1, 8, 1024]}");
  const auto [code, text] =
      run_config({"--set", "hardware.pe_array.ic_lanes=1024", "--set", "hardware.pe_array.oc_lanes=64",
                  "--set", "hardware.buffers.weight_kib=1"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(
      text, testing::MatchesRegex("dlasim: layer 'conv': .*weight buffer.*hardware.buffers.weight_kib.*\n"));
}

TEST_F(BadInput, UnknownVerbIsAnsweredWithTheNearestOne) {
  EXPECT_EQ(run_with_errors({"vrify"}),
            std::pair(static_cast<int>(kBadInput),
                      std::string("dlasim: there is no verb 'vrify', did you mean 'verify'?; dlasim --help "
                                  "lists them\n")));
}

TEST_F(BadInput, UnknownOption) {
  EXPECT_EQ(run_config({"--fast"}),
            std::pair(static_cast<int>(kBadInput),
                      std::string("dlasim: The following argument was not expected: --fast; see dlasim run "
                                  "--help\n")));
}

TEST_F(BadInput, VerbWithoutItsArgument) {
  EXPECT_EQ(run_with_errors({"run"}),
            std::pair(static_cast<int>(kBadInput),
                      std::string("dlasim: config is required; see dlasim run --help\n")));
}

TEST_F(BadInput, LeavesEarlierResultsAlone) {
  ASSERT_EQ(run_config().first, kDone);
  const std::string summary = contents("out/summary.json");
  const std::string output = contents("out/output.npy");
  ASSERT_FALSE(summary.empty());
  write_weights(weights({3, 1, 3, 2}));
  EXPECT_EQ(run_config().first, kBadInput);
  write_weights(weights({3, 1, 2, 2}, 3.0F));
  EXPECT_EQ(
      run_config({"--set", "hardware.dram.latency=100000", "--set", "hardware.control.watchdog_cycles=100"})
          .first,
      kSimulationFailed);
  EXPECT_EQ(contents("out/summary.json"), summary);
  EXPECT_EQ(contents("out/output.npy"), output);
  EXPECT_EQ(run_config().first, kDone);
  EXPECT_NE(contents("out/output.npy"), output);
}

TEST_F(BadInput, DeadlockSaysWhoWaits) {
  const auto [code, text] =
      run_config({"--set", "hardware.dram.latency=100000", "--set", "hardware.control.watchdog_cycles=100"});
  EXPECT_EQ(code, kSimulationFailed);
  EXPECT_EQ(
      text,
      "dlasim: simulation failed: deadlock: nothing moved for 100 cycles, up to cycle 101: load engine: no "
      "command; compute engine: no command; store engine: no command\n");
}

constexpr const char* kVector =
    R"({"format": "dla-vector/1", "name": "m", "source": "by hand", "op": "maximum",
  "attributes": {}, "quantization": {},
  "tensors": {"input1": {"dtype": "int8", "shape": [2], "data": [1, -5]},
              "input2": {"dtype": "int8", "shape": [2], "data": [0, 7]},
              "output": {"dtype": "int8", "shape": [2], "data": [1, LAST]}}})";

TEST_F(BadInput, MismatchOfAVectorIsExitCodeOne) {
  for (const auto& [last, code] : {std::pair("7", kDone), std::pair("6", kMismatch)}) {
    std::string text = kVector;
    text.replace(text.find("LAST"), 4, last);
    write("vector.json", text);
    for (const char* engine : {"golden", "cycle"}) {
      ::testing::internal::CaptureStdout();
      EXPECT_EQ(run({"verify", path("vector.json"), "--engine", engine}), code) << engine;
      const std::string report = ::testing::internal::GetCapturedStdout();
      if (code == kMismatch) {
        EXPECT_THAT(report, testing::HasSubstr("element (1) of 2: expected 6, got 7; 1 of 2 differ"));
        EXPECT_THAT(report, testing::EndsWith("0 passed, 1 failed, 0 skipped\n"));
      } else {
        EXPECT_THAT(report, testing::EndsWith("1 passed, 0 failed, 0 skipped\n"));
      }
    }
  }
}

}  // namespace
}  // namespace dlasim::cli::test
