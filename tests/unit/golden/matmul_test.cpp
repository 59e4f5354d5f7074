#include <gtest/gtest.h>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

TEST(FullyConnected, SubtractsBothZeroPoints) {
  qop::FullyConnected op{identity_mac()};
  op.mac.input_zero_point = 1;
  op.mac.weight_zero_point = 128;
  const Tensor y = run_one(
      op,
      {make_tensor(DType::kUInt8, {2, 2}, {2, 3, 0, 255}),
       make_tensor(DType::kUInt8, {2, 2}, {128, 129, 0, 255}), make_tensor(DType::kInt32, {2}, {1, 0})},
      DType::kInt32, {2, 2});
  EXPECT_EQ(values_of(y), (Values{3, 126, 255, 128 + 254 * 127}));
}

// More weights than are widened at a time: output o sums o + i over the inputs i, row r of them r + 1 times.
TEST(FullyConnected, LargeLayerHasEveryOutput) {
  constexpr std::int64_t kOutputs = 600, kInputs = 2000;
  const qop::FullyConnected op{identity_mac()};
  Tensor x(DType::kInt8, {2, kInputs});
  Tensor w(DType::kInt16, {kOutputs, kInputs});
  for (std::int64_t i = 0; i < x.size(); ++i) x.set_integer(i, i / kInputs + 1);
  for (std::int64_t i = 0; i < w.size(); ++i) w.set_integer(i, i / kInputs + i % kInputs);
  const Tensor y = run_one(op, {x, w}, DType::kInt32, {2, kOutputs});
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const std::int64_t sum = i % kOutputs * kInputs + kInputs * (kInputs - 1) / 2;
    ASSERT_EQ(y.integer(i), sum * (i / kOutputs + 1)) << i;
  }
}

TEST(FullyConnected, ReadsRowsOutOfAnyShape) {
  const qop::FullyConnected op{identity_mac()};
  const Tensor y = run_one(op,
                           {make_tensor(DType::kInt8, {1, 2, 1, 3}, {1, 2, 3, 4, 5, 6}),
                            make_tensor(DType::kInt4, {1, 3}, {1, -1, 2})},
                           DType::kInt32, {2, 1});
  EXPECT_EQ(values_of(y), (Values{5, 11}));
  EXPECT_THROW(
      run_one(op, {make_tensor(DType::kInt8, {1, 4}, {}), make_tensor(DType::kInt4, {1, 3}, {1, -1, 2})},
              DType::kInt32, {1, 1}),
      base::InputError);
}

TEST(BatchMatmul, TransposesAndBroadcasts) {
  // [[1, 2], [3, 4]] times [[5, 6], [7, 8]] in every combination of transposes.
  const Tensor a = make_tensor(DType::kInt8, {1, 2, 2}, {1, 2, 3, 4});
  const Tensor b = make_tensor(DType::kInt8, {1, 2, 2}, {5, 6, 7, 8});
  const auto product = [&](bool adj_x, bool adj_y) {
    return values_of(
        run_one(qop::BatchMatmul{adj_x, adj_y, identity_mac()}, {a, b}, DType::kInt32, {1, 2, 2}));
  };
  EXPECT_EQ(product(false, false), (Values{19, 22, 43, 50}));
  EXPECT_EQ(product(true, false), (Values{26, 30, 38, 44}));
  EXPECT_EQ(product(false, true), (Values{17, 23, 39, 53}));
  EXPECT_EQ(product(true, true), (Values{23, 31, 34, 46}));

  const Tensor stack = make_tensor(DType::kInt8, {2, 2, 1, 1}, {1, 2, 3, 4});
  const Tensor factors = make_tensor(DType::kInt8, {1, 2, 1, 1}, {10, 20});
  const qop::BatchMatmul op{false, false, identity_mac()};
  EXPECT_EQ(values_of(run_one(op, {stack, factors}, DType::kInt32, {2, 2, 1, 1})), (Values{10, 40, 30, 80}));
  EXPECT_EQ(values_of(run_one(op, {factors, stack}, DType::kInt32, {2, 2, 1, 1})), (Values{10, 40, 30, 80}));
}

TEST(BatchMatmul, SixteenBitProductsDoNotOverflow) {
  qop::BatchMatmul op{false, false, identity_mac()};
  op.mac.multiplier = {{1 << 30, -13}};
  op.mac.rule = network::RequantRule::kInt64;
  const Tensor a = make_tensor(DType::kInt16, {1, 64}, Values(64, -32768));
  const Tensor b = make_tensor(DType::kInt16, {64, 1}, Values(64, -32768));
  EXPECT_EQ(values_of(run_one(op, {a, b}, DType::kInt32, {1, 1})), Values{1 << 22});
}

TEST(BatchMatmul, RefusesShapesThatDoNotFit) {
  const qop::BatchMatmul op{false, false, identity_mac()};
  const Tensor a = make_tensor(DType::kInt8, {3, 2, 2}, {});
  EXPECT_THROW(run_one(op, {a, make_tensor(DType::kInt8, {3, 3, 2}, {})}, DType::kInt32, {3, 2, 2}),
               base::InputError);
  EXPECT_THROW(run_one(op, {a, make_tensor(DType::kInt8, {2, 2, 2}, {})}, DType::kInt32, {3, 2, 2}),
               base::InputError);
  EXPECT_THROW(run_one(op, {a, make_tensor(DType::kInt8, {2}, {})}, DType::kInt32, {3, 2, 2}),
               base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
