/// Ranges that training recorded: their scale and zero point to the last bit, whatever calibration sees, and
/// integers that stay inside the recorded codes.

#include "quantize/recorded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "quantize/affine.h"
#include "quantize/fold.h"
#include "quantize/presets.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::Affine;
using network::DType;
using network::Graph;
using network::Tensor;
using network::TensorId;
using ::testing::HasSubstr;
using MethodKind = CalibrationMethod::Kind;

constexpr std::array kMethods{MethodKind::kMinMax, MethodKind::kMovingAverage, MethodKind::kPercentile,
                              MethodKind::kMse, MethodKind::kEntropy};

Tensor reals(network::Shape shape, std::vector<float> values) {
  Tensor tensor(DType::kFloat32, std::move(shape));
  std::copy(values.begin(), values.end(), tensor.data<float>().begin());
  return tensor;
}

/// Values of -5 to 5: beyond most ranges that the tests record.
Tensor sample() {
  Tensor x(DType::kFloat32, {1, 1, 64, 2});
  for (std::size_t i = 0; i < 128; ++i) x.data<float>()[i] = 5.0F * std::sin(static_cast<float>(i) * 0.7F);
  return x;
}

/// A graph step by step; every step reads the one before.
class Chain {
 public:
  Chain() { last_ = add(graph.add_tensor({"x", DType::kFloat32, {1, 1, 64, 2}, {}, {}})); }

  Chain& fake(const std::string& name, op::FakeQuantize fake) { return step(name, fake, {last_}); }
  Chain& unary(const std::string& name, op::Unary::Kind kind) {
    return step(name, op::Unary{kind, {}}, {last_});
  }
  Chain& with_number(const std::string& name, op::Binary::Kind kind, float number) {
    const TensorId value = graph.add_constant(name + ".number", reals({1}, {number}));
    return step(name, op::Binary{kind, {}}, {last_, value});
  }
  /// A 1x1 convolution of 2 to 2 channels.
  Chain& conv(const std::string& name, std::optional<op::FakeQuantize> weight = {}) {
    TensorId w = graph.add_constant(name + ".weight", reals({2, 1, 1, 2}, {0.5F, -0.25F, 2.0F, 0.125F}));
    if (weight) w = graph.add_node(name + ".fake", *weight, {w}, {2, 1, 1, 2});
    const TensorId b = graph.add_constant(name + ".bias", reals({2}, {0.3F, -1.7F}));
    return step(name, op::Conv2d{}, {last_, w, b});
  }
  Chain& step(const std::string& name, network::Operation operation, std::vector<TensorId> inputs) {
    last_ = graph.add_node(name, std::move(operation), std::move(inputs), {1, 1, 64, 2});
    return *this;
  }
  TensorId last() const { return last_; }
  Graph done() {
    graph.outputs = {last_};
    return graph;
  }

  Graph graph;

 private:
  TensorId add(TensorId id) {
    graph.inputs = {id};
    return id;
  }
  TensorId last_;
};

PostTrainingResult quantised(const Graph& graph, const Scheme& scheme, MethodKind method = {}) {
  CalibrationMethod calibration;
  calibration.kind = method;
  return quantize_post_training(graph, {{sample()}}, scheme, calibration);
}

Affine affine_of(const PostTrainingResult& result, const std::string& tensor) {
  const auto found = std::ranges::find(result.graph.tensors, tensor, &network::TensorInfo::name);
  return found == result.graph.tensors.end() ? Affine{} : found->affine.value_or(Affine{});
}

std::vector<std::string> node_names(const network::QuantizedGraph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes) names.push_back(node.name);
  return names;
}

Tensor golden_output(const PostTrainingResult& result) {
  const auto& in = result.quantized.tensor(result.quantized.inputs[0]);
  return golden::run(result.quantized, std::vector{quantize(sample(), *in.affine, in.dtype)}).at(0);
}

std::pair<std::int64_t, std::int64_t> extremes(const Tensor& tensor) {
  std::pair<std::int64_t, std::int64_t> range{tensor.integer(0), tensor.integer(0)};
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    range = {std::min(range.first, tensor.integer(i)), std::max(range.second, tensor.integer(i))};
  }
  return range;
}

const op::FakeQuantize kInput{0.03125F, 5, -128, 127};
const op::FakeQuantize kWeight{2.0F / 127.0F, 0, -127, 127};
const op::FakeQuantize kOutput{0.0625F, -128, -128, 127};

Graph trained() {
  return Chain()
      .fake("in", kInput)
      .conv("conv", kWeight)
      .unary("relu", op::Unary::Kind::kRelu)
      .fake("out", kOutput)
      .done();
}

TEST(Recorded, ScalesAreThoseOfTrainingWhateverTheMethod) {
  for (const MethodKind method : kMethods) {
    for (const auto scheme : {"tflite", "pytorch", "tensorrt", "tidl"}) {
      SCOPED_TRACE(std::string(name(method)) + " " + scheme);
      const auto result = quantised(trained(), preset_from_name(scheme).scheme, method);
      EXPECT_EQ(affine_of(result, "x"), (Affine{{0.03125F}, {5}, -1}));
      EXPECT_EQ(affine_of(result, "in"), (Affine{{0.03125F}, {5}, -1}));
      EXPECT_EQ(affine_of(result, "conv.fake"), (Affine{{2.0F / 127.0F}, {0}, -1}));
      EXPECT_EQ(affine_of(result, "out"), (Affine{{0.0625F}, {-128}, -1}));
    }
  }
}

TEST(Recorded, CostsNoPassOfItsOwn) {
  const auto result = quantised(trained(), int8_scheme());
  EXPECT_EQ(node_names(result.quantized), (std::vector<std::string>{"conv"}));
  EXPECT_EQ(result.quantized.nodes[0].inputs[0], result.quantized.inputs[0]);
}

/// What training simulated is what the integers are: not more than a rounding of the product apart.
TEST(Recorded, IntegersAreWhatTrainingSimulated) {
  const Graph graph = trained();
  const Tensor simulated = network::FloatReference(graph).run({sample()}).at(0);
  const Tensor y = golden_output(quantised(graph, int8_scheme()));
  const auto real = simulated.data<float>();
  for (std::size_t i = 0; i < real.size(); ++i) {
    const float code = real[i] / kOutput.scale - 128.0F;
    EXPECT_EQ(code, std::round(code)) << "the reference gives codes";
    EXPECT_NEAR(code, static_cast<float>(y.integer(static_cast<std::int64_t>(i))), 1.0F) << i;
  }
}

TEST(Recorded, CodesBeyondTheRecordedOnesDoNotOccur) {
  const op::FakeQuantize four{0.25F, 1, -8, 7};
  const auto fused = quantised(Chain().conv("conv").fake("out", four).done(), int8_scheme());
  EXPECT_EQ(node_names(fused.quantized), (std::vector<std::string>{"conv"}));
  EXPECT_EQ(std::get<network::qop::Conv2d>(fused.quantized.nodes[0].operation).mac.clamp,
            (network::Clamp{-8, 7}));
  EXPECT_EQ(extremes(golden_output(fused)), (std::pair<std::int64_t, std::int64_t>{-8, 7}));
  // In front of the first layer nothing else can clamp.
  const auto apart = quantised(Chain().fake("in", four).conv("conv").done(), int8_scheme());
  EXPECT_EQ(node_names(apart.quantized), (std::vector<std::string>{"in", "conv"}));
}

TEST(Recorded, Int16CodesAreTheRecordedOnesLessTheirZeroPoint) {
  const auto result = quantised(trained(), int16x8_scheme());
  EXPECT_EQ(affine_of(result, "in"), (Affine{{0.03125F}, {0}, -1}));
  EXPECT_EQ(affine_of(result, "out"), (Affine{{0.0625F}, {0}, -1}));
  EXPECT_EQ(extremes(golden_output(result)).first, 0);
  EXPECT_LE(extremes(golden_output(result)).second, 255);
  const op::FakeQuantize symmetric{0.001F, 0, -32767, 32767};
  EXPECT_EQ(affine_of(quantised(Chain().conv("c").fake("f", symmetric).done(), int16x8_scheme()), "f"),
            (Affine{{0.001F}, {0}, -1}));
}

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Recorded, RefusesWhatTheActivationsDoNotHold) {
  const op::FakeQuantize wide{0.001F, 0, -512, 511};
  EXPECT_THAT(refusal([&] { quantised(Chain().conv("c").fake("f", wide).done(), int8_scheme()); }),
              HasSubstr("node 'f' (fake_quantize): the recorded range takes codes -512 to 511"));
  const op::FakeQuantize lopsided{0.001F, -32768, -32768, 32767};
  EXPECT_THAT(refusal([&] { quantised(Chain().conv("c").fake("f", lopsided).done(), int16x8_scheme()); }),
              HasSubstr("codes 0 to 65535 with zero point 0"));
  EXPECT_THAT(refusal([&] { quantised(Chain().conv("c", wide).done(), int8_scheme()); }),
              HasSubstr("node 'c': weights of int16 were recorded"));
}

/// A tensor that others read unrounded keeps a calibrated scale of its own.
TEST(Recorded, OtherReadersKeepTheirRange) {
  Chain chain;
  chain.conv("conv");
  const TensorId x = chain.last();
  chain.fake("f", {0.25F, 0, -128, 127});
  chain.step("sum", op::Binary{op::Binary::Kind::kAdd, {}}, {x, chain.last()});
  const auto result = quantised(chain.done(), int8_scheme());
  EXPECT_NE(affine_of(result, "conv").scale[0], 0.25F);
  EXPECT_EQ(affine_of(result, "f").scale[0], 0.25F);
  EXPECT_EQ(node_names(result.quantized), (std::vector<std::string>{"conv", "f/rescale0", "sum"}));
}

TEST(Recorded, OperandsOfACopyTakeItsScale) {
  Chain chain;
  const TensorId x = chain.last();
  const TensorId a = chain.conv("a").last();
  chain.step("b", op::Unary{op::Unary::Kind::kRelu, {}}, {x});
  const TensorId joined = chain.graph.add_node("joined", op::Concat{3}, {a, chain.last()}, {1, 1, 64, 4});
  const TensorId out =
      chain.graph.add_node("f", op::FakeQuantize{0.05F, 3, -128, 127}, {joined}, {1, 1, 64, 4});
  chain.graph.outputs = {out};
  const auto result = quantised(chain.graph, int8_scheme());
  for (const auto name : {"a", "b", "joined", "f"})
    EXPECT_EQ(affine_of(result, name), (Affine{{0.05F}, {3}, -1}));
  EXPECT_EQ(node_names(result.quantized), (std::vector<std::string>{"a", "b", "joined"}));
}

TEST(Recorded, ConstantsKeepTheirCodes) {
  const Graph graph = rewrite_for_quantisation(trained());
  EXPECT_EQ(count_recorded(graph), 3);
  const auto weight = std::ranges::find(graph.tensors, "conv.fake", &network::TensorInfo::name);
  ASSERT_TRUE(weight->constant);
  EXPECT_EQ(weight->dtype, DType::kInt8);
  const std::vector<std::int64_t> codes{32, -16, 127, 8};  // 0.5 / (2 / 127) = 31.75
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_EQ(weight->constant->integer(i), codes[static_cast<std::size_t>(i)]);
}

TEST(Recorded, BiasThatLeavesTheAccumulatorIsRefused) {
  Chain chain;
  chain.fake("in", {1e-5F, 0, -128, 127}).conv("conv", op::FakeQuantize{1e-6F, 0, -127, 127});
  EXPECT_THAT(refusal([&] { quantised(chain.done(), int8_scheme()); }),
              HasSubstr("node 'conv': bias 0.300000 leaves the accumulator"));
}

// --- learnt clipping levels -------------------------------------------------------------------------

constexpr float kLevel = 2.5F;
using BinaryKind = op::Binary::Kind;

/// clip(conv(x), 0, 2.5) as frameworks write it.
std::vector<Graph> clipped_conv() {
  std::vector<Graph> graphs;
  const auto relu = op::Unary::Kind::kRelu;
  graphs.push_back(Chain().conv("c").unary("r", relu).with_number("y", BinaryKind::kMinimum, kLevel).done());
  graphs.push_back(Chain().conv("c").with_number("r", BinaryKind::kMinimum, kLevel).unary("y", relu).done());
  graphs.push_back(Chain()
                       .conv("c")
                       .with_number("r", BinaryKind::kMaximum, 0.0F)
                       .with_number("y", BinaryKind::kMinimum, kLevel)
                       .done());
  graphs.push_back(Chain()
                       .conv("c")
                       .with_number("r", BinaryKind::kMinimum, kLevel)
                       .with_number("y", BinaryKind::kMaximum, 0.0F)
                       .done());
  for (const bool magnitudes : {false, true}) {
    Chain chain;
    const TensorId c = chain.conv("c").last();
    const op::Unary f = magnitudes ? op::Unary{op::Unary::Kind::kLeakyRelu, {-1.0}} : op::Unary{relu, {}};
    const TensorId whole = chain.step("whole", f, {c}).last();
    chain.step("none", op::Reshape{}, {c});
    const TensorId level = chain.graph.add_constant("level", reals({1}, {magnitudes ? -kLevel : kLevel}));
    chain.step("moved", op::Binary{magnitudes ? BinaryKind::kAdd : BinaryKind::kSub, {}}, {c, level});
    const TensorId part = chain.step("part", f, {chain.last()}).last();
    chain.step(magnitudes ? "difference" : "y", op::Binary{BinaryKind::kSub, {}}, {whole, part});
    if (magnitudes)
      chain.with_number("sum", BinaryKind::kAdd, kLevel).with_number("y", BinaryKind::kMul, 0.5F);
    Graph graph = chain.done();
    std::erase_if(graph.nodes, [](const auto& node) { return node.name == "none"; });
    graphs.push_back(std::move(graph));
  }
  return graphs;
}

TEST(ClippingLevels, EveryWayOfWritingOneIsFound) {
  const Tensor expected = network::FloatReference(clipped_conv()[0]).run({sample()}).at(0);
  for (const Graph& graph : clipped_conv()) {
    const Graph found = rewrite_for_quantisation(graph);
    ASSERT_EQ(found.nodes.size(), 2U) << graph.nodes.size();
    EXPECT_EQ(found.nodes[1].operation, network::Operation(op::Clip{0.0F, kLevel}));
    EXPECT_EQ(count_recorded(found), 1);
    const Tensor y = network::FloatReference(found).run({sample()}).at(0);
    for (std::size_t i = 0; i < 128; ++i) EXPECT_EQ(y.data<float>()[i], expected.data<float>()[i]);
  }
}

TEST(ClippingLevels, OnlyAsTheyAre) {
  const auto relu = op::Unary::Kind::kRelu;
  // A negative level, a range off 0, a sum of other numbers, a step with another reader.
  const auto unchanged = [](Graph graph) {
    const std::size_t nodes = graph.nodes.size();
    const Graph found = find_clipping_levels(std::move(graph));
    return found.nodes.size() == nodes && count_recorded(found) == 0;
  };
  EXPECT_TRUE(
      unchanged(Chain().conv("c").unary("r", relu).with_number("y", BinaryKind::kMinimum, -1.0F).done()));
  EXPECT_TRUE(unchanged(Chain()
                            .conv("c")
                            .with_number("r", BinaryKind::kMaximum, -2.0F)
                            .with_number("y", BinaryKind::kMinimum, 5.0F)
                            .done()));
  EXPECT_TRUE(unchanged(Chain().conv("c").unary("y", op::Unary::Kind::kRelu6).done()));
  Graph shared = clipped_conv()[0];
  shared.outputs.push_back(shared.nodes[1].outputs[0]);
  EXPECT_TRUE(unchanged(std::move(shared)));
  Graph other = clipped_conv().back();
  for (auto& tensor : other.tensors) {
    if (tensor.name == "sum.number") tensor.constant.edit().data<float>()[0] = 2.0F;
  }
  EXPECT_TRUE(unchanged(std::move(other)));
}

TEST(ClippingLevels, AreTheRangeOfEveryScheme) {
  const Graph graph = clipped_conv()[0];
  for (const MethodKind method : kMethods) {
    const auto range = [&](const char* scheme) {
      return affine_of(quantised(graph, preset_from_name(scheme).scheme, method), "y");
    };
    EXPECT_EQ(range("tflite"), (Affine{{static_cast<float>(2.5 / 255.0)}, {-128}, -1}));
    EXPECT_EQ(range("tensorrt"), (Affine{{static_cast<float>(2.5 / 127.0)}, {0}, -1}));
    EXPECT_EQ(range("tidl"), (Affine{{1.0F / 32.0F}, {0}, -1}));
    EXPECT_EQ(affine_of(quantised(graph, int16x8_scheme(), method), "y"),
              (Affine{{static_cast<float>(2.5 / 32767.0)}, {0}, -1}));
  }
  // 2.5 is code 80 of 1/32, and codes above it do not occur.
  const auto tidl = quantised(graph, preset_from_name("tidl").scheme);
  EXPECT_EQ(node_names(tidl.quantized), (std::vector<std::string>{"c"}));
  EXPECT_EQ(extremes(golden_output(tidl)), (std::pair<std::int64_t, std::int64_t>{0, 80}));
}

// --- number formats ---------------------------------------------------------------------------------

TEST(Recorded, NumberFormatsKeepTheClippingAlone) {
  const Graph graph = rewrite_for_formats(trained());
  for (const auto& info : graph.tensors) EXPECT_FALSE(info.affine) << info.name;
  for (const auto& node : graph.nodes) EXPECT_FALSE(records_range(node.operation)) << node.name;
  // A relu stands in front of the recorded output: only its upper end is left to do.
  EXPECT_EQ(std::ranges::count(graph.nodes, "out/raised", &network::Node::name), 0);
  EXPECT_EQ(std::ranges::count(graph.nodes, "in/raised", &network::Node::name), 1);
  const Tensor y = network::FloatReference(graph).run({sample()}).at(0);
  const auto [least, most] = std::ranges::minmax(y.data<float>());
  EXPECT_EQ(least, 0.0F);
  EXPECT_LE(most, 255.0F * 0.0625F);
}

}  // namespace
}  // namespace dlasim::quantize
