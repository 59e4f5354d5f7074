#include "quantize/activation_clip.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace dlasim::quantize {
namespace {

using UnaryKind = network::op::Unary::Kind;

std::vector<float> normal_values(float width) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0.0F, width);
  std::vector<float> values(20000);
  for (float& v : values) v = normal(random);
  return values;
}

/// The mean squared error after the function, by doing it: every value quantised over +-clip.
double measured_error(const std::vector<float>& values, double clip, int bits) {
  const double step = 2.0 * clip / (std::exp2(bits) - 1.0);
  double error = 0.0;
  for (const float v : values) {
    const double x = std::round(std::clamp(static_cast<double>(v), -clip, clip) / step) * step;
    const double e = std::tanh(x) - std::tanh(static_cast<double>(v));
    error += e * e;
  }
  return error;
}

TEST(BestClip, IsTheBestOfAllThatAreTried) {
  for (const float width : {0.5F, 3.0F, 12.0F}) {
    const auto values = normal_values(width);
    Histogram histogram;
    histogram.add(values);
    const Range range = range_of(values);
    const double clip = best_clip(histogram, range, {UnaryKind::kTanh, {}}, 8);
    const double reached = measured_error(values, clip, 8);
    for (int step = 1; step <= 64; ++step) {
      EXPECT_LT(reached, measured_error(values, range.magnitude() * step / 64.0, 8) * 1.1)
          << "width " << width;
    }
  }
}

TEST(BestClip, CutsWideInputsAndLeavesNarrowOnes) {
  const auto clip = [](float width) {
    const auto values = normal_values(width);
    Histogram histogram;
    histogram.add(values);
    return best_clip(histogram, range_of(values), {UnaryKind::kTanh, {}}, 8);
  };
  EXPECT_GT(clip(0.1F), 0.3);
  EXPECT_LT(clip(20.0F), 6.0);
  EXPECT_GT(clip(20.0F), 2.0);
}

TEST(ChooseActivationClips, NamesTheInputsOfSaturatingFunctions) {
  network::Graph graph;
  const auto x = graph.add_tensor({"x", network::DType::kFloat32, {20000}, {}, {}});
  const auto t = graph.add_node("tanh", network::op::Unary{UnaryKind::kTanh, {}}, {x}, {20000});
  const auto r = graph.add_node("relu", network::op::Unary{UnaryKind::kRelu, {}}, {t}, {20000});
  graph.inputs = {x};
  graph.outputs = {r};
  Calibrator calibrator(graph);
  network::Tensor sample(network::DType::kFloat32, {20000});
  const auto values = normal_values(20.0F);
  std::copy(values.begin(), values.end(), sample.data<float>().begin());
  calibrator.add({sample});
  const ActivationClips clips = choose_activation_clips(graph, calibrator, 8);
  ASSERT_EQ(clips.size(), 1U);
  EXPECT_LT(clips.at(x), 6.0);
}

}  // namespace
}  // namespace dlasim::quantize
