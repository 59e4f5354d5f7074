// `dlasim verify --engine cycle` on number_format vectors: the wires of the datapath against the vectors'
// traces, and single units of it.

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <iostream>
#include <sstream>
#include <vector>

#include "command.h"
#include "support/places.h"

namespace dlasim::cli {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;

class VerifySteps : public test::CommandTest {
 protected:
  /// Copies the vectors of a folder whose traces `spoil` can make wrong; how many.
  int copy_spoilt(const std::string& folder, const std::function<bool(json& trace)>& spoil) {
    std::filesystem::create_directories(path("spoilt"));
    int copied = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(places::shared("vectors/number_format/" + folder))) {
      json vector = read_json(entry.path());
      for (json& one_case : vector["cases"]) {
        if (!one_case.contains("trace") || !spoil(one_case["trace"])) continue;
        write("spoilt/" + entry.path().filename().string(), vector.dump());
        ++copied;
        break;
      }
    }
    return copied;
  }
  /// Every copy fails at `step`.
  void expect_all_fail(int copies, const std::string& step) const {
    testing::internal::CaptureStdout();
    const int code = run({"verify", path("spoilt"), "--engine", "cycle"});
    std::cout.flush();
    const std::string out = testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, kMismatch);
    EXPECT_THAT(out, HasSubstr("0 passed, " + std::to_string(copies) + " failed, 0 skipped"));
    EXPECT_THAT(out, ContainsRegex(step));
  }
  static bool is_code(const json& step) { return step.get<std::string>().find('p') == std::string::npos; }
  static bool change_code(json& step) {
    if (!is_code(step)) return false;  // a value: the wire has no format
    step = "0x" + [&] {
      std::ostringstream text;
      text << std::hex << (std::stoull(step.get<std::string>(), nullptr, 16) ^ 1U);
      return text.str();
    }();
    return true;
  }
};

#define SKIP_WITHOUT_VECTORS()                                           \
  if (!std::filesystem::exists(places::shared("vectors/number_format"))) \
  GTEST_SKIP() << "no vectors below " << places::shared()

TEST_F(VerifySteps, WrongAccumulatorIsNamed) {
  SKIP_WITHOUT_VECTORS();
  const int copies = copy_spoilt(
      "dot", [](json& trace) { return change_code(trace["tiles"].back()["accumulators"].back().back()); });
  EXPECT_GT(copies, 60);
  expect_all_fail(copies, "tile [0-9]+: accumulators\\[[0-9]+\\]: expected 0x[0-9a-f]+, got 0x[0-9a-f]+");
}

TEST_F(VerifySteps, WrongRootOfTheTreeIsNamed) {
  SKIP_WITHOUT_VECTORS();
  const int copies = copy_spoilt("dot", [](json& trace) {
    json& tree = trace["tiles"].front()["tree"];
    return !tree.empty() && change_code(tree.back().front());
  });
  EXPECT_GT(copies, 50);
  expect_all_fail(copies, "tile 0: root of the tree: expected 0x[0-9a-f]+, got 0x[0-9a-f]+");
}

TEST_F(VerifySteps, WrongPartialSumIsNamed) {
  SKIP_WITHOUT_VECTORS();
  const int copies =
      copy_spoilt("dot", [](json& trace) { return change_code(trace["tiles"].front()["partial_sum"]); });
  EXPECT_GT(copies, 60);
  expect_all_fail(copies, "tile 0: partial_sum: expected 0x[0-9a-f]+, got 0x[0-9a-f]+");
}

TEST_F(VerifySteps, WrongBlockIsNamed) {
  SKIP_WITHOUT_VECTORS();
  const int copies =
      copy_spoilt("mx_dot", [](json& trace) { return change_code(trace["blocks"].back()["block"]); });
  EXPECT_GT(copies, 3);
  expect_all_fail(copies, "block [0-9]+: block: expected 0x[0-9a-f]+, got 0x[0-9a-f]+");
}

class VerifyUnits : public VerifySteps {
 protected:
  /// Every file of the kind passes; copies in which `spoil` changed the first case fail.
  void expect_checked(const std::string& kind, const std::function<void(json& first_case)>& spoil) {
    const auto folder = places::shared("vectors/number_format") / kind;
    testing::internal::CaptureStdout();
    EXPECT_EQ(run({"verify", folder.string(), "--engine", "cycle"}), kDone);
    std::cout.flush();
    EXPECT_THAT(testing::internal::GetCapturedStdout(),
                ContainsRegex("\n[1-9][0-9]* passed, 0 failed, 0 skipped\n$"));
    std::filesystem::remove_all(path("spoilt"));
    std::filesystem::create_directories(path("spoilt"));
    int copies = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      json vector = read_json(entry.path());
      spoil(vector["cases"][0]);
      write("spoilt/" + entry.path().filename().string(), vector.dump());
      ++copies;
    }
    expect_all_fail(copies, "case 0");
  }
};

TEST_F(VerifyUnits, EveryKindOfUnitIsChecked) {
  SKIP_WITHOUT_VECTORS();
  for (const char* kind : {"multiply", "add"}) expect_checked(kind, [](json& c) { change_code(c[2]); });
  expect_checked("convert", [](json& c) { change_code(c[1]); });
  expect_checked("convert", [](json& c) { c[3] = c[3].get<int>() ^ 1; });
  expect_checked("decode", [](json& c) { c[1] = c[1] == "0x1p+0" ? "0x1p+1" : "0x1p+0"; });
  expect_checked("stochastic", [](json& c) { change_code(c[1].is_array() ? c[1][0] : c[1]); });
  expect_checked("mx_convert", [](json& c) { change_code(c["scale"]); });
  expect_checked("mx_convert", [](json& c) { change_code(c["elements"][0]); });
  expect_checked("choose_fl", [](json& c) { c[5] = c[5].get<int>() + 1; });
}

}  // namespace
}  // namespace dlasim::cli
