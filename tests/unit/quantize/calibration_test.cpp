#include "quantize/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"
#include "samples.h"

namespace dlasim::quantize {
namespace {

/// A bell curve of width 1 with one value in ten thousand at +-50.
std::vector<float> bell_with_outliers() {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> values(20000);
  for (float& v : values) v = normal(random);
  values[7] = 50.0F;
  values[8] = -50.0F;
  return values;
}

Range observe(const CalibrationMethod& m, const std::vector<std::vector<float>>& samples) {
  TensorObserver observer(m);
  for (const auto& s : samples) observer.add(s);
  return observer.range();
}

TEST(Observer, MinMaxKeepsTheExtremes) {
  EXPECT_EQ(observe({}, {{1, -2}, {3, 0}}), (Range{-2, 3}));
}

TEST(Observer, MovingAverageFollowsTheSamples) {
  CalibrationMethod m = method(MethodKind::kMovingAverage);
  m.momentum = 0.5;
  EXPECT_EQ(observe(m, {{-1, 1}, {-3, 5}}), (Range{-2, 3}));
}

TEST(Observer, PercentileCutsTheTails) {
  CalibrationMethod m = method(MethodKind::kPercentile);
  m.percentile = 98.0;
  std::vector<float> ramp;
  for (int i = 0; i < 1000; ++i) ramp.push_back(static_cast<float>(i) / 1000.0F);
  const Range range = observe(m, {ramp});
  EXPECT_NEAR(range.min, 0.01, 1e-3);
  EXPECT_NEAR(range.max, 0.99, 1e-3);
}

TEST(Observer, MseWeighsTheOutliersAgainstTheStep) {
  // 20000 values with an error of step^2 / 12, step = 2 T / 255, against 2 clipped ones with (50 - T)^2:
  // the sum is smallest at T = 200 / (4 + 20000 * 8 / (12 * 255^2)) = 47.56. Candidates lie 0.25 apart.
  const Range range = observe(method(MethodKind::kMse), {bell_with_outliers()});
  EXPECT_NEAR(range.max, 47.56, 0.25);
  EXPECT_NEAR(range.min, -range.max, 1e-9);
}

TEST(Observer, EntropyLeavesOutliersOut) {
  const Range range = observe(method(MethodKind::kEntropy), {bell_with_outliers()});
  EXPECT_GT(range.max, 2.0);
  EXPECT_LT(range.max, 30.0);
  EXPECT_NEAR(range.min, -range.max, 1e-9);
}

TEST(Observer, EntropyKeepsAUniformDistributionWhole) {
  std::vector<float> values;
  for (int i = -4096; i < 4096; ++i) values.push_back(static_cast<float>(i) / 4096.0F);
  EXPECT_GT(observe(method(MethodKind::kEntropy), {values}).max, 0.95);
  EXPECT_GT(observe(method(MethodKind::kMse), {values}).max, 0.95);
}

TEST(Histogram, GrowsWithoutLosingCounts) {
  Histogram histogram;
  const std::vector<float> zeros(3, 0.0F);
  const std::vector<float> small{0.3F, -0.3F};
  const std::vector<float> large{100.0F, -1.0F, 64.0F};
  histogram.add(zeros);
  histogram.add(small);
  histogram.add(large);
  EXPECT_EQ(histogram.count(), 8);
  EXPECT_DOUBLE_EQ(histogram.edge(2 * Histogram::kHalf), 128.0);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < histogram.bins().size(); ++i) {
    const std::int64_t n = histogram.bins()[i];
    total += n;
    const double low = histogram.edge(static_cast<std::int64_t>(i));
    const auto inside = [&](float v) {
      return static_cast<double>(v) >= low && static_cast<double>(v) < low + histogram.bin_width();
    };
    std::int64_t expected = 0;
    for (const auto& part : {zeros, small, large})
      expected += std::count_if(part.begin(), part.end(), inside);
    EXPECT_EQ(n, expected) << "bin " << i;
  }
  EXPECT_EQ(total, 8);
}

TEST(Calibrator, GivesARangeToEveryTensorThatIsWritten) {
  network::Graph graph;
  const auto x = graph.add_tensor({"x", network::DType::kFloat32, {2}, {}, {}});
  const auto y = graph.add_node("relu", network::op::Unary{}, {x}, {2});
  graph.inputs = {x};
  graph.outputs = {y};
  network::Tensor sample(network::DType::kFloat32, {2});
  sample.data<float>()[0] = -3.0F;
  sample.data<float>()[1] = 2.0F;
  const Ranges ranges = calibrate(graph, {{sample}});
  EXPECT_EQ(ranges.at(0), (Range{-3, 2}));
  EXPECT_EQ(ranges.at(1), (Range{0, 2}));
  EXPECT_THROW(calibrate(graph, {}), base::InputError);
}

TEST(CalibrationMethod, NamesReadBackAndParametersAreChecked) {
  for (const MethodKind kind : {MethodKind::kMinMax, MethodKind::kMovingAverage, MethodKind::kPercentile,
                                MethodKind::kMse, MethodKind::kEntropy}) {
    EXPECT_EQ(calibration_method_from_name(name(kind)), kind);
  }
  EXPECT_THROW(calibration_method_from_name("best"), base::InputError);
  network::Graph graph;
  CalibrationMethod m;
  m.percentile = 30.0;
  EXPECT_THROW(Calibrator(graph, m), base::InputError);
}

}  // namespace
}  // namespace dlasim::quantize
