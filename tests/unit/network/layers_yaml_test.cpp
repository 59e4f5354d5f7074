#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/npy.h"
#include "network/float_reference.h"
#include "network/network_yaml.h"
#include "network/shape_inference.h"
#include "support/test_support.h"

namespace dlasim::network {
namespace {

using base::error_of;

Graph read(const std::string& text, const std::filesystem::path& directory = ".") {
  return read_network(base::YamlDocument::from_string(text, "x.yaml", directory).root());
}

std::string error(const std::string& text) {
  return error_of([&] { read(text); });
}

/// A network of one layer on an input of the given shape, with random weights.
std::string one_layer(const std::string& shape, const std::string& layer) {
  return "weights: {random: 3}\ninput: {shape: " + shape + "}\nlayers:\n  - {name: a, " + layer + "}\n";
}

Shape shape_after(const std::string& shape, const std::string& layer) {
  const Graph graph = read(one_layer(shape, layer));
  check_shapes(graph);
  return graph.tensor(graph.outputs.at(0)).shape;
}

template <class Operation>
Operation operation_of(const std::string& shape, const std::string& layer) {
  return std::get<Operation>(read(one_layer(shape, layer)).nodes.at(0).operation);
}

TEST(LayersYaml, EveryOperatorBuilds) {
  EXPECT_EQ(shape_after("[1, 9, 7, 4]", "op: conv2d, filters: 6, kernel: [3, 2], stride: [2, 1]"),
            (Shape{1, 4, 6, 6}));
  EXPECT_EQ(shape_after("[1, 9, 7, 4]", "op: conv2d, filters: 6, kernel: 3, groups: 2, padding: same"),
            (Shape{1, 9, 7, 6}));
  EXPECT_EQ(shape_after("[1, 1, 20, 4]", "op: conv1d, filters: 6, kernel: 3, dilation: 4, padding: causal"),
            (Shape{1, 1, 20, 6}));
  EXPECT_EQ(shape_after("[1, 1, 20, 4]", "op: conv1d, filters: 6, kernel: 3, padding: [1, 0], stride: 2"),
            (Shape{1, 1, 10, 6}));
  EXPECT_EQ(shape_after("[1, 9, 7, 4]", "op: depthwise_conv2d, kernel: 3, channel_multiplier: 2"),
            (Shape{1, 7, 5, 8}));
  EXPECT_EQ(
      shape_after("[1, 4, 5, 3]", "op: transpose_conv2d, filters: 2, kernel: 3, stride: 2, padding: same"),
      (Shape{1, 8, 10, 2}));
  EXPECT_EQ(shape_after("[1, 4, 5, 3]", "op: transpose_conv2d, filters: 2, kernel: 3, stride: 2"),
            (Shape{1, 9, 11, 2}));
  EXPECT_EQ(shape_after("[2, 4, 5, 3]", "op: fully_connected, filters: 10"), (Shape{2, 10}));
  EXPECT_EQ(shape_after("[2, 4, 5, 3]", "op: fully_connected, filters: 10, flatten: false"),
            (Shape{2, 4, 5, 10}));
  EXPECT_EQ(shape_after("[2, 4, 5]", "op: batch_matmul, inputs: [input, input], adj_y: true"),
            (Shape{2, 4, 4}));
  for (const std::string op : {"add", "sub", "mul", "minimum", "maximum"}) {
    EXPECT_EQ(shape_after("[2, 3]", "op: " + op + ", inputs: [input, input]"), (Shape{2, 3}));
    EXPECT_EQ(shape_after("[2, 3]", "op: " + op + ", constant: 0.5"), (Shape{2, 3}));
  }
  EXPECT_EQ(shape_after("[1, 9, 7, 4]", "op: batch_norm, epsilon: 0.001"), (Shape{1, 9, 7, 4}));
  EXPECT_EQ(shape_after("[2, 4]", "op: batch_norm"), (Shape{2, 4}));
  for (const std::string op : {"avg_pool2d", "max_pool2d"}) {
    EXPECT_EQ(shape_after("[1, 5, 6, 2]", "op: " + op + ", kernel: 2"), (Shape{1, 2, 3, 2}));
    EXPECT_EQ(shape_after("[1, 5, 6, 2]", "op: " + op + ", kernel: 3, stride: 1, padding: same"),
              (Shape{1, 5, 6, 2}));
  }
  EXPECT_EQ(shape_after("[1, 5, 6, 2]", "op: mean"), (Shape{1, 2}));
  EXPECT_EQ(shape_after("[1, 5, 6, 2]", "op: sum, axes: [-1], keep_dims: true"), (Shape{1, 5, 6, 1}));
  for (const std::string op : {"relu", "relu6", "relu_n1_to_1", "leaky_relu", "tanh", "fasttanh", "hardtanh",
                               "leaky_hardtanh", "sigmoid", "silu", "hardswish", "softsign", "softmax"}) {
    const Graph graph = read(one_layer("[1, 3]", "op: " + op));
    EXPECT_EQ(name(graph.nodes.at(0).operation), op);
    EXPECT_EQ(graph.tensor(graph.outputs.at(0)).shape, (Shape{1, 3}));
  }
  EXPECT_EQ(shape_after("[1, 3]", "op: prelu, slopes: [0.1, 0.2, 0.3]"), (Shape{1, 3}));
  EXPECT_EQ(shape_after("[2, 3]", "op: pad, before: [0, 1], after: [2, 0], value: -1"), (Shape{4, 4}));
  EXPECT_EQ(shape_after("[2, 9]", "op: slice, begin: [0, 1], size: [1, -1], stride: [1, 3]"), (Shape{1, 3}));
  EXPECT_EQ(shape_after("[2, 3]", "op: concat, inputs: [input, input], axis: -2"), (Shape{4, 3}));
  EXPECT_EQ(shape_after("[2, 3, 4]", "op: transpose, perm: [2, 0, 1]"), (Shape{4, 2, 3}));
  EXPECT_EQ(shape_after("[2, 3, 4]", "op: reshape, shape: [-1, 6]"), (Shape{4, 6}));
}

TEST(LayersYaml, AttributesReachTheOperator) {
  const auto conv = operation_of<op::Conv2d>(
      "[1, 9, 7, 4]",
      "op: conv2d, filters: 6, kernel: 3, stride: 2, dilation: [1, 2], padding: [1, 2, 3, 4], groups: 2, "
      "activation: relu6");
  EXPECT_EQ(conv.stride, (Pair{2, 2}));
  EXPECT_EQ(conv.dilation, (Pair{1, 2}));
  EXPECT_EQ(conv.padding, (Padding{1, 2, 3, 4}));
  EXPECT_EQ(conv.groups, 2);
  EXPECT_EQ(conv.activation, FusedActivation::kRelu6);
  const auto same =
      operation_of<op::Conv2d>("[1, 8, 7, 4]", "op: conv2d, filters: 6, kernel: 3, stride: 2, padding: same");
  EXPECT_EQ(same.padding, (Padding{0, 1, 1, 1}));
  EXPECT_EQ(operation_of<op::Conv2d>("[1, 1, 9, 4]",
                                     "op: conv1d, filters: 1, kernel: 3, dilation: 4, padding: causal")
                .padding,
            (Padding{0, 8, 0, 0}));
  const auto unary = operation_of<op::Unary>("[1, 3]", "op: leaky_relu, slope: 0.25");
  EXPECT_EQ(unary.parameters, std::vector<double>{0.25});
  EXPECT_EQ(operation_of<op::Softmax>("[1, 3]", "op: softmax, beta: 2").beta, 2.0F);
  EXPECT_EQ(operation_of<op::Reduce>("[1, 5, 6, 2]", "op: mean, axes: [-1]").axes, std::vector<int>{3});
}

TEST(LayersYaml, LayersAreJoinedByName) {
  const Graph graph = read(R"(
weights: {random: 1}
inputs: [{name: x, shape: [1, 4]}, {name: y, shape: [1, 4]}]
layers:
  - {op: relu}
  - {name: sum, op: add, inputs: [relu_0, y]}
  - {name: out, op: tanh}
  - {name: side, op: sigmoid, input: x}
outputs: [side, out]
)");
  ASSERT_EQ(graph.nodes.size(), 4U);
  EXPECT_EQ(graph.nodes[0].inputs, (std::vector<TensorId>{graph.inputs[0]}));
  EXPECT_EQ(graph.nodes[1].inputs, (std::vector<TensorId>{graph.nodes[0].outputs[0], graph.inputs[1]}));
  EXPECT_EQ(graph.nodes[2].inputs, graph.nodes[1].outputs);
  EXPECT_EQ(graph.nodes[3].inputs, (std::vector<TensorId>{graph.inputs[0]}));
  EXPECT_EQ(graph.outputs, (std::vector<TensorId>{graph.nodes[3].outputs[0], graph.nodes[2].outputs[0]}));
}

TEST(LayersYaml, WeightsOfAFileDecideTheirShapes) {
  const base::ScratchDirectory scratch;
  const auto filled = [](std::vector<std::int64_t> shape) {
    const std::vector<float> values(static_cast<std::size_t>(element_count(shape)), 0.5F);
    return base::make_npy<float>(std::move(shape), std::span<const float>(values));
  };
  base::write_npz(scratch / "w.npz", {{"c.weight", filled({6, 3, 4})},
                                      {"c.bias", filled({6})},
                                      {"dw", filled({1, 1, 2, 12})},
                                      {"f.weight", filled({5, 12})},
                                      {"gain", filled({5})}});
  const std::string text = R"(
weights: w.npz
input: {shape: [2, 1, 7, 4]}
layers:
  - {name: c, op: conv1d, padding: same}
  - {name: d, op: depthwise_conv2d, weight: dw, bias: false}
  - {name: f, op: fully_connected}
  - {name: g, op: mul, weight: gain}
)";
  const Graph graph = read(text, scratch.path());
  check_shapes(graph);
  EXPECT_EQ(graph.tensor(graph.nodes[0].inputs[1]).shape, (Shape{6, 1, 3, 4}));
  EXPECT_NE(graph.nodes[0].inputs[2], kNoTensor);
  EXPECT_EQ(std::get<op::DepthwiseConv2d>(graph.nodes[1].operation).channel_multiplier, 2);
  EXPECT_EQ(graph.nodes[1].inputs[2], kNoTensor);
  EXPECT_EQ(graph.tensor(graph.outputs[0]).shape, (Shape{2, 1, 6, 5}));
  const std::string file = (scratch / "w.npz").string();
  EXPECT_EQ(error_of([&] {
              std::string wrong = text;
              wrong.replace(wrong.find("padding: same"), 13, "filters: 7");
              read(wrong, scratch.path());
            }),
            file + ": array 'c.weight': shape (7, 3, 4) is wanted, found (6, 3, 4)");
  EXPECT_EQ(error_of([&] {
              std::string wrong = text;
              wrong.replace(wrong.find("bias: false"), 11, "bias: d.bias");
              read(wrong, scratch.path());
            }),
            file + ": array 'd.bias': is missing; shape (12,) is wanted");
}

TEST(LayersYaml, BatchNormIsALineByChannel) {
  const base::ScratchDirectory scratch;
  const auto two = [](float a, float b) {
    const std::vector<float> values{a, b};
    return base::make_npy<float>({2}, std::span<const float>(values));
  };
  base::write_npz(scratch / "w.npz", {{"n.scale", two(3.0F, -1.0F)},
                                      {"n.offset", two(0.5F, 2.0F)},
                                      {"n.mean", two(1.0F, -4.0F)},
                                      {"n.variance", two(0.75F, 3.75F)}});
  for (const std::string shape : {"[1, 1, 1, 2]", "[1, 2]"}) {
    const std::string text =
        "weights: w.npz\ninput: {shape: " + shape + "}\nlayers: [{name: n, op: batch_norm, epsilon: 0.25}]\n";
    const Graph graph = read(text, scratch.path());
    Tensor x(DType::kFloat32, graph.tensor(graph.inputs[0]).shape);
    x.data<float>()[0] = 2.0F;
    x.data<float>()[1] = 10.0F;
    const Tensor y = FloatReference(graph).run({x}).at(0);
    EXPECT_FLOAT_EQ(y.data<float>()[0], 3.5F);   // 3 (2 - 1) / 1 + 0.5
    EXPECT_FLOAT_EQ(y.data<float>()[1], -5.0F);  // -(10 + 4) / 2 + 2
  }
  base::write_npz(scratch / "bad.npz", {{"n.scale", two(3.0F, -1.0F)},
                                        {"n.offset", two(0.5F, 2.0F)},
                                        {"n.mean", two(1.0F, -4.0F)},
                                        {"n.variance", two(0.75F, -3.0F)}});
  EXPECT_EQ(error_of([&] {
              read("weights: bad.npz\ninput: {shape: [1, 2]}\nlayers: [{name: n, op: batch_norm}]",
                   scratch.path());
            }),
            "x.yaml:3:10: layers[0]: array 'n.variance': a variance of -3 has no square root to divide by");
}

TEST(LayersYaml, RandomWeightsFollowTheSeedAndTheName) {
  const auto weights = [](const std::string& seed, const std::string& name) {
    const Graph graph =
        read("weights: {random: " + seed + "}\ninput: {shape: [1, 1, 1, 64]}\nlayers: [{name: " + name +
             ", op: conv2d, filters: 64, kernel: 1}]");
    return *graph.tensor(graph.nodes[0].inputs[1]).constant;
  };
  EXPECT_EQ(weights("1", "a"), weights("1", "a"));
  EXPECT_FALSE(weights("1", "a") == weights("2", "a"));
  EXPECT_FALSE(weights("1", "a") == weights("1", "b"));
  double squares = 0.0;
  const Tensor drawn = weights("1", "a");
  for (const float w : drawn.data<float>()) squares += static_cast<double>(w) * w;
  EXPECT_NEAR(squares / 64.0, 1.0, 0.1);  // 64 outputs of variance 1 for inputs of variance 1
}

TEST(LayersYaml, MistakesHaveTheirPlace) {
  const auto layer_error = [](const std::string& shape, const std::string& layer) {
    return error(one_layer(shape, layer));
  };
  EXPECT_EQ(layer_error("[1, 2, 2, 1]", "op: conv2d, filters: 1, kernel: 3"),
            "x.yaml:4:5: layers[0]: conv2d: the kernel spans 3 rows, the padded input has 2");
  EXPECT_EQ(layer_error("[1, 2]", "op: conv2d, filters: 1, kernel: 3"),
            "x.yaml:4:5: layers[0]: the input must have four dimensions (NHWC), found 1x2");
  EXPECT_EQ(layer_error("[1, 2, 2, 3]", "op: conv2d, filters: 4, kernel: 1, groups: 2"),
            "x.yaml:4:5: layers[0]: 2 groups do not divide 3 input and 4 output channels");
  EXPECT_EQ(layer_error("[1, 2, 2, 1]", "op: conv2d, kernel: 1"),
            "x.yaml:4:5: layers[0].filters: is missing");
  EXPECT_EQ(layer_error("[1, 2, 2, 1]", "op: conv2d, filters: 1, kernel: [1, 2, 3]"),
            "x.yaml:4:47: layers[0].kernel: a number or [vertical, horizontal] is wanted, found 3 numbers");
  EXPECT_EQ(layer_error("[1, 2, 2, 1]", "op: conv2d, filters: 1, kernel: 2, padding: causal"),
            "x.yaml:4:59: layers[0].padding: a causal convolution has a kernel of height 1");
  EXPECT_EQ(layer_error("[1, 2, 2, 1]", "op: conv2d, filters: 1, kernel: 1, pading: same"),
            "x.yaml:4:50: layers[0].pading: unknown key, did you mean 'padding'?");
  EXPECT_EQ(layer_error("[1, 2, 3, 1]", "op: conv1d, filters: 1, kernel: 1"),
            "x.yaml:4:5: layers[0]: a signal [N, 1, T, C] is wanted, found 1x2x3x1");
  EXPECT_THAT(layer_error("[1, 2]", "op: con2d"), ::testing::EndsWith("; did you mean 'conv2d'?"));
  EXPECT_EQ(
      layer_error("[1, 2]", "op: relu, input: inptu"),
      "x.yaml:4:32: layers[0].input: there is no input or earlier layer 'inptu', did you mean 'input'?");
  EXPECT_EQ(layer_error("[1, 2]", "op: relu, inputs: [input, input]"),
            "x.yaml:4:5: layers[0]: one input is wanted, found 2");
  EXPECT_EQ(layer_error("[1, 2]", "op: add, inputs: [input, input, input]"),
            "x.yaml:4:5: layers[0]: two inputs are wanted, found 3");
  EXPECT_EQ(layer_error("[1, 2]", "op: concat, inputs: [input, input], axis: 2"),
            "x.yaml:4:57: layers[0].axis: 2 is not between -2 and 1");
  EXPECT_EQ(layer_error("[1, 5, 5, 1]", "op: avg_pool2d, kernel: 2, padding: [2, 0, 0, 0]"),
            "x.yaml:4:51: layers[0].padding: must be less than the kernel");
  EXPECT_EQ(layer_error("[1, 2]", "op: reshape, shape: [3]"),
            "x.yaml:4:5: layers[0]: reshape: input 1x2 cannot become 3");
  EXPECT_EQ(layer_error("[1, 1, 1, 16777216]", "op: conv2d, filters: 16777216, kernel: 1"),
            "x.yaml:1:10: weights: random array 'a.weight': shape (16777216, 1, 1, 16777216) has more than "
            "268435456 elements");
}

TEST(LayersYaml, MistakesOfTheWholeHaveTheirPlace) {
  EXPECT_EQ(error("input: {shape: [1]}\nlayers: [{name: a, op: relu}, {name: a, op: relu}]"),
            "x.yaml:2:31: layers[1]: the name 'a' is taken");
  EXPECT_EQ(error("input: {shape: [1]}\nlayers: []"), "x.yaml:2:9: layers: needs at least one layer");
  EXPECT_EQ(error("layers: [{op: relu}]"), "x.yaml:1:1: needs either input or inputs");
  EXPECT_EQ(error("input: {shape: [0]}\nlayers: [{op: relu}]"),
            "x.yaml:1:17: input.shape[0]: 0 is not between 1 and 2147483648");
  EXPECT_EQ(error("input: {shape: [2147483648, 2147483648]}\nlayers: [{op: relu}]"),
            "x.yaml:1:16: input.shape: shape 2147483648x2147483648 is too large");
  EXPECT_EQ(error("input: {shape: [1]}\nlayers: [{op: relu}]\nwavenet: {}"),
            "x.yaml:1:1: has both wavenet and layers; one is wanted");
  EXPECT_EQ(error("input: {shape: [1, 1, 1, 1]}\nlayers: [{name: c, op: conv2d, filters: 1, kernel: 1}]"),
            "x.yaml:1:1: array 'c.weight' is wanted; give weights: file.npz or weights: {random: 1}");
}

}  // namespace
}  // namespace dlasim::network
