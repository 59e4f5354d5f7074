#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "base/npy.h"
#include "network/network_yaml.h"
#include "network/shape_inference.h"
#include "support/test_support.h"

namespace dlasim::network {
namespace {

using base::error_of;
using ::testing::ElementsAre;

/// Every size is another number, so that no two can be confused.
constexpr std::string_view kWavenet = R"(name: tiny
weights: w.npz
wavenet:
  input: {encoding: one_hot, classes: 7}
  stacks: 2
  dilations: [1, 3]
  kernel: 3
  start_kernel: 2
  residual_channels: 4
  gate_channels: 5
  skip_channels: 6
  end_channels: [8]
  classes: 9
)";

base::NpyArray filled(std::vector<std::int64_t> shape, float value) {
  const std::vector<float> values(static_cast<std::size_t>(element_count(shape)), value);
  return base::make_npy<float>(std::move(shape), std::span<const float>(values));
}

base::NpzArrays wavenet_arrays() {
  base::NpzArrays arrays{{"start.weight", filled({4, 1, 2, 7}, 1)},
                         {"start.bias", filled({4}, 1)},
                         {"end1.weight", filled({8, 1, 1, 6}, 1)},
                         {"end2.weight", filled({9, 1, 1, 8}, 1)},
                         {"end2.bias", filled({9}, 1)}};
  for (int i = 0; i < 4; ++i) {
    const std::string layer = "layer" + std::to_string(i);
    arrays[layer + ".dilated.weight"] = filled({10, 1, 3, 4}, 1);
    arrays[layer + ".dilated.bias"] = filled({10}, 1);
    arrays[layer + ".skip.weight"] = filled({6, 1, 1, 5}, 1);
    if (i < 3) arrays[layer + ".residual.weight"] = filled({4, 1, 1, 5}, 1);
  }
  return arrays;
}

class WavenetYaml : public ::testing::Test {
 protected:
  Graph read(std::string_view text = kWavenet, const NetworkOptions& options = {}) {
    base::write_npz(scratch_ / "w.npz", arrays_);
    return read_network(base::YamlDocument::from_string(text, "x.yaml", scratch_.path()).root(), options);
  }
  std::string error(std::string_view text = kWavenet, const NetworkOptions& options = {}) {
    return error_of([&] { read(text, options); });
  }
  std::string weights_error(const std::string& array, const std::string& what) {
    return (scratch_ / "w.npz").string() + ": array '" + array + "': " + what;
  }

  base::ScratchDirectory scratch_;
  base::NpzArrays arrays_ = wavenet_arrays();
};

std::vector<std::string> node_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) names.push_back(node.name);
  return names;
}

const Node& node(const Graph& graph, std::string_view name) {
  return *std::find_if(graph.nodes.begin(), graph.nodes.end(), [&](const Node& n) { return n.name == name; });
}

const Shape& output_shape(const Graph& graph, std::string_view name) {
  return graph.tensor(node(graph, name).outputs.at(0)).shape;
}

TEST_F(WavenetYaml, BuildsTheNodesInTheirOrder) {
  const Graph graph = read();
  EXPECT_EQ(graph.name, "tiny");
  const auto names = node_names(graph);
  ASSERT_EQ(names.size(), 1U + 9U + 2U * 10U + 8U + 4U);
  EXPECT_EQ(names[0], "start");
  const std::vector<std::string> first(names.begin() + 1, names.begin() + 10);
  EXPECT_THAT(first,
              ElementsAre("stack0.layer0.dilated", "stack0.layer0.tanh_half", "stack0.layer0.tanh",
                          "stack0.layer0.sigmoid_half", "stack0.layer0.sigmoid", "stack0.layer0.gate",
                          "stack0.layer0.skip", "stack0.layer0.residual", "stack0.layer0.residual_sum"));
  const std::vector<std::string> last(names.end() - 5, names.end());
  EXPECT_THAT(last,
              ElementsAre("stack1.layer1.skip_sum", "head.relu1", "head.end1", "head.relu2", "head.end2"));
  EXPECT_EQ(std::count(names.begin(), names.end(), "stack1.layer1.residual"), 0);
  check_shapes(graph);
}

TEST_F(WavenetYaml, EveryPositionIsKeptAndEveryChannelCountIsItsOwn) {
  const Graph graph = read(kWavenet, {50});
  EXPECT_EQ(graph.tensor(graph.inputs.at(0)).shape, (Shape{1, 1, 50, 7}));
  for (const Node& n : graph.nodes) EXPECT_EQ(graph.tensor(n.outputs.at(0)).shape.at(2), 50) << n.name;
  EXPECT_EQ(output_shape(graph, "start"), (Shape{1, 1, 50, 4}));
  EXPECT_EQ(output_shape(graph, "stack1.layer0.dilated"), (Shape{1, 1, 50, 10}));
  EXPECT_EQ(output_shape(graph, "stack1.layer0.gate"), (Shape{1, 1, 50, 5}));
  EXPECT_EQ(output_shape(graph, "stack1.layer0.skip_sum"), (Shape{1, 1, 50, 6}));
  EXPECT_EQ(output_shape(graph, "head.end1"), (Shape{1, 1, 50, 8}));
  EXPECT_EQ(graph.tensor(graph.outputs.at(0)).shape, (Shape{1, 1, 50, 9}));
}

TEST_F(WavenetYaml, ConvolutionsAreCausalAndDilated) {
  const Graph graph = read();
  const auto conv = [&](std::string_view name) { return std::get<op::Conv2d>(node(graph, name).operation); };
  EXPECT_EQ(conv("start").padding, (Padding{0, 1, 0, 0}));
  EXPECT_EQ(conv("stack0.layer0.dilated").padding, (Padding{0, 2, 0, 0}));
  EXPECT_EQ(conv("stack1.layer1.dilated").padding, (Padding{0, 6, 0, 0}));
  EXPECT_EQ(conv("stack1.layer1.dilated").dilation, (Pair{1, 3}));
  EXPECT_EQ(conv("stack1.layer1.skip").padding, (Padding{}));
}

TEST_F(WavenetYaml, TheFirstHalfGoesThroughTanh) {
  const Graph graph = read();
  const auto slice = std::get<op::Slice>(node(graph, "stack0.layer1.tanh_half").operation);
  EXPECT_EQ(slice.begin, (std::vector<std::int64_t>{0, 0, 0, 0}));
  const auto other = std::get<op::Slice>(node(graph, "stack0.layer1.sigmoid_half").operation);
  EXPECT_EQ(other.begin, (std::vector<std::int64_t>{0, 0, 0, 5}));
  EXPECT_EQ(node(graph, "stack0.layer1.tanh").inputs, node(graph, "stack0.layer1.tanh_half").outputs);
  EXPECT_EQ(node(graph, "stack0.layer1.sigmoid").inputs, node(graph, "stack0.layer1.sigmoid_half").outputs);
}

TEST_F(WavenetYaml, AbsentBiasesAreAbsent) {
  const Graph graph = read();
  EXPECT_NE(node(graph, "start").inputs.at(2), kNoTensor);
  EXPECT_EQ(node(graph, "stack0.layer0.skip").inputs.at(2), kNoTensor);
  EXPECT_EQ(node(graph, "head.end1").inputs.at(2), kNoTensor);
}

TEST_F(WavenetYaml, TheLengthIsTheReceptiveFieldUnlessGiven) {
  // 2 + (3 - 1) * 2 * (1 + 3)
  EXPECT_EQ(read().tensor(0).shape, (Shape{1, 1, 18, 7}));
  EXPECT_EQ(read(std::string(kWavenet) + "  sequence_length: 30\n").tensor(0).shape, (Shape{1, 1, 30, 7}));
  EXPECT_EQ(read(std::string(kWavenet) + "  sequence_length: 30\n", {40}).tensor(0).shape,
            (Shape{1, 1, 40, 7}));
  EXPECT_EQ(error(kWavenet, {0}),
            "x.yaml:4:3: wavenet: a sequence of 0 samples; 1 to 1073741824 are accepted");
}

TEST_F(WavenetYaml, ScalarInputAndASingleEndLayer) {
  constexpr std::string_view kText =
      "weights: {random: 5}\nwavenet: {input: {encoding: scalar, classes: 16}, dilations: [1, 2], "
      "residual_channels: 3, skip_channels: 4, end_channels: []}\n";
  const Graph graph = read(kText);
  EXPECT_EQ(graph.tensor(graph.inputs.at(0)).shape, (Shape{1, 1, 4, 1}));
  EXPECT_EQ(node_names(graph).back(), "head.end1");
  EXPECT_EQ(graph.tensor(graph.outputs.at(0)).shape, (Shape{1, 1, 4, 16}));
  EXPECT_EQ(output_shape(graph, "stack0.layer0.dilated"), (Shape{1, 1, 4, 6}));
}

TEST_F(WavenetYaml, AConditionIsASecondInput) {
  const std::string text = std::string(kWavenet) + "  condition_channels: 11\n";
  for (int i = 0; i < 4; ++i) {
    arrays_["layer" + std::to_string(i) + ".condition.weight"] = filled({10, 1, 1, 11}, 1);
  }
  const Graph graph = read(text);
  ASSERT_EQ(graph.inputs.size(), 2U);
  EXPECT_EQ(graph.tensor(graph.inputs[1]).shape, (Shape{1, 1, 18, 11}));
  EXPECT_EQ(node(graph, "stack0.layer0.tanh_half").inputs,
            node(graph, "stack0.layer0.condition_sum").outputs);
  arrays_.erase("layer2.condition.weight");
  EXPECT_EQ(error(text),
            weights_error("layer2.condition.weight", "is missing; shape (10, 1, 1, 11) is wanted"));
}

TEST_F(WavenetYaml, WrongArraysAreNamedWithBothShapes) {
  arrays_["layer2.dilated.weight"] = filled({10, 3, 4}, 1);
  EXPECT_EQ(error(),
            weights_error("layer2.dilated.weight", "shape (10, 1, 3, 4) is wanted, found (10, 3, 4)"));
  arrays_ = wavenet_arrays();
  arrays_.erase("layer1.skip.weight");
  EXPECT_EQ(error(), weights_error("layer1.skip.weight", "is missing; shape (6, 1, 1, 5) is wanted"));
  arrays_["layer1.skp.weight"] = filled({6, 1, 1, 5}, 1);
  EXPECT_EQ(error(),
            weights_error("layer1.skip.weight",
                          "is missing; shape (6, 1, 1, 5) is wanted; the file has 'layer1.skp.weight'"));
  arrays_ = wavenet_arrays();
  arrays_["start.bais"] = filled({4}, 1);
  EXPECT_EQ(error(), weights_error("start.bais", "is not used by this network, did you mean 'start.bias'?"));
}

TEST_F(WavenetYaml, WeightsMustBeFiniteFloats) {
  for (const auto& [value, text] :
       {std::pair{std::nanf(""), "nan"}, std::pair{-std::numeric_limits<float>::infinity(), "-inf"}}) {
    base::NpyArray bad = filled({9}, 0);
    std::memcpy(bad.data.data() + 2 * sizeof(float), &value, sizeof(float));
    arrays_["end2.bias"] = bad;
    EXPECT_EQ(error(),
              weights_error("end2.bias", std::string("element 2 is ") + text + "; weights must be finite"));
  }
  const std::vector<std::int8_t> integers(9, 1);
  arrays_["end2.bias"] = base::make_npy<std::int8_t>({9}, std::span<const std::int8_t>(integers));
  EXPECT_EQ(error(), weights_error("end2.bias", "the elements are i1, float32 (f4) is wanted"));
}

TEST_F(WavenetYaml, TheLastResidualMayBeThere) {
  arrays_["layer3.residual.weight"] = filled({4, 1, 1, 5}, 1);
  arrays_["layer3.residual.bias"] = filled({4}, 1);
  EXPECT_EQ(error(), "no error");
}

TEST_F(WavenetYaml, WhatNobodyCouldAllocateIsRefused) {
  EXPECT_EQ(
      error("weights: {random: 1}\nwavenet: {dilations: [1], residual_channels: 65536, skip_channels: 1, "
            "sequence_length: 1073741824}\n"),
      "x.yaml:2:10: wavenet: shape 1x1x1073741824x131072 is too large");
  EXPECT_EQ(
      error("weights: {random: 1}\nwavenet: {dilations: [1], residual_channels: 65536, skip_channels: 1}\n"),
      "x.yaml:1:10: weights: random array 'layer0.dilated.weight': shape (131072, 1, 2, 65536) has more "
      "than 268435456 elements");
}

TEST_F(WavenetYaml, MistakesInTheDescriptionHaveTheirPlace) {
  const auto with = [&](std::string_view old, std::string_view replacement) {
    std::string text(kWavenet);
    text.replace(text.find(old), old.size(), replacement);
    return error(text);
  };
  EXPECT_EQ(with("one_hot", "onehot"),
            "x.yaml:4:21: wavenet.input.encoding: 'onehot' is not one of one_hot, scalar; did you mean "
            "'one_hot'?");
  EXPECT_EQ(with("[1, 3]", "[1, 0]"), "x.yaml:6:18: wavenet.dilations[1]: 0 is not between 1 and 1048576");
  EXPECT_EQ(with("[1, 3]", "[]"), "x.yaml:6:14: wavenet.dilations: needs at least one dilation");
  EXPECT_EQ(with("stacks: 2", "stacks: 3000"),
            "x.yaml:6:14: wavenet.dilations: 3000 stacks of 2 layers are more than 4096 layers");
  EXPECT_EQ(with("gate_channels", "gate_chanels"),
            "x.yaml:10:3: wavenet.gate_chanels: unknown key, did you mean 'gate_channels'?");
  EXPECT_EQ(with("residual_channels: 4", "kernels: 4"), "x.yaml:4:3: wavenet.residual_channels: is missing");
  EXPECT_EQ(with("weights: w.npz", "weights: v.npz"),
            "x.yaml:2:10: weights: " + (scratch_ / "v.npz").string() + ": there is no such file");
  EXPECT_EQ(with("weights: w.npz", ""),
            "x.yaml:1:1: array 'start.weight' is wanted; give weights: file.npz or weights: {random: 1}");
  EXPECT_EQ(error("name: x\n"), "x.yaml:1:1: needs a section wavenet or a list layers");
}

}  // namespace
}  // namespace dlasim::network
