#include <gtest/gtest.h>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

TEST(Svdf, ShiftsTheStateAndSumsOverRankAndTime) {
  qop::Svdf op;
  op.rank = 2;
  op.input_zero_point = 1;
  op.input = op.output = kIdentity;
  op.state_clamp = {-50, 50};
  op.output_zero_point = 3;
  const Tensor x = make_tensor(DType::kInt8, {2, 1, 1}, {3, 6});  // 2, then 5
  const Tensor weight_feature = make_tensor(DType::kInt8, {2, 1}, {1, 20});
  const Tensor weight_time = make_tensor(DType::kInt8, {2, 3}, {1, 2, 3, 0, 1, 0});
  const Tensor bias = make_tensor(DType::kInt32, {1}, {7});
  const Tensor state = make_tensor(DType::kInt8, {1, 2, 3}, {9, 9, 4, 9, 9, 9});
  // States after both steps: [4, 2, 5] and [9, 40, 50 (100 clamped)]: 7 + 4 + 4 + 15 + 40.
  EXPECT_EQ(values_of(run_one(op, {x, weight_feature, weight_time, bias, state}, DType::kInt8, {1, 1})),
            Values{73});
  EXPECT_EQ(values_of(run_one(op, {x, weight_feature, weight_time, Tensor(), state}, DType::kInt8, {1, 1})),
            Values{66});
  EXPECT_THROW(run_one(op, {x, weight_feature, weight_time, bias}, DType::kInt8, {1, 1}), base::InputError);
  op.rank = 3;
  EXPECT_THROW(run_one(op, {x, weight_feature, weight_time, bias, state}, DType::kInt8, {1, 1}),
               base::InputError);
}

/// A cell that only its input moves: gates wide open or shut by their biases.
class OneUnitLstm : public testing::Test {
 protected:
  Tensor run_lstm(bool time_major, const Tensor& x) {
    op_.time_major = time_major;
    std::vector<Tensor> inputs{x};
    for (std::size_t gate = 0; gate < 4; ++gate) {
      inputs.push_back(make_tensor(DType::kInt8, {1, 1}, {weights_[gate]}));
      inputs.push_back(make_tensor(DType::kInt8, {1, 1}, {0}));
      inputs.push_back(make_tensor(DType::kInt32, {1}, {biases_[gate]}));
    }
    return run_one(op_, inputs, DType::kInt8, x.shape());
  }

  void SetUp() override {
    for (auto* gate : {&op_.input_gate, &op_.forget_gate, &op_.cell_gate, &op_.output_gate})
      *gate = {kIdentity, kIdentity};
    op_.cell_scale_power = -12;
    op_.forget_to_cell = {1 << 30, -14};  // 2^-15: Q0.15 times the cell stays the cell
    op_.input_to_cell = {1 << 30, -17};   // Q0.15 * Q0.15 to 2^-12
    op_.output = {1 << 30, -22};          // Q0.30 to 2^-7
  }

  qop::Lstm op_;
  Values weights_{0, 0, 64, 0};
  Values biases_{32767, 32767, 0, 32767};
};

TEST_F(OneUnitLstm, AccumulatesTanhOfItsInput) {
  // tanh(64 * 127 / 4096 = 1.984) = 0.963 a step; the open gates are sigmoid(8) = 0.99966.
  const Tensor y = run_lstm(false, make_tensor(DType::kInt8, {1, 2, 1}, {127, 127}));
  EXPECT_EQ(y.integer(0), 95);   // 128 * tanh(0.963) = 95.4
  EXPECT_EQ(y.integer(1), 123);  // 128 * tanh(1.925) = 122.7
}

TEST_F(OneUnitLstm, TimeMajorSwapsStepsAndBatch) {
  const Tensor x = make_tensor(DType::kInt8, {2, 3, 1}, {127, 0, -50, 1, 2, 90});
  const Tensor swapped = make_tensor(DType::kInt8, {3, 2, 1}, {127, 1, 0, 2, -50, 90});
  const Values batch_major = values_of(run_lstm(false, x));
  const Values time_major = values_of(run_lstm(true, swapped));
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t t = 0; t < 3; ++t) EXPECT_EQ(batch_major[n * 3 + t], time_major[t * 2 + n]);
  }
}

TEST_F(OneUnitLstm, CellClipBoundsTheCell) {
  op_.cell_clip = 1024;  // 0.25
  const Tensor y = run_lstm(false, make_tensor(DType::kInt8, {1, 2, 1}, {127, 127}));
  EXPECT_EQ(values_of(y), (Values{31, 31}));  // 128 * tanh(0.25) = 31.3
}

TEST_F(OneUnitLstm, AShutForgetGateForgets) {
  biases_[1] = -32768;
  const Tensor y = run_lstm(false, make_tensor(DType::kInt8, {1, 2, 1}, {127, 0}));
  EXPECT_EQ(values_of(y), (Values{95, 0}));
}

TEST_F(OneUnitLstm, RefusesAnUndefinedCellScale) {
  op_.cell_scale_power = 40;
  EXPECT_THROW(run_lstm(false, make_tensor(DType::kInt8, {1, 1, 1}, {0})), base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
