/// Networks that are quantised already, in QDQ form and by QLinear operators: every output is the code next
/// to the real number that the file's definition gives, whatever scales stand around the operator.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "golden/interpreter.h"
#include "network/importers/onnx.h"
#include "onnx_model.h"
#include "quantize/lower.h"

namespace dlasim::tests {
namespace {

using network::DType;
using network::Graph;
using network::Tensor;
using ::testing::HasSubstr;

constexpr Shape::value_type kChannels = 3, kHeight = 4, kWidth = 6;

/// Values in ONNX's order, in doubles.
using Values = std::vector<double>;

/// Scale and zero point of one tensor and its element type.
struct Codes {
  float scale;
  int zero_point;
  int type = onnx::TensorProto::UINT8;

  int lowest() const { return type == onnx::TensorProto::UINT8 ? 0 : -128; }
  double rounded(double real) const {
    const double code = std::nearbyint(static_cast<double>(static_cast<float>(real) / scale)) + zero_point;
    const double kept = std::clamp(code, static_cast<double>(lowest()), static_cast<double>(lowest() + 255));
    return (kept - zero_point) * static_cast<double>(scale);
  }
  Values rounded(Values values) const {
    for (double& v : values) v = rounded(v);
    return values;
  }
};

constexpr int kInt8 = onnx::TensorProto::INT8;
constexpr int kUint8 = onnx::TensorProto::UINT8;

Values sample() {
  Values x(kChannels * kHeight * kWidth);
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<double>(2.5F * std::sin(0.37F * static_cast<float>(i)));
  return x;
}

std::size_t at(std::int64_t c, std::int64_t y, std::int64_t x) {
  return static_cast<std::size_t>((c * kHeight + y) * kWidth + x);
}

class Network {
 public:
  Network() { model.input("x", {1, kChannels, kHeight, kWidth}).output("y"); }

  /// Initialisers of a scale and a zero point; their names.
  std::vector<std::string> codes(const Codes& c) {
    const std::string n = std::to_string(next_++);
    model.floats("s" + n, {}, {c.scale}).ints("z" + n, {}, {c.zero_point}, c.type);
    return {"s" + n, "z" + n};
  }
  /// `from` rounded to codes; the integer's name, its scale's and its zero point's.
  std::vector<std::string> quantized(const std::string& from, const Codes& c) {
    const auto names = codes(c);
    const std::string to = "q" + std::to_string(next_++);
    model.node("QuantizeLinear", {from, names[0], names[1]}, to);
    return {to, names[0], names[1]};
  }
  std::string rounded(const std::string& from, const Codes& c) {
    const auto q = quantized(from, c);
    const std::string to = "f" + std::to_string(next_++);
    model.node("DequantizeLinear", q, to);
    return to;
  }
  void finish(const std::string& from, const Codes& c) {
    const auto q = quantized(from, c);
    model.node("DequantizeLinear", q, "y");
  }
  Model model{13};

 private:
  int next_ = 0;
};

Graph imported(const Model& model) {
  return network::import_onnx(model.bytes(), "model");
}

/// Runs the network in single rounding and compares with real numbers in ONNX's order, of `channels`.
void expect_nearest(const Model& model, const Values& real, const Codes& out, double most = 0.5) {
  const Values input = sample();
  Tensor x(DType::kFloat32, {1, kHeight, kWidth, kChannels});
  for (std::int64_t c = 0; c < kChannels; ++c) {
    for (std::int64_t p = 0; p < kHeight * kWidth; ++p) {
      x.data<float>()[static_cast<std::size_t>(p * kChannels + c)] =
          static_cast<float>(input[static_cast<std::size_t>(c * kHeight * kWidth + p)]);
    }
  }
  const auto integer = quantize::lower(imported(model), {.rule = network::RequantRule::kSingle});
  for (const auto& node : integer.nodes) {
    for (const auto id : node.outputs) {
      const bool real_output = std::ranges::count(integer.outputs, id) > 0;
      EXPECT_TRUE(real_output || integer.tensor(id).dtype != DType::kFloat32)
          << node.name << " runs in float";
    }
  }
  const Tensor y = golden::run(integer, std::vector{x}).at(0);
  ASSERT_EQ(y.size(), static_cast<std::int64_t>(real.size()));
  const std::int64_t channels = y.shape().back();
  const std::int64_t positions = y.size() / channels;
  constexpr double kFixedPoint = 1e-4;  // of the factors
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t p = 0; p < positions; ++p) {
      const double wanted =
          real[static_cast<std::size_t>(c * positions + p)] / static_cast<double>(out.scale) + out.zero_point;
      const double kept =
          std::clamp(wanted, static_cast<double>(out.lowest()), static_cast<double>(out.lowest() + 255));
      const double code = static_cast<double>(y.data<float>()[static_cast<std::size_t>(p * channels + c)]) /
                              static_cast<double>(out.scale) +
                          out.zero_point;
      EXPECT_NEAR(code, kept, most + kFixedPoint) << "channel " << c << " position " << p;
    }
  }
}

constexpr Codes kA{0.03F, 117}, kB{0.021F, 90}, kOut{0.05F, 101};

// --- element by element and copies, with three different scales ---------------------------------------

struct TwoOperands {
  const char* op;
  std::function<double(double, double)> f;
  bool has_runtime_form = false;
};
class Pairs : public ::testing::TestWithParam<TwoOperands> {};

TEST_P(Pairs, DifferingScales) {
  for (const int type : {kUint8, kInt8}) {
    const int moved = type == kInt8 ? 128 : 0;
    const Codes a{0.03F, 117 - moved, type}, b{0.021F, 90 - moved, type}, out{0.05F, 101 - moved, type};
    Network n;
    const std::string left = n.rounded("x", a);
    const std::string right = n.rounded(left, b);
    n.model.node(GetParam().op, {left, right}, "sum");
    n.finish("sum", out);
    Values real = a.rounded(sample());
    for (double& v : real) v = GetParam().f(v, b.rounded(v));
    expect_nearest(n.model, real, out);
  }
}
TEST_P(Pairs, RuntimesForm) {
  if (!GetParam().has_runtime_form) return;
  Network n;
  auto inputs = n.quantized("x", kA);
  const auto right = n.quantized("x", kB);
  inputs.insert(inputs.end(), right.begin(), right.end());
  const auto out = n.codes(kOut);
  inputs.insert(inputs.end(), out.begin(), out.end());
  n.model.node(std::string("QLinear") + GetParam().op, inputs, "c").domain("com.microsoft");
  n.model.node("DequantizeLinear", {"c", out[0], out[1]}, "y");
  Values real = sample();
  for (double& v : real) v = GetParam().f(kA.rounded(v), kB.rounded(v));
  expect_nearest(n.model, real, kOut);
}
INSTANTIATE_TEST_SUITE_P(
    Onnx, Pairs,
    ::testing::Values(TwoOperands{"Add", [](double a, double b) { return a + b; }, true},
                      TwoOperands{"Sub", [](double a, double b) { return a - b; }},
                      TwoOperands{"Mul", [](double a, double b) { return a * b; }, true},
                      TwoOperands{"Max", [](double a, double b) { return std::max(a, b); }},
                      TwoOperands{"Min", [](double a, double b) { return std::min(a, b); }}),
    [](const auto& test) { return std::string(test.param.op); });

TEST(OnnxQuantized, ConcatOfDifferingScales) {
  const auto joined = [](const Codes& out) {
    Values a = kA.rounded(sample());
    const Values b = kB.rounded(sample());
    a.insert(a.end(), b.begin(), b.end());
    return std::pair{a, out};
  };
  for (const Codes& out : {kOut, kA}) {  // a scale of its own, and one that an operand has
    const auto [real, codes] = joined(out);
    Network qdq;
    const std::string a = qdq.rounded("x", kA);
    qdq.model.node("Concat", {a, qdq.rounded("x", kB)}, "c").with("axis", 1);
    qdq.finish("c", out);
    expect_nearest(qdq.model, real, codes);

    Network runtime;
    auto inputs = runtime.codes(out);
    const auto result = inputs;
    for (const Codes& c : {kA, kB}) {
      const auto operand = runtime.quantized("x", c);
      inputs.insert(inputs.end(), operand.begin(), operand.end());
    }
    runtime.model.node("QLinearConcat", inputs, "c").with("axis", 1).domain("com.microsoft");
    runtime.model.node("DequantizeLinear", {"c", result[0], result[1]}, "y");
    expect_nearest(runtime.model, real, codes);
  }
}

Values pooled(const Values& x, const std::function<double(const Values&)>& f) {
  Values y;
  for (std::int64_t c = 0; c < kChannels; ++c) {
    for (std::int64_t r = 0; r < kHeight / 2; ++r) {
      for (std::int64_t s = 0; s < kWidth / 2; ++s) {
        y.push_back(f({x[at(c, 2 * r, 2 * s)], x[at(c, 2 * r, 2 * s + 1)], x[at(c, 2 * r + 1, 2 * s)],
                       x[at(c, 2 * r + 1, 2 * s + 1)]}));
      }
    }
  }
  return y;
}
double mean(const Values& v) {
  return (v[0] + v[1] + v[2] + v[3]) / 4.0;
}

/// An average that changes the scale is rounded once.
TEST(OnnxQuantized, PoolsThatChangeTheScale) {
  const Codes out{0.017F, 120};
  for (const bool average : {true, false}) {
    Network n;
    n.model.node(average ? "AveragePool" : "MaxPool", {n.rounded("x", kA)}, "p");
    n.model.list("kernel_shape", {2, 2}).list("strides", {2, 2});
    n.finish("p", out);
    const auto largest = [](const Values& v) { return *std::max_element(v.begin(), v.end()); };
    const Values x = kA.rounded(sample());
    expect_nearest(n.model, average ? pooled(x, mean) : pooled(x, largest), out);
  }
}

TEST(OnnxQuantized, RuntimesAverages) {
  const Codes out{0.017F, 120};
  const auto network = [&](const char* op, bool window) {
    Network n;
    auto inputs = n.quantized("x", kA);
    const auto result = n.codes(out);
    inputs.insert(inputs.end(), result.begin(), result.end());
    n.model.node(op, inputs, "p").with("channels_last", 0).domain("com.microsoft");
    if (window) n.model.list("kernel_shape", {2, 2}).list("strides", {2, 2});
    n.model.node("DequantizeLinear", {"p", result[0], result[1]}, "y");
    return n.model;
  };
  const Values x = kA.rounded(sample());
  expect_nearest(network("QLinearAveragePool", true), pooled(x, mean), out);
  Values means;
  for (std::int64_t c = 0; c < kChannels; ++c) {
    double sum = 0.0;
    for (std::int64_t p = 0; p < kHeight * kWidth; ++p) sum += x[at(c, 0, p)];
    means.push_back(sum / static_cast<double>(kHeight * kWidth));
  }
  expect_nearest(network("QLinearGlobalAveragePool", false), means, out);
  Model last = network("QLinearAveragePool", true);
  for (auto& attribute : *last.proto().mutable_graph()->mutable_node(1)->mutable_attribute()) {
    if (attribute.name() == "channels_last") attribute.set_i(1);
  }
  EXPECT_THROW(imported(last), base::UnsupportedError);
}

/// Clamps copy codes: another scale behind them must not go unseen.
TEST(OnnxQuantized, ClampsThatChangeTheScale) {
  for (const float high : {6.0F, 1.3F}) {
    Network n;
    n.model.floats("low", {}, {0.0F}).floats("high", {}, {high});
    n.model.node("Clip", {n.rounded("x", kA), "low", "high"}, "c");
    const Codes out{0.019F, 3};
    n.finish("c", out);
    Values real = kA.rounded(sample());
    for (double& v : real) v = std::clamp(v, 0.0, static_cast<double>(high));
    expect_nearest(n.model, real, out);
  }
}

/// A softmax has one scale; any other follows by a second rounding.
TEST(OnnxQuantized, SoftmaxOfAnyScale) {
  for (const Codes& out : {Codes{1.0F / 256.0F, 0}, Codes{1.0F / 200.0F, 7}}) {
    Network n;
    n.model.node("Softmax", {n.rounded("x", kA)}, "s").with("axis", 1);
    n.finish("s", out);
    const Values x = kA.rounded(sample());
    Values real(x.size());
    for (std::int64_t p = 0; p < kHeight * kWidth; ++p) {
      double sum = 0.0;
      for (std::int64_t c = 0; c < kChannels; ++c) sum += std::exp(x[at(c, 0, p)]);
      for (std::int64_t c = 0; c < kChannels; ++c) real[at(c, 0, p)] = std::exp(x[at(c, 0, p)]) / sum;
    }
    expect_nearest(n.model, real, out, 1.0);
  }
}

// --- weights --------------------------------------------------------------------------------------------

struct Weights {
  const char* name;
  std::vector<float> scale;
  std::vector<int> zero_point;  ///< empty: the file has none
  int type;
};
class Convolutions : public ::testing::TestWithParam<Weights> {};

constexpr std::int64_t kFilters = 4;

/// 1x1, 3 to 4 channels, with codes that differ everywhere.
Network convolution(const Weights& w, Values* real) {
  const bool channels = w.scale.size() > 1;
  const int lowest = w.type == kUint8 ? 0 : -128;
  std::vector<int> codes;
  for (int i = 0; i < kFilters * kChannels; ++i) codes.push_back(lowest + (i * 83 + 11) % 256);
  Network n;
  n.model.ints("w", {kFilters, kChannels, 1, 1}, codes, w.type);
  const Shape shape = channels ? Shape{kFilters} : Shape{};
  n.model.floats("ws", shape, w.scale);
  std::vector<std::string> inputs{"w", "ws"};
  if (!w.zero_point.empty()) {
    n.model.ints("wz", shape, w.zero_point, w.type);
    inputs.emplace_back("wz");
  }
  n.model.node("DequantizeLinear", inputs, "wf");
  if (channels) n.model.with("axis", 0);
  const std::string x = n.rounded("x", kA);
  n.model.node("Conv", {x, "wf"}, "c");
  n.finish("c", {0.11F, 101});
  const Values in = kA.rounded(sample());
  for (std::int64_t o = 0; o < kFilters; ++o) {
    const std::size_t s = channels ? static_cast<std::size_t>(o) : 0;
    const int zero = w.zero_point.empty() ? 0 : w.zero_point[s];
    for (std::int64_t p = 0; p < kHeight * kWidth; ++p) {
      double sum = 0.0;
      for (std::int64_t c = 0; c < kChannels; ++c) {
        sum += (codes[static_cast<std::size_t>(o * kChannels + c)] - zero) * static_cast<double>(w.scale[s]) *
               in[at(c, 0, p)];
      }
      real->push_back(sum);
    }
  }
  return n;
}

TEST_P(Convolutions, AreTheFilesOwn) {
  Values real;
  const Network n = convolution(GetParam(), &real);
  expect_nearest(n.model, real, {0.11F, 101});
}
const std::vector<float> kScales{0.012F, 0.003F, 0.02F, 0.0071F};
INSTANTIATE_TEST_SUITE_P(
    Onnx, Convolutions,
    ::testing::Values(Weights{"PerChannel", kScales, {0, 0, 0, 0}, kInt8},
                      Weights{"PerChannelWithoutZeroPoint", kScales, {}, kInt8},
                      Weights{"PerTensor", {0.01F}, {0}, kInt8}, Weights{"ZeroPoint", {0.01F}, {7}, kInt8},
                      Weights{"OneZeroPointForAllChannels", kScales, {-5, -5, -5, -5}, kInt8},
                      Weights{"Uint8", {0.01F}, {120}, kUint8},
                      Weights{"Uint8PerChannel", kScales, {128, 128, 128, 128}, kUint8}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(OnnxQuantized, AZeroPointAChannelIsRefusedByName) {
  Values real;
  Network n = convolution({"", kScales, {1, 2, 3, 4}, kInt8}, &real);
  for (auto& node : *n.model.proto().mutable_graph()->mutable_node()) {
    if (node.op_type() == "Conv") node.set_name("stem");
  }
  try {
    quantize::lower(imported(n.model));
    ADD_FAILURE() << "accepted";
  } catch (const base::UnsupportedError& e) {
    EXPECT_THAT(e.what(),
                HasSubstr("node 'stem' (conv2d): weight 'stem_constant' has a zero point other than 0"));
  }
}

/// An activation without a zero point is uint8 from 0.
TEST(OnnxQuantized, ActivationsWithoutZeroPoint) {
  Network n;
  n.model.floats("s", {}, {0.02F});
  n.model.node("QuantizeLinear", {"x", "s"}, "q").node("DequantizeLinear", {"q", "s"}, "f");
  n.model.node("Add", {"f", "f"}, "a");
  n.finish("a", kOut);
  Values real = Codes{0.02F, 0}.rounded(sample());
  for (double& v : real) v += v;
  expect_nearest(n.model, real, kOut);
}

TEST(OnnxQuantized, RuntimesOperatorsWithTooFewInputsAreRefused) {
  for (const char* op : {"QLinearAdd", "QLinearConcat", "QLinearAveragePool", "QGemm"}) {
    Model m(13);
    m.input("x", {1, 4}, kUint8).output("y").node(op, {"x", "x"}, "y").domain("com.microsoft");
    try {
      imported(m);
      ADD_FAILURE() << op;
    } catch (const base::InputError& e) {
      EXPECT_THAT(e.what(), HasSubstr(std::string(op) + " '': 2 inputs; at least"));
    }
  }
}

}  // namespace
}  // namespace dlasim::tests
