// Every ONNX operator against its definition, evaluated here in ONNX's own order of dimensions (N, C, H, W)
// and in doubles. Extents are all different, so that exchanged dimensions cannot go unseen.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/random.h"
#include "network/float_reference.h"
#include "network/importers/onnx.h"
#include "onnx_model.h"

namespace dlasim::tests {
namespace {

using network::DType;
using network::Graph;
using network::Tensor;

/// An array in ONNX's order.
struct Array {
  Shape shape;
  std::vector<double> values;

  explicit Array(Shape extents) : shape(std::move(extents)) {
    values.resize(static_cast<std::size_t>(network::element_count(shape)));
  }
  std::size_t index(const std::vector<std::int64_t>& at) const {
    std::size_t i = 0;
    for (std::size_t d = 0; d < shape.size(); ++d)
      i = i * static_cast<std::size_t>(shape[d]) + static_cast<std::size_t>(at[d]);
    return i;
  }
  double& operator()(const std::vector<std::int64_t>& at) { return values[index(at)]; }
  double operator()(const std::vector<std::int64_t>& at) const { return values[index(at)]; }
  /// The value, or `outside` beyond the edges of the last two dimensions.
  double padded(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x, double outside) const {
    return y < 0 || y >= shape[2] || x < 0 || x >= shape[3] ? outside : (*this)({n, c, y, x});
  }
  std::vector<float> floats() const { return {values.begin(), values.end()}; }
};

Array random_array(const Shape& shape, std::uint64_t seed) {
  base::Random random(seed);
  Array array(shape);
  for (double& v : array.values) v = static_cast<double>(static_cast<float>(random.normal()));
  return array;
}

/// Calls f with every index of the shape.
void for_each(const Shape& shape, const std::function<void(const std::vector<std::int64_t>&)>& f) {
  std::vector<std::int64_t> at(shape.size(), 0);
  for (std::int64_t i = network::element_count(shape); i > 0; --i) {
    f(at);
    for (std::size_t d = shape.size(); d-- > 0 && ++at[d] == shape[d];) at[d] = 0;
  }
}

/// Four dimensions as channels-last, others as they are: the layout of imported graphs.
Tensor to_graph(const Array& array) {
  Shape shape = array.shape;
  if (shape.size() == 4) shape = {shape[0], shape[2], shape[3], shape[1]};
  Tensor tensor(DType::kFloat32, shape);
  std::size_t i = 0;
  for_each(shape, [&](const std::vector<std::int64_t>& at) {
    const double v = at.size() == 4 ? array({at[0], at[3], at[1], at[2]}) : array(at);
    tensor.data<float>()[i++] = static_cast<float>(v);
  });
  return tensor;
}

void expect_output(const Model& model, const std::vector<Array>& inputs, const Array& expected,
                   std::size_t output = 0) {
  const auto graph = network::import_onnx(model.bytes(), "model");
  std::vector<Tensor> tensors;
  for (const Array& input : inputs) tensors.push_back(to_graph(input));
  const Tensor got = network::FloatReference(graph).run(tensors).at(output);
  const Tensor wanted = to_graph(expected);
  ASSERT_EQ(got.shape(), wanted.shape());
  for (std::size_t i = 0; i < got.data<float>().size(); ++i) {
    ASSERT_NEAR(got.data<float>()[i], wanted.data<float>()[i], 2e-5) << "element " << i;
  }
}

const Shape kImage{1, 3, 5, 7};

Model on_image(int opset = 13) {
  Model m(opset);
  m.input("x", kImage).output("y");
  return m;
}

Array mapped(const Array& x, const std::function<double(double)>& f) {
  Array y = x;
  std::ranges::transform(y.values, y.values.begin(), f);
  return y;
}

TEST(OnnxOperator, Conv) {
  const Array x = random_array({1, 4, 7, 9}, 1);
  const Array w = random_array({6, 2, 3, 2}, 2);
  const Array b = random_array({6}, 3);
  Model m;
  m.input("x", x.shape).output("y").floats("w", w.shape, w.floats()).floats("b", b.shape, b.floats());
  m.node("Conv", {"x", "w", "b"}, "y")
      .list("strides", {2, 1})
      .list("dilations", {1, 3})
      .list("pads", {1, 2, 0, 1});
  m.with("group", 2).list("kernel_shape", {3, 2});
  Array y({1, 6, 3, 9});
  for_each(y.shape, [&](const auto& at) {
    double sum = b({at[1]});
    for (std::int64_t i = 0; i < 2; ++i)
      for (std::int64_t ky = 0; ky < 3; ++ky)
        for (std::int64_t kx = 0; kx < 2; ++kx)
          sum += w({at[1], i, ky, kx}) *
                 x.padded(0, at[1] / 3 * 2 + i, at[2] * 2 - 1 + ky, at[3] - 2 + 3 * kx, 0.0);
    y(at) = sum;
  });
  expect_output(m, {x}, y);
}

TEST(OnnxOperator, ConvSameUpperAndDepthwise) {
  const Array x = random_array(kImage, 1);
  const Array w = random_array({3, 1, 2, 4}, 2);
  Model m = on_image();
  m.floats("w", w.shape, w.floats());
  m.node("Conv", {"x", "w"}, "y").with("group", 3).text("auto_pad", "SAME_UPPER");
  Array y(kImage);
  for_each(y.shape, [&](const auto& at) {
    for (std::int64_t ky = 0; ky < 2; ++ky)
      for (std::int64_t kx = 0; kx < 4; ++kx)
        y(at) += w({at[1], 0, ky, kx}) * x.padded(0, at[1], at[2] + ky, at[3] - 1 + kx, 0.0);
  });
  expect_output(m, {x}, y);
}

TEST(OnnxOperator, GemmAndMatMul) {
  const Array x = random_array({4, 5}, 1);
  const Array w = random_array({5, 3}, 2);
  const Array c = random_array({3}, 3);
  const auto product = [&](bool add) {
    Array y({4, 3});
    for_each(y.shape, [&](const auto& at) {
      double sum = 0.0;
      for (std::int64_t k = 0; k < 5; ++k) sum += x({at[0], k}) * w({k, at[1]});
      y(at) = sum + (add ? c({at[1]}) : 0.0);
    });
    return y;
  };
  Model gemm;
  gemm.input("x", x.shape).output("y").floats("w", w.shape, w.floats()).floats("c", c.shape, c.floats());
  gemm.node("Gemm", {"x", "w", "c"}, "y").number("alpha", 1.0F).number("beta", 1.0F);
  expect_output(gemm, {x}, product(true));
  Model matmul;
  matmul.input("x", x.shape).output("y").floats("w", w.shape, w.floats());
  matmul.node("MatMul", {"x", "w"}, "y");
  expect_output(matmul, {x}, product(false));
}

TEST(OnnxOperator, AddAndMulBroadcast) {
  const Array x = random_array(kImage, 1);
  const Array other = random_array(kImage, 2);
  const Array channel = random_array({3, 1, 1}, 3);
  for (const char* op : {"Add", "Mul", "Sub"}) {
    const auto f = [op](double a, double b) { return *op == 'A' ? a + b : *op == 'M' ? a * b : a - b; };
    Model both = on_image();
    both.input("z", kImage).node(op, {"x", "z"}, "y");
    Array y(kImage);
    for_each(kImage, [&](const auto& at) { y(at) = f(x(at), other(at)); });
    expect_output(both, {x, other}, y);
    Model constant = on_image();
    constant.floats("c", channel.shape, channel.floats()).node(op, {"x", "c"}, "y");
    for_each(kImage, [&](const auto& at) { y(at) = f(x(at), channel({at[1], 0, 0})); });
    expect_output(constant, {x}, y);
  }
}

TEST(OnnxOperator, Activations) {
  const Array x = random_array(kImage, 1);
  const auto check = [&](const char* op, const std::function<double(double)>& f) {
    SCOPED_TRACE(op);
    expect_output(on_image().node(op, {"x"}, "y"), {x}, mapped(x, f));
  };
  check("Tanh", [](double v) { return std::tanh(v); });
  check("Sigmoid", [](double v) { return 1.0 / (1.0 + std::exp(-v)); });
  check("Relu", [](double v) { return std::max(v, 0.0); });
  expect_output(on_image().node("LeakyRelu", {"x"}, "y").number("alpha", 0.25F), {x},
                mapped(x, [](double v) { return v >= 0.0 ? v : 0.25 * v; }));
  expect_output(on_image().node("LeakyRelu", {"x"}, "y"), {x},
                mapped(x, [](double v) { return v >= 0.0 ? v : 0.01 * v; }));
}

TEST(OnnxOperator, SoftmaxOverTheChannels) {
  const Array x = random_array(kImage, 1);
  Array y(kImage);
  for_each(kImage, [&](const auto& at) {
    double sum = 0.0;
    for (std::int64_t c = 0; c < 3; ++c) sum += std::exp(x({0, c, at[2], at[3]}));
    y(at) = std::exp(x(at)) / sum;
  });
  expect_output(on_image().node("Softmax", {"x"}, "y").with("axis", 1), {x}, y);
}

TEST(OnnxOperator, BatchNormalizationAlone) {
  const Array x = random_array(kImage, 1);
  const std::vector<float> scale{1.5F, -2.0F, 0.5F}, shift{0.1F, 0.2F, -3.0F}, mean{0.5F, -1.0F, 2.0F},
      variance{1.0F, 4.0F, 0.25F};
  Model m = on_image();
  m.floats("s", {3}, scale).floats("b", {3}, shift).floats("m", {3}, mean).floats("v", {3}, variance);
  m.node("BatchNormalization", {"x", "s", "b", "m", "v"}, "y").number("epsilon", 0.5F);
  Array y(kImage);
  for_each(kImage, [&](const auto& at) {
    const auto c = static_cast<std::size_t>(at[1]);
    y(at) = (x(at) - static_cast<double>(mean[c])) / std::sqrt(static_cast<double>(variance[c]) + 0.5) *
                static_cast<double>(scale[c]) +
            static_cast<double>(shift[c]);
  });
  expect_output(m, {x}, y);
}

TEST(OnnxOperator, PadWithAValue) {
  const Array x = random_array(kImage, 1);
  Model m = on_image();
  m.ints("p", {8}, {0, 1, 2, 0, 0, 0, 1, 3}, onnx::TensorProto::INT64).floats("v", {}, {-1.5F});
  m.node("Pad", {"x", "p", "v"}, "y").text("mode", "constant");
  Array y({1, 4, 8, 10});
  for_each(y.shape, [&](const auto& at) {
    y(at) = at[1] < 1 ? -1.5 : x.padded(0, at[1] - 1, at[2] - 2, at[3], -1.5);
  });
  expect_output(m, {x}, y);
}

TEST(OnnxOperator, SliceWithSteps) {
  const Array x = random_array(kImage, 1);
  Model m = on_image();
  m.ints("s", {3}, {1, -1, -6}, onnx::TensorProto::INT64)
      .ints("e", {3}, {1000, 0, -1}, onnx::TensorProto::INT64);
  m.ints("a", {3}, {1, 2, 3}, onnx::TensorProto::INT64).ints("t", {3}, {1, -2, 2}, onnx::TensorProto::INT64);
  m.node("Slice", {"x", "s", "e", "a", "t"}, "y");
  Array y({1, 2, 2, 3});
  for_each(y.shape, [&](const auto& at) { y(at) = x({0, at[1] + 1, 4 - 2 * at[2], 1 + 2 * at[3]}); });
  expect_output(m, {x}, y);
}

TEST(OnnxOperator, ConcatAndSplit) {
  const Array x = random_array(kImage, 1);
  const Array z = random_array({1, 2, 5, 7}, 2);
  Model concat = on_image();
  concat.input("z", z.shape).node("Concat", {"x", "z"}, "y").with("axis", 1);
  Array both({1, 5, 5, 7});
  for_each(both.shape, [&](const auto& at) {
    both(at) = at[1] < 3 ? x(at) : z({0, at[1] - 3, at[2], at[3]});
  });
  expect_output(concat, {x, z}, both);

  Model split = on_image();
  split.output("z").ints("sizes", {2}, {2, 5}, onnx::TensorProto::INT64);
  split.node("Split", {"x", "sizes"}, "y").also("z").with("axis", 3);
  Array first({1, 3, 5, 2}), second({1, 3, 5, 5});
  for_each(first.shape, [&](const auto& at) { first(at) = x(at); });
  for_each(second.shape, [&](const auto& at) { second(at) = x({0, at[1], at[2], at[3] + 2}); });
  expect_output(split, {x}, first, 0);
  expect_output(split, {x}, second, 1);
}

TEST(OnnxOperator, Transpose) {
  const Array x = random_array(kImage, 1);
  Array y({1, 7, 3, 5});
  for_each(y.shape, [&](const auto& at) { y(at) = x({0, at[2], at[3], at[1]}); });
  expect_output(on_image().node("Transpose", {"x"}, "y").list("perm", {0, 3, 1, 2}), {x}, y);
  const Array matrix = random_array({4, 5}, 2);
  Array turned({5, 4});
  for_each(turned.shape, [&](const auto& at) { turned(at) = matrix({at[1], at[0]}); });
  Model m;
  m.input("x", matrix.shape).output("y").node("Transpose", {"x"}, "y").list("perm", {1, 0});
  expect_output(m, {matrix}, turned);
}

TEST(OnnxOperator, ReshapeAndFlattenKeepTheOrderOfTheElements) {
  const Array x = random_array(kImage, 1);
  Model reshape = on_image();
  reshape.ints("s", {4}, {0, 5, -1, 3}, onnx::TensorProto::INT64).node("Reshape", {"x", "s"}, "y");
  Array y({1, 5, 7, 3});
  y.values = x.values;
  expect_output(reshape, {x}, y);
  Array flat({1, 105});
  flat.values = x.values;
  expect_output(on_image().node("Flatten", {"x"}, "y"), {x}, flat);
}

TEST(OnnxOperator, Pools) {
  const Array x = random_array(kImage, 1);
  const auto pool = [&](bool average) {
    Array y({1, 3, 3, 6});
    for_each(y.shape, [&](const auto& at) {
      double sum = 0.0;
      double most = -std::numeric_limits<double>::infinity();
      int count = 0;
      for (std::int64_t ky = 0; ky < 3; ++ky) {
        for (std::int64_t kx = 0; kx < 2; ++kx) {
          const std::int64_t row = at[2] * 2 - 1 + ky;
          const std::int64_t column = at[3] + kx;
          if (row < 0 || row >= 5 || column >= 7) continue;
          const double v = x({0, at[1], row, column});
          sum += v;
          most = std::max(most, v);
          ++count;
        }
      }
      y(at) = average ? sum / count : most;
    });
    return y;
  };
  const auto model = [&](const char* op) {
    Model m = on_image();
    m.node(op, {"x"}, "y").list("kernel_shape", {3, 2}).list("strides", {2, 1}).list("pads", {1, 0, 1, 0});
    return m;
  };
  expect_output(model("MaxPool"), {x}, pool(false));
  expect_output(model("AveragePool"), {x}, pool(true));
  Array mean({1, 3, 1, 1});
  for_each(kImage, [&](const auto& at) { mean({0, at[1], 0, 0}) += x(at) / 35.0; });
  expect_output(on_image().node("GlobalAveragePool", {"x"}, "y"), {x}, mean);
}

/// QuantizeLinear, DequantizeLinear around a float operator: the graph still means the rounded reals.
TEST(OnnxOperator, QuantizeAndDequantizeLinear) {
  Model m = on_image();
  m.floats("s", {}, {0.25F}).ints("z", {}, {10}, onnx::TensorProto::INT8);
  m.node("QuantizeLinear", {"x", "s", "z"}, "q").node("DequantizeLinear", {"q", "s", "z"}, "y");
  const auto graph = network::import_onnx(m.bytes(), "model");
  const auto real = std::ranges::find_if(graph.tensors, [](const auto& t) { return t.affine.has_value(); });
  ASSERT_NE(real, graph.tensors.end());
  EXPECT_EQ(real->dtype, DType::kInt8);
  EXPECT_EQ(real->affine->scale, std::vector<float>{0.25F});
  EXPECT_EQ(real->affine->zero_point, std::vector<std::int64_t>{10});
}

}  // namespace
}  // namespace dlasim::tests
