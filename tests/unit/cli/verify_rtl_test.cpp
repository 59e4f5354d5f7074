// `dlasim verify --engine rtl`: vectors through the RTL's units and through its core.

#include <gmock/gmock.h>

#include <filesystem>
#include <iostream>
#include <utility>

#include "base/file.h"
#include "command.h"
#include "sim/cosim/rtl_toolchain.h"
#include "support/places.h"

namespace dlasim::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class VerifyRtl : public test::CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    if (!sim::cosim::is_available()) GTEST_SKIP() << "co-simulation is off";
  }
  /// Last line and exit code of the verb.
  static std::pair<int, std::string> verify(const std::filesystem::path& path) {
    testing::internal::CaptureStdout();
    const int code = run({"verify", path.string(), "--engine", "rtl"});
    std::cout.flush();
    return {code, testing::internal::GetCapturedStdout()};
  }
  static std::filesystem::path vectors(const std::string& folder) {
    return places::shared("vectors") / folder;
  }
  void expect_all_pass(const std::string& folder) const {
    if (!std::filesystem::exists(vectors(folder))) GTEST_SKIP() << "no vectors at " << vectors(folder);
    const auto [code, out] = verify(vectors(folder));
    EXPECT_EQ(code, kDone) << out;
    EXPECT_THAT(out, ContainsRegex("\n[1-9][0-9]* passed, 0 failed, 0 skipped\n$")) << folder;
  }
};

TEST_F(VerifyRtl, NumberFormatUnits) {
  for (const char* kind : {"convert", "multiply", "add", "stochastic"})
    expect_all_pass(std::string("number_format/") + kind);
}

TEST_F(VerifyRtl, Requantiser) {
  expect_all_pass("cmsis_nn_wavenet/requantize");
}

TEST_F(VerifyRtl, ConvolutionsOnTheCore) {
  const auto folder = vectors("cmsis_nn/conv2d");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const auto [code, out] = verify(folder);
  EXPECT_EQ(code, kDone) << out;
  EXPECT_THAT(out, ContainsRegex("\n[1-9][0-9]* passed, 0 failed, [0-9]+ skipped\n$"));
}

TEST_F(VerifyRtl, AWrongExpectationFails) {
  const auto file = vectors("cmsis_nn_wavenet/requantize/random_requantize_single_05.json");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no vector " << file;
  auto vector = nlohmann::json::parse(base::read_text_file(file));
  auto& value = vector["tensors"]["output"]["data"][5];
  value = value.get<int>() == 0 ? 1 : 0;
  base::write_file_atomically(path("wrong.json"), vector.dump());
  const auto [code, out] = verify(path("wrong.json"));
  EXPECT_EQ(code, kMismatch);
  EXPECT_THAT(out, HasSubstr("element 5: "));
}

TEST_F(VerifyRtl, WhatIsNoHardwareIsSkippedWithTheReason) {
  const auto folder = vectors("number_format/decode");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const auto [code, out] = verify(folder);
  EXPECT_EQ(code, kDone) << out;
  EXPECT_THAT(out, HasSubstr("number_format test 'decode' on the RTL's units"));
  EXPECT_THAT(out, ContainsRegex("\n0 passed, 0 failed, [1-9][0-9]* skipped\n$"));
}

}  // namespace
}  // namespace dlasim::cli
