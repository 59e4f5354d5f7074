// `dlasim cosim` as a user runs it: exit codes and what it prints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/main.h"
#include "cosim.h"
#include "faulty_blocks.h"
#include "support/places.h"

namespace dlasim::cli {
namespace {

using sim::cosim::CosimFactory;
using sim::cosim::is_available;
using sim::cosim::Mode;
using testing::HasSubstr;

const std::string kTiny = places::source("configs/wavenet_tiny.yaml").string();

struct Output {
  int exit_code;
  std::string out, errors;
};

Output cosim(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "cosim");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run(arguments);
  std::fflush(stdout);
  return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(CosimVerb, TinyWaveNetIsBitExactWithEveryBlockInLockstep) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Output o = cosim({kTiny, "--lockstep", "blocks", "--samples", "64"});
  EXPECT_EQ(o.exit_code, kDone) << o.errors;
  for (const std::string& block : sim::cosim::block_names())
    EXPECT_THAT(o.out, testing::ContainsRegex(block + " +lockstep +[1-9][0-9]* +[1-9]"));
  EXPECT_THAT(o.out, HasSubstr("golden: 0 of "));
}

TEST(CosimVerb, TinyWaveNetIsBitExactOnTheCore) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Output lockstep = cosim({kTiny, "--lockstep", "core", "--samples", "64", "--stalls", "100"});
  EXPECT_EQ(lockstep.exit_code, kDone) << lockstep.errors;
  EXPECT_THAT(lockstep.out, testing::ContainsRegex("core +lockstep +[1-9][0-9]* +[1-9]"));
  EXPECT_THAT(lockstep.out, HasSubstr("golden: 0 of "));
  const Output rtl = cosim({kTiny, "--rtl", "core", "--samples", "64"});
  EXPECT_EQ(rtl.exit_code, kDone) << rtl.errors;
  EXPECT_THAT(rtl.out, testing::ContainsRegex("core +rtl"));
  EXPECT_THAT(rtl.out, HasSubstr("golden: 0 of "));
}

TEST(CosimVerb, ConvolutionsOfAllKindsAreCycleExactOnTheCore) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Output o = cosim({places::source("configs/cnn2d.yaml").string(), "--lockstep", "core"});
  EXPECT_EQ(o.exit_code, kDone) << o.errors;
  EXPECT_THAT(o.out, HasSubstr("golden: 0 of "));
  const Output rtl = cosim({places::source("configs/cnn2d.yaml").string(), "--rtl", "core", "--cycles"});
  EXPECT_EQ(rtl.exit_code, kDone) << rtl.errors;
  EXPECT_THAT(rtl.out, testing::ContainsRegex("dilated +conv2d +[0-9]+ +[0-9]+ +0\n"));
  EXPECT_THAT(rtl.out, testing::ContainsRegex("all +[1-9][0-9]* +[1-9][0-9]* +0\n"));
}

TEST(CosimVerb, FourBitWeightsHaveLanesOfFourBits) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const std::vector<std::string> narrow{places::source("configs/cnn2d.yaml").string(),
                                        "--lockstep",
                                        "core",
                                        "--set",
                                        "hardware.pe_array.weight_bits=4",
                                        "--set",
                                        "hardware.pe_array.activation_bits=8"};
  std::vector<std::string> four = narrow;
  four.insert(four.end(), {"--set", "numerics.weight_type=int4"});
  const Output o = cosim(four);
  EXPECT_EQ(o.exit_code, kDone) << o.errors;
  EXPECT_THAT(o.out, HasSubstr("golden: 0 of "));
  const Output eight = cosim(narrow);
  EXPECT_EQ(eight.exit_code, kBadInput);
  EXPECT_THAT(eight.errors, HasSubstr("on lanes of 4 bits"));
}

/// A few samples of speech, on a small array that compiles quickly.
TEST(CosimVerb, SpeechWaveNetIsBitExactOnTheCore) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const std::string root = places::source().string();
  const Output o = cosim({root + "/configs/wavenet_speech.yaml", "--lockstep", "core", "--samples", "8",
                          "--set", "hardware=" + root + "/configs/hardware/small.yaml"});
  EXPECT_EQ(o.exit_code, kDone) << o.errors;
  EXPECT_THAT(o.out, HasSubstr("golden: 0 of "));
}

TEST(CosimVerb, AFaultAtAPortIsFoundAndLocated) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Output o = cosim({kTiny, "--lockstep", "adder_tree", "--samples", "64", "--fault",
                          "adder_tree.sum_o[100]@900:stuck1", "--out", testing::TempDir() + "cosim_fault"});
  EXPECT_EQ(o.exit_code, kMismatch) << o.errors;
  EXPECT_THAT(o.out, HasSubstr("block     adder_tree"));
  EXPECT_THAT(o.out, HasSubstr("stage     adder tree of oc lane 2"));  // bit 100 is bit 4 of lane 2
  EXPECT_THAT(o.out, HasSubstr("divergence.gtkw"));
  const Output model = cosim({kTiny, "--lockstep", "pe_array", "--fault", "adder_tree.sum_o[1]@900"});
  EXPECT_EQ(model.exit_code, kBadInput);
  EXPECT_THAT(model.errors, HasSubstr("'adder_tree' is not RTL here"));
  const Output port = cosim({kTiny, "--lockstep", "pe_array", "--fault", "pe_array.som_o[1]@900"});
  EXPECT_EQ(port.exit_code, kBadInput);
  EXPECT_THAT(port.errors, HasSubstr("did you mean 'sum_o'?"));
}

TEST(CosimVerb, TinyWaveNetIsBitExactOnRtl) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Output o = cosim({kTiny, "--rtl", "pe_array,post_processor", "--samples", "64", "--stalls", "100"});
  EXPECT_EQ(o.exit_code, kDone) << o.errors;
  EXPECT_THAT(o.out, testing::ContainsRegex("pe_array +rtl"));
  EXPECT_THAT(o.out, testing::ContainsRegex("adder_tree +model"));
}

TEST(CosimVerb, ADifferenceIsExitCodeOneAndNamesThePlace) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  std::uint64_t flipped = 0;
  CosimFactory factory;
  factory.set_mode("adder_tree", Mode::kLockstep);
  factory.set_rtl<sim::blocks::AdderTree>([&flipped](const sim::arch::Hardware& h) {
    return std::make_unique<sim::cosim::FlippedSum>(sim::cosim::make_rtl<sim::blocks::AdderTree>(h), 1000,
                                                    &flipped);
  });
  SessionOptions options;
  options.config = kTiny;
  options.samples = 64;
  testing::internal::CaptureStdout();
  const int code = run_cosim({}, open_session(options), factory);
  std::fflush(stdout);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, kMismatch);
  EXPECT_THAT(out, HasSubstr("block     adder_tree"));
  EXPECT_THAT(out, HasSubstr("cycle     " + std::to_string(flipped)));
  EXPECT_THAT(out, HasSubstr("port      sum[2]"));
  EXPECT_THAT(out, HasSubstr("layer     1 stack0.layer0.dilated\n  position  "));
}

TEST(CosimVerb, AWrongBitOfTheRtlAloneIsFoundByGolden) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  CosimFactory factory;
  factory.set_mode("adder_tree", Mode::kRtl);
  factory.set_rtl<sim::blocks::AdderTree>([](const sim::arch::Hardware& h) {
    auto rtl = sim::cosim::make_rtl<sim::blocks::AdderTree>(h);
    return std::make_unique<sim::cosim::WrongLane>(std::move(rtl));
  });
  SessionOptions options;
  options.config = kTiny;
  options.samples = 64;
  EXPECT_EQ(run_cosim({}, open_session(options), factory), kMismatch);
}

TEST(CosimVerb, TheFileSaysWhichBlocksAreRtlWhereTheCommandLineNamesNone) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const std::vector<std::string> base{kTiny,
                                      "--samples",
                                      "64",
                                      "--set",
                                      "cosim.adder_tree=lockstep",
                                      "--set",
                                      "cosim.pe_array=rtl",
                                      "--set",
                                      "cosim.output_buffer=model"};
  const Output file = cosim(base);
  EXPECT_EQ(file.exit_code, kDone) << file.errors;
  EXPECT_THAT(file.out, testing::ContainsRegex("adder_tree +lockstep +[1-9][0-9]* +[1-9]"));
  EXPECT_THAT(file.out, testing::ContainsRegex("pe_array +rtl"));
  EXPECT_THAT(file.out, testing::ContainsRegex("output_buffer +model"));
  std::vector<std::string> both = base;
  both.insert(both.end(), {"--rtl", "output_buffer"});
  const Output line = cosim(both);
  EXPECT_EQ(line.exit_code, kDone) << line.errors;
  EXPECT_THAT(line.out, testing::ContainsRegex("output_buffer +rtl"));
  EXPECT_THAT(line.out, testing::ContainsRegex("adder_tree +model"));
}

TEST(CosimVerb, ModesOfTheFileAreRefusedWithTheirPlace) {
  const Output name = cosim({kTiny, "--set", "cosim.ader_tree=rtl"});
  EXPECT_EQ(name.exit_code, kBadInput);
  EXPECT_THAT(name.errors,
              testing::ContainsRegex("cosim.ader_tree: there is no block .*did you mean 'adder_tree'"));
  const Output mode = cosim({kTiny, "--set", "cosim.adder_tree=verilog"});
  EXPECT_EQ(mode.exit_code, kBadInput);
  EXPECT_THAT(mode.errors, HasSubstr("lockstep"));
  const Output core = cosim({kTiny, "--set", "cosim={core: rtl, pe_array: lockstep}"});
  EXPECT_EQ(core.exit_code, kBadInput);
  EXPECT_THAT(core.errors, HasSubstr("the whole datapath as one module"));
}

TEST(CosimVerb, NamesAndSourcesItDoesNotHaveAreExitCodeTwo) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Output misspelt = cosim({kTiny, "--rtl", "ader_tree"});
  EXPECT_EQ(misspelt.exit_code, kBadInput);
  EXPECT_THAT(misspelt.errors, HasSubstr("did you mean 'adder_tree'?"));
  EXPECT_EQ(cosim({kTiny}).exit_code, kBadInput);
  EXPECT_EQ(cosim({kTiny, "--rtl", "core", "--lockstep", "pe_array"}).exit_code, kBadInput);
  const Output homeless = cosim({kTiny, "--rtl", "pe_array", "--rtl-sources", "/nowhere"});
  EXPECT_EQ(homeless.exit_code, kBadInput);
  EXPECT_THAT(homeless.errors, HasSubstr("DLASIM_RTL"));
}

}  // namespace
}  // namespace dlasim::cli
