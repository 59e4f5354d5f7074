#include <gtest/gtest.h>

#include <bit>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Multiplier;
using network::RequantRule;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

/// Reals equal codes: two inputs times 2^left_shift, brought back by the output's multiplier.
qop::Add plain_add() {
  qop::Add op;
  op.input1 = op.input2 = kIdentity;
  op.output = {1 << 30, 1 - op.left_shift};
  return op;
}

TEST(Add, SumsReals) {
  qop::Add op = plain_add();
  op.input1_zero_point = 1;
  op.input2_zero_point = -2;
  op.output_zero_point = 5;
  const Tensor y = run_one(
      op, {make_tensor(DType::kInt8, {3}, {1, 10, 127}), make_tensor(DType::kInt8, {3}, {-2, 7, 127})},
      DType::kInt8, {3});
  EXPECT_EQ(values_of(y), (Values{5, 23, 127}));
}

TEST(Add, SubtractsWhereTold) {
  qop::Add op = plain_add();
  op.subtract = true;
  const Tensor y =
      run_one(op, {make_tensor(DType::kInt8, {2}, {3, 4}), make_tensor(DType::kInt8, {2}, {1, 9})},
              DType::kInt8, {2});
  EXPECT_EQ(values_of(y), (Values{2, -5}));
}

TEST(Add, RoundsThreeTimes) {
  qop::Add op = plain_add();
  op.left_shift = 0;
  op.input1 = op.input2 = kHalf;
  op.output = kHalf;
  const auto sum = [&](RequantRule rule) {
    op.rule = rule;
    return values_of(
        run_one(op, {make_tensor(DType::kInt8, {2}, {1, -1}), make_tensor(DType::kInt8, {2}, {0, 0})},
                DType::kInt8, {2}));
  };
  EXPECT_EQ(sum(RequantRule::kDouble), (Values{1, 0}));
}

TEST(Broadcasting, FollowsNumPy) {
  qop::Mul op;
  op.output = kIdentity;
  const Tensor row = make_tensor(DType::kInt8, {3}, {1, 2, 3});
  const Tensor column = make_tensor(DType::kInt8, {2, 1}, {1, 10});
  EXPECT_EQ(values_of(run_one(op, {row, column}, DType::kInt8, {2, 3})), (Values{1, 2, 3, 10, 20, 30}));
  EXPECT_EQ(values_of(run_one(op, {column, row}, DType::kInt8, {2, 3})), (Values{1, 2, 3, 10, 20, 30}));
  EXPECT_EQ(
      values_of(run_one(qop::MinMax{false}, {row, make_tensor(DType::kInt8, {}, {2})}, DType::kInt8, {3})),
      (Values{1, 2, 2}));
  EXPECT_THROW(run_one(op, {row, column}, DType::kInt8, {3, 3}), base::InputError);
  EXPECT_THROW(run_one(op, {row, make_tensor(DType::kInt8, {2}, {1, 1})}, DType::kInt8, {3}),
               base::InputError);
}

TEST(Mul, RoundsOnce) {
  qop::Mul op;
  op.input1_zero_point = 1;
  op.output = {1 << 30, -1};
  op.output_zero_point = -3;
  op.clamp = {-4, 100};
  const Tensor y =
      run_one(op, {make_tensor(DType::kInt8, {3}, {6, 0, 2}), make_tensor(DType::kInt8, {3}, {1, 6, 1})},
              DType::kInt8, {3});
  // 5/4 rounds twice to 2, -6/4 to -2, 1/4 to 1.
  EXPECT_EQ(values_of(y), (Values{-1, -4, -2}));
}

TEST(MinMax, ComparesRawValues) {
  const Tensor a = make_tensor(DType::kInt16, {2}, {-5, 7});
  const Tensor b = make_tensor(DType::kInt16, {2}, {-6, 8});
  EXPECT_EQ(values_of(run_one(qop::MinMax{true}, {a, b}, DType::kInt16, {2})), (Values{-5, 8}));
  EXPECT_EQ(values_of(run_one(qop::MinMax{false}, {a, b}, DType::kInt16, {2})), (Values{-6, 7}));
  EXPECT_THROW(run_one(qop::MinMax{}, {a, b}, DType::kInt8, {2}), base::InputError);
}

TEST(Requantize, BetweenTypesAndPerChannel) {
  qop::Requantize op;
  op.input_zero_point = 128;
  op.output_zero_point = 0;
  op.multiplier = {kIdentity};
  EXPECT_EQ(values_of(run_one(op, {make_tensor(DType::kUInt8, {3}, {0, 128, 255})}, DType::kInt8, {3})),
            (Values{-128, 0, 127}));
  op.input_zero_point = 0;
  op.multiplier = {kIdentity, kHalf};
  EXPECT_EQ(
      values_of(run_one(op, {make_tensor(DType::kInt32, {2, 2}, {10, 10, -3, -3})}, DType::kInt8, {2, 2})),
      (Values{10, 5, -3, -1}));
  op.rule = RequantRule::kPytorch;
  op.multiplier = {Multiplier{std::bit_cast<std::int32_t>(0.5F), 0}};
  EXPECT_EQ(values_of(run_one(op, {make_tensor(DType::kInt64, {2}, {5, 7})}, DType::kInt8, {2})),
            (Values{2, 4}));
}

TEST(ClampOnly, KeepsRawValuesInRange) {
  EXPECT_EQ(values_of(run_one(qop::ClampOnly{{-1, 5}}, {make_tensor(DType::kInt8, {3}, {-9, 2, 9})},
                              DType::kInt8, {3})),
            (Values{-1, 2, 5}));
}

TEST(LeakyRelu, TheSignOfANegativeSlopeComesAfterTheRounding) {
  qop::LeakyRelu op;
  op.identity = kIdentity;
  const auto run_with = [&](Multiplier alpha) {
    op.alpha = alpha;
    return values_of(run_one(op, {make_tensor(DType::kInt8, {4}, {5, 0, -1, -3})}, DType::kInt8, {4}));
  };
  // Halves go up in the high multiply: -0.5 to 0, -1.5 to -1.
  EXPECT_EQ(run_with({1 << 30, 0}), (Values{5, 0, 0, -1}));
  EXPECT_EQ(run_with({-(1 << 30), 0}), (Values{5, 0, 0, 1}));
  EXPECT_THROW(run_with({std::numeric_limits<std::int32_t>::min(), 0}), base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
