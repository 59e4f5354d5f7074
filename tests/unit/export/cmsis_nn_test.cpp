// Whole networks: exported, compiled, linked with golden behind CMSIS-NN's interface and run.

#include "export/cmsis_nn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "base/random.h"
#include "network/importers/tflite.h"
#include "quantize/lower.h"
#include "support/generated_project.h"
#include "support/places.h"
#include "support/test_support.h"

namespace dlasim::exporter::test {
namespace {

using network::QuantizedGraph;
using network::Tensor;
using testing::HasSubstr;

/// Codes of all values; floats like audio.
std::vector<Tensor> noise(const QuantizedGraph& graph) {
  base::Random random(7);
  std::vector<Tensor> inputs;
  for (const network::TensorId id : graph.inputs) {
    const auto& declared = graph.tensor(id);
    Tensor& input = inputs.emplace_back(declared.dtype, declared.shape);
    if (declared.dtype == network::DType::kFloat32) {
      for (float& v : input.data<float>()) v = static_cast<float>(random.normal());
      continue;
    }
    for (std::int64_t i = 0; i < input.size(); ++i) {
      input.set_integer(i, random.integer(network::lowest(declared.dtype), network::highest(declared.dtype)));
    }
  }
  return inputs;
}

std::filesystem::path models() {
  return places::shared("vectors/tflite");
}

/// The model file of a folder of vectors.
std::filesystem::path model_in(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".tflite") return entry.path();
  }
  return {};
}

CmsisNnProject export_model(const std::string& name) {
  const QuantizedGraph graph = quantize::lower(network::read_tflite(model_in(models() / name)));
  return export_cmsis_nn(graph, noise(graph));
}

/// A handful that has every operator of the vectors; all 120 with DLA_EXPORT_ALL=1.
std::vector<std::string> networks() {
  if (std::getenv("DLA_EXPORT_ALL") == nullptr || !std::filesystem::exists(models())) {
    return {"micro_speech_quantized",
            "op_conv_2d_grouped_int16",
            "op_dilated_by_space_to_batch_int8",
            "op_mean_int8",
            "op_softmax_int16",
            "op_transpose_conv_int8",
            "resnet8_int8",
            "seanet_sub2",
            "wavenet_gated_int16",
            "wavenet_gated_int8"};
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(models())) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

class ExportedNetwork : public testing::TestWithParam<std::string> {};

TEST_P(ExportedNetwork, Passes) {
  if (!std::filesystem::exists(models())) GTEST_SKIP() << "no vectors";
  const base::ScratchDirectory directory;
  write_project(export_model(GetParam()), directory.path());
  const RunResult result = make_and_run(directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("PASS: "));
}

INSTANTIATE_TEST_SUITE_P(Tflite, ExportedNetwork, testing::ValuesIn(networks()),
                         [](const auto& name) { return name.param; });

/// Changes the number after the array's opening brace.
void alter_first_element(const std::filesystem::path& file, const std::string& array) {
  std::string text = read_text(file);
  const std::size_t at = text.find(array + "[");
  ASSERT_NE(at, std::string::npos) << array;
  std::smatch match;
  const std::string rest = text.substr(at);
  ASSERT_TRUE(std::regex_search(rest, match, std::regex("\\{\\s*(-?[0-9]+)")));
  const long value = std::stol(match[1]);
  text.replace(at + static_cast<std::size_t>(match.position(1)), static_cast<std::size_t>(match.length(1)),
               std::to_string(value == 0 ? 90 : value / 2 - 1));
  std::ofstream(file) << text;
}

class AlteredNetwork : public testing::TestWithParam<const char*> {};

TEST_P(AlteredNetwork, FailsAtItsLayer) {
  if (!std::filesystem::exists(models())) GTEST_SKIP() << "no vectors";
  const base::ScratchDirectory directory;
  write_project(export_model("resnet8_int8"), directory.path());
  ASSERT_EQ(make_and_run(directory.path()).exit_code, 0);
  alter_first_element(directory / "weights.h", std::string("layer1_") + GetParam());
  const RunResult result = make_and_run(directory.path());
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("FAIL: layer 1, "));
  EXPECT_THAT(result.output, HasSubstr("is the first whose output differs"));
  EXPECT_EQ(result.output.find("PASS"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Arrays, AlteredNetwork, testing::Values("weight", "bias", "multiplier"),
                         [](const auto& array) { return std::string(array.param); });

TEST(Export, NamesTheFirstDifferentElement) {
  if (!std::filesystem::exists(models())) GTEST_SKIP() << "no vectors";
  const base::ScratchDirectory directory;
  write_project(export_model("op_mean_int8"), directory.path());
  alter_first_element(directory / "test_data.h", "expected_output0");
  const RunResult result = make_and_run(directory.path());
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("FAIL: output 0, element 0 of "));
}

TEST(Export, IsDeterministic) {
  if (!std::filesystem::exists(models())) GTEST_SKIP() << "no vectors";
  const CmsisNnProject a = export_model("wavenet_gated_int8");
  const CmsisNnProject b = export_model("wavenet_gated_int8");
  ASSERT_EQ(a.files.size(), 7U);
  for (std::size_t i = 0; i < a.files.size(); ++i)
    EXPECT_EQ(a.files[i].text, b.files[i].text) << a.files[i].name;
}

TEST(Export, StatesThePeakOfTheArena) {
  // a -> b -> c, then c + a: a must live through the chain.
  QuantizedGraph graph;
  graph.name = "chain";
  for (const char* name : {"in", "a", "b", "c", "out"}) {
    graph.add_tensor({name, network::DType::kInt8, {1, 1, 1, 64}, {}, {}, {}, network::kNoTensor});
  }
  const network::qop::ClampOnly clamp{{-100, 100}};
  network::qop::Add add;
  add.input1 = add.input2 = {1 << 30, 0};
  add.output = {1 << 30, -18};
  graph.nodes = {{"first", clamp, {0}, {1}, {}},
                 {"second", clamp, {1}, {2}, {}},
                 {"third", clamp, {2}, {3}, {}},
                 {"sum", add, {3, 1}, {4}, {}}};
  graph.inputs = {0};
  graph.outputs = {4};
  const CmsisNnProject project = export_cmsis_nn(graph, noise(graph));
  EXPECT_EQ(project.arena_bytes, 3 * 64);  // a, b and c; the output is the caller's
  EXPECT_THAT(project.files[0].text, HasSubstr("#define NETWORK_ARENA_BYTES 192\n"));
  EXPECT_THAT(project.files[0].text, HasSubstr("most are alive at layer 2, third: 192 bytes"));
  EXPECT_THAT(project.files[1].text, HasSubstr("/* 3: sum: add, 1x1x1x64 -> 1x1x1x64 */"));
}

/// Reshapes that share memory, an output that is an input, one that is written twice, and a constant operand.
TEST(Export, OutputsThatNoLayerWritesAreCopied) {
  QuantizedGraph graph;
  graph.name = "copies \"*/ %d\n";
  const auto tensor = [&](const char* name, network::Shape shape) {
    return graph.add_tensor({name, network::DType::kInt8, std::move(shape), {}, {}, {}, network::kNoTensor});
  };
  const auto in = tensor("in", {1, 2, 2, 3});
  const auto clamped = tensor("clamped", {1, 2, 2, 3});
  const auto flat = tensor("flat", {12});
  const auto constant = tensor("constant", {12});
  const auto sum = tensor("sum", {12});
  const auto shaped = tensor("shaped", {3, 4});
  graph.tensors[static_cast<std::size_t>(constant)].constant = Tensor(network::DType::kInt8, {12});
  graph.tensors[static_cast<std::size_t>(constant)].constant.edit().set_integer(3, 77);
  network::qop::MinMax maximum;
  graph.nodes = {{"clamp", network::qop::ClampOnly{{-50, 50}}, {in}, {clamped}, {}},
                 {"flatten", network::qop::Reshape{}, {clamped}, {flat}, {}},
                 {"maximum", maximum, {flat, constant}, {sum}, {}},
                 {"reshape", network::qop::Reshape{}, {sum}, {shaped}, {}}};
  graph.inputs = {in};
  graph.outputs = {shaped, in, shaped, flat, constant};
  const base::ScratchDirectory directory;
  write_project(export_cmsis_nn(graph, noise(graph)), directory.path());
  const RunResult result = make_and_run(directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("PASS: "));
}

TEST(Export, TheMakefileWantsTheLibrary) {
  if (!std::filesystem::exists(models())) GTEST_SKIP() << "no vectors";
  const base::ScratchDirectory directory;
  write_project(export_model("op_mean_int8"), directory.path());
  const RunResult result = run_command("make -C '" + directory.path().string() + "' CMSIS_NN=/nowhere");
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.output, HasSubstr("CMSIS_NN=/nowhere has no Include/arm_nnfunctions.h"));
}

}  // namespace
}  // namespace dlasim::exporter::test
