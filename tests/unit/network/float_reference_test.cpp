#include "network/float_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/error.h"

namespace dlasim::network {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

Tensor floats(Shape shape, const std::vector<float>& values) {
  Tensor t(DType::kFloat32, std::move(shape));
  std::copy(values.begin(), values.end(), t.data<float>().begin());
  return t;
}

Tensor random_floats(Shape shape, std::mt19937& random) {
  Tensor t(DType::kFloat32, std::move(shape));
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  for (float& v : t.data<float>()) v = uniform(random);
  return t;
}

std::vector<float> values(const Tensor& t) {
  return {t.data<float>().begin(), t.data<float>().end()};
}

/// Runs one operator; the first `dynamic` operands are inputs, the rest constants.
Tensor run_one(const Operation& operation, const std::vector<Tensor>& operands, Shape output,
               std::size_t dynamic = 1) {
  Graph graph;
  std::vector<TensorId> ids;
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i < dynamic) {
      ids.push_back(graph.add_tensor({"x", DType::kFloat32, operands[i].shape(), {}, {}}));
      graph.inputs.push_back(ids.back());
      inputs.push_back(operands[i]);
    } else {
      ids.push_back(graph.add_constant("w", operands[i]));
    }
  }
  graph.outputs = {graph.add_node("node", operation, ids, std::move(output))};
  return FloatReference(graph).run(inputs).at(0);
}

/// Convolution straight from its definition, in double.
std::vector<float> direct_convolution(const op::Conv2d& op, const Tensor& x, const Tensor& w, const Tensor& b,
                                      const Shape& out) {
  const auto at = [](const Tensor& t, std::int64_t i0, std::int64_t i1, std::int64_t i2, std::int64_t i3) {
    const Shape& s = t.shape();
    return static_cast<double>(
        t.data<float>()[static_cast<std::size_t>(((i0 * s[1] + i1) * s[2] + i2) * s[3] + i3)]);
  };
  const std::int64_t in_group = w.shape()[3];
  const std::int64_t out_group = out[3] / op.groups;
  std::vector<float> y;
  for (std::int64_t n = 0; n < out[0]; ++n) {
    for (std::int64_t oy = 0; oy < out[1]; ++oy) {
      for (std::int64_t ox = 0; ox < out[2]; ++ox) {
        for (std::int64_t o = 0; o < out[3]; ++o) {
          double sum = static_cast<double>(b.data<float>()[static_cast<std::size_t>(o)]);
          for (std::int64_t ky = 0; ky < w.shape()[1]; ++ky) {
            for (std::int64_t kx = 0; kx < w.shape()[2]; ++kx) {
              const std::int64_t iy = oy * op.stride[0] - op.padding.top + ky * op.dilation[0];
              const std::int64_t ix = ox * op.stride[1] - op.padding.left + kx * op.dilation[1];
              if (iy < 0 || ix < 0 || iy >= x.shape()[1] || ix >= x.shape()[2]) continue;
              for (std::int64_t i = 0; i < in_group; ++i) {
                sum += at(x, n, iy, ix, o / out_group * in_group + i) * at(w, o, ky, kx, i);
              }
            }
          }
          y.push_back(static_cast<float>(sum));
        }
      }
    }
  }
  return y;
}

TEST(FloatReference, CausalDilatedConvolutionSeesZerosBeforeTheStart) {
  op::Conv2d conv;
  conv.dilation = {1, 2};
  conv.padding.left = 4;
  // y[t] = 100 x[t-4] + 10 x[t-2] + x[t] + 0.5
  const Tensor y = run_one(
      conv, {floats({1, 1, 5, 1}, {1, 2, 3, 4, 5}), floats({1, 1, 3, 1}, {100, 10, 1}), floats({1}, {0.5F})},
      {1, 1, 5, 1});
  EXPECT_THAT(values(y), ElementsAre(1.5F, 2.5F, 13.5F, 24.5F, 135.5F));
}

TEST(FloatReference, ConvolutionEqualsItsDefinition) {
  std::mt19937 random(7);
  struct Case {
    Shape in, weight, out;
    Pair stride, dilation;
    Padding padding;
    std::int64_t groups;
  };
  const std::vector<Case> cases{
      {{2, 5, 7, 3}, {11, 3, 2, 3}, {2, 3, 6, 11}, {2, 1}, {1, 1}, {1, 0, 1, 0}, 1},
      {{1, 6, 9, 4}, {6, 2, 3, 2}, {1, 5, 4, 6}, {1, 2}, {1, 2}, {0, 1, 0, 1}, 2},
      {{1, 1, 13, 9}, {17, 1, 3, 9}, {1, 1, 13, 17}, {1, 1}, {1, 4}, {0, 8, 0, 0}, 1},
      {{1, 4, 4, 8}, {8, 1, 1, 1}, {1, 4, 4, 8}, {1, 1}, {1, 1}, {}, 8},
  };
  for (const Case& c : cases) {
    const op::Conv2d conv{c.stride, c.dilation, c.padding, c.groups, FusedActivation::kNone};
    const Tensor x = random_floats(c.in, random);
    const Tensor w = random_floats(c.weight, random);
    const Tensor b = random_floats({c.out[3]}, random);
    const auto expected = direct_convolution(conv, x, w, b, c.out);
    EXPECT_THAT(values(run_one(conv, {x, w, b}, c.out)), Pointwise(FloatNear(2e-6F), expected));
    // Weights that are computed are packed in the run.
    EXPECT_THAT(values(run_one(conv, {x, w, b}, c.out, 3)), Pointwise(FloatNear(2e-6F), expected));
  }
}

// A layer of many weights runs in slices of its output channels: 390 channels in blocks of 8 that groups of
// 130 cut, more weights than a slice has.
TEST(FloatReference, LargeConvolutionEqualsItsDefinition) {
  std::mt19937 random(3);
  op::Conv2d conv;
  conv.groups = 3;
  const Tensor x = random_floats({1, 4, 7, 300}, random);
  const Tensor w = random_floats({390, 3, 3, 100}, random);
  const Tensor b = random_floats({390}, random);
  const Shape out{1, 2, 5, 390};
  EXPECT_THAT(values(run_one(conv, {x, w, b}, out)),
              Pointwise(FloatNear(2e-3F), direct_convolution(conv, x, w, b, out)));
}

TEST(FloatReference, LargeIntegerWeightsAreReadThroughTheirChannelsScales) {
  constexpr std::int64_t kOutputs = 700, kInputs = 500;
  std::mt19937 random(4);
  Graph graph;
  Tensor codes(DType::kInt8, {kOutputs, kInputs});
  for (std::int8_t& c : codes.data<std::int8_t>()) c = static_cast<std::int8_t>(random() % 255 - 127);
  Affine affine{{}, std::vector<std::int64_t>(kOutputs, 3), 0};
  for (std::int64_t o = 0; o < kOutputs; ++o) affine.scale.push_back(0.001F * static_cast<float>(o + 1));
  const Tensor reals = dequantize(codes, affine);
  graph.inputs = {graph.add_tensor({"x", DType::kFloat32, {1, kInputs}, {}, {}})};
  const TensorId weight = graph.add_constant("w", std::move(codes));
  graph.tensors.back().affine = affine;
  graph.outputs = {graph.add_node("node", op::FullyConnected{}, {graph.inputs[0], weight}, {1, kOutputs})};
  const Tensor x = random_floats({1, kInputs}, random);
  EXPECT_EQ(FloatReference(graph).run({x}).at(0), run_one(op::FullyConnected{}, {x, reals}, {1, kOutputs}));
}

// More weights than stay packed.
TEST(FloatReference, VeryLargeLayerRunsTwiceAlike) {
  constexpr std::int64_t kOutputs = 2200, kInputs = 4000;
  std::mt19937 random(5);
  const Tensor x = random_floats({1, kInputs}, random);
  const Tensor w = random_floats({kOutputs, kInputs}, random);
  std::vector<float> expected;
  for (std::size_t o = 0; o < kOutputs; ++o) {
    double sum = 0.0;
    for (std::size_t i = 0; i < kInputs; ++i) {
      sum += static_cast<double>(x.data<float>()[i]) * static_cast<double>(w.data<float>()[o * kInputs + i]);
    }
    expected.push_back(static_cast<float>(sum));
  }
  Graph graph;
  graph.inputs = {graph.add_tensor({"x", DType::kFloat32, {1, kInputs}, {}, {}})};
  const TensorId weight = graph.add_constant("w", w);
  graph.outputs = {graph.add_node("node", op::FullyConnected{}, {graph.inputs[0], weight}, {1, kOutputs})};
  const FloatReference reference(graph);
  const Tensor once = reference.run({x}).at(0);
  EXPECT_THAT(values(once), Pointwise(FloatNear(2e-3F), expected));
  EXPECT_EQ(once, reference.run({x}).at(0));
}

TEST(FloatReference, ConvolutionAppliesItsFusedActivation) {
  op::Conv2d conv;
  conv.activation = FusedActivation::kReluN1To1;
  const Tensor y =
      run_one(conv, {floats({1, 1, 3, 1}, {-5, 0.25F, 7}), floats({1, 1, 1, 1}, {1})}, {1, 1, 3, 1});
  EXPECT_THAT(values(y), ElementsAre(-1.0F, 0.25F, 1.0F));
}

TEST(FloatReference, DepthwiseConvolutionReadsItsOwnChannel) {
  op::DepthwiseConv2d conv;
  conv.channel_multiplier = 2;
  conv.padding.right = 1;
  // channels (1, 10), (2, 20); output channel o reads channel o / 2
  const Tensor y = run_one(conv,
                           {floats({1, 1, 2, 2}, {1, 10, 2, 20}),
                            floats({1, 1, 2, 4}, {1, 2, 3, 4, 1, 1, 1, 1}), floats({4}, {0, 0, 0, 100})},
                           {1, 1, 2, 4});
  EXPECT_THAT(values(y), ElementsAre(3, 4, 50, 160, 2, 4, 60, 180));
}

TEST(FloatReference, TransposeConvolutionAddsOverlapsAndCutsThePadding) {
  op::TransposeConv2d conv;
  conv.stride = {1, 2};
  conv.padding.left = 1;
  // full output of stride 2, kernel (1 2 3) on (1 10): 1 2 3+10 20 30; the first is cut
  const Tensor y =
      run_one(conv, {floats({1, 1, 2, 1}, {1, 10}), floats({1, 1, 3, 1}, {1, 2, 3}), floats({1}, {0.5F})},
              {1, 1, 4, 1});
  EXPECT_THAT(values(y), ElementsAre(2.5F, 13.5F, 20.5F, 30.5F));
}

TEST(FloatReference, FullyConnectedTakesRowsFromAnyShape) {
  const Tensor y = run_one(
      op::FullyConnected{},
      {floats({2, 1, 1, 2}, {1, 2, 3, 4}), floats({3, 2}, {1, 0, 0, 1, 1, 1}), floats({3}, {0, 0, 10})},
      {2, 3});
  EXPECT_THAT(values(y), ElementsAre(1, 2, 13, 3, 4, 17));
}

TEST(FloatReference, BinaryOperatorsBroadcast) {
  const Tensor a = floats({2, 1, 2}, {1, 2, 3, 4});
  const Tensor b = floats({3, 1}, {10, 20, 30});
  const Shape out{2, 3, 2};
  EXPECT_THAT(values(run_one(op::Binary{op::Binary::Kind::kAdd, {}}, {a, b}, out, 2)),
              ElementsAre(11, 12, 21, 22, 31, 32, 13, 14, 23, 24, 33, 34));
  EXPECT_THAT(values(run_one(op::Binary{op::Binary::Kind::kSub, {}},
                             {floats({2}, {1, 2}), floats({2}, {5, 1})}, {2}, 2)),
              ElementsAre(-4, 1));
  EXPECT_THAT(values(run_one(op::Binary{op::Binary::Kind::kMul, FusedActivation::kRelu},
                             {floats({2}, {1, -2}), floats({1}, {3})}, {2}, 2)),
              ElementsAre(3, 0));
  EXPECT_THAT(values(run_one(op::Binary{op::Binary::Kind::kMinimum, {}},
                             {floats({2}, {1, 2}), floats({}, {1.5F})}, {2}, 2)),
              ElementsAre(1, 1.5F));
  EXPECT_THROW(run_one(op::Binary{}, {a, floats({5}, {1, 1, 1, 1, 1})}, out, 2), base::InputError);
}

TEST(FloatReference, PoolingLeavesPaddingOut) {
  op::Pool2d pool;
  pool.kernel = {1, 2};
  pool.padding.left = 1;
  const Tensor x = floats({1, 1, 2, 1}, {-4, -8});
  EXPECT_THAT(values(run_one(pool, {x}, {1, 1, 2, 1})), ElementsAre(-4, -6));
  pool.kind = op::Pool2d::Kind::kMax;
  EXPECT_THAT(values(run_one(pool, {x}, {1, 1, 2, 1})), ElementsAre(-4, -4));
}

TEST(FloatReference, ReduceTakesAnyAxes) {
  const Tensor x = floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_THAT(values(run_one(op::Reduce{op::Reduce::Kind::kMean, {0, 2}, false}, {x}, {2})),
              ElementsAre(3.5F, 5.5F));
  EXPECT_THAT(values(run_one(op::Reduce{op::Reduce::Kind::kSum, {-2}, true}, {x}, {2, 1, 2})),
              ElementsAre(4, 6, 12, 14));
}

TEST(FloatReference, UnaryFunctions) {
  using Kind = op::Unary::Kind;
  const auto at = [](Kind kind, std::vector<double> parameters, float x) {
    return values(run_one(op::Unary{kind, std::move(parameters)}, {floats({1}, {x})}, {1}))[0];
  };
  EXPECT_FLOAT_EQ(at(Kind::kTanh, {}, 0.5F), 0.46211716F);
  EXPECT_FLOAT_EQ(at(Kind::kSigmoid, {}, -1.0F), 0.26894142F);
  EXPECT_FLOAT_EQ(at(Kind::kLeakyRelu, {0.25}, -2.0F), -0.5F);
  EXPECT_FLOAT_EQ(at(Kind::kRelu6, {}, 9.0F), 6.0F);
  EXPECT_FLOAT_EQ(at(Kind::kHardtanh, {}, -9.0F), -1.0F);
  EXPECT_FLOAT_EQ(at(Kind::kSilu, {}, 1.0F), 0.7310586F);
  EXPECT_FLOAT_EQ(at(Kind::kHardswish, {}, 1.0F), 4.0F / 6.0F);
  EXPECT_FLOAT_EQ(at(Kind::kSoftsign, {}, -3.0F), -0.75F);
  EXPECT_FLOAT_EQ(at(Kind::kLeakyHardtanh, {-1, 1, 0.1, 0.2}, 2.0F), 1.2F);
  EXPECT_NEAR(at(Kind::kFasttanh, {}, 0.5F), std::tanh(0.5), 2e-3);
  const Tensor y = run_one(op::Unary{Kind::kPRelu, {0.5, 0.25}}, {floats({2, 2}, {-2, -2, 3, -4})}, {2, 2});
  EXPECT_THAT(values(y), ElementsAre(-1.0F, -0.5F, 3.0F, -1.0F));
}

TEST(FloatReference, SoftmaxOverTheLastAxis) {
  const Tensor y = run_one(op::Softmax{}, {floats({2, 2}, {1000, 1000, 0, std::log(3.0F)})}, {2, 2});
  EXPECT_THAT(values(y), Pointwise(FloatNear(1e-6F), {0.5F, 0.5F, 0.25F, 0.75F}));
}

TEST(FloatReference, BatchMatmulTransposesAndBroadcasts) {
  const Tensor a = floats({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor b = floats({2, 3, 1}, {1, 1, 1, 1, 0, 0});
  EXPECT_THAT(values(run_one(op::BatchMatmul{}, {a, b}, {2, 2, 1}, 2)), ElementsAre(6, 15, 1, 4));
  EXPECT_THAT(values(run_one(op::BatchMatmul{true, true}, {a, floats({1, 2}, {1, 2})}, {1, 3, 1}, 2)),
              ElementsAre(9, 12, 15));
}

TEST(FloatReference, MovesElements) {
  const Tensor x = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(values(run_one(op::Slice{{1, 2}, {1, 2}, {1, -2}}, {x}, {2})), ElementsAre(6, 4));
  EXPECT_THROW(run_one(op::Slice{{0, 2}, {1, 2}, {1, 1}}, {x}, {2}), base::InputError);
  EXPECT_THAT(values(run_one(op::Transpose{{1, 0}}, {x}, {3, 2})), ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(values(run_one(op::Pad{{0, 1}, {1, 0}, 9.0, {}}, {x}, {3, 4})),
              ElementsAre(9, 1, 2, 3, 9, 4, 5, 6, 9, 9, 9, 9));
  EXPECT_THAT(values(run_one(op::Concat{-1}, {x, floats({2, 1}, {7, 8})}, {2, 4}, 2)),
              ElementsAre(1, 2, 3, 7, 4, 5, 6, 8));
  EXPECT_THAT(values(run_one(op::Reshape{}, {x}, {6})), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(FloatReference, SpaceToBatchAndBackIsTheIdentity) {
  const Tensor x = floats({1, 1, 5, 1}, {1, 2, 3, 4, 5});
  const op::SpaceToBatch forward{{1, 2}, {0, 2, 0, 1}};
  const Tensor y = run_one(forward, {x}, {2, 1, 4, 1});
  EXPECT_THAT(values(y), ElementsAre(0, 1, 3, 5, 0, 2, 4, 0));
  EXPECT_THAT(values(run_one(op::BatchToSpace{{1, 2}, {0, 2, 0, 1}}, {y}, {1, 1, 5, 1})),
              ElementsAre(1, 2, 3, 4, 5));
}

TEST(FloatReference, SvdfShiftsItsMemory) {
  const Tensor y = run_one(op::Svdf{},
                           {floats({3, 1, 1}, {1, 2, 3}), floats({1, 1}, {2}), floats({1, 2}, {10, 1}),
                            floats({1}, {0.5F}), floats({1, 1, 2}, {0, 0})},
                           {1, 1});
  EXPECT_THAT(values(y), ElementsAre(46.5F));  // 10 * 2*2 + 1 * 2*3 + 0.5
}

TEST(FloatReference, LstmFollowsItsEquations) {
  std::vector<Tensor> operands{floats({1, 2, 1}, {0.5F, -1.0F})};
  const std::vector<std::array<float, 3>> gates{
      {1, 0.5F, 0.1F}, {-1, 0.25F, 0.2F}, {2, -0.5F, 0.3F}, {0.5F, 1, 0.4F}};
  for (const auto& [w, u, b] : gates) {
    operands.push_back(floats({1, 1}, {w}));
    operands.push_back(floats({1, 1}, {u}));
    operands.push_back(floats({1}, {b}));
  }
  double h = 0.0;
  double c = 0.0;
  std::vector<float> expected;
  for (const double x : {0.5, -1.0}) {
    const auto gate = [&](std::size_t g) {
      return static_cast<double>(gates[g][0]) * x + static_cast<double>(gates[g][1]) * h +
             static_cast<double>(gates[g][2]);
    };
    const auto sigmoid = [](double v) { return 1.0 / (1.0 + std::exp(-v)); };
    const double i = sigmoid(gate(0));
    const double f = sigmoid(gate(1));
    const double g = std::tanh(gate(2));
    const double o = sigmoid(gate(3));
    c = f * c + i * g;
    h = o * std::tanh(c);
    expected.push_back(static_cast<float>(h));
  }
  EXPECT_THAT(values(run_one(op::Lstm{}, operands, {1, 2, 1})), Pointwise(FloatNear(1e-6F), expected));
}

TEST(FloatReference, RunsAnIntegerModelThroughItsAffines) {
  Graph graph;
  const TensorId x = graph.add_tensor({"x", DType::kInt8, {1, 2}, Affine{{0.5F}, {-1}, -1}, {}});
  Tensor weight(DType::kInt8, {2, 2});
  for (int i = 0; i < 4; ++i) weight.set_integer(i, i + 1);
  const TensorId w = graph.add_constant("w", weight);
  graph.tensors[static_cast<std::size_t>(w)].affine = Affine{{1.0F, 0.25F}, {0, 0}, 0};
  const TensorId y = graph.add_node("fc", op::FullyConnected{}, {x, w}, {1, 2});
  const TensorId q = graph.add_node("q", op::Quantize{}, {y}, {1, 2});
  graph.inputs = {x};
  graph.outputs = {q};
  Tensor codes(DType::kInt8, {1, 2});
  codes.set_integer(0, 1);  // real 1
  codes.set_integer(1, 3);  // real 2
  std::vector<TensorId> seen;
  const auto out =
      FloatReference(graph).run({codes}, [&](TensorId id, const Tensor&) { seen.push_back(id); });
  EXPECT_THAT(values(out.at(0)), ElementsAre(5.0F, 2.75F));
  EXPECT_THAT(seen, ElementsAre(x, y, q));
}

TEST(FloatReference, RefusesOperandsThatDoNotFit) {
  const Tensor x = floats({1, 1, 2, 2}, {1, 2, 3, 4});
  EXPECT_THROW(run_one(op::Conv2d{}, {x, floats({1, 1, 1, 3}, {1, 2, 3})}, {1, 1, 2, 1}), base::InputError);
  EXPECT_THROW(run_one(op::Unary{}, {x}, {1, 1, 2, 1}), base::InputError);
  Graph graph;
  graph.inputs = {graph.add_tensor({"x", DType::kFloat32, {2}, {}, {}})};
  graph.outputs = graph.inputs;
  EXPECT_THROW(FloatReference(graph).run({}), base::InputError);
  EXPECT_THROW(FloatReference(graph).run({floats({3}, {1, 2, 3})}), base::InputError);
  EXPECT_THROW(dequantize(Tensor(DType::kInt8, {3}), Affine{{1, 2}, {0, 0}, 0}), base::InputError);
}

}  // namespace
}  // namespace dlasim::network
