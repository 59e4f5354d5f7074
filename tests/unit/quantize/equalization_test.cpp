/// Equalisation leaves the float network as it was and makes a badly scaled one fit for one scale a tensor;
/// bias correction takes back what rounding the weights does to the mean.

#include "quantize/equalization.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "network/shape_inference.h"
#include "quantize/affine.h"
#include "quantize/bias_correction.h"
#include "quantize/fold.h"
#include "quantize/sqnr.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::DType;
using network::FusedActivation;
using network::Graph;
using network::Shape;
using network::Tensor;
using network::TensorId;

class Weights : public ::testing::Test {
 protected:
  Tensor random_tensor(const Shape& shape, float low = -1.0F, float high = 1.0F) {
    std::uniform_real_distribution<float> uniform(low, high);
    Tensor t(DType::kFloat32, shape);
    for (float& v : t.data<float>()) v = uniform(random_);
    return t;
  }
  TensorId constant(const Shape& shape, float low = -1.0F, float high = 1.0F) {
    return graph_.add_constant("c" + std::to_string(graph_.tensors.size()), random_tensor(shape, low, high));
  }
  /// Output channels whose weights differ by up to 2^12, as batch normalisation leaves them.
  TensorId uneven(const Shape& shape, std::int64_t channels, bool last = false) {
    const TensorId id = constant(shape);
    const auto w = graph_.tensors[static_cast<std::size_t>(id)].constant.edit().data<float>();
    const auto run = w.size() / static_cast<std::size_t>(channels);
    for (std::size_t i = 0; i < w.size(); ++i) {
      const std::size_t c = last ? i % static_cast<std::size_t>(channels) : i / run;
      w[i] *= std::exp2(static_cast<float>(static_cast<int>(c * 5 % 13) - 6));
    }
    return id;
  }
  TensorId node(const std::string& name, network::Operation operation, std::vector<TensorId> inputs) {
    const Shape shape = network::infer_shape(graph_, operation, inputs);
    return graph_.add_node(name, std::move(operation), std::move(inputs), shape);
  }
  TensorId conv(const std::string& name, TensorId x, TensorId weight, FusedActivation activation,
                const network::Padding& padding = {}) {
    op::Conv2d conv;
    conv.activation = activation;
    conv.padding = padding;
    return node(name, conv, {x, weight, constant({graph_.tensor(weight).shape[0]})});
  }
  TensorId input(const Shape& shape) {
    graph_.inputs = {graph_.add_tensor({"x", DType::kFloat32, shape, {}, {}})};
    return graph_.inputs[0];
  }
  static Tensor run(const Graph& graph, const Tensor& x) {
    return network::FloatReference(graph).run({x}).at(0);
  }

  static void expect_same(const Graph& a, const Graph& b, const Tensor& x) {
    const Tensor one = run(a, x);
    const Tensor two = run(b, x);
    double largest = 0.0;
    for (const float v : one.data<float>()) largest = std::max(largest, std::abs(static_cast<double>(v)));
    for (std::size_t i = 0; i < one.data<float>().size(); ++i) {
      EXPECT_NEAR(one.data<float>()[i], two.data<float>()[i], 4e-6 * largest) << i;
    }
  }
  /// Of the output on golden, against the float network `real`.
  static double quantised_sqnr(const Graph& graph, const Graph& real, const Scheme& scheme, const Tensor& x) {
    const Graph scaled = assign_ranges(graph, calibrate(real, {{x}}), scheme);
    const network::QuantizedGraph integer = lower(scaled);
    const auto& in = integer.tensor(integer.inputs[0]);
    const Tensor y = golden::run(integer, std::vector{quantize(x, *in.affine, in.dtype)}).at(0);
    return sqnr_db(run(real, x), y, *integer.tensor(integer.outputs[0]).affine);
  }

  Graph graph_;
  std::mt19937 random_{11};
};

using Equalization = Weights;
using BiasCorrection = Weights;

Scheme per_tensor() {
  Scheme scheme = int8_scheme();
  scheme.granularity = WeightGranularity::kPerTensor;
  return scheme;
}

TEST_F(Equalization, KeepsTheFloatNetworkAndHelpsOneScaleATensor) {
  TensorId x = input({1, 8, 8, 3});
  x = conv("a", x, uneven({12, 3, 3, 3}, 12), FusedActivation::kRelu, {1, 1, 1, 1});
  op::DepthwiseConv2d depthwise;
  depthwise.activation = FusedActivation::kRelu;
  x = node("b", depthwise, {x, constant({1, 3, 3, 12})});
  x = conv("c", x, constant({5, 1, 1, 12}), FusedActivation::kNone);
  graph_.outputs = {x};
  // What the uneven channels lose in size their readers give back, so that every channel matters.
  const auto w =
      graph_.tensors[static_cast<std::size_t>(graph_.nodes[2].inputs[1])].constant.edit().data<float>();
  for (std::size_t i = 0; i < w.size(); ++i) {
    w[i] *= std::exp2(-static_cast<float>(static_cast<int>(i % 12 * 5 % 13) - 6));
  }
  const Equalized equalized = equalize(graph_);
  EXPECT_EQ(equalized.pairs, 2);
  EXPECT_GT(equalized.largest, 4.0);
  const Tensor sample = random_tensor({1, 8, 8, 3});
  expect_same(graph_, equalized.graph, sample);
  const double before = quantised_sqnr(graph_, graph_, per_tensor(), sample);
  const double after = quantised_sqnr(equalized.graph, equalized.graph, per_tensor(), sample);
  EXPECT_LT(before, 15.0);
  EXPECT_GT(after, before + 10.0);
}

TEST_F(Equalization, ChannelsOfAPairHaveTheSameRange) {
  TensorId x = input({1, 4, 4, 2});
  x = conv("a", x, uneven({6, 2, 2, 2}, 6), FusedActivation::kNone);
  x = node("leaky", op::Unary{op::Unary::Kind::kLeakyRelu, {0.1}}, {x});
  graph_.outputs = {node("fc", op::FullyConnected{}, {x, constant({3, 3 * 3 * 6})})};
  const Graph result = equalize(graph_).graph;
  expect_same(graph_, result, random_tensor({1, 4, 4, 2}));
  const auto one = result.tensor(result.nodes[0].inputs[1]).constant->data<float>();
  const auto two = result.tensor(result.nodes[2].inputs[1]).constant->data<float>();
  for (std::size_t c = 0; c < 6; ++c) {
    float r1 = 0.0F;
    float r2 = 0.0F;
    for (std::size_t i = 0; i < 8; ++i) r1 = std::max(r1, std::abs(one[c * 8 + i]));
    for (std::size_t i = c; i < two.size(); i += 6) r2 = std::max(r2, std::abs(two[i]));
    EXPECT_NEAR(r1, r2, 2e-3F * r1) << c;
  }
}

TEST_F(Equalization, StopsWhereScalingWouldShow) {
  TensorId x = input({1, 4, 4, 2});
  const TensorId clipped = conv("clipped", x, uneven({4, 1, 1, 2}, 4), FusedActivation::kRelu6);
  const TensorId shared = conv("shared", clipped, uneven({4, 1, 1, 4}, 4), FusedActivation::kNone);
  const TensorId curved = node("tanh", op::Unary{op::Unary::Kind::kTanh, {}}, {shared});
  const TensorId end = conv("end", curved, constant({4, 1, 1, 4}), FusedActivation::kNone);
  graph_.outputs = {node("sum", op::Binary{}, {end, shared})};
  EXPECT_EQ(equalize(graph_).pairs, 0);
}

TEST_F(BiasCorrection, TakesBackTheMeanErrorOfEachChannel) {
  // Inputs far from zero: rounding the weights moves the mean.
  graph_.outputs = {
      conv("a", input({1, 6, 6, 4}), constant({8, 3, 3, 4}), FusedActivation::kNone, {1, 0, 0, 1})};
  const Tensor sample = random_tensor({1, 6, 6, 4}, 2.0F, 3.0F);
  Scheme scheme = int8_scheme();
  scheme.weight = DType::kInt4;
  const Graph corrected = correct_biases(graph_, find_bias_corrections(graph_, {{sample}}, scheme));
  const auto mean_error = [&](const Graph& graph) {
    const Graph scaled = assign_ranges(graph, calibrate(graph_, {{sample}}), scheme);
    const network::QuantizedGraph integer = lower(scaled);
    const auto& in = integer.tensor(integer.inputs[0]);
    const Tensor codes = golden::run(integer, std::vector{quantize(sample, *in.affine, in.dtype)}).at(0);
    const Tensor got = network::dequantize(codes, integer.tensor(integer.outputs[0]).affine);
    const Tensor real = run(graph_, sample);
    double worst = 0.0;
    for (std::size_t c = 0; c < 8; ++c) {
      double sum = 0.0;
      for (std::size_t i = c; i < real.data<float>().size(); i += 8)
        sum += got.data<float>()[i] - real.data<float>()[i];
      worst = std::max(worst, std::abs(sum) * 8.0 / static_cast<double>(real.data<float>().size()));
    }
    return worst;
  };
  EXPECT_GT(mean_error(graph_), 0.3);
  EXPECT_LT(mean_error(corrected), 0.05);
  EXPECT_GT(quantised_sqnr(corrected, graph_, scheme, sample),
            quantised_sqnr(graph_, graph_, scheme, sample) + 3.0);
}

TEST_F(BiasCorrection, IsZeroForWeightsThatTheirCodesHold) {
  const TensorId w = constant({2, 1, 1, 2});
  const auto values = graph_.tensors[static_cast<std::size_t>(w)].constant.edit().data<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 127.0F : -3.0F;
  graph_.outputs = {conv("a", input({1, 2, 2, 2}), w, FusedActivation::kRelu)};
  const auto corrections = find_bias_corrections(graph_, {{random_tensor({1, 2, 2, 2})}}, int8_scheme());
  EXPECT_THAT(corrections.at("a"), ::testing::Each(0.0));
}

}  // namespace
}  // namespace dlasim::quantize
