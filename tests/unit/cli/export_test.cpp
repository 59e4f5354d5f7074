// The verb from its input to a program that says PASS.

#include <gmock/gmock.h>

#include <cctype>

#include "base/npy.h"
#include "command.h"
#include "support/generated_project.h"

namespace dlasim::cli::test {
namespace {

using Export = CommandTest;
using exporter::test::make_and_run;
using ::testing::HasSubstr;
using ::testing::Not;

void expect_pass(const std::string& directory) {
  const auto result = make_and_run(directory);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("PASS: "));
}

/// The numbers of an array of the test data.
std::string test_array(const std::string& directory, const std::string& name) {
  const std::string text = exporter::test::read_text(directory + "/test_data.h");
  const std::size_t array = text.find(name);
  const std::size_t begin = text.find('{', array);
  const std::size_t end = text.find('}', begin);
  if (array == std::string::npos || end == std::string::npos) return "no array " + name;
  std::string numbers;
  for (const char c : text.substr(begin + 1, end - begin - 1)) {
    if (c == '-' || std::isdigit(static_cast<unsigned char>(c)) != 0) numbers += c;
    if (c == ',') numbers += ", ";
  }
  while (!numbers.empty() && (numbers.back() == ' ' || numbers.back() == ',')) numbers.pop_back();
  return numbers;
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

/// The rounding of the numerics reaches the project: its library needs the same definition, and a project of
/// the other rounding computes other numbers.
TEST_F(Export, Int8InSingleRounding) {
  const auto exported = [&](const std::string& rounding) {
    const std::string directory = path(rounding);
    EXPECT_EQ(run({"export", source("configs/wavenet_tiny.yaml"), "--to", "cmsis-nn", "-o", directory,
                   "--set", "numerics={scheme: int8, rounding: " + rounding + "}"}),
              kDone);
    return directory;
  };
  const std::string single = exported("single");
  const std::string twice = exported("double");
  expect_pass(single);
  expect_pass(twice);
  EXPECT_THAT(exporter::test::read_text(single + "/Makefile"), HasSubstr("-DCMSIS_NN_USE_SINGLE_ROUNDING"));
  EXPECT_THAT(exporter::test::read_text(twice + "/Makefile"),
              Not(HasSubstr("-DCMSIS_NN_USE_SINGLE_ROUNDING")));
  EXPECT_EQ(test_array(single, "input"), test_array(twice, "input"));
  EXPECT_NE(test_array(single, "expected"), test_array(twice, "expected"));
}

/// A saved network keeps its rounding.
TEST_F(Export, SavedNetworkInSingleRounding) {
  ASSERT_EQ(run({"quantize", source("configs/wavenet_tiny.yaml"), "-o", path("q"), "--rounding", "single"}),
            kDone);
  ASSERT_EQ(run({"export", path("q/network.json"), "--to", "cmsis-nn", "-o", path("c")}), kDone);
  EXPECT_THAT(exporter::test::read_text(path("c/Makefile")), HasSubstr("-DCMSIS_NN_USE_SINGLE_ROUNDING"));
  expect_pass(path("c"));
}

/// PyTorch's float32 rounding has no CMSIS-NN kernel.
TEST_F(Export, RefusesPytorchsRounding) {
  const auto [code, errors] =
      run_with_errors({"export", source("configs/wavenet_tiny.yaml"), "--to", "cmsis-nn", "-o", path("c"),
                       "--set", "numerics={scheme: int8, rounding: pytorch}"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(errors, HasSubstr("CMSIS-NN cannot run"));
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

/// y = 2 x on codes, of an int8 network whose input has the scale 0.5 and zero point 3.
class ExportData : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    write("graph.yaml", R"(
network:
  graph:
    tensors:
      - {name: x, dtype: int8, shape: [1, 1, 4, 2], scale: 0.5, zero_point: 3}
      - {name: y, dtype: int8, shape: [1, 1, 4, 2], scale: 0.5, zero_point: 3}
    inputs: [x]
    nodes:
      - {name: clamp, op: relu, inputs: [x], outputs: [y]}
    outputs: [y]
data: {test: {random: 1}}
)");
    ASSERT_EQ(run({"quantize", path("graph.yaml"), "-o", path("q")}), kDone);
  }
  std::pair<int, std::string> export_with(const std::vector<std::string>& data) const {
    std::vector<std::string> arguments{"export", path("q/network.json"), "--to", "cmsis-nn", "-o", path("c")};
    for (const auto& file : data) {
      arguments.emplace_back("--data");
      arguments.push_back(file);
    }
    return run_with_errors(arguments);
  }
};

TEST_F(ExportData, CodesAreTakenAsTheyAre) {
  const std::vector<std::int8_t> codes{-128, 127, 0, 3, 2, 4, -7, 100};
  base::write_npy(path("x.npy"), base::make_npy<std::int8_t>({1, 1, 4, 2}, codes));
  ASSERT_EQ(export_with({path("x.npy")}).first, kDone);
  EXPECT_EQ(test_array(path("c"), "input"), "-128, 127, 0, 3, 2, 4, -7, 100");
  EXPECT_EQ(test_array(path("c"), "expected"), "3, 127, 3, 3, 3, 4, 3, 100");
  expect_pass(path("c"));
}

TEST_F(ExportData, RealsAreRoundedWithTheInputsScale) {
  const std::vector<float> reals{0.0F, 0.5F, -0.5F, 0.25F, -0.25F, 1000.0F, -1000.0F, 10.2F};
  base::write_npy(path("x.npy"), base::make_npy<float>({1, 1, 4, 2}, reals));
  ASSERT_EQ(export_with({path("x.npy")}).first, kDone);
  EXPECT_EQ(test_array(path("c"), "input"), "3, 4, 2, 4, 2, 127, -128, 23");
  expect_pass(path("c"));
}

TEST_F(ExportData, RefusesWhatDoesNotFitAndWritesNothing) {
  base::write_npy(path("shape.npy"), base::make_npy<std::int8_t>({1, 1, 8, 1}, std::vector<std::int8_t>(8)));
  base::write_npy(path("x.npy"), base::make_npy<std::int8_t>({1, 1, 4, 2}, std::vector<std::int8_t>(8)));
  base::write_npy(path("wide.npy"), base::make_npy<std::int32_t>(
                                        {1, 1, 4, 2}, std::vector<std::int32_t>{0, 1, 2, 200, 4, 5, 6, 7}));
  write("text.npy", "no array");
  const auto refused = [&](const std::vector<std::string>& data, const std::string& reason) {
    const auto [code, errors] = export_with(data);
    EXPECT_EQ(code, kBadInput) << reason;
    EXPECT_THAT(errors, HasSubstr(reason));
    EXPECT_FALSE(std::filesystem::exists(path("c"))) << reason;
  };
  refused({path("shape.npy")}, "shape");
  refused({path("wide.npy")}, "200 at 3 is no int8, which input 'x' holds");
  refused({path("text.npy")}, "text.npy");
  refused({path("none.npy")}, "none.npy");
  refused({path("x.npy"), path("x.npy")}, "2 files, but the network has 1 inputs");
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
