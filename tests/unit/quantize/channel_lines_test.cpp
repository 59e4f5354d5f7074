/// Folding changes nothing but rounding: the float reference runs both graphs on the same input.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "network/float_reference.h"
#include "network/shape_inference.h"
#include "quantize/fold.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::DType;
using network::Graph;
using network::Shape;
using network::Tensor;
using network::TensorId;

class ChannelLines : public ::testing::Test {
 protected:
  Tensor random_tensor(const Shape& shape, float low, float high) {
    std::uniform_real_distribution<float> uniform(low, high);
    Tensor t(DType::kFloat32, shape);
    for (float& v : t.data<float>()) v = uniform(random_);
    return t;
  }
  TensorId input(const Shape& shape) {
    const TensorId id = graph_.add_tensor({"x", DType::kFloat32, shape, {}, {}});
    graph_.inputs = {id};
    return id;
  }
  TensorId node(const std::string& name, network::Operation operation, std::vector<TensorId> inputs) {
    const Shape shape = network::infer_shape(graph_, operation, inputs);
    return graph_.add_node(name, std::move(operation), std::move(inputs), shape);
  }
  TensorId constant(const Shape& shape, float low = -1.0F, float high = 1.0F) {
    return graph_.add_constant("c" + std::to_string(graph_.tensors.size()), random_tensor(shape, low, high));
  }
  /// A batch normalisation as the readers of networks write it, with factors of both signs.
  TensorId norm(TensorId x, float offset = 1.0F) {
    const std::int64_t channels = graph_.tensor(x).shape.back();
    const TensorId g = constant({channels}, -offset, offset);
    if (graph_.tensor(x).shape.size() == 4) {
      return node("norm", op::DepthwiseConv2d{}, {x, constant({1, 1, 1, channels}, -2.0F, 2.0F), g});
    }
    const op::Binary product{op::Binary::Kind::kMul, network::FusedActivation::kNone};
    return node("sum", op::Binary{}, {node("norm", product, {x, constant({channels}, -2.0F, 2.0F)}), g});
  }
  Tensor run(const Graph& graph, const Tensor& x) const {
    return network::FloatReference(graph).run({x}).at(0);
  }
  /// Folds and compares; returns the operators left.
  std::vector<std::string> fold(TensorId output) {
    graph_.outputs = {output};
    const Graph folded = fold_channel_lines(graph_);
    network::check_shapes(folded);
    const Tensor x = random_tensor(graph_.tensor(graph_.inputs[0]).shape, -3.0F, 3.0F);
    const Tensor before = run(graph_, x);
    const Tensor after = run(folded, x);
    const auto a = before.data<float>();
    const auto b = after.data<float>();
    double largest = 0.0;
    for (const float v : a) largest = std::max(largest, std::abs(static_cast<double>(v)));
    EXPECT_GT(largest, 0.1);
    for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-6 * largest) << i;
    std::vector<std::string> names;
    for (const auto& n : folded.nodes) names.emplace_back(network::name(n.operation));
    return names;
  }

  Graph graph_;
  std::mt19937 random_{5};
};

using ::testing::ElementsAre;

TEST_F(ChannelLines, GoesIntoAPaddedConvolutionBeforeIt) {
  op::Conv2d conv;
  conv.padding = {1, 2, 0, 1};
  const TensorId x = input({1, 5, 6, 4});
  EXPECT_THAT(fold(norm(node("conv", conv, {x, constant({6, 3, 2, 4}), constant({6})}))),
              ElementsAre("conv2d"));
}

TEST_F(ChannelLines, GoesIntoAGroupedConvolutionWithoutBias) {
  op::Conv2d conv;
  conv.groups = 2;
  EXPECT_THAT(fold(norm(node("conv", conv, {input({2, 4, 4, 4}), constant({6, 2, 2, 2})}))),
              ElementsAre("conv2d"));
}

TEST_F(ChannelLines, GoesIntoADepthwiseConvolutionBeforeIt) {
  op::DepthwiseConv2d conv;
  conv.channel_multiplier = 2;
  conv.padding = {1, 1, 1, 1};
  EXPECT_THAT(fold(norm(node("dw", conv, {input({1, 4, 5, 3}), constant({1, 3, 3, 6}), constant({6})}))),
              ElementsAre("depthwise_conv2d"));
}

TEST_F(ChannelLines, GoesIntoATransposedConvolutionBeforeIt) {
  op::TransposeConv2d conv;
  conv.stride = {2, 2};
  conv.padding = {1, 0, 0, 1};
  EXPECT_THAT(fold(norm(node("up", conv, {input({1, 3, 4, 2}), constant({5, 3, 3, 2}), constant({5})}))),
              ElementsAre("transpose_conv2d"));
}

TEST_F(ChannelLines, GoesIntoAFullyConnectedLayerBeforeIt) {
  EXPECT_THAT(fold(norm(node("fc", op::FullyConnected{}, {input({3, 8}), constant({5, 8}), constant({5})}))),
              ElementsAre("fully_connected"));
}

TEST_F(ChannelLines, GoesIntoTheConvolutionBehindItWhereNothingIsPadded) {
  op::Conv2d conv;
  conv.groups = 2;
  EXPECT_THAT(fold(node("conv", conv, {norm(input({1, 4, 5, 4})), constant({6, 2, 3, 2}), constant({6})})),
              ElementsAre("conv2d"));
}

TEST_F(ChannelLines, GoesIntoTheDepthwiseConvolutionBehindIt) {
  op::DepthwiseConv2d conv;
  conv.channel_multiplier = 2;
  EXPECT_THAT(fold(node("dw", conv, {norm(input({1, 4, 5, 3})), constant({1, 2, 2, 6})})),
              ElementsAre("depthwise_conv2d"));
}

TEST_F(ChannelLines, GoesIntoTheFullyConnectedLayerBehindItOnAnImage) {
  const TensorId x = norm(input({2, 3, 2, 4}));  // rows of 24: the channel is the remainder by 4
  EXPECT_THAT(fold(node("fc", op::FullyConnected{}, {x, constant({5, 24}), constant({5})})),
              ElementsAre("fully_connected"));
}

TEST_F(ChannelLines, StaysApartInFrontOfPadding) {
  op::Conv2d conv;
  conv.padding = {1, 1, 1, 1};
  EXPECT_THAT(fold(node("conv", conv, {norm(input({1, 4, 5, 3})), constant({2, 3, 3, 3})})),
              ElementsAre("depthwise_conv2d", "conv2d"));
}

TEST_F(ChannelLines, WithoutOffsetsCrossesPaddingAndTransposedConvolutions) {
  op::TransposeConv2d conv;
  conv.stride = {2, 2};
  EXPECT_THAT(fold(node("up", conv, {norm(input({1, 3, 4, 2}), 0.0F), constant({5, 3, 3, 2})})),
              ElementsAre("transpose_conv2d"));
}

TEST_F(ChannelLines, StaysApartBehindAnActivation) {
  op::Conv2d conv;
  conv.activation = network::FusedActivation::kRelu;
  EXPECT_THAT(fold(norm(node("conv", conv, {input({1, 4, 4, 2}), constant({3, 2, 2, 2})}))),
              ElementsAre("conv2d", "depthwise_conv2d"));
}

TEST_F(ChannelLines, StaysApartBehindAConvolutionThatSomethingElseReads) {
  const TensorId y = node("conv", op::Conv2d{}, {input({1, 4, 4, 2}), constant({3, 2, 2, 2})});
  const TensorId sum = node("sum", op::Binary{}, {norm(y), y});
  EXPECT_THAT(fold(sum), ElementsAre("conv2d", "depthwise_conv2d", "add"));
}

TEST_F(ChannelLines, StaysAProductAndASumOnRowsThatNoLayerTakes) {
  const TensorId x = norm(input({3, 7}));
  EXPECT_THAT(fold(node("tanh", op::Unary{op::Unary::Kind::kTanh, {}}, {x})),
              ElementsAre("mul", "add", "tanh"));
}

TEST_F(ChannelLines, ADifferenceFoldsAndOneFromAConstantDoesNot) {
  const op::Binary difference{op::Binary::Kind::kSub, network::FusedActivation::kNone};
  const TensorId y = node("conv", op::Conv2d{}, {input({1, 4, 4, 2}), constant({3, 2, 2, 2})});
  const TensorId less = node("less", difference, {y, constant({3})});
  EXPECT_THAT(fold(node("more", difference, {constant({3}), less})), ElementsAre("conv2d", "sub"));
}

TEST_F(ChannelLines, TwoInARowFoldIntoOneLayer) {
  const TensorId y = node("conv", op::Conv2d{}, {input({1, 4, 4, 2}), constant({3, 2, 2, 2}), constant({3})});
  EXPECT_THAT(fold(norm(norm(y))), ElementsAre("conv2d"));
}

TEST_F(ChannelLines, WeightsThatTwoLayersShareAreCopied) {
  const TensorId w = constant({3, 1, 1, 2});
  const TensorId x = input({1, 4, 4, 2});
  const TensorId normal = norm(node("a", op::Conv2d{}, {x, w}));
  const TensorId plain = node("b", op::Conv2d{}, {x, w});
  EXPECT_THAT(fold(node("sum", op::Binary{}, {normal, plain})), ElementsAre("conv2d", "conv2d", "add"));
}

}  // namespace
}  // namespace dlasim::quantize
