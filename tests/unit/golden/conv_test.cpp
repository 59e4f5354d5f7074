#include <gtest/gtest.h>

#include <random>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::RequantRule;
using network::Shape;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

TEST(Conv2d, CausalDilatedOneDimensional) {
  qop::Conv2d op;
  op.dilation = {1, 2};
  op.padding = {0, 2, 0, 0};
  op.mac = identity_mac();
  // y[t] = 10 x[t-2] + x[t]
  const Tensor y = run_one(op,
                           {make_tensor(DType::kInt8, {1, 1, 4, 1}, {1, 2, 3, 4}),
                            make_tensor(DType::kInt8, {1, 1, 2, 1}, {10, 1})},
                           DType::kInt32, {1, 1, 4, 1});
  EXPECT_EQ(values_of(y), (Values{1, 2, 13, 24}));
}

TEST(Conv2d, PaddingIsTheZeroPointNotZero) {
  qop::Conv2d op;
  op.padding = {1, 1, 1, 1};
  op.mac = identity_mac();
  op.mac.input_zero_point = -128;
  const Tensor y = run_one(op,
                           {make_tensor(DType::kInt8, {1, 1, 1, 1}, {-128}),
                            make_tensor(DType::kInt8, {1, 3, 3, 1}, Values(9, 1))},
                           DType::kInt32, {1, 1, 1, 1});
  EXPECT_EQ(values_of(y), Values{0});
}

TEST(Conv2d, BiasIsUnscaledAndMultipliersArePerChannel) {
  qop::Conv2d op;
  op.mac = identity_mac();
  op.mac.multiplier = {kIdentity, kHalf};
  op.mac.output_zero_point = 3;
  const Tensor y =
      run_one(op,
              {make_tensor(DType::kInt8, {1, 1, 1, 1}, {5}), make_tensor(DType::kInt4, {2, 1, 1, 1}, {-8, 7}),
               make_tensor(DType::kInt32, {2}, {100, -7})},
              DType::kInt32, {1, 1, 1, 2});
  EXPECT_EQ(values_of(y), (Values{63, 17}));
}

/// What a random case is made of.
struct Case {
  Shape input, weight, output;
  qop::Conv2d op;
  DType activation, weight_type;
};

std::int64_t draw(std::mt19937& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

Tensor random_tensor(std::mt19937& random, DType dtype, const Shape& shape) {
  Tensor tensor(dtype, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i)
    tensor.set_integer(i, draw(random, network::lowest(dtype), network::highest(dtype)));
  return tensor;
}

/// Non-square everywhere, so that swapped axes cannot hide.
Case random_case(std::mt19937& random, DType activation, DType weight_type) {
  Case c;
  c.activation = activation;
  c.weight_type = weight_type;
  c.op.groups = draw(random, 1, 3);
  const std::int64_t in = c.op.groups * draw(random, 1, 3);
  const std::int64_t out = c.op.groups * draw(random, 1, 3);
  c.op.stride = {draw(random, 1, 3), draw(random, 1, 3)};
  c.op.dilation = {draw(random, 1, 3), draw(random, 1, 2)};
  c.op.padding = {draw(random, 0, 3), draw(random, 0, 4), 0, 0};
  c.input = {draw(random, 1, 2), draw(random, 3, 9), draw(random, 2, 7), in};
  c.weight = {out, draw(random, 1, 3), draw(random, 1, 4), in / c.op.groups};
  c.output = {c.input[0], draw(random, 1, 5), draw(random, 1, 6), out};
  c.op.mac = identity_mac();
  if (activation != DType::kInt16) c.op.mac.input_zero_point = draw(random, -128, 255);
  if (weight_type == DType::kUInt8) c.op.mac.weight_zero_point = draw(random, 0, 255);
  return c;
}

/// The formula of section 2, element by element.
std::int64_t oracle(const Case& c, const Tensor& x, const Tensor& w, std::int64_t n, std::int64_t oy,
                    std::int64_t ox, std::int64_t o) {
  const std::int64_t depth = c.weight[3];
  const std::int64_t group = o / (c.output[3] / c.op.groups);
  std::int64_t sum = 0;
  for (std::int64_t ky = 0; ky < c.weight[1]; ++ky) {
    for (std::int64_t kx = 0; kx < c.weight[2]; ++kx) {
      for (std::int64_t i = 0; i < depth; ++i) {
        const std::int64_t y = oy * c.op.stride[0] - c.op.padding.top + ky * c.op.dilation[0];
        const std::int64_t z = ox * c.op.stride[1] - c.op.padding.left + kx * c.op.dilation[1];
        if (y < 0 || y >= c.input[1] || z < 0 || z >= c.input[2]) continue;
        const std::int64_t at = ((n * c.input[1] + y) * c.input[2] + z) * c.input[3] + group * depth + i;
        const std::int64_t tap = ((o * c.weight[1] + ky) * c.weight[2] + kx) * depth + i;
        sum += (x.integer(at) - c.op.mac.input_zero_point) * (w.integer(tap) - c.op.mac.weight_zero_point);
      }
    }
  }
  return sum;
}

void expect_formula(const Case& c, std::mt19937& random) {
  const Tensor x = random_tensor(random, c.activation, c.input);
  const Tensor w = random_tensor(random, c.weight_type, c.weight);
  const Tensor y = run_one(c.op, {x, w}, DType::kInt32, c.output);
  std::int64_t at = 0;
  for (std::int64_t n = 0; n < c.output[0]; ++n) {
    for (std::int64_t oy = 0; oy < c.output[1]; ++oy) {
      for (std::int64_t ox = 0; ox < c.output[2]; ++ox) {
        for (std::int64_t o = 0; o < c.output[3]; ++o)
          ASSERT_EQ(y.integer(at++), oracle(c, x, w, n, oy, ox, o));
      }
    }
  }
}

class RandomConv2d : public testing::TestWithParam<std::pair<DType, DType>> {};

TEST_P(RandomConv2d, FollowsTheFormula) {
  std::mt19937 random(1);
  for (int trial = 0; trial < 60 && !HasFatalFailure(); ++trial) {
    SCOPED_TRACE(trial);
    expect_formula(random_case(random, GetParam().first, GetParam().second), random);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, RandomConv2d,
                         testing::Values(std::pair{DType::kInt8, DType::kInt8},
                                         std::pair{DType::kUInt8, DType::kUInt8},
                                         std::pair{DType::kInt8, DType::kInt4},
                                         std::pair{DType::kInt16, DType::kInt8}));

// More weights than are widened at a time; the second group begins behind the first slice's end.
TEST(Conv2d, LargeLayerFollowsTheFormula) {
  std::mt19937 random(2);
  Case c;
  c.activation = c.weight_type = DType::kInt8;
  c.op.groups = 2;
  c.op.mac = identity_mac();
  c.op.mac.input_zero_point = 5;
  c.input = {1, 2, 2, 4096};
  c.weight = {600, 1, 1, 2048};
  c.output = {1, 2, 2, 600};
  expect_formula(c, random);
}

TEST(Conv2d, SumsOfExtremesDoNotOverflow) {
  qop::Conv2d op;
  op.mac.multiplier = {{1 << 30, -15}};
  op.mac.rule = RequantRule::kInt64;
  op.mac.clamp = kInt32Range;
  const Tensor x = make_tensor(DType::kInt16, {1, 1, 1, 4096}, Values(4096, -32768));
  const Tensor w = make_tensor(DType::kInt8, {1, 1, 1, 4096}, Values(4096, -128));
  // 2^12 * 2^15 * 2^7 = 2^34, which only a 64-bit accumulator holds; times 2^-16.
  EXPECT_EQ(values_of(run_one(op, {x, w}, DType::kInt32, {1, 1, 1, 1})), Values{1 << 18});
}

TEST(DepthwiseConv2d, OutputChannelReadsItsInputChannel) {
  qop::DepthwiseConv2d op;
  op.channel_multiplier = 2;
  op.padding = {0, 1, 0, 0};
  op.mac = identity_mac();
  op.mac.input_zero_point = 1;
  const Tensor y = run_one(op,
                           {make_tensor(DType::kInt8, {1, 1, 2, 2}, {2, 3, 4, 5}),
                            make_tensor(DType::kInt8, {1, 1, 2, 4}, {1, 10, 1, 10, 2, 20, 3, 30}),
                            make_tensor(DType::kInt32, {4}, {0, 0, 0, 1000})},
                           DType::kInt32, {1, 1, 2, 4});
  EXPECT_EQ(values_of(y), (Values{2, 20, 6, 1060, 7, 70, 14, 1140}));
}

TEST(TransposeConv2d, ElementsThatNothingReachesHoldTheBias) {
  qop::TransposeConv2d op;
  op.stride = {1, 3};
  op.padding = {0, 0, 0, -1};
  op.mac = identity_mac();
  const Tensor y =
      run_one(op,
              {make_tensor(DType::kInt8, {1, 1, 2, 1}, {2, 3}),
               make_tensor(DType::kInt8, {1, 1, 2, 1}, {1, 10}), make_tensor(DType::kInt32, {1}, {7})},
              DType::kInt32, {1, 1, 6, 1});
  EXPECT_EQ(values_of(y), (Values{9, 27, 7, 10, 37, 7}));
}

TEST(TransposeConv2d, PaddingIsCutFromTheFullOutput) {
  qop::TransposeConv2d op;
  op.padding = {0, 1, 0, 1};
  op.mac = identity_mac();
  const Tensor y = run_one(op,
                           {make_tensor(DType::kInt8, {1, 1, 2, 1}, {2, 3}),
                            make_tensor(DType::kInt8, {1, 1, 3, 1}, {1, 10, 100})},
                           DType::kInt32, {1, 1, 2, 1});
  EXPECT_EQ(values_of(y), (Values{23, 230}));
}

TEST(Convolutions, RefuseShapesThatDoNotFit) {
  const Tensor x = make_tensor(DType::kInt8, {1, 2, 2, 4}, {});
  const Tensor w = make_tensor(DType::kInt8, {2, 1, 1, 4}, {});
  qop::Conv2d op;
  op.mac = identity_mac();
  const auto run_with = [&](const qop::Conv2d& conv, const Tensor& weight, const Shape& shape) {
    return run_one(conv, {x, weight}, DType::kInt32, shape);
  };
  EXPECT_NO_THROW(run_with(op, w, {1, 2, 2, 2}));
  EXPECT_THROW(run_with(op, w, {2, 2, 2, 2}), base::InputError);
  EXPECT_THROW(run_with(op, w, {1, 2, 2, 3}), base::InputError);
  EXPECT_THROW(run_with(op, w, {2, 2, 2}), base::InputError);
  EXPECT_THROW(run_with(op, make_tensor(DType::kInt8, {2, 1, 1, 3}, {}), {1, 2, 2, 2}), base::InputError);
  EXPECT_THROW(run_with(op, make_tensor(DType::kInt32, {2, 1, 1, 4}, {}), {1, 2, 2, 2}), base::InputError);
  for (const std::int64_t groups : {0, -1, 3}) {
    qop::Conv2d bad = op;
    bad.groups = groups;
    EXPECT_THROW(run_with(bad, w, {1, 2, 2, 2}), base::InputError);
  }
  qop::Conv2d bad = op;
  bad.stride = {0, 1};
  EXPECT_THROW(run_with(bad, w, {1, 2, 2, 2}), base::InputError);
  EXPECT_THROW(run_one(op, {x, Tensor()}, DType::kInt32, {1, 2, 2, 2}), base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
