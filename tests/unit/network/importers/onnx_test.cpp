#include "network/importers/onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/npy.h"
#include "golden/interpreter.h"
#include "mutations.h"
#include "network/float_reference.h"
#include "onnx_model.h"
#include "quantize/fold.h"
#include "quantize/lower.h"
#include "quantize/post_training.h"
#include "support/places.h"

namespace dlasim {
namespace {

using network::DType;
using network::Graph;
using network::Shape;
using network::Tensor;
using ::testing::HasSubstr;
using tests::counting;
using tests::Model;

Graph imported(const Model& model) {
  return network::import_onnx(model.bytes(), "model");
}

std::string refusal(const Model& model) {
  try {
    imported(model);
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "accepted";
}

/// conv [1,2,4,6] -> [1,3,2,3], Flatten, Gemm with counting weights
Model flatten_model() {
  Model m;
  m.input("x", {1, 2, 4, 6}).output("y");
  m.floats("w", {3, 2, 1, 1}, {1, 2, 3, 4, 5, 6});
  m.floats("g", {2, 18}, counting(36, 0.25F));
  m.floats("b", {2}, {0.5F, -1.0F});
  m.node("Conv", {"x", "w"}, "c").list("strides", {2, 2});
  m.node("Flatten", {"c"}, "f");
  m.node("Gemm", {"f", "g", "b"}, "y").with("transB", 1);
  return m;
}

TEST(ImportOnnx, GemmBehindFlattenReordersItsColumns) {
  const Graph graph = imported(flatten_model());
  ASSERT_EQ(graph.nodes.size(), 2U) << "no node moves the image";
  // Computed straight from the ONNX definition, in NCHW.
  const std::vector<float> x = counting(48, 0.5F);
  const std::vector<float> gemm = counting(36, 0.25F);
  std::array<float, 2> expected{0.5F, -1.0F};
  Tensor image(DType::kFloat32, {1, 4, 6, 2});
  for (std::size_t c = 0; c < 2; ++c) {
    for (std::size_t i = 0; i < 24; ++i) image.data<float>()[i * 2 + c] = x[c * 24 + i];
  }
  for (std::size_t o = 0; o < 3; ++o) {
    for (std::size_t p = 0; p < 6; ++p) {
      const std::size_t at = (p / 3) * 2 * 6 + (p % 3) * 2;
      const float value = static_cast<float>(2 * o + 1) * x[at] + static_cast<float>(2 * o + 2) * x[24 + at];
      for (std::size_t k = 0; k < 2; ++k) expected[k] += gemm[k * 18 + o * 6 + p] * value;
    }
  }
  const Tensor y = network::FloatReference(graph).run({image}).at(0);
  EXPECT_FLOAT_EQ(y.data<float>()[0], expected[0]);
  EXPECT_FLOAT_EQ(y.data<float>()[1], expected[1]);
}

/// [1,2,1,5] uint8 -> 1x1 QLinearConv -> uint8; the multiplier is 1/16, exact in every rule.
Model qlinear_model() {
  Model m(10);
  m.input("x", {1, 2, 1, 5}, onnx::TensorProto::UINT8).output("y");
  m.floats("sx", {}, {0.5F}).ints("zx", {}, {100}, onnx::TensorProto::UINT8);
  m.floats("sw", {2}, {0.25F, 0.125F}).ints("zw", {2}, {128, 128}, onnx::TensorProto::UINT8);
  m.floats("sy", {}, {2.0F}).ints("zy", {}, {90}, onnx::TensorProto::UINT8);
  m.ints("w", {2, 2, 1, 1}, {131, 120, 255, 1}, onnx::TensorProto::UINT8);
  m.ints("b", {2}, {40, -70}, onnx::TensorProto::INT32);
  m.node("QLinearConv", {"x", "sx", "zx", "w", "sw", "zw", "sy", "zy", "b"}, "y");
  return m;
}

TEST(ImportOnnx, QLinearConvIsAnIntegerConvolution) {
  const Graph graph = imported(qlinear_model());
  const auto quantised = quantize::lower(graph);
  Tensor x(DType::kUInt8, {1, 1, 5, 2});
  const std::array<int, 10> codes{0, 255, 100, 100, 37, 201, 250, 3, 128, 90};
  for (std::size_t i = 0; i < codes.size(); ++i) x.set_integer(static_cast<std::int64_t>(i), codes[i]);
  const Tensor inputs[] = {x};
  const Tensor y = golden::run(quantised, inputs).at(0);
  ASSERT_EQ(y.dtype(), DType::kUInt8);
  ASSERT_EQ(y.shape(), (Shape{1, 1, 5, 2}));
  constexpr int kWeights[2][2] = {{3, -8}, {127, -127}};
  for (std::size_t t = 0; t < 5; ++t) {
    for (std::size_t o = 0; o < 2; ++o) {
      const int acc = kWeights[o][0] * (codes[2 * t] - 100) + kWeights[o][1] * (codes[2 * t + 1] - 100) +
                      (o == 0 ? 40 : -70);
      const double scaled = std::round(acc * (o == 0 ? 1.0 / 16.0 : 1.0 / 32.0));
      EXPECT_EQ(y.integer(static_cast<std::int64_t>(2 * t + o)),
                std::clamp(static_cast<int>(scaled) + 90, 0, 255))
          << t;
    }
  }
}

TEST(ImportOnnx, QLinearMatMulIsAnIntegerProduct) {
  Model m(10);
  m.input("x", {3, 2}, onnx::TensorProto::INT8).output("y");
  m.floats("s", {}, {0.25F}).ints("z", {}, {0}, onnx::TensorProto::INT8);
  m.floats("sy", {}, {1.0F});
  m.ints("w", {2, 1}, {7, -5}, onnx::TensorProto::INT8);
  m.node("QLinearMatMul", {"x", "s", "z", "w", "s", "z", "sy", "z"}, "y");
  Tensor x(DType::kInt8, {3, 2});
  const std::array<int, 6> codes{127, -128, 3, 1, -50, 0};
  for (std::size_t i = 0; i < codes.size(); ++i) x.set_integer(static_cast<std::int64_t>(i), codes[i]);
  const Tensor inputs[] = {x};
  const Tensor y = golden::run(quantize::lower(imported(m)), inputs).at(0);
  for (std::size_t i = 0; i < 3; ++i) {
    const double scaled = std::round((7 * codes[2 * i] - 5 * codes[2 * i + 1]) / 16.0);
    EXPECT_EQ(y.integer(static_cast<std::int64_t>(i)), std::clamp(static_cast<int>(scaled), -128, 127));
  }
}

TEST(ImportOnnx, PaddingAndNormalisationGoIntoTheConvolution) {
  Model m(9);
  m.input("x", {1, 1, 8}).output("y");
  m.floats("w", {1, 1, 3}, {1, 2, 3});
  m.floats("g", {1}, {4}).floats("b", {1}, {1}).floats("m", {1}, {2}).floats("v", {1}, {0.99999F});
  m.node("Pad", {"x"}, "p").list("pads", {0, 0, 4, 0, 0, 0});
  m.node("Conv", {"p", "w"}, "c").list("dilations", {2});
  m.node("BatchNormalization", {"c", "g", "b", "m", "v"}, "y");
  const Graph graph = imported(m);
  ASSERT_EQ(graph.nodes.size(), 1U);
  const auto& conv = std::get<network::op::Conv2d>(graph.nodes[0].operation);
  EXPECT_EQ(conv.padding, (network::Padding{.top = 0, .left = 4, .bottom = 0, .right = 0}));
  EXPECT_EQ(conv.dilation, (network::Pair{1, 2}));
  EXPECT_FLOAT_EQ(graph.tensor(graph.nodes[0].inputs[1]).constant->data<float>()[2], 12.0F);
  EXPECT_FLOAT_EQ(graph.tensor(graph.nodes[0].inputs[2]).constant->data<float>()[0], -7.0F);
}

TEST(ImportOnnx, NormalisationOfASharedConvolutionStaysApart) {
  Model m(9);
  m.input("x", {1, 1, 8}).output("y").output("c");
  m.floats("w", {1, 1, 3}, {1, 2, 3});
  m.floats("g", {1}, {4}).floats("b", {1}, {1}).floats("m", {1}, {2}).floats("v", {1}, {1});
  m.node("Conv", {"x", "w"}, "c");
  m.node("BatchNormalization", {"c", "g", "b", "m", "v"}, "y");
  const Graph graph = imported(m);
  ASSERT_EQ(graph.nodes.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<network::op::DepthwiseConv2d>(graph.nodes[1].operation));
  EXPECT_EQ(graph.tensor(graph.nodes[0].inputs[1]).constant->data<float>()[2], 3.0F);
}

/// What torch.onnx writes for a convolution with batch normalisation after quantisation-aware training: the
/// weights are rounded after they were scaled, the result is scaled back, biased and normalised.
TEST(ImportOnnx, LinesBehindTrainedCodesGoIntoTheirScales) {
  Model m;
  m.input("x", {1, 1, 1, 2}).output("y");
  m.floats("sx", {}, {0.5F}).floats("sw", {}, {0.25F}).floats("sy", {}, {0.125F});
  m.ints("z", {}, {0}, onnx::TensorProto::INT8);
  m.floats("w", {2, 1, 1, 1}, {2.0F, -8.0F}).floats("zeros", {2}, {0, 0});
  m.floats("back", {1, 2, 1, 1}, {2.0F, 0.5F}).floats("bias", {1, 2, 1, 1}, {1.0F, -3.0F});
  m.floats("g", {2}, {4.0F, 1.0F}).floats("b", {2}, {0.5F, -0.25F}).floats("mean", {2}, {1.0F, 2.0F});
  m.floats("v", {2}, {0.99999F, 3.99999F});
  m.node("QuantizeLinear", {"x", "sx", "z"}, "xq").node("DequantizeLinear", {"xq", "sx", "z"}, "xf");
  m.node("QuantizeLinear", {"w", "sw", "z"}, "wq").node("DequantizeLinear", {"wq", "sw", "z"}, "wf");
  m.node("Conv", {"xf", "wf", "zeros"}, "c").node("Div", {"c", "back"}, "d").node("Add", {"d", "bias"}, "a");
  m.node("BatchNormalization", {"a", "g", "b", "mean", "v"}, "n").node("Relu", {"n"}, "r");
  m.node("QuantizeLinear", {"r", "sy", "z"}, "yq").node("DequantizeLinear", {"yq", "sy", "z"}, "y");
  const Graph graph = imported(m);
  const auto conv = std::find_if(graph.nodes.begin(), graph.nodes.end(), [](const auto& node) {
    return std::holds_alternative<network::op::Conv2d>(node.operation);
  });
  ASSERT_NE(conv, graph.nodes.end());
  EXPECT_EQ(graph.nodes.size(), 3U);  // between the change to integers and back
  EXPECT_EQ(std::get<network::op::Conv2d>(conv->operation).activation, network::FusedActivation::kRelu);
  const auto& weight = graph.tensor(conv->inputs[1]);
  EXPECT_EQ(weight.constant->integer(0), 8);
  EXPECT_EQ(weight.constant->integer(1), -32);
  ASSERT_EQ(weight.affine->scale.size(), 2U);
  EXPECT_FLOAT_EQ(weight.affine->scale[0], 0.25F / 2.0F * 4.0F);
  EXPECT_FLOAT_EQ(weight.affine->scale[1], 0.25F / 0.5F / 2.0F);
  const auto& bias = graph.tensor(conv->inputs[2]);
  EXPECT_EQ(bias.constant->integer(0), 2);    // 0.5 + 4 (1 - 1) at 0.25
  EXPECT_EQ(bias.constant->integer(1), -22);  // -0.25 + (-3 - 2) / 2 at 0.125
}

/// Rounded to integers at the input, in the weights and behind the convolution, but not behind the sum:
/// a float network whose scales are recorded where the file has some.
TEST(ImportOnnx, ScalesOfANetworkThatIsQuantisedInPlacesAreRecorded) {
  Model m;
  m.input("x", {1, 2, 1, 4}).output("y");
  m.floats("sx", {}, {0.5F}).floats("sw", {2}, {0.25F, 0.125F}).floats("sy", {}, {0.0625F});
  m.ints("zx", {}, {100}, onnx::TensorProto::UINT8).ints("zy", {}, {-3}, onnx::TensorProto::INT8);
  m.ints("zw", {2}, {0, 0}, onnx::TensorProto::INT8);
  m.floats("w", {2, 2, 1, 1}, {2.0F, -8.0F, 1.0F, 0.5F}).floats("b", {2}, {1.0F, -1.0F});
  m.node("QuantizeLinear", {"x", "sx", "zx"}, "xq").node("DequantizeLinear", {"xq", "sx", "zx"}, "xf");
  m.node("QuantizeLinear", {"w", "sw", "zw"}, "wq").with("axis", 0);
  m.node("DequantizeLinear", {"wq", "sw", "zw"}, "wf").with("axis", 0);
  m.node("Conv", {"xf", "wf", "b"}, "c");
  m.node("QuantizeLinear", {"c", "sy", "zy"}, "cq").node("DequantizeLinear", {"cq", "sy", "zy"}, "cf");
  m.node("DequantizeLinear", {"cq", "sy", "zy"}, "cg")
      .node("Relu", {"cg"}, "r")
      .node("Add", {"cf", "r"}, "y");
  const Graph graph = imported(m);
  EXPECT_FALSE(network::is_quantized(graph));
  ASSERT_EQ(graph.nodes.size(), 5U);
  using Fake = network::op::FakeQuantize;
  EXPECT_EQ(std::get<Fake>(graph.nodes[0].operation), (Fake{0.5F, 100 - 128, -128, 127}));
  EXPECT_EQ(std::get<Fake>(graph.nodes[2].operation), (Fake{0.0625F, -3, -128, 127}));
  EXPECT_EQ(graph.nodes[3].inputs, graph.nodes[2].outputs) << "both readers read the same codes";
  EXPECT_EQ(graph.tensor(graph.nodes[1].inputs[1]).affine, (network::Affine{{0.25F, 0.125F}, {0, 0}, 0}));

  Tensor x(DType::kFloat32, {1, 1, 4, 2});
  for (std::size_t i = 0; i < 8; ++i) x.data<float>()[i] = static_cast<float>(i) - 3.3F;
  const auto result = quantize::quantize_post_training(graph, {{x}}, quantize::int8_scheme());
  const auto& conv = result.graph.nodes[1];
  EXPECT_EQ(result.graph.tensor(conv.inputs[0]).affine, (network::Affine{{0.5F}, {-28}, -1}));
  EXPECT_EQ(result.graph.tensor(conv.outputs[0]).affine, (network::Affine{{0.0625F}, {-3}, -1}));
  EXPECT_EQ(result.quantized.nodes.size(), 3U) << "convolution, relu and sum";
}

/// An export without constant folding: g / sqrt(v + e) scales the weights in the graph.
TEST(ImportOnnx, RootsOfConstantsAreFolded) {
  const auto network = [](float variance) {
    Model m;
    m.input("x", {1, 1, 1, 4}).output("y");
    m.floats("v", {1}, {variance}).floats("e", {}, {1.0F}).floats("g", {1}, {6.0F}).floats("w", {1}, {2.5F});
    m.ints("shape", {4}, {1, 1, 1, 1}, onnx::TensorProto::INT64);
    m.node("Add", {"v", "e"}, "a").node("Sqrt", {"a"}, "r").node("Div", {"g", "r"}, "f");
    m.node("Mul", {"w", "f"}, "s").node("Reshape", {"s", "shape"}, "k").node("Conv", {"x", "k"}, "y");
    return m;
  };
  const Graph graph = imported(network(8.0F));
  ASSERT_EQ(graph.nodes.size(), 1U);
  EXPECT_EQ(graph.tensor(graph.nodes[0].inputs[1]).constant->data<float>()[0], 5.0F);
  EXPECT_THAT(refusal(network(-5.0F)), HasSubstr("Sqrt of -4"));
}

/// Training that spares a bit clips the codes.
TEST(ImportOnnx, RecordedCodesMayBeClipped) {
  Model m;
  m.input("x", {1, 2, 1, 4}).output("y");
  m.floats("s", {}, {0.5F}).ints("z", {}, {60}, onnx::TensorProto::UINT8);
  m.ints("low", {}, {0}, onnx::TensorProto::UINT8).ints("high", {}, {127}, onnx::TensorProto::UINT8);
  m.node("QuantizeLinear", {"x", "s", "z"}, "q").node("Clip", {"q", "low", "high"}, "c");
  m.node("DequantizeLinear", {"c", "s", "z"}, "f").node("Relu", {"f"}, "y");
  const Graph graph = imported(m);
  ASSERT_EQ(graph.nodes.size(), 2U);
  EXPECT_EQ(graph.nodes[0].operation,
            network::Operation(network::op::FakeQuantize{0.5F, 60 - 128, -128, 127 - 128}));
}

/// The same network with the sum rounded too is integer throughout, as it was.
TEST(ImportOnnx, NetworksOfIntegersThroughoutStaySo) {
  Model m;
  m.input("x", {1, 2, 1, 4}).output("y");
  m.floats("s", {}, {0.5F}).ints("z", {}, {3}, onnx::TensorProto::INT8);
  m.node("QuantizeLinear", {"x", "s", "z"}, "xq").node("DequantizeLinear", {"xq", "s", "z"}, "xf");
  m.node("Add", {"xf", "xf"}, "a");
  m.node("QuantizeLinear", {"a", "s", "z"}, "aq").node("DequantizeLinear", {"aq", "s", "z"}, "y");
  EXPECT_TRUE(network::is_quantized(imported(m)));
}

/// PACT as exporters write it; a relu6 is no learnt level.
TEST(ImportOnnx, LearntClippingLevelsAreFound) {
  const auto clip = [](auto write) {
    Model m;
    m.input("x", {1, 2, 1, 4}).output("y");
    m.floats("w", {2, 2, 1, 1}, {1, 2, 3, 4}).floats("alpha", {}, {3.5F}).floats("zero", {}, {0.0F});
    m.floats("half", {}, {0.5F}).floats("six", {}, {6.0F});
    m.node("Conv", {"x", "w"}, "c");
    write(m);
    const Graph graph = quantize::rewrite_for_quantisation(imported(m));
    const auto* found = std::get_if<network::op::Clip>(&graph.nodes.back().operation);
    return found == nullptr ? -1.0F : found->maximum;
  };
  EXPECT_EQ(clip([](Model& m) { m.node("Clip", {"c", "zero", "alpha"}, "y"); }), 3.5F);
  EXPECT_EQ(clip([](Model& m) { m.node("Max", {"c", "zero"}, "r").node("Min", {"r", "alpha"}, "y"); }), 3.5F);
  EXPECT_EQ(clip([](Model& m) { m.node("Relu", {"c"}, "r").node("Min", {"alpha", "r"}, "y"); }), 3.5F);
  EXPECT_EQ(clip([](Model& m) {
              m.node("Relu", {"c"}, "r").node("Sub", {"c", "alpha"}, "d").node("Relu", {"d"}, "s");
              m.node("Sub", {"r", "s"}, "y");
            }),
            3.5F);
  EXPECT_EQ(clip([](Model& m) {
              m.node("Abs", {"c"}, "r").node("Sub", {"c", "alpha"}, "d").node("Abs", {"d"}, "s");
              m.node("Sub", {"r", "s"}, "e").node("Add", {"e", "alpha"}, "f").node("Mul", {"f", "half"}, "y");
            }),
            3.5F);
  EXPECT_EQ(clip([](Model& m) { m.node("Clip", {"c", "zero", "six"}, "y"); }), -1.0F);
}

TEST(ImportOnnx, RefusesByNodeAndAttribute) {
  Model empty;
  empty.input("x", {1, 4}).output("y").floats("a", {}, {1.0F}).floats("b", {}, {-1.0F});
  empty.node("Clip", {"x", "a", "b"}, "y");
  EXPECT_THAT(refusal(empty), HasSubstr("node 0 Clip '': min 1.000000 and max -1.000000 leave nothing"));

  Model unknown;
  unknown.input("x", {1, 4}).output("y").node("Einsum", {"x"}, "y");
  EXPECT_THAT(refusal(unknown), HasSubstr("node 0 Einsum '': the operator is not supported"));

  Model attribute;
  attribute.input("x", {1, 4}).output("y").node("Relu", {"x"}, "y").with("magic", 3);
  EXPECT_THAT(refusal(attribute), HasSubstr("attribute 'magic' is not supported"));

  Model weights;
  weights.input("x", {1, 1, 4}).input("w", {1, 1, 1}).output("y").node("Conv", {"x", "w"}, "y");
  EXPECT_THAT(refusal(weights), HasSubstr("weights computed while running"));

  EXPECT_THAT(refusal(Model(18).input("x", {1}).output("x")), HasSubstr("opset 18"));
  Model undefined;
  undefined.input("x", {1, 4}).output("y").node("Add", {"x", "z"}, "y");
  EXPECT_THAT(refusal(undefined), HasSubstr("'z' is used before it is computed"));
  EXPECT_THROW(network::import_onnx({}, "empty"), base::InputError);
}

TEST(ImportOnnx, SymbolicDimensionsTakeTheirSizeFromTheOptions) {
  Model m;
  m.input("x", {1, 2, 4}).output("y").node("Relu", {"x"}, "y");
  auto* shape =
      m.proto().mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape->mutable_dim(0)->set_dim_param("N");
  shape->mutable_dim(2)->set_dim_param("T");
  EXPECT_THAT(refusal(m), HasSubstr("dimension 2 ('T') of input 'x' is dynamic"));
  const Graph graph = network::import_onnx(m.bytes(), "m", {.dimensions = {{"T", 9}}});
  EXPECT_EQ(graph.tensor(graph.inputs[0]).shape, (Shape{1, 1, 9, 2}));
}

TEST(ImportOnnx, ConstantsCannotGrowWithoutBound) {
  Model m;
  m.input("x", {1}).output("y");
  m.ints("s", {3}, {1000, 1000, 1000}, onnx::TensorProto::INT64);
  m.node("ConstantOfShape", {"s"}, "c").node("Add", {"x", "c"}, "y");
  EXPECT_THAT(refusal(m), HasSubstr("grow out of proportion"));
}

TEST(ImportOnnx, SurvivesDamagedFiles) {
  int refused = 0;
  constexpr unsigned kMutations = 3000;
  for (const auto& bytes : {flatten_model().bytes(), qlinear_model().bytes()}) {
    for (unsigned seed = 0; seed < kMutations; ++seed) {
      try {
        network::import_onnx(tests::mutated(bytes, seed), "damaged");
      } catch (const base::InputError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, static_cast<int>(kMutations) / 2);
}

/// The array as the importer lays out inputs and outputs: channels last, three dimensions as one row.
Tensor channels_last(const std::filesystem::path& file) {
  const base::NpyArray array = base::read_npy(file);
  const auto values = array.as<float>();
  Shape shape = array.shape;
  if (shape.size() == 3) shape.insert(shape.begin() + 2, 1);
  if (shape.size() != 4) {
    Tensor tensor(DType::kFloat32, shape);
    std::copy(values.begin(), values.end(), tensor.data<float>().begin());
    return tensor;
  }
  Tensor tensor(DType::kFloat32, {shape[0], shape[2], shape[3], shape[1]});
  const auto plane = static_cast<std::size_t>(shape[2] * shape[3]);
  const auto channels = static_cast<std::size_t>(shape[1]);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t n = i / (plane * channels);
    tensor.data<float>()[(n * plane + i % plane) * channels + i / plane % channels] = values[i];
  }
  return tensor;
}

/// What PyTorch exports, against what PyTorch computes.
class ExportedByPyTorch : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    directory_ = std::filesystem::temp_directory_path() / ("dlasim_onnx_" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    const std::string python = "/usr/bin/python3";
    if (std::system((python + " -c 'import onnx, torch' 2> /dev/null").c_str()) != 0) return;
    const std::string script = places::source("tests/unit/network/importers/export_onnx.py").string();
    exported_ =
        std::system((python + " '" + script + "' '" + directory_.string() + "' > /dev/null 2>&1").c_str()) ==
        0;
    has_torch_ = true;
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(directory_); }

  void SetUp() override {
    if (!has_torch_) GTEST_SKIP() << "python3-torch and python3-onnx are not installed";
    ASSERT_TRUE(exported_);
  }

  static std::vector<std::filesystem::path> models(const std::string& prefix) {
    std::vector<std::filesystem::path> result;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      const auto& path = entry.path();
      if (path.extension() == ".onnx" && path.stem().string().rfind(prefix, 0) == 0) result.push_back(path);
    }
    return result;
  }

  static inline std::filesystem::path directory_;
  static inline bool has_torch_ = false, exported_ = false;
};

TEST_F(ExportedByPyTorch, FloatModelsAgree) {
  int compared = 0;
  for (const auto& path : models("")) {
    if (path.stem().string().rfind("qdq", 0) == 0) continue;
    SCOPED_TRACE(path.filename());
    const Graph graph = network::read_onnx(path);
    const std::filesystem::path base = path.parent_path() / path.stem();
    const auto outputs = network::FloatReference(graph).run({channels_last(base.string() + ".in.npy")});
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Tensor expected = channels_last(base.string() + ".out" + std::to_string(i) + ".npy");
      ASSERT_EQ(outputs[i].shape(), expected.shape());
      for (std::int64_t k = 0; k < expected.size(); ++k) {
        const auto at = static_cast<std::size_t>(k);
        ASSERT_NEAR(outputs[i].data<float>()[at], expected.data<float>()[at], 2e-6F)
            << "output " << i << " element " << k;
      }
      ++compared;
    }
  }
  EXPECT_EQ(compared, 28);
}

/// Integer arithmetic against fake quantisation in float: same codes but where a rounding falls the other
/// way.
TEST_F(ExportedByPyTorch, QuantisedModelsStayWithinOneCode) {
  for (const auto& path : models("qdq")) {
    SCOPED_TRACE(path.filename());
    const Graph graph = network::read_onnx(path);
    const std::filesystem::path base = path.parent_path() / path.stem();
    const Tensor inputs[] = {channels_last(base.string() + ".in.npy")};
    const Tensor expected = channels_last(base.string() + ".out0.npy");
    const Tensor got = golden::run(quantize::lower(graph), inputs).at(0);
    const auto& last = graph.nodes.back();
    ASSERT_TRUE(std::holds_alternative<network::op::Dequantize>(last.operation));
    const float step = graph.tensor(last.inputs[0]).affine->scale[0];
    int differing = 0;
    for (std::int64_t k = 0; k < expected.size(); ++k) {
      const auto at = static_cast<std::size_t>(k);
      const float difference = std::abs(got.data<float>()[at] - expected.data<float>()[at]);
      EXPECT_LT(difference, 1.5F * step);
      differing += difference > 0.5F * step ? 1 : 0;
    }
    EXPECT_LE(differing, expected.size() / 8);
    for (const auto& node : graph.nodes) {
      for (const network::TensorId id : node.inputs) {
        if (id == network::kNoTensor || &node == &graph.nodes.front()) continue;
        EXPECT_NE(graph.tensor(id).dtype, DType::kFloat32) << node.name << " runs in float";
      }
    }
  }
}

}  // namespace
}  // namespace dlasim
