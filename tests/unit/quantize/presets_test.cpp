#include "quantize/presets.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using network::Affine;
using network::DType;
using network::Tensor;

/// input in [-1, 3] -> 1x1 convolution with two output channels -> output in [-6, 5].
struct Quantised {
  Affine input, weight, output;
  std::vector<std::int64_t> weight_codes;
};

Quantised quantise(const Scheme& scheme) {
  network::Graph graph;
  graph.inputs = {graph.add_tensor({"x", DType::kFloat32, {1, 1, 2, 1}, {}, {}})};
  Tensor weight(DType::kFloat32, {2, 1, 1, 1});
  weight.data<float>()[0] = 2.0F;
  weight.data<float>()[1] = -0.5F;
  const auto w = graph.add_constant("w", std::move(weight));
  graph.outputs = {graph.add_node("conv", network::op::Conv2d{}, {graph.inputs[0], w}, {1, 1, 2, 2})};
  Ranges ranges(graph.tensors.size());
  ranges[static_cast<std::size_t>(graph.inputs[0])] = Range{-1.0, 3.0};
  ranges[static_cast<std::size_t>(graph.outputs[0])] = Range{-6.0, 5.0};
  const network::Graph result = assign_ranges(graph, ranges, scheme);
  Quantised q{*result.tensor(graph.inputs[0]).affine,
              *result.tensor(w).affine,
              *result.tensor(graph.outputs[0]).affine,
              {}};
  const Tensor& codes = *result.tensor(w).constant;
  for (std::int64_t i = 0; i < codes.size(); ++i) q.weight_codes.push_back(codes.integer(i));
  return q;
}

TEST(Presets, TfliteIsAsymmetricWithAScaleAChannel) {
  const Quantised q = quantise(preset_from_name("tflite").scheme);
  EXPECT_FLOAT_EQ(q.input.scale[0], 4.0F / 255.0F);
  EXPECT_EQ(q.input.zero_point[0], -64);  // -1 at -128: -128 + 255 / 4 = -64.25
  ASSERT_EQ(q.weight.scale.size(), 2U);
  EXPECT_FLOAT_EQ(q.weight.scale[0], 2.0F / 127.0F);
  EXPECT_FLOAT_EQ(q.weight.scale[1], 0.5F / 127.0F);
  EXPECT_EQ(q.weight_codes, (std::vector<std::int64_t>{127, -127}));
}

TEST(Presets, PytorchSpreadsWeightsOverAllCodes) {
  const Quantised q = quantise(preset_from_name("pytorch").scheme);
  ASSERT_EQ(q.weight.scale.size(), 1U);
  EXPECT_FLOAT_EQ(q.weight.scale[0], 2.0F / 127.5F);
  EXPECT_EQ(q.weight_codes[0], 127);  // 127.5 rounds to 128, which int8 does not have
  EXPECT_EQ(q.weight_codes[1], -32);  // -31.875
}

TEST(Presets, TensorrtAndNcnnAreSymmetric) {
  for (const char* name : {"tensorrt", "ncnn"}) {
    const Quantised q = quantise(preset_from_name(name).scheme);
    EXPECT_FLOAT_EQ(q.input.scale[0], 3.0F / 127.0F);
    EXPECT_EQ(q.input.zero_point[0], 0);
    EXPECT_FLOAT_EQ(q.output.scale[0], 6.0F / 127.0F);
    EXPECT_EQ(q.weight.scale.size(), 2U);
  }
}

TEST(Presets, TidlScalesArePowersOfTwoThatHoldTheRange) {
  const Quantised q = quantise(preset_from_name("tidl").scheme);
  EXPECT_EQ(q.input.scale[0], 1.0F / 32.0F);                      // 3 * 32 = 96; 3 * 64 is above 127
  EXPECT_EQ(q.output.scale[0], 1.0F / 16.0F);                     // 6 * 16 = 96
  EXPECT_EQ(q.weight.scale, (std::vector<float>{1.0F / 32.0F}));  // 2 * 32 = 64; 2 * 64 = 128 does not fit
  EXPECT_EQ(q.weight_codes, (std::vector<std::int64_t>{64, -16}));
}

TEST(Presets, RistrettoActivationsMaySaturate) {
  const Quantised q = quantise(preset_from_name("ristretto").scheme);
  EXPECT_EQ(q.input.scale[0], 1.0F / 64.0F);   // fl = 8 - ceil(log2 3) = 6: 3 * 64 = 192 saturates
  EXPECT_EQ(q.weight.scale[0], 1.0F / 64.0F);  // fl = 8 - ceil(log2 2 + 1) = 6
}

TEST(Presets, ReducedRangeSparesABit) {
  Scheme scheme = preset_from_name("tflite").scheme;
  scheme.activation_codes = ActivationCodes::kReduced;
  const Quantised q = quantise(scheme);
  EXPECT_FLOAT_EQ(q.input.scale[0], 4.0F / 127.0F);
  EXPECT_EQ(q.input.zero_point[0], -32);  // -64 + 127 / 4 = -32.25
}

TEST(Presets, AGrownWeightScaleStaysAPowerOfTwo) {
  network::Graph graph;
  graph.inputs = {graph.add_tensor({"x", DType::kFloat32, {1, 1, 1, 1}, {}, {}})};
  Tensor weight(DType::kFloat32, {1, 1, 1, 1});
  weight.data<float>()[0] = 1e-9F;
  Tensor bias(DType::kFloat32, {1});
  bias.data<float>()[0] = 3.0F;  // needs more than 2^30 codes at the weight's own scale
  const auto w = graph.add_constant("w", std::move(weight));
  const auto b = graph.add_constant("b", std::move(bias));
  graph.outputs = {graph.add_node("conv", network::op::Conv2d{}, {graph.inputs[0], w, b}, {1, 1, 1, 1})};
  Ranges ranges(graph.tensors.size(), Range{-1.0, 1.0});
  const auto result = assign_ranges(graph, ranges, preset_from_name("tidl").scheme);
  int exponent = 0;
  EXPECT_EQ(std::frexp(result.tensor(w).affine->scale[0], &exponent), 0.5F);
}

TEST(Presets, UnknownNameListsTheKnown) {
  try {
    preset_from_name("tensorflow");
    FAIL() << "accepted";
  } catch (const base::InputError& e) {
    EXPECT_STREQ(
        e.what(),
        "no scheme is called 'tensorflow'; tflite, pytorch, tensorrt, ncnn, amct, tidl, ristretto are known");
  }
}

}  // namespace
}  // namespace dlasim::quantize
