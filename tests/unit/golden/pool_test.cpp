#include <gtest/gtest.h>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;
using PoolKind = network::op::Pool2d::Kind;

qop::Pool2d pool(PoolKind kind, std::int64_t width) {
  qop::Pool2d op;
  op.kind = kind;
  op.kernel = {1, width};
  return op;
}

TEST(AveragePool, HalvesGoAwayFromZeroAndPaddingDoesNotCount) {
  qop::Pool2d op = pool(PoolKind::kAverage, 2);
  op.stride = {1, 2};
  EXPECT_EQ(values_of(run_one(op, {make_tensor(DType::kInt8, {1, 1, 4, 1}, {1, 2, -1, -2})}, DType::kInt8,
                              {1, 1, 2, 1})),
            (Values{2, -2}));
  op.stride = {1, 1};
  op.padding = {0, 1, 0, 1};
  EXPECT_EQ(
      values_of(run_one(op, {make_tensor(DType::kInt8, {1, 1, 2, 1}, {7, 10})}, DType::kInt8, {1, 1, 3, 1})),
      (Values{7, 9, 10}));
}

TEST(AveragePool, DoesNotTouchZeroPointsButClamps) {
  qop::Pool2d op = pool(PoolKind::kAverage, 3);
  op.clamp = {-5, 4};
  EXPECT_EQ(values_of(run_one(op, {make_tensor(DType::kInt16, {1, 1, 3, 2}, {1, -9, 1, -9, 0, -9})},
                              DType::kInt16, {1, 1, 1, 2})),
            (Values{1, -5}));
}

TEST(MaxPool, PaddingNeverWins) {
  qop::Pool2d op = pool(PoolKind::kMax, 3);
  op.padding = {0, 1, 0, 1};
  EXPECT_EQ(values_of(run_one(op, {make_tensor(DType::kInt8, {1, 1, 2, 1}, {-7, -100})}, DType::kInt8,
                              {1, 1, 2, 1})),
            (Values{-7, -7}));
}

TEST(Pool, RefusesWindowsOutsideTheInput) {
  const Tensor x = make_tensor(DType::kInt8, {1, 1, 2, 1}, {1, 2});
  EXPECT_THROW(run_one(pool(PoolKind::kMax, 1), {x}, DType::kInt8, {1, 1, 3, 1}), base::InputError);
  EXPECT_THROW(run_one(pool(PoolKind::kMax, 0), {x}, DType::kInt8, {1, 1, 2, 1}), base::InputError);
}

TEST(Reduce, SumsOverTheAxes) {
  qop::Reduce op;
  op.axes = {0, -1};
  op.input_zero_point = 1;
  op.output_zero_point = 2;
  op.multiplier = kIdentity;
  const Tensor x = make_tensor(DType::kInt8, {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(values_of(run_one(op, {x}, DType::kInt8, {2})), (Values{12, 20}));
  EXPECT_EQ(values_of(run_one(op, {x}, DType::kInt8, {1, 2, 1})), (Values{12, 20}));
  op.multiplier = {1 << 30, -1};  // a mean over four
  EXPECT_EQ(values_of(run_one(op, {x}, DType::kInt8, {2})), (Values{5, 7}));
  EXPECT_THROW(run_one(op, {x}, DType::kInt8, {4}), base::InputError);
  op.axes = {3};
  EXPECT_THROW(run_one(op, {x}, DType::kInt8, {2, 2}), base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
