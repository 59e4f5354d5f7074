#include "quantize/staged.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "base/yaml.h"
#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "network/network_yaml.h"
#include "quantize/codes.h"
#include "quantize/fold.h"
#include "support/test_support.h"

namespace dlasim::quantize {
namespace {

using network::Graph;
using network::NumericsConfig;
using network::QuantizedGraph;
using network::Tensor;
using testing::HasSubstr;

constexpr std::string_view kNetwork = R"(
weights: {random: 7}
input: {shape: [1, 5, 6, 5]}
layers:
  - {name: conv, op: conv2d, filters: 6, kernel: 3, padding: same, activation: relu}
  - {name: left, op: conv2d, filters: 4, kernel: 1, input: conv}
  - {name: right, op: depthwise_conv2d, kernel: 3, padding: same, input: left}
  - {name: sum, op: add, inputs: [left, right], activation: relu6}
  - {name: squash, op: tanh, input: sum}
  - {name: both, op: concat, axis: 3, inputs: [squash, left]}
)";

Graph network_from(std::string_view text) {
  const auto document = base::YamlDocument::from_string(text);
  Graph graph = network::read_network(document.root());
  return fuse_activations(split_prelu(std::move(graph)));
}

NumericsConfig numerics_from(std::string_view text) {
  const auto document = base::YamlDocument::from_string(text);
  NumericsConfig config = NumericsConfig::read(document.root());
  document.finish();
  return config;
}

/// Multiples of 1/8 up to 2: exact in few bits.
Tensor random_tensor(const network::Shape& shape, std::uint64_t seed) {
  Tensor tensor(network::DType::kFloat32, shape);
  base::Random random(seed);
  for (float& v : tensor.data<float>()) v = static_cast<float>(std::round(random.normal() * 4.0) / 8.0);
  return tensor;
}

Tensor values(const QuantizedGraph& graph, network::TensorId id, const std::vector<Tensor>& tensors) {
  return decode(tensors.at(static_cast<std::size_t>(id)), *graph.tensor(id).format);
}

std::vector<Tensor> run(const QuantizedGraph& graph, const Tensor& input) {
  const Tensor codes = encode(input, *graph.tensor(graph.inputs[0]).format).codes;
  return golden::run_all(graph, std::vector<Tensor>{codes});
}

/// Weights and biases on a grid, so that wide formats lose nothing.
void put_weights_on_a_grid(Graph& graph) {
  for (auto& info : graph.tensors) {
    if (!info.constant) continue;
    for (float& w : info.constant.edit().data<float>()) w = std::round(w * 8.0F) / 8.0F;
  }
}

constexpr std::string_view kWide = R"(
defaults:
  operands:
    input: {kind: dfp, bits: 32, fl: 16}
    weight: {kind: dfp, bits: 16, fl: 8}
    bias: {kind: dfp, bits: 32, fl: 16}
  points:
    product: exact
    accumulator: {kind: dfp, bits: 60, fl: 24}
    tree: {kind: dfp, bits: 60, fl: 24}
    partial_sum: {kind: dfp, bits: 60, fl: 24}
    bias: {kind: dfp, bits: 60, fl: 24}
    output: {kind: dfp, bits: 32, fl: 16}
layers:
  sum: {points: {output: {kind: dfp, bits: 16, fl: 12}}}
  squash: {points: {output: {kind: dfp, bits: 32, fl: 16}}}
)";

// Formats that hold every value give the float network's own results: geometry, fused activations, bias and
// movements are right. The sums are multiples of 2^-12 and fit; tanh is rounded to 2^-16.
TEST(QuantizeStaged, LosesNothingInFormatsThatHoldEverything) {
  Graph graph = network_from(kNetwork);
  put_weights_on_a_grid(graph);
  const QuantizedGraph staged = quantize_staged(graph, numerics_from(kWide), {}, 4);
  const Tensor input = random_tensor(graph.tensor(graph.inputs[0]).shape, 3);
  const std::vector<Tensor> tensors = run(staged, input);
  int compared = 0;
  network::FloatReference(graph).run({input}, [&](network::TensorId id, const Tensor& real) {
    if (id == graph.inputs[0]) return;
    const Tensor got = values(staged, id, tensors);
    const std::string& name = graph.tensor(id).name;
    const bool rounded = name == "squash" || name == "both";
    const float most = rounded ? 0x1.01p-17F : 0.0F;
    for (std::int64_t i = 0; i < real.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      ASSERT_NEAR(real.data<float>()[at], got.data<float>()[at], most) << name << " " << i;
    }
    ++compared;
  });
  EXPECT_EQ(compared, 6);
}

const network::QuantizedNode& node_named(const QuantizedGraph& graph, const std::string& name) {
  for (const auto& node : graph.nodes) {
    if (node.name == name) return node;
  }
  throw base::InputError("no node " + name);
}

TEST(QuantizeStaged, ConvertsWhereProducerAndConsumerDiffer) {
  const Graph graph = network_from(kNetwork);
  const QuantizedGraph staged = quantize_staged(graph, numerics_from(R"(
defaults:
  operands: {input: fp8_e4m3, weight: fp8_e4m3, bias: fp16}
  points: {product: fp16, accumulator: fp16, tree: fp16, partial_sum: fp16, bias: fp16, output: bf16}
)"),
                                                {}, 16);
  // The input is read in fp8 by conv; left and right read bf16 results in fp8; the sum and the table read
  // them as they are, and the concat meets equal formats.
  std::vector<std::string> converted;
  for (const auto& node : staged.nodes) {
    if (std::holds_alternative<network::qop::StagedConvert>(node.operation)) converted.push_back(node.name);
  }
  EXPECT_EQ(converted, (std::vector<std::string>{"left/input", "right/input"}));
  EXPECT_EQ(staged.tensor(node_named(staged, "sum").inputs[0]).format->element.man, 7);
  EXPECT_EQ(node_named(staged, "sum").staged->function.max, 6.0);
  EXPECT_EQ(staged.reduction_lanes, 16);
  const Tensor input = random_tensor(graph.tensor(graph.inputs[0]).shape, 4);
  EXPECT_EQ(run(staged, input).size(), staged.tensors.size());
}

TEST(QuantizeStaged, RunsMxWithScales) {
  const Graph graph = network_from(R"(
weights: {random: 3}
input: {shape: [1, 1, 9, 40]}
layers:
  - {name: a, op: conv2d, filters: 70, kernel: [1, 2], padding: valid}
  - {name: b, op: conv2d, filters: 8, kernel: 1}
)");
  const QuantizedGraph staged = quantize_staged(graph, numerics_from(R"(
defaults:
  operands: {input: {kind: mx, element: fp8_e4m3}, weight: {kind: mx, element: fp8_e4m3}, bias: fp32}
  mx_mode: block
  points: {product: exact, tree: fp32, block: fp32, partial_sum: fp32, bias: fp32, output: fp16}
)"),
                                                {}, 16);
  const Tensor input = random_tensor(graph.tensor(graph.inputs[0]).shape, 4);
  const std::vector<Tensor> tensors = run(staged, input);
  const Tensor real = network::FloatReference(graph).run({input})[0];
  const Tensor got = values(staged, graph.outputs[0], tensors);
  double noise = 0.0;
  double signal = 0.0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(real.size()); ++i) {
    noise += std::pow(static_cast<double>(real.data<float>()[i] - got.data<float>()[i]), 2);
    signal += std::pow(static_cast<double>(real.data<float>()[i]), 2);
  }
  EXPECT_LT(noise, signal * 0.01);  // E4M3 has four significant bits: each operand is wrong by 2 % rms
}

constexpr std::string_view kOpen = R"(
defaults:
  operands:
    input: {kind: dfp, bits: 8, fl: auto}
    weight: {kind: dfp, bits: 8, fl: auto}
    bias: {kind: dfp, bits: 16, fl: auto}
  points:
    product: {kind: dfp, bits: 16, fl: auto}
    accumulator: {kind: dfp, bits: 20, fl: auto}
    tree: {kind: dfp, bits: 24, fl: auto}
    partial_sum: {kind: dfp, bits: 24, fl: auto}
    bias: {kind: dfp, bits: 24, fl: auto}
    output: {kind: dfp, bits: 8, fl: auto}
)";

TEST(QuantizeStaged, ChoosesOpenFractionalLengthsThatNothingOverflows) {
  const Graph graph = network_from(kNetwork);
  const Tensor input = random_tensor(graph.tensor(graph.inputs[0]).shape, 5);
  const TensorSamples samples = sample_tensors(graph, {{input}});
  const QuantizedGraph staged = quantize_staged(graph, numerics_from(kOpen), samples, 4);
  const auto& conv = *node_named(staged, "conv").staged;
  // 8 x 8 bits fit 16 bits exactly, so the product is as fine as its factors and never inexact.
  EXPECT_EQ(conv.product.fl, conv.input.element.fl + conv.weight.element.fl);
  // What conv writes is what left reads: no conversion.
  EXPECT_TRUE(same_codes({conv.output, 0}, node_named(staged, "left").staged->input));

  const Tensor codes = encode(input, *staged.tensor(staged.inputs[0]).format).codes;
  int layers = 0;
  golden::run(
      staged, std::vector<Tensor>{codes}, {},
      [&](const network::QuantizedNode& node, const golden::StageEvents& events) {
        for (const auto point : {golden::Point::kProduct, golden::Point::kAccumulator, golden::Point::kTree,
                                 golden::Point::kPartialSum, golden::Point::kBias}) {
          EXPECT_EQ(events.at(point).overflow, 0) << node.name << " " << golden::name(point);
        }
        if (node.staged && node.name == "conv") {
          EXPECT_EQ(events.at(golden::Point::kProduct).inexact, 0);
          EXPECT_GT(events.at(golden::Point::kProduct).count, 0);
          ++layers;
        }
      });
  EXPECT_EQ(layers, 1);
}

TEST(QuantizeStaged, NamesTheLayerThatDoesNotFit) {
  const auto message = [](std::string_view network, std::string_view numerics) {
    return base::error_of([&] { quantize_staged(network_from(network), numerics_from(numerics), {}, 4); });
  };
  const std::string wide(kWide);
  EXPECT_THAT(message(kNetwork, kOpen), HasSubstr("calibration has not seen"));
  EXPECT_THAT(message(kNetwork, wide + "  right: integer\n"), HasSubstr("'right'"));
  EXPECT_THAT(message(kNetwork, wide + "  rihgt: integer\n"), HasSubstr("did you mean 'right'"));
  EXPECT_THAT(message(kNetwork, wide + "  left: {activation: relu}\n"), HasSubstr("layer 'left'"));
  // 17 bits do not index a table
  const std::string narrow = wide.substr(0, wide.find("layers:"));
  EXPECT_THAT(message(kNetwork, narrow), HasSubstr("layer 'squash': reads"));
  EXPECT_THAT(
      message("weights: {random: 1}\ninput: {shape: [1, 4, 4, 2]}\nlayers: [{name: s, op: softmax}]\n",
              kWide.substr(0, kWide.find("layers:"))),
      HasSubstr("softmax has no staged form"));
}

TEST(TensorSamples, KeepTheLargestAndNoMoreThanAsked) {
  const Graph graph = network_from(kNetwork);
  Tensor input = random_tensor(graph.tensor(graph.inputs[0]).shape, 6);
  input.data<float>()[3] = -77.0F;
  const TensorSamples samples = sample_tensors(graph, {{input}, {input}}, 10);
  const auto& kept = *samples[static_cast<std::size_t>(graph.inputs[0])];
  EXPECT_EQ(kept[0], -77.0F);
  EXPECT_LE(kept.size(), 22U);
  EXPECT_GE(kept.size(), 18U);
  EXPECT_THROW(sample_tensors(graph, {}), base::InputError);
}

}  // namespace
}  // namespace dlasim::quantize
