#include "conformance/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"

namespace dlasim::conformance {
namespace {

namespace fs = std::filesystem;
using network::DType;
using network::Tensor;

nlohmann::json pad_vector(const std::vector<int>& expected) {
  return {{"format", "dla-vector/1"},
          {"name", "n"},
          {"source", "s"},
          {"op", "pad"},
          {"attributes", {{"before", {0}}, {"after", {0}}, {"value", 0}}},
          {"tensors",
           {{"input", {{"dtype", "int8"}, {"shape", {2}}, {"data", {1, 2}}}},
            {"output", {{"dtype", "int8"}, {"shape", {2}}, {"data", expected}}}}}};
}

/// A directory of vectors, gone after the test.
class Verify : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(testing::TempDir()) / (std::string("verify_") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "below");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  std::vector<Outcome> verify(const Verifier& verifier) const {
    const fs::path paths[] = {folder_};
    return verifier.run(paths);
  }

  static std::string printed(const std::vector<Outcome>& outcomes) {
    std::ostringstream out;
    print(out, outcomes);
    return out.str();
  }

  fs::path folder_;
  /// Gives its input back.
  FunctionEngine echo_{"echo", [](const auto&, auto inputs) { return std::vector<Tensor>{inputs[0]}; }};
};

TEST_F(Verify, CountsEachVerdictAndEndsWithTheTotal) {
  write("a_pass.json", pad_vector({1, 2}).dump());
  write("below/b_fail.json", pad_vector({1, 3}).dump());
  auto unknown = pad_vector({1, 2});
  unknown["op"] = "fft";
  write("c_unknown.json", unknown.dump());
  write("d_broken.json", "{");
  write("model.json", R"({"weights": [1, 2]})");
  write("notes.txt", "not a vector");
  const auto outcomes = verify(Verifier(echo_));
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0].file, folder_ / "a_pass.json");
  EXPECT_EQ(outcomes[0].verdict, Verdict::kPassed);
  EXPECT_EQ(outcomes[1].file, folder_ / "below/b_fail.json");
  EXPECT_EQ(outcomes[1].detail, "element (1) of 2: expected 3, got 2; 1 of 2 differ");
  EXPECT_EQ(outcomes[2].verdict, Verdict::kUnsupported);
  EXPECT_EQ(outcomes[3].verdict, Verdict::kFailed);
  const auto by_op = tally_by_op(outcomes);
  EXPECT_EQ(by_op.at("pad").passed, 1);
  EXPECT_EQ(by_op.at("pad").failed, 1);
  EXPECT_EQ(by_op.at("fft").unsupported, 1);
  const std::string text = printed(outcomes);
  EXPECT_THAT(text, testing::EndsWith("\n1 passed, 2 failed, 1 skipped\n"));
  EXPECT_THAT(text, testing::HasSubstr("unsupported: fft (1)"));
  EXPECT_THAT(text, testing::HasSubstr("b_fail.json (pad): element (1) of 2"));
}

TEST_F(Verify, AnEngineThatRefusesIsUnsupportedAndOneThatThrowsFails) {
  write("a.json", pad_vector({1, 2}).dump());
  const FunctionEngine refuses("refuses", [](const auto&, auto) -> std::vector<Tensor> {
    throw base::UnsupportedError("no pads here");
  });
  EXPECT_EQ(verify(Verifier(refuses))[0].verdict, Verdict::kUnsupported);
  const FunctionEngine deadlocks(
      "deadlocks", [](const auto&, auto) -> std::vector<Tensor> { throw base::SimulationError("deadlock"); });
  const auto outcomes = verify(Verifier(deadlocks));
  EXPECT_EQ(outcomes[0].verdict, Verdict::kFailed);
  EXPECT_EQ(outcomes[0].detail, "deadlock");
  const FunctionEngine silent("silent", [](const auto&, auto) { return std::vector<Tensor>(); });
  EXPECT_EQ(verify(Verifier(silent))[0].verdict, Verdict::kFailed);
}

TEST_F(Verify, HandlersTakeOtherKindsOfVectors) {
  write("f.json", R"({"format": "dla-vector/1", "op": "number_format"})");
  write("network.json", R"({"format": "dla-network-vector/1"})");
  write("z.json", R"({"format": "dla-stream-vector/1"})");
  Verifier verifier(echo_);
  EXPECT_EQ(tally(verify(verifier)).unsupported, 3);
  verifier.handle_op("number_format", [](const auto&, const auto&) { return "case 3 differs"; });
  verifier.handle_networks([](const auto& json, const auto&) { return json.contains("format") ? "" : "?"; });
  std::vector<std::string> seen;
  verifier.observe([&](const Outcome& o) { seen.push_back(o.op + ":" + o.detail); });
  const auto outcomes = verify(verifier);
  EXPECT_THAT(seen, testing::ElementsAre("number_format:case 3 differs",
                                         "network:", "unreadable:format 'dla-stream-vector/1'"));
  EXPECT_EQ(outcomes[1].verdict, Verdict::kPassed);
}

TEST_F(Verify, NothingFoundIsAnError) {
  EXPECT_THROW(verify(Verifier(echo_)), base::InputError);
  const fs::path missing[] = {folder_ / "missing"};
  EXPECT_THROW(Verifier(echo_).run(missing), base::InputError);
  // A file that is named must be a vector.
  write("model.json", "{}");
  EXPECT_EQ(Verifier(echo_).run_file(folder_ / "model.json").verdict, Verdict::kFailed);
}

TEST(FirstDifference, ComparesTypeShapeAndBits) {
  Tensor a(DType::kInt8, {1, 2, 2, 3});
  Tensor b = a;
  EXPECT_FALSE(first_difference(a, b).has_value());
  b.set_integer(7, 4);
  b.set_integer(11, 4);
  EXPECT_EQ(first_difference(a, b), "element (0, 1, 0, 1) of 1x2x2x3: expected 0, got 4; 2 of 12 differ");
  EXPECT_EQ(first_difference(a, Tensor(DType::kInt16, {12})), "expected int8 1x2x2x3, got int16 12");
  Tensor zero(DType::kFloat32, {1});
  Tensor minus_zero(DType::kFloat32, {1});
  minus_zero.data<float>()[0] = -0.0F;
  EXPECT_TRUE(first_difference(zero, minus_zero).has_value());
}

}  // namespace
}  // namespace dlasim::conformance
