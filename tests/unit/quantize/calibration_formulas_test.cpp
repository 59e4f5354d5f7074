// Calibration against its formulas in docs/quantisation.md, evaluated on the values themselves: sorted,
// summed one by one, or in distributions written out in full.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>

#include "quantize/calibration.h"
#include "samples.h"

namespace dlasim::quantize {
namespace {

using Values = std::vector<float>;
using Samples = std::vector<Values>;

struct Distribution {
  const char* name;
  std::function<float(std::mt19937&)> draw;
};

const std::vector<Distribution>& distributions() {
  static const std::vector<Distribution> kAll{
      {"bell", [](auto& random) { return std::normal_distribution<float>(0.0F, 0.7F)(random); }},
      {"shifted", [](auto& random) { return std::normal_distribution<float>(1.5F, 1.0F)(random); }},
      {"relu", [](auto& random) { return std::max(0.0F, std::normal_distribution<float>()(random)); }},
      {"long_tails", [](auto& random) { return std::cauchy_distribution<float>(0.0F, 0.01F)(random); }},
      {"one_sided", [](auto& random) { return std::exponential_distribution<float>(3.0F)(random); }},
      {"uniform", [](auto& random) { return std::uniform_real_distribution<float>(-2.0F, 3.0F)(random); }},
  };
  return kAll;
}

/// Three samples whose spread grows, so that histograms have to widen.
Samples draw(const Distribution& distribution, unsigned seed) {
  std::mt19937 random(seed);
  Samples samples(3, Values(4000));
  for (std::size_t s = 0; s < samples.size(); ++s)
    for (float& v : samples[s])
      v = std::clamp(distribution.draw(random), -100.0F, 100.0F) * std::exp2(float(s));
  return samples;
}

Values all_of(const Samples& samples) {
  Values all;
  for (const Values& s : samples) all.insert(all.end(), s.begin(), s.end());
  return all;
}

TensorObserver observer_of(const CalibrationMethod& method, const Samples& samples) {
  TensorObserver observer(method);
  for (const Values& s : samples) observer.add(s);
  return observer;
}

class Formulas : public testing::TestWithParam<std::tuple<std::size_t, unsigned>> {
 protected:
  Samples samples_ = draw(distributions()[std::get<0>(GetParam())], std::get<1>(GetParam()));
};

TEST_P(Formulas, MinMax) {
  const Values all = all_of(samples_);
  const auto [low, high] = std::ranges::minmax(all);
  EXPECT_EQ(observer_of(method(MethodKind::kMinMax), samples_).range(), (Range{low, high}));
}

/// r_n = (1 - m)^n s_0 + sum over k > 0 of m (1 - m)^(n - k) s_k.
TEST_P(Formulas, MovingAverage) {
  CalibrationMethod m = method(MethodKind::kMovingAverage);
  for (const double momentum : {0.01, 0.1, 0.9, 1.0}) {
    m.momentum = momentum;
    double low = 0.0;
    double high = 0.0;
    for (std::size_t k = 0; k < samples_.size(); ++k) {
      const auto later = static_cast<double>(samples_.size() - 1 - k);
      const double weight = (k == 0 ? 1.0 : momentum) * std::pow(1.0 - momentum, later);
      low += weight * static_cast<double>(std::ranges::min(samples_[k]));
      high += weight * static_cast<double>(std::ranges::max(samples_[k]));
    }
    const Range range = observer_of(m, samples_).range();
    EXPECT_NEAR(range.min, low, 1e-12 * std::abs(low) + 1e-15) << momentum;
    EXPECT_NEAR(range.max, high, 1e-12 * std::abs(high) + 1e-15) << momentum;
  }
}

/// The value that has (100 - p) / 2 % before it in the order, at each end; the histogram gives its bin's
/// edge.
TEST_P(Formulas, Percentile) {
  Values sorted = all_of(samples_);
  std::ranges::sort(sorted);
  CalibrationMethod m = method(MethodKind::kPercentile);
  for (const double percentile : {60.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    m.percentile = percentile;
    const TensorObserver observer = observer_of(m, samples_);
    const double bin = observer.histogram().bin_width();
    const auto cut =
        static_cast<std::size_t>(static_cast<double>(sorted.size()) * (100.0 - percentile) / 200.0);
    const double low = static_cast<double>(sorted[cut]);
    const double high = static_cast<double>(sorted[sorted.size() - 1 - cut]);
    const Range range = observer.range();
    EXPECT_LE(range.min, low) << percentile;
    EXPECT_GT(range.min, low - bin) << percentile;
    EXPECT_GE(range.max, high) << percentile;
    EXPECT_LE(range.max, high + bin) << percentile;
  }
}

/// Sum over clipped values of (x - T)^2, and step^2 / 12 for each of the others.
double squared_error(const Values& values, const Range& range, int bits) {
  const double low = std::min(range.min, 0.0);
  const double high = std::max(range.max, 0.0);
  const double step = (high - low) / (std::exp2(bits) - 1.0);
  double sum = 0.0;
  for (const float v : values) {
    const auto x = static_cast<double>(v);
    const double outside = x > high ? x - high : x < low ? low - x : 0.0;
    sum += outside > 0.0 ? outside * outside : step * step / 12.0;
  }
  return sum;
}

/// No other of the 200 cuts is better, but for what the histogram cannot see: half a bin of each value.
TEST_P(Formulas, Mse) {
  const Values all = all_of(samples_);
  const auto [lowest, highest] = std::ranges::minmax(all);
  const double magnitude = std::max(std::abs(double(lowest)), std::abs(double(highest)));
  for (const int bits : {2, 4, 8, 16}) {
    const TensorObserver observer = observer_of(method(MethodKind::kMse, bits), samples_);
    double least = std::numeric_limits<double>::infinity();
    for (int step = 1; step <= 200; ++step) {
      const double cut = magnitude * step / 200;
      const Range range{std::max(double(lowest), -cut), std::min(double(highest), cut)};
      least = std::min(least, squared_error(all, range, bits));
    }
    EXPECT_LE(squared_error(all, observer.range(), bits), least * 1.0005) << bits << " bits";
  }
}

/// KL(P, Q) in full: P the magnitudes up to the threshold with what is larger in its last bin; Q the
/// magnitudes up to the threshold in `levels` groups, each spread evenly over its bins that are not empty in
/// P.
double divergence(const std::vector<double>& magnitudes, std::size_t threshold, std::size_t levels) {
  std::vector<double> p(magnitudes.begin(), magnitudes.begin() + static_cast<std::ptrdiff_t>(threshold));
  std::vector<double> q = p;
  for (std::size_t i = threshold; i < magnitudes.size(); ++i) p.back() += magnitudes[i];
  const double p_total = std::reduce(p.begin(), p.end());
  const double q_total = std::reduce(q.begin(), q.end());
  if (q_total == 0.0) return std::numeric_limits<double>::infinity();
  std::vector<double> spread(threshold, 0.0);
  for (std::size_t level = 0; level < levels; ++level) {
    std::vector<std::size_t> filled;
    double sum = 0.0;
    for (std::size_t i = level * threshold / levels; i < (level + 1) * threshold / levels; ++i) {
      sum += q[i];
      if (p[i] > 0.0) filled.push_back(i);
    }
    for (const std::size_t i : filled) spread[i] = sum / static_cast<double>(filled.size());
  }
  double kl = 0.0;
  for (std::size_t i = 0; i < threshold; ++i) {
    if (p[i] == 0.0) continue;
    const double of_p = p[i] / p_total;
    kl += of_p * (std::log(of_p) - std::log(std::max(spread[i] / q_total, 1e-12)));
  }
  return kl;
}

TEST_P(Formulas, Entropy) {
  const Values all = all_of(samples_);
  for (const int bits : {4, 6, 8}) {
    const TensorObserver observer = observer_of(method(MethodKind::kEntropy, bits), samples_);
    const double bin = observer.histogram().bin_width();
    std::vector<double> magnitudes(Histogram::kHalf, 0.0);
    double magnitude = 0.0;
    for (const float v : all) {
      // Bins are closed below: a negative value on an edge belongs to the bin that is nearer to 0.
      const double at = std::abs(double(v)) / bin;
      const double index = v < 0.0F ? std::ceil(at) - 1.0 : std::floor(at);
      magnitudes[static_cast<std::size_t>(std::min(index, double(Histogram::kHalf - 1)))] += 1.0;
      magnitude = std::max(magnitude, std::abs(double(v)));
    }
    const std::size_t levels = std::size_t{1} << (bits - 1);
    std::size_t last = magnitudes.size();
    while (magnitudes[last - 1] == 0.0) --last;
    double least = std::numeric_limits<double>::infinity();
    double best = magnitude;
    for (std::size_t threshold = levels; threshold <= last; threshold += 8) {
      const double kl = divergence(magnitudes, threshold, levels);
      if (kl >= least * (1.0 - 1e-9)) continue;
      least = kl;
      best = static_cast<double>(threshold) * bin;
    }
    const auto [lowest, highest] = std::ranges::minmax(all);
    const Range expected{std::max(double(lowest), -best), std::min(double(highest), best)};
    EXPECT_EQ(observer.range(), expected) << bits << " bits";
  }
}

INSTANTIATE_TEST_SUITE_P(Distributions, Formulas,
                         testing::Combine(testing::Range<std::size_t>(0, 6), testing::Values(1U, 2U, 3U)),
                         [](const auto& of) {
                           return std::string(distributions()[std::get<0>(of.param)].name) + "_" +
                                  std::to_string(std::get<1>(of.param));
                         });

}  // namespace
}  // namespace dlasim::quantize
