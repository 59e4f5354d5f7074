/// A WaveNet from YAML against the published recurrence, computed here sample by sample with one queue a
/// layer (spec/wavenet.md sections 2 and 3): tap order, causality, halves and sums.

#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "base/npy.h"
#include "base/random.h"
#include "network/float_reference.h"
#include "network/network_yaml.h"
#include "support/test_support.h"

namespace dlasim::network {
namespace {

using Vector = std::vector<double>;

constexpr int kInput = 3, kResidual = 4, kGate = 5, kSkip = 6, kEnd = 7, kClasses = 8;
constexpr int kTaps = 3, kStartTaps = 2, kLength = 40;
constexpr int kDilations[] = {1, 4, 1, 4};
constexpr std::string_view kYaml = R"(
weights: w.npz
wavenet: {input: {classes: 3}, stacks: 2, dilations: [1, 4], kernel: 3, start_kernel: 2, residual_channels: 4,
          gate_channels: 5, skip_channels: 6, end_channels: [7], classes: 8, sequence_length: 40}
)";

base::NpzArrays random_arrays() {
  base::Random random(11);
  base::NpzArrays arrays;
  const auto add = [&](const std::string& name, int outputs, int taps, int inputs) {
    std::vector<float> weight(static_cast<std::size_t>(outputs * taps * inputs));
    std::vector<float> bias(static_cast<std::size_t>(outputs));
    for (float& w : weight) w = static_cast<float>(random.uniform(-0.5, 0.5));
    for (float& b : bias) b = static_cast<float>(random.uniform(-0.5, 0.5));
    arrays[name + ".weight"] =
        base::make_npy<float>({outputs, 1, taps, inputs}, std::span<const float>(weight));
    arrays[name + ".bias"] = base::make_npy<float>({outputs}, std::span<const float>(bias));
  };
  add("start", kResidual, kStartTaps, kInput);
  for (int i = 0; i < 4; ++i) {
    const std::string layer = "layer" + std::to_string(i);
    add(layer + ".dilated", 2 * kGate, kTaps, kResidual);
    add(layer + ".skip", kSkip, 1, kGate);
    if (i < 3) add(layer + ".residual", kResidual, 1, kGate);
  }
  add("end1", kEnd, 1, kSkip);
  add("end2", kClasses, 1, kEnd);
  return arrays;
}

/// The network one sample at a time.
class Recurrence {
 public:
  explicit Recurrence(const base::NpzArrays& arrays) : arrays_(arrays), queues_(5) {
    queues_[0].assign(kStartTaps - 1, Vector(kInput, 0.0));
    for (std::size_t i = 0; i < 4; ++i) {
      queues_[i + 1].assign(static_cast<std::size_t>((kTaps - 1) * kDilations[i]), Vector(kResidual, 0.0));
    }
  }

  Vector step(const Vector& x) {
    Vector y = taps("start", queues_[0], x, 1, kStartTaps);
    Vector k(kSkip, 0.0);
    for (std::size_t i = 0; i < 4; ++i) {
      const std::string layer = "layer" + std::to_string(i);
      const Vector z = taps(layer + ".dilated", queues_[i + 1], y, kDilations[i], kTaps);
      Vector a;
      for (std::size_t c = 0; c < kGate; ++c) a.push_back(std::tanh(z[c]) / (1.0 + std::exp(-z[c + kGate])));
      add(k, matrix(layer + ".skip", {a}));
      if (i < 3) add(y, matrix(layer + ".residual", {a}));
    }
    return matrix("end2", {rectified(matrix("end1", {rectified(k)}))});
  }

 private:
  /// Inputs t - (K-1) d, ..., t - d, t: the oldest meets tap 0.
  Vector taps(const std::string& name, std::deque<Vector>& queue, const Vector& now, int dilation,
              int count) {
    queue.push_back(now);
    std::vector<Vector> seen;
    for (int tap = 0; tap < count; ++tap) seen.push_back(queue[static_cast<std::size_t>(tap * dilation)]);
    queue.pop_front();
    return matrix(name, seen);
  }

  Vector matrix(const std::string& name, const std::vector<Vector>& inputs) const {
    const auto weight = arrays_.at(name + ".weight").as<float>();
    const auto bias = arrays_.at(name + ".bias").as<float>();
    std::size_t i = 0;
    Vector y;
    for (const float b : bias) {
      double sum = b;
      for (const Vector& input : inputs) {
        for (const double x : input) sum += x * weight[i++];
      }
      y.push_back(sum);
    }
    return y;
  }

  static void add(Vector& sum, const Vector& x) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += x[i];
  }
  static Vector rectified(Vector x) {
    for (double& v : x) v = std::max(v, 0.0);
    return x;
  }

  const base::NpzArrays& arrays_;
  std::vector<std::deque<Vector>> queues_;
};

TEST(WavenetYamlRecurrence, TheGraphComputesThePublishedNetwork) {
  const base::ScratchDirectory scratch;
  const base::NpzArrays arrays = random_arrays();
  base::write_npz(scratch / "w.npz", arrays);
  const Graph graph = read_network(base::YamlDocument::from_string(kYaml, "x.yaml", scratch.path()).root());

  Tensor input(DType::kFloat32, {1, 1, kLength, kInput});
  base::Random random(12);
  for (float& x : input.data<float>()) x = static_cast<float>(random.uniform(-1.0, 1.0));
  const Tensor logits = FloatReference(graph).run({input}).at(0);
  ASSERT_EQ(logits.shape(), (Shape{1, 1, kLength, kClasses}));

  Recurrence recurrence(arrays);
  for (std::size_t t = 0; t < kLength; ++t) {
    const auto x = input.data<float>().subspan(t * kInput, kInput);
    const Vector expected = recurrence.step(Vector(x.begin(), x.end()));
    for (std::size_t c = 0; c < kClasses; ++c) {
      // float32 against double over sums of at most 20 terms of size 1
      EXPECT_NEAR(logits.data<float>()[t * kClasses + c], expected[c], 1e-5) << t << " " << c;
    }
  }
}

}  // namespace
}  // namespace dlasim::network
