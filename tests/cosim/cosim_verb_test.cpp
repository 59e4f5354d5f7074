// `dlasim cosim` as a user runs it: exit codes and what it prints.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/main.h"
#include "cosim.h"
#include "faulty_blocks.h"

namespace dlasim::cli {
namespace {

using sim::cosim::CosimFactory;
using sim::cosim::is_available;
using sim::cosim::Mode;
using testing::HasSubstr;

const std::string kTiny = std::string(DLA_SOURCE_DIR) + "/configs/wavenet_tiny.yaml";
const std::string kSpeech = std::string(DLA_SOURCE_DIR) + "/configs/wavenet_speech.yaml";

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
  const Output o = cosim({kTiny, "--lockstep", "core", "--samples", "64"});
  EXPECT_EQ(o.exit_code, kDone) << o.errors;
  for (const std::string& block : sim::cosim::block_names())
    EXPECT_THAT(o.out, testing::ContainsRegex(block + " +lockstep +[1-9][0-9]* +[1-9]"));
  EXPECT_THAT(o.out, HasSubstr("golden: 0 of "));
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
  CosimRun run;
  run.session.config = kTiny;
  run.session.samples = 64;
  testing::internal::CaptureStdout();
  const int code = run_cosim(run, factory);
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
  CosimRun run;
  run.session.config = kTiny;
  run.session.samples = 64;
  EXPECT_EQ(run_cosim(run, factory), kMismatch);
}

TEST(CosimVerb, NamesAndHardwareItDoesNotHaveAreExitCodeTwo) {
  const Output misspelt = cosim({kTiny, "--rtl", "ader_tree"});
  EXPECT_EQ(misspelt.exit_code, kBadInput);
  EXPECT_THAT(misspelt.errors, HasSubstr("did you mean 'adder_tree'?"));
  EXPECT_EQ(cosim({kTiny}).exit_code, kBadInput);
  EXPECT_EQ(cosim({kTiny, "--rtl", "core", "--lockstep", "pe_array"}).exit_code, kBadInput);
  const Output large = cosim({kSpeech, "--rtl", "pe_array"});
  EXPECT_EQ(large.exit_code, kBadInput);
  EXPECT_THAT(large.errors, HasSubstr(is_available() ? "was not verilated" : "package verilator"));
}

}  // namespace
}  // namespace dlasim::cli
