#include "network/importers/tflite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "golden/interpreter.h"
#include "mutations.h"
#include "network/float_reference.h"
#include "quantize/affine.h"
#include "quantize/post_training.h"
#include "tflite_file.h"

namespace dlasim {
namespace {

using network::Graph;
using network::Shape;
using ::testing::HasSubstr;
using tests::FileType;
using tests::Option;
using tests::TfliteFile;

Graph imported(const TfliteFile& file) {
  return network::import_tflite(file.bytes(), "model");
}

std::string refusal(const TfliteFile& file) {
  try {
    imported(file);
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "accepted";
}

/// x [1,5,7,4] int8 -> CONV_2D 3x2, stride (2,1), SAME, RELU6 -> [1,3,7,2]
TfliteFile conv_file() {
  TfliteFile file;
  file.inputs = {file.add({.shape = {1, 5, 7, 4}, .scale = {0.5F}, .zero_point = {-3}})};
  const auto weight = file.add({.shape = {2, 3, 2, 4},
                                .data = std::vector<std::uint8_t>(48, 0xFF),
                                .scale = {0.25F, 0.125F},
                                .zero_point = {}});
  const auto bias = file.add_list({7, -9});
  file.outputs = {file.add({.shape = {1, 3, 7, 2}, .scale = {1.0F}, .zero_point = {5}})};
  file.operators = {{3,
                     {0, weight, bias},
                     file.outputs,
                     1,
                     {{0, std::int8_t{0}}, {1, 1}, {2, 2}, {3, std::int8_t{3}}},
                     ""}};
  return file;
}

TEST(ImportTflite, MakesPaddingAndAffinesOfAConvolutionExplicit) {
  const Graph graph = imported(conv_file());
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].name, "conv_2d_0");
  const auto& conv = std::get<network::op::Conv2d>(graph.nodes[0].operation);
  EXPECT_EQ(conv.stride, (network::Pair{2, 1}));
  EXPECT_EQ(conv.padding, (network::Padding{.top = 1, .left = 0, .bottom = 1, .right = 1}));
  EXPECT_EQ(conv.groups, 1);
  EXPECT_EQ(conv.activation, network::FusedActivation::kRelu6);
  const auto& weight = graph.tensor(1);
  EXPECT_EQ(weight.affine, (network::Affine{{0.25F, 0.125F}, {0, 0}, 0}));
  EXPECT_EQ(weight.constant->integer(47), -1);
  EXPECT_EQ(graph.tensor(0).affine, (network::Affine{{0.5F}, {-3}, -1}));
}

/// x -> FAKE_QUANT -> y
TfliteFile fake_quant_file(std::vector<Option> options) {
  TfliteFile file;
  file.inputs = {file.add({.shape = {1, 1, 4, 2}, .type = FileType::kFloat32})};
  file.outputs = {file.add({.shape = {1, 1, 4, 2}, .type = FileType::kFloat32})};
  file.operators = {{80, {0}, {1}, 58, std::move(options), ""}};
  return file;
}

network::op::FakeQuantize fake_quant(float min, float max, std::int32_t bits, bool narrow) {
  const Graph graph = imported(
      fake_quant_file({{0, min}, {1, max}, {2, bits}, {3, static_cast<std::int8_t>(narrow ? 1 : 0)}}));
  return std::get<network::op::FakeQuantize>(graph.nodes.at(0).operation);
}

/// Scale and zero point by TensorFlow's rule; codes from 0 there, signed here.
TEST(ImportTflite, FakeQuantMovesTheRangeSoThatZeroHasACode) {
  using Fake = network::op::FakeQuantize;
  // 2 / 255 is a little more in float32, so that 1 / it is below 127.5
  EXPECT_EQ(fake_quant(-1.0F, 1.0F, 8, false), (Fake{2.0F / 255.0F, 127 - 128, -128, 127}));
  EXPECT_EQ(fake_quant(-1.5F, 4.5F, 2, false), (Fake{2.0F, 1 - 2, -2, 1}));  // 0.75
  EXPECT_EQ(fake_quant(-1.0F, 5.0F, 2, false), (Fake{2.0F, 1 - 2, -2, 1}));  // 0.5, away from zero
  EXPECT_EQ(fake_quant(-6.0F, 6.0F, 8, true), (Fake{12.0F / 254.0F, 128 - 128, -127, 127}));
  EXPECT_EQ(fake_quant(0.0F, 6.0F, 8, false), (Fake{6.0F / 255.0F, -128, -128, 127}));
  // 10.2: the nearest is 10
  EXPECT_EQ(fake_quant(-0.2F, 4.8F, 8, false), (Fake{5.0F / 255.0F, 10 - 128, -128, 127}));
  // Ranges without 0 are moved as a whole.
  EXPECT_EQ(fake_quant(0.5F, 1.5F, 8, false), (Fake{1.0F / 255.0F, -128, -128, 127}));
  EXPECT_EQ(fake_quant(-3.0F, -1.0F, 8, false), (Fake{2.0F / 255.0F, 127, -128, 127}));
  EXPECT_EQ(fake_quant(-1.0F, 0.875F, 4, false), (Fake{0.125F, 8 - 8, -8, 7}));
  EXPECT_EQ(fake_quant(-1.0F, 1.0F, 2, true), (Fake{1.0F, 2 - 2, -1, 1}));
  EXPECT_EQ(fake_quant(-1.0F, 1.0F, 16, true), (Fake{2.0F / 65534.0F, 0, -32767, 32767}));
}

std::vector<std::uint8_t> bytes_of(const std::vector<float>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A float model after quantisation-aware training: x, weights and result of a convolution with RELU pass
/// FAKE_QUANT, and so does a pool behind it.
TfliteFile trained_file() {
  TfliteFile file;
  const auto real = [&](std::vector<std::int32_t> shape, const std::vector<float>& data = {}) {
    return file.add({.shape = std::move(shape), .type = FileType::kFloat32, .data = bytes_of(data)});
  };
  const auto fake = [&](std::int32_t from, std::int32_t to, float min, float max, std::int8_t narrow) {
    file.operators.push_back({80, {from}, {to}, 58, {{0, min}, {1, max}, {2, 8}, {3, narrow}}, ""});
  };
  const auto x = real({1, 4, 4, 2});
  const auto weight = real({3, 1, 1, 2}, {0.5F, -1.0F, 0.75F, 0.1F, -0.3F, 0.9F});
  const auto bias = real({3}, {0.25F, -0.5F, 0.0F});
  const auto xf = real({1, 4, 4, 2});
  const auto wf = real({3, 1, 1, 2});
  const auto y = real({1, 4, 4, 3});
  const auto yf = real({1, 4, 4, 3});
  const auto p = real({1, 2, 2, 3});
  const auto pf = real({1, 2, 2, 3});
  fake(x, xf, -2.0F, 3.0F, 0);
  fake(weight, wf, -1.0F, 1.0F, 1);
  file.operators.push_back(
      {3, {xf, wf, bias}, {y}, 1, {{0, std::int8_t{1}}, {1, 1}, {2, 1}, {3, std::int8_t{1}}}, ""});
  fake(y, yf, 0.0F, 4.0F, 0);
  file.operators.push_back({1, {yf}, {p}, 5, {{0, std::int8_t{1}}, {1, 2}, {2, 2}, {3, 2}, {4, 2}}, ""});
  fake(p, pf, 0.0F, 4.0F, 0);
  file.inputs = {x};
  file.outputs = {pf};
  return file;
}

TEST(ImportTflite, TrainedScalesReachTheIntegersUnderEveryMethod) {
  const Graph graph = imported(trained_file());
  network::Tensor x(network::DType::kFloat32, {1, 4, 4, 2});
  for (std::size_t i = 0; i < 32; ++i) x.data<float>()[i] = 9.0F * std::sin(static_cast<float>(i));
  using Kind = quantize::CalibrationMethod::Kind;
  for (const Kind kind :
       {Kind::kMinMax, Kind::kMovingAverage, Kind::kPercentile, Kind::kMse, Kind::kEntropy}) {
    quantize::CalibrationMethod method;
    method.kind = kind;
    const auto result = quantize::quantize_post_training(graph, {{x}}, quantize::int8_scheme(), method);
    const auto& nodes = result.quantized.nodes;
    ASSERT_EQ(nodes.size(), 2U) << "convolution and pool, nothing between";
    const auto affine = [&](network::TensorId id) { return *result.quantized.tensor(id).affine; };
    // 2 / (5 / 255) = 102: code 102, less 128
    EXPECT_EQ(affine(nodes[0].inputs[0]), (network::Affine{{5.0F / 255.0F}, {102 - 128}, -1}));
    EXPECT_EQ(affine(nodes[0].inputs[1]), (network::Affine{{2.0F / 254.0F}, {0}, -1}));
    EXPECT_EQ(affine(nodes[0].outputs[0]), (network::Affine{{4.0F / 255.0F}, {-128}, -1}));
    EXPECT_EQ(affine(nodes[1].outputs[0]), (network::Affine{{4.0F / 255.0F}, {-128}, -1}));
    // 0.5 / (2 / 254) = 63.5 away from zero, -127, 95.25, 12.7, -38.1, 114.3
    const std::vector<std::int64_t> codes{64, -127, 95, 13, -38, 114};
    const auto& weight = *result.quantized.tensor(nodes[0].inputs[1]).constant;
    for (std::int64_t i = 0; i < 6; ++i)
      EXPECT_EQ(weight.integer(i), codes[static_cast<std::size_t>(i)]) << i;
    // What training simulated, but for the rounding of sum and average.
    const network::Tensor simulated = network::FloatReference(graph).run({x}).at(0);
    const auto& in = result.quantized.tensor(result.quantized.inputs[0]);
    const auto y =
        golden::run(result.quantized, std::vector{quantize::quantize(x, *in.affine, in.dtype)}).at(0);
    for (std::size_t i = 0; i < 12; ++i) {
      const float code = simulated.data<float>()[i] / (4.0F / 255.0F) - 128.0F;
      EXPECT_NEAR(static_cast<float>(y.integer(static_cast<std::int64_t>(i))), code, 1.01F) << i;
    }
  }
}

TEST(ImportTflite, FakeQuantRefusesWhatIsNoRange) {
  const auto refused = [](float min, float max, std::int32_t bits) {
    return refusal(fake_quant_file({{0, min}, {1, max}, {2, bits}}));
  };
  EXPECT_THAT(refused(-1.0F, 1.0F, 1), HasSubstr("FAKE_QUANT (fake_quant_0, output"));
  EXPECT_THAT(refused(-1.0F, 1.0F, 17), HasSubstr("num_bits is 17"));
  EXPECT_THAT(refusal(fake_quant_file({})), HasSubstr("num_bits is 0"));
  EXPECT_THAT(refused(1.0F, 1.0F, 8), HasSubstr("range from 1.000000 to 1.000000"));
  EXPECT_THAT(refused(2.0F, 1.0F, 8), HasSubstr("range from"));
  EXPECT_THAT(refused(NAN, 1.0F, 8), HasSubstr("range from"));
  EXPECT_THAT(refused(-1.0F, NAN, 8), HasSubstr("range from"));
  EXPECT_THAT(refused(-INFINITY, 1.0F, 8), HasSubstr("range from"));
  EXPECT_THAT(refused(-3e38F, 3e38F, 8), HasSubstr("no float32 scale"));
  TfliteFile integers = fake_quant_file({{0, -1.0F}, {1, 1.0F}, {2, 8}});
  integers.tensors[0].type = FileType::kInt8;
  integers.tensors[0].scale = {1.0F};
  EXPECT_THAT(refusal(integers), HasSubstr("of type int8"));
}

TEST(ImportTflite, GroupsFollowFromTheWeightChannels) {
  TfliteFile file = conv_file();
  file.tensors[1].shape = {2, 3, 2, 2};
  file.tensors[1].data.resize(24);
  const Graph graph = imported(file);
  EXPECT_EQ(std::get<network::op::Conv2d>(graph.nodes[0].operation).groups, 2);
}

TEST(ImportTflite, UnpacksInt4LowHalfFirst) {
  TfliteFile file = conv_file();
  file.tensors[1].type = FileType::kInt4;
  file.tensors[1].data.assign(24, 0x8F);
  const Graph graph = imported(file);
  EXPECT_EQ(graph.tensor(1).dtype, network::DType::kInt4);
  EXPECT_EQ(graph.tensor(1).constant->integer(0), -1);
  EXPECT_EQ(graph.tensor(1).constant->integer(1), -8);
}

TEST(ImportTflite, AnInt16ConvolutionWithoutBiasKeepsItsInt32Accumulator) {
  TfliteFile file = conv_file();
  file.tensors[0].type = FileType::kInt16;
  file.tensors[0].zero_point = {0};
  file.tensors[3].type = FileType::kInt16;
  file.tensors[3].zero_point = {0};
  file.operators[0].inputs = {0, 1, -1};
  EXPECT_EQ(imported(file).nodes[0].inputs.size(), 2U);
  file.operators[0].options.push_back({6, std::int8_t{2}});
  const Graph graph = imported(file);
  ASSERT_EQ(graph.nodes[0].inputs.size(), 3U);
  EXPECT_EQ(graph.tensor(graph.nodes[0].inputs[2]).dtype, network::DType::kInt32);
}

/// The output shape of TRANSPOSE_CONV from SHAPE -> STRIDED_SLICE -> PACK.
TEST(ImportTflite, FoldsShapeArithmetic) {
  TfliteFile file;
  const auto x = file.add({.shape = {1, 1, 5, 3}, .scale = {0.5F}, .zero_point = {0}});
  const auto weight = file.add(
      {.shape = {2, 1, 4, 3}, .data = std::vector<std::uint8_t>(24, 1), .scale = {1.0F}, .zero_point = {0}});
  const auto shape = file.add({.shape = {4}, .type = FileType::kInt32});
  const auto batch = file.add({.shape = {}, .type = FileType::kInt32});
  const auto packed = file.add({.shape = {4}, .type = FileType::kInt32});
  const auto zero = file.add_list({0});
  const auto one = file.add_list({1});
  const auto rows = file.add_list({1});
  file.tensors[static_cast<std::size_t>(rows)].shape = {};
  const auto columns = file.add_list({12});
  file.tensors[static_cast<std::size_t>(columns)].shape = {};
  const auto channels = file.add_list({2});
  file.tensors[static_cast<std::size_t>(channels)].shape = {};
  const auto y = file.add({.shape = {1, 1, 12, 2}, .scale = {0.5F}, .zero_point = {0}});
  file.inputs = {x};
  file.outputs = {y};
  file.operators = {
      {77, {x}, {shape}, 55, {}, ""},
      {45, {shape, zero, one, one}, {batch}, 32, {{4, 1}}, ""},
      {83, {batch, rows, columns, channels}, {packed}, 59, {{0, 4}}, ""},
      {67, {packed, weight, x}, {y}, 49, {{0, std::int8_t{1}}, {1, 2}, {2, 1}}, ""},
  };
  const Graph graph = imported(file);
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.nodes[0].name, "transpose_conv_3");
  EXPECT_EQ(graph.nodes[0].inputs, (std::vector<network::TensorId>{x, weight}));
  EXPECT_EQ(std::get<network::op::TransposeConv2d>(graph.nodes[0].operation).padding,
            (network::Padding{.top = 0, .left = 0, .bottom = 0, .right = 0}));

  // A chain that contradicts the declared output is an error.
  file.tensors[static_cast<std::size_t>(columns)].data[0] = 11;
  EXPECT_THAT(refusal(file), HasSubstr("output shape 1x1x11x2 differs from the output 1x1x12x2"));
}

TEST(ImportTflite, StridedSliceCountsFromTheEndAndDropsShrunkAxes) {
  TfliteFile file;
  const auto x = file.add({.shape = {2, 10, 3}, .scale = {0.5F}, .zero_point = {0}});
  const auto begin = file.add_list({-1, -2, 0});
  const auto end = file.add_list({0, 1, 2});
  const auto stride = file.add_list({1, -3, 2});
  const auto y = file.add({.shape = {3, 2}, .scale = {0.5F}, .zero_point = {0}});
  file.inputs = {x};
  file.outputs = {y};
  file.operators = {{45, {x, begin, end, stride}, {y}, 32, {{1, 4}, {4, 1}}, ""}};
  const Graph graph = imported(file);
  ASSERT_EQ(graph.nodes.size(), 2U);
  const auto& slice = std::get<network::op::Slice>(graph.nodes[0].operation);
  EXPECT_EQ(slice.begin, (Shape{1, 8, 0}));
  EXPECT_EQ(slice.size, (Shape{1, 3, 2}));
  EXPECT_EQ(slice.stride, (Shape{1, -3, 2}));
  EXPECT_TRUE(std::holds_alternative<network::op::Reshape>(graph.nodes[1].operation));
  EXPECT_EQ(graph.nodes[1].outputs[0], y);
}

TEST(ImportTflite, SvdfStateIsAConstantOfItsResetValue) {
  TfliteFile file;
  const auto x = file.add({.shape = {1, 3}, .scale = {0.5F}, .zero_point = {0}});
  const auto feature = file.add(
      {.shape = {4, 3}, .data = std::vector<std::uint8_t>(12, 1), .scale = {1.0F}, .zero_point = {0}});
  const auto time = file.add({.shape = {4, 5},
                              .type = FileType::kInt16,
                              .data = std::vector<std::uint8_t>(40, 1),
                              .scale = {1.0F},
                              .zero_point = {0}});
  const auto state = file.add(
      {.shape = {1, 20}, .type = FileType::kInt16, .scale = {1.0F}, .zero_point = {2}, .is_variable = true});
  const auto y = file.add({.shape = {1, 2}, .scale = {0.5F}, .zero_point = {0}});
  file.inputs = {x};
  file.outputs = {y};
  file.operators = {{27, {x, feature, time, -1, state}, {y}, 6, {{0, 2}, {1, std::int8_t{1}}}, ""}};
  const Graph graph = imported(file);
  EXPECT_EQ(graph.nodes[0].inputs,
            (std::vector<network::TensorId>{x, feature, time, network::kNoTensor, state}));
  EXPECT_EQ(graph.tensor(state).shape, (Shape{1, 4, 5}));
  EXPECT_EQ(graph.tensor(state).constant->integer(19), 2);
  file.operators.push_back(file.operators[0]);
  file.operators[1].outputs = {file.add({.shape = {1, 2}, .scale = {0.5F}, .zero_point = {0}})};
  EXPECT_THAT(refusal(file), HasSubstr("shared with another operator"));
}

/// A one-layer int8 LSTM over [1, 4, 3] with two units.
TfliteFile lstm_file() {
  TfliteFile file;
  const auto x = file.add({.shape = {1, 4, 3}, .scale = {0.5F}, .zero_point = {1}});
  std::vector<std::int32_t> inputs(24, -1);
  inputs[0] = x;
  for (std::size_t i = 1; i <= 8; ++i) {
    inputs[i] = file.add({.shape = {2, i <= 4 ? 3 : 2},
                          .data = std::vector<std::uint8_t>(i <= 4 ? 6 : 4, static_cast<std::uint8_t>(i)),
                          .scale = {1.0F},
                          .zero_point = {0}});
  }
  for (std::size_t i = 12; i <= 15; ++i) inputs[i] = file.add_list({static_cast<std::int32_t>(i), 0});
  inputs[18] = file.add({.shape = {1, 2}, .scale = {0.25F}, .zero_point = {-1}, .is_variable = true});
  inputs[19] = file.add({.shape = {1, 2},
                         .type = FileType::kInt16,
                         .scale = {1.0F / 4096.0F},
                         .zero_point = {0},
                         .is_variable = true});
  const auto y = file.add({.shape = {1, 4, 2}, .scale = {0.25F}, .zero_point = {-1}});
  file.inputs = {x};
  file.outputs = {y};
  file.operators = {{44, inputs, {y}, 71, {{0, std::int8_t{4}}, {1, 10.0F}}, ""}};
  return file;
}

TEST(ImportTflite, LstmTakesItsGatesAndCellScale) {
  TfliteFile file = lstm_file();
  const Graph graph = imported(file);
  const auto& node = graph.nodes[0];
  ASSERT_EQ(node.inputs.size(), 13U);
  // input gate, forget gate: input weight, hidden weight, bias
  EXPECT_EQ(graph.tensor(node.inputs[4]).constant->integer(0), 2);
  EXPECT_EQ(graph.tensor(node.inputs[5]).constant->integer(0), 6);
  EXPECT_EQ(graph.tensor(node.inputs[6]).constant->integer(0), 13);
  const auto& lstm = std::get<network::op::Lstm>(node.operation);
  EXPECT_EQ(lstm.cell_clip, 10.0F);
  ASSERT_EQ(lstm.intermediates.size(), 1U);
  EXPECT_EQ(lstm.intermediates[0].scale[0], 1.0F / 4096.0F);

  file.operators[0].inputs[9] = 1;
  EXPECT_THAT(refusal(file), HasSubstr("peephole"));
}

struct Refusal {
  const char* name;
  void (*damage)(TfliteFile&);
  const char* message;
};

class RefusalTest : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, SaysWhat) {
  TfliteFile file = conv_file();
  GetParam().damage(file);
  EXPECT_THAT(refusal(file), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    ImportTflite, RefusalTest,
    ::testing::Values(
        Refusal{"custom",
                [](TfliteFile& f) { f.operators[0].code = 32, f.operators[0].custom_name = "Roll"; },
                "operator 0: custom operator 'Roll'"},
        Refusal{"unknown_operator", [](TfliteFile& f) { f.operators[0].code = 150; }, "operator number 150"},
        Refusal{"two_subgraphs", [](TfliteFile& f) { f.subgraphs = 2; }, "2 subgraphs"},
        Refusal{"version", [](TfliteFile& f) { f.version = 4; }, "schema version 4"},
        Refusal{"float16", [](TfliteFile& f) { f.tensors[0].type = FileType::kFloat16; }, "float16"},
        Refusal{"sparsity", [](TfliteFile& f) { f.tensors[1].has_sparsity = true; }, "'t1': sparsity"},
        Refusal{"dynamic", [](TfliteFile& f) { f.tensors[0].shape[0] = -1; }, "dynamic shape"},
        Refusal{"scale", [](TfliteFile& f) { f.tensors[0].scale = {0.0F}; }, "not above 0"},
        Refusal{"zero_point", [](TfliteFile& f) { f.tensors[0].zero_point = {128}; }, "does not fit int8"},
        Refusal{"hybrid", [](TfliteFile& f) { f.tensors[0].type = FileType::kFloat32; }, "hybrid"},
        Refusal{"activation", [](TfliteFile& f) { f.operators[0].options[3].value = std::int8_t{4}; },
                "CONV_2D (conv_2d_0, output 't3'): fused activation TANH"},
        Refusal{"options", [](TfliteFile& f) { f.operators[0].options_type = 5; }, "options of type 5"},
        Refusal{"stride", [](TfliteFile& f) { f.operators[0].options[1].value = 0; }, "stride_w is 0"},
        Refusal{"output_shape", [](TfliteFile& f) { f.tensors[3].shape[2] = 6; }, "1x3x7x2 expected"},
        Refusal{"constant_size", [](TfliteFile& f) { f.tensors[1].data.pop_back(); }, "needs 48 bytes"},
        Refusal{"never_computed", [](TfliteFile& f) { f.operators.clear(); }, "never computed"},
        Refusal{"not_an_input", [](TfliteFile& f) { f.inputs.clear(); }, "used before it is computed"},
        Refusal{"written_twice", [](TfliteFile& f) { f.operators.push_back(f.operators[0]); },
                "written twice"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(ImportTflite, SurvivesDamagedFiles) {
  int refused = 0;
  constexpr unsigned kMutations = 3000;
  for (const auto& bytes : {conv_file().bytes(), lstm_file().bytes()}) {
    for (unsigned seed = 0; seed < kMutations; ++seed) {
      try {
        network::import_tflite(tests::mutated(bytes, seed), "damaged");
      } catch (const base::InputError&) {
        ++refused;
      }
    }
  }
  // Flipped bits in weights and names stay valid; cut files never do.
  EXPECT_GT(refused, static_cast<int>(kMutations) / 2);
}

TEST(ImportTflite, RefusesFilesThatAreNone) {
  EXPECT_THROW(network::import_tflite({}, "empty"), base::InputError);
  EXPECT_THROW(network::import_tflite(std::vector<std::byte>(64), "zeros"), base::InputError);
  EXPECT_THROW(network::read_tflite("/no/such/file.tflite"), base::InputError);
}

}  // namespace
}  // namespace dlasim
