// Float networks of random weights, quantised after training and run on the golden operators, against the
// float reference. The signal to quantisation noise ratio shows a wrong scale, zero point or rounding at
// once.

#include "quantize/post_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "base/error.h"
#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "quantize/fold.h"
#include "quantize/sqnr.h"
#include "quantize/zero_point_folding.h"

namespace dlasim {
namespace {

namespace op = network::op;
using network::DType;
using network::Graph;
using network::RequantRule;
using network::Shape;
using network::Tensor;
using network::TensorId;

/// Builds networks with random weights.
class Builder {
 public:
  explicit Builder(unsigned seed) : random_(seed) {}

  Tensor uniform(Shape shape, float low, float high) {
    Tensor t(DType::kFloat32, std::move(shape));
    std::uniform_real_distribution<float> values(low, high);
    for (float& v : t.data<float>()) v = values(random_);
    return t;
  }
  TensorId constant(Shape shape, float magnitude) {
    return graph.add_constant("c" + std::to_string(count_++),
                              uniform(std::move(shape), -magnitude, magnitude));
  }
  TensorId input(Shape shape) {
    const TensorId id =
        graph.add_tensor({"input" + std::to_string(count_++), DType::kFloat32, std::move(shape), {}, {}});
    graph.inputs.push_back(id);
    return id;
  }
  TensorId node(network::Operation operation, std::vector<TensorId> inputs, Shape output) {
    return graph.add_node("n" + std::to_string(count_++), std::move(operation), std::move(inputs),
                          std::move(output));
  }
  /// Causal dilated convolution [1, 1, T, in] -> [1, 1, T, out].
  TensorId causal(TensorId x, std::int64_t out, std::int64_t kernel, std::int64_t dilation) {
    const Shape shape = graph.tensor(x).shape;
    op::Conv2d conv;
    conv.dilation = {1, dilation};
    conv.padding.left = (kernel - 1) * dilation;
    const float magnitude = 1.5F / std::sqrt(static_cast<float>(kernel * shape[3]));
    return node(conv, {x, constant({out, 1, kernel, shape[3]}, magnitude), constant({out}, 0.2F)},
                {1, 1, shape[2], out});
  }
  TensorId channels(TensorId x, std::int64_t first, std::int64_t count) {
    const Shape s = graph.tensor(x).shape;
    return node(op::Slice{{0, 0, 0, first}, {s[0], s[1], s[2], count}, {1, 1, 1, 1}}, {x},
                {s[0], s[1], s[2], count});
  }
  TensorId unary(op::Unary::Kind kind, TensorId x, std::vector<double> parameters = {}) {
    return node(op::Unary{kind, std::move(parameters)}, {x}, graph.tensor(x).shape);
  }
  TensorId binary(op::Binary::Kind kind, TensorId a, TensorId b) {
    return node(op::Binary{kind, {}}, {a, b}, graph.tensor(a).shape);
  }
  std::vector<std::vector<Tensor>> samples(int count) {
    std::vector<std::vector<Tensor>> all;
    for (int i = 0; i < count; ++i) {
      std::vector<Tensor> sample;
      for (const TensorId id : graph.inputs) sample.push_back(uniform(graph.tensor(id).shape, -1.0F, 1.0F));
      all.push_back(std::move(sample));
    }
    return all;
  }

  Graph graph;

 private:
  std::mt19937 random_;
  int count_ = 0;
};

using Kind = op::Unary::Kind;
using Pairwise = op::Binary::Kind;

void gated_wavenet(Builder& b) {
  TensorId y = b.causal(b.input({1, 1, 64, 1}), 6, 1, 1);
  TensorId skip = network::kNoTensor;
  for (const std::int64_t dilation : {1, 2, 4}) {
    const TensorId z = b.causal(y, 12, 2, dilation);
    const TensorId a = b.binary(Pairwise::kMul, b.unary(Kind::kTanh, b.channels(z, 0, 6)),
                                b.unary(Kind::kSigmoid, b.channels(z, 6, 6)));
    const TensorId s = b.causal(a, 8, 1, 1);
    skip = skip == network::kNoTensor ? s : b.binary(Pairwise::kAdd, skip, s);
    y = b.binary(Pairwise::kAdd, y, b.causal(a, 6, 1, 1));
  }
  b.graph.outputs = {b.causal(b.unary(Kind::kRelu, skip), 3, 1, 1), y};
}

void image_classifier(Builder& b) {
  const TensorId x = b.input({1, 9, 7, 3});
  op::Conv2d conv;
  conv.stride = {2, 1};
  conv.padding = {1, 1, 1, 1};
  TensorId y = b.unary(
      Kind::kRelu6, b.node(conv, {x, b.constant({8, 3, 3, 3}, 0.4F), b.constant({8}, 0.1F)}, {1, 5, 7, 8}));
  op::DepthwiseConv2d depthwise;
  depthwise.channel_multiplier = 2;
  depthwise.padding = {1, 1, 1, 1};
  y = b.unary(Kind::kLeakyRelu,
              b.node(depthwise, {y, b.constant({1, 3, 3, 16}, 0.5F), b.constant({16}, 0.1F)}, {1, 5, 7, 16}),
              {0.125});
  op::Pool2d pool;
  pool.kernel = {2, 2};
  pool.stride = {2, 2};
  pool.kind = op::Pool2d::Kind::kMax;
  y = b.node(pool, {y}, {1, 2, 3, 16});
  y = b.node(op::Reduce{op::Reduce::Kind::kMean, {1, 2}, false}, {y}, {1, 16});
  y = b.node(op::FullyConnected{}, {y, b.constant({5, 16}, 1.0F), b.constant({5}, 0.5F)}, {1, 5});
  b.graph.outputs = {b.node(op::Softmax{}, {y}, {1, 5})};
}

void autoencoder(Builder& b) {
  const TensorId x = b.input({1, 1, 16, 4});
  op::Conv2d down;
  down.stride = {1, 2};
  down.groups = 2;
  const TensorId y = b.unary(
      Kind::kPRelu, b.node(down, {x, b.constant({6, 1, 2, 2}, 0.5F), b.constant({6}, 0.1F)}, {1, 1, 8, 6}),
      {0.1, 0.2, 0.3, -0.1, 0.5, 0.0});
  op::TransposeConv2d up;
  up.stride = {1, 2};
  const TensorId u = b.node(up, {y, b.constant({4, 1, 2, 6}, 0.5F), b.constant({4}, 0.1F)}, {1, 1, 16, 4});
  const TensorId average =
      b.node(op::Pool2d{op::Pool2d::Kind::kAverage, {1, 3}, {1, 1}, {0, 1, 0, 1}, {}}, {u}, {1, 1, 16, 4});
  const TensorId joined = b.node(op::Concat{3}, {average, b.unary(Kind::kTanh, x)}, {1, 1, 16, 8});
  const TensorId padded = b.node(op::Pad{{0, 0, 1, 0}, {0, 0, 0, 0}, 0.25, {}}, {joined}, {1, 1, 17, 8});
  b.graph.outputs = {b.unary(Kind::kSilu, padded)};
}

void element_wise(Builder& b) {
  const TensorId x = b.input({1, 4, 3, 5});
  const TensorId z = b.input({1, 1, 1, 5});
  const TensorId difference = b.binary(Pairwise::kSub, x, z);
  const TensorId scaled = b.binary(Pairwise::kMul, difference, b.constant({1, 1, 1, 5}, 2.0F));
  const TensorId larger = b.binary(Pairwise::kMaximum, scaled, x);
  const TensorId soft = b.unary(Kind::kHardswish, b.unary(Kind::kSoftsign, larger));
  const TensorId turned = b.node(op::Transpose{{0, 2, 1, 3}}, {soft}, {1, 3, 4, 5});
  const TensorId rows = b.node(op::Reshape{}, {turned}, {1, 12, 5});
  const TensorId product = b.node(op::BatchMatmul{false, true}, {rows, rows}, {1, 12, 12});
  b.graph.outputs = {b.node(op::Reduce{op::Reduce::Kind::kSum, {2}, true}, {product}, {1, 12, 1})};
}

void recurrent(Builder& b) {
  const TensorId x = b.input({1, 12, 5});
  std::vector<TensorId> operands{x};
  for (int gate = 0; gate < 4; ++gate) {
    operands.push_back(b.constant({6, 5}, 0.8F));
    operands.push_back(b.constant({6, 6}, 0.5F));
    operands.push_back(b.constant({6}, 0.5F));
  }
  b.graph.outputs = {b.node(op::Lstm{}, operands, {1, 12, 6})};
}

void memory(Builder& b) {
  const TensorId x = b.input({10, 16, 5});
  const TensorId feature = b.constant({8, 5}, 1.0F);
  const TensorId time = b.constant({8, 6}, 1.0F);
  const TensorId bias = b.constant({4}, 0.3F);
  const TensorId state = b.graph.add_tensor({"state", DType::kFloat32, {16, 8, 6}, {}, {}});
  b.graph.outputs = {
      b.node(op::Svdf{2, network::FusedActivation::kNone}, {x, feature, time, bias, state}, {16, 4})};
}

struct Network {
  std::string name;
  std::function<void(Builder&)> build;
};

const std::vector<Network>& networks() {
  static const std::vector<Network> all{{"gated_wavenet", gated_wavenet},
                                        {"image_classifier", image_classifier},
                                        {"autoencoder", autoencoder},
                                        {"element_wise", element_wise},
                                        {"recurrent", recurrent}};
  return all;
}

/// The lowest SQNR of any output on an input that calibration has not seen.
double worst_sqnr(const Graph& graph, const std::vector<Tensor>& inputs,
                  const quantize::PostTrainingResult& result) {
  const auto expected = network::FloatReference(graph).run(inputs);
  std::vector<Tensor> codes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& tensor = result.quantized.tensor(result.quantized.inputs[i]);
    codes.push_back(quantize::quantize(inputs[i], *tensor.affine, tensor.dtype));
  }
  const auto actual = golden::run(result.quantized, codes);
  double worst = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < actual.size(); ++i) {
    worst = std::min(worst, quantize::sqnr_db(expected[i], actual[i],
                                              *result.quantized.tensor(result.quantized.outputs[i]).affine));
  }
  return worst;
}

double sqnr(const Network& network, const quantize::Scheme& scheme, RequantRule rule, unsigned seed) {
  Builder builder(seed);
  network.build(builder);
  const auto samples = builder.samples(8);
  const auto result = quantize::quantize_post_training(builder.graph, samples, scheme, {}, {rule});
  return worst_sqnr(builder.graph, builder.samples(1)[0], result);
}

TEST(PostTraining, KeepsTheSignal) {
  for (const Network& network : networks()) {
    for (unsigned seed = 1; seed <= 4; ++seed) {
      SCOPED_TRACE(network.name + " seed " + std::to_string(seed));
      EXPECT_GT(sqnr(network, quantize::int8_scheme(), RequantRule::kDouble, seed), 25.0);
      EXPECT_GT(sqnr(network, quantize::int8_scheme(), RequantRule::kSingle, seed), 25.0);
      EXPECT_GT(sqnr(network, quantize::int8_scheme(), RequantRule::kPytorch, seed), 25.0);
      EXPECT_GT(sqnr(network, quantize::int16x8_scheme(), RequantRule::kDouble, seed), 44.0);
    }
  }
}

TEST(PostTraining, KeepsTheSignalOfAMemory) {
  // The peaks of a sum over time are rare in eight samples: without headroom they would be cut.
  quantize::Scheme scheme = quantize::int8_scheme();
  scheme.headroom = 1.5;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    EXPECT_GT(sqnr({"memory", memory}, scheme, RequantRule::kDouble, seed), 32.0);
  }
  EXPECT_THROW(sqnr({"memory", memory}, quantize::int16x8_scheme(), RequantRule::kDouble, 1),
               base::UnsupportedError);
}

TEST(PostTraining, MoreScalesAndMoreBitsKeepMore) {
  quantize::Scheme per_tensor = quantize::int16x8_scheme();
  per_tensor.granularity = quantize::WeightGranularity::kPerTensor;
  quantize::Scheme int4 = quantize::int16x8_scheme();
  int4.weight = DType::kInt4;
  const auto total = [](const quantize::Scheme& scheme) {
    double sum = 0.0;
    for (unsigned seed = 1; seed <= 8; ++seed) sum += sqnr(networks()[0], scheme, RequantRule::kDouble, seed);
    return sum / 8.0;
  };
  const double best = total(quantize::int16x8_scheme());
  EXPECT_GT(best, total(per_tensor) + 1.0);
  EXPECT_GT(total(per_tensor), total(int4) + 6.0);
  EXPECT_GT(total(int4), 10.0);
}

TEST(PostTraining, KeepsChannelsWhoseWeightsAreZero) {
  for (const auto& scheme : {quantize::int8_scheme(), quantize::int16x8_scheme()}) {
    Builder b(5);
    const TensorId x = b.input({1, 1, 8, 2});
    Tensor weight = b.uniform({3, 1, 1, 2}, -1.0F, 1.0F);
    Tensor bias = b.uniform({3}, 0.5F, 1.0F);
    weight.data<float>()[2] = weight.data<float>()[3] = 0.0F;  // channel 1: a bias alone
    weight.data<float>()[4] = weight.data<float>()[5] = 0.0F;  // channel 2: nothing
    bias.data<float>()[2] = 0.0F;
    b.graph.outputs = {b.node(
        op::Conv2d{}, {x, b.graph.add_constant("w", weight), b.graph.add_constant("b", bias)}, {1, 1, 8, 3})};
    const auto result = quantize::quantize_post_training(b.graph, b.samples(4), scheme);
    EXPECT_GT(worst_sqnr(b.graph, b.samples(1)[0], result), 35.0);
  }
}

// The sum would lose its other operand to a scale of 1.
TEST(PostTraining, ATensorOfZerosTakesTheScaleOfWhatIsComputedFromIt) {
  Builder b(9);
  const TensorId x = b.input({1, 1, 8, 2});
  const TensorId silence =
      b.binary(Pairwise::kMul, x, b.graph.add_constant("zero", Tensor(DType::kFloat32, {1})));
  const TensorId quiet = b.binary(Pairwise::kMul, x, b.constant({1}, 1e-6F));
  b.graph.outputs = {b.binary(Pairwise::kAdd, silence, quiet)};
  for (const auto& scheme : {quantize::int8_scheme(), quantize::int16x8_scheme()}) {
    const auto result = quantize::quantize_post_training(b.graph, b.samples(4), scheme);
    EXPECT_GT(worst_sqnr(b.graph, b.samples(1)[0], result), 25.0);
  }
}

TEST(PostTraining, ADifferenceOfLargeNumbersIsNoFinerThanTheyAre) {
  Builder b(10);
  const TensorId x = b.input({1, 1, 8, 2});
  const TensorId large = b.binary(Pairwise::kMul, x, b.graph.add_constant("c", b.uniform({1}, 1e6F, 1e6F)));
  b.graph.outputs = {b.binary(Pairwise::kSub, large, large)};
  EXPECT_NO_THROW(quantize::quantize_post_training(b.graph, b.samples(4), quantize::int16x8_scheme()));
}

TEST(PostTraining, OneConstantMayServeSeveralLayers) {
  Builder b(6);
  const TensorId x = b.input({1, 1, 8, 3});
  const TensorId w = b.constant({3, 1, 1, 3}, 1.0F);
  const TensorId bias = b.constant({3}, 0.5F);
  const TensorId y = b.node(op::Conv2d{}, {x, w, bias}, {1, 1, 8, 3});
  b.graph.outputs = {b.node(op::Conv2d{}, {b.binary(Pairwise::kMul, y, bias), w, bias}, {1, 1, 8, 3})};
  const auto result = quantize::quantize_post_training(b.graph, b.samples(4), quantize::int16x8_scheme());
  EXPECT_GT(worst_sqnr(b.graph, b.samples(1)[0], result), 40.0);
}

TEST(PostTraining, RefusesWhatIsQuantisedAlready) {
  Builder b(7);
  const TensorId x = b.input({1, 4});
  b.graph.outputs = {b.node(op::Quantize{}, {x}, {1, 4})};
  EXPECT_THROW(quantize::quantize_post_training(b.graph, b.samples(1), quantize::int8_scheme()),
               base::UnsupportedError);
}

TEST(PostTraining, NamesATensorThatWasNotCalibrated) {
  Builder b(8);
  const TensorId x = b.input({1, 4});
  b.graph.outputs = {b.unary(Kind::kRelu, x)};
  EXPECT_THROW(quantize::assign_ranges(b.graph, quantize::Ranges(2), quantize::int8_scheme()),
               base::InputError);
}

TEST(ZeroPointFolding, GivesTheGoldenOperatorTheSameOutput) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    Builder b(seed);
    const TensorId x = b.input({1, 5, 6, 3});
    b.graph.outputs = {
        b.node(op::Conv2d{}, {x, b.constant({4, 2, 3, 3}, 0.5F), b.constant({4}, 0.5F)}, {1, 4, 4, 4})};
    auto quantized =
        quantize::quantize_post_training(b.graph, b.samples(4), quantize::int8_scheme()).quantized;
    const Tensor real = b.uniform({1, 5, 6, 3}, -1.0F, 1.0F);
    const std::vector<Tensor> codes{quantize::quantize(real, *quantized.tensor(x).affine, DType::kInt8)};
    const auto direct = golden::run(quantized, codes);
    auto& node = quantized.nodes.at(0);
    auto& conv = std::get<network::qop::Conv2d>(node.operation);
    conv.mac.input_zero_point = 7;  // a zero point that calibration did not choose
    const auto shifted = golden::run(quantized, codes);
    EXPECT_FALSE(shifted.at(0) == direct.at(0));
    const Tensor bias = *quantized.tensor(node.inputs[2]).constant;
    const Tensor folded = quantize::fold_zero_point(*quantized.tensor(node.inputs[1]).constant, 0, &bias, 7);
    Tensor narrow(DType::kInt32, folded.shape());
    for (std::int64_t i = 0; i < folded.size(); ++i) narrow.set_integer(i, folded.integer(i));
    quantized.tensors[static_cast<std::size_t>(node.inputs[2])].constant = narrow;
    conv.mac.input_zero_point = 0;
    EXPECT_TRUE(golden::run(quantized, codes).at(0) == shifted.at(0));
  }
}

}  // namespace
}  // namespace dlasim
