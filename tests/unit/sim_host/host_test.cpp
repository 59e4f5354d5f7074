// The operators of the host, against numbers worked out by hand from the contract. The outside vectors run
// through them in tests/conformance/cycle_test.cpp.

#include "sim/host/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "support/test_support.h"

namespace dlasim::sim::host {
namespace {

using network::DType;
using network::Multiplier;
using network::Shape;
using network::Tensor;
namespace qop = network::qop;

constexpr Multiplier kHalf{1 << 30, 0};
constexpr Multiplier kOne{1 << 30, 1};

Tensor integers(DType dtype, Shape shape, const std::vector<std::int64_t>& values) {
  Tensor tensor(dtype, std::move(shape));
  for (std::size_t i = 0; i < values.size(); ++i) tensor.set_integer(static_cast<std::int64_t>(i), values[i]);
  return tensor;
}

Tensor floats(const std::vector<float>& values) {
  Tensor tensor(DType::kFloat32, {static_cast<std::int64_t>(values.size())});
  std::ranges::copy(values, tensor.data<float>().begin());
  return tensor;
}

std::vector<std::int64_t> values_of(const Tensor& tensor) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < tensor.size(); ++i) values.push_back(tensor.integer(i));
  return values;
}

/// A node "node" with these inputs and one output; an empty tensor is an absent input.
Tensor run(network::QuantizedOperation operation, const std::vector<Tensor>& inputs, DType dtype,
           Shape shape) {
  network::QuantizedGraph graph;
  network::QuantizedNode node{"node", std::move(operation), {}, {}, {}};
  for (const Tensor& input : inputs) {
    network::QuantizedTensor declared;
    declared.dtype = input.dtype();
    declared.shape = input.shape();
    const bool absent = input.size() == 0;
    node.inputs.push_back(absent ? network::kNoTensor : graph.add_tensor(std::move(declared)));
  }
  network::QuantizedTensor output;
  output.dtype = dtype;
  output.shape = std::move(shape);
  node.outputs = {graph.add_tensor(std::move(output))};
  return compute(graph, node, inputs).at(0);
}

TEST(HostQuantize, RoundsHalvesAwayFromZeroAndSaturates) {
  const Tensor got =
      run(qop::QuantizeFloat{0.5F, 1},
          {floats({0.25F, -0.25F, 0.75F, 0.2F, 1e9F, -std::numeric_limits<float>::infinity()})}, DType::kInt8,
          {6});
  EXPECT_THAT(values_of(got), testing::ElementsAre(2, 0, 3, 1, 127, -128));
}

TEST(HostQuantize, RefusesNaNByPosition) {
  EXPECT_EQ(base::error_of([] {
              run(qop::QuantizeFloat{}, {floats({0.0F, std::numeric_limits<float>::quiet_NaN()})},
                  DType::kInt8, {2});
            }),
            "quantize 'node': element 1 is NaN");
}

TEST(HostDequantize, RoundsOnceToFloat) {
  const Tensor got =
      run(qop::DequantizeFloat{0.1F, -3}, {integers(DType::kInt16, {2}, {0, 32767})}, DType::kFloat32, {2});
  EXPECT_EQ(got.data<float>()[0], static_cast<float>(3.0 * static_cast<double>(0.1F)));
  EXPECT_EQ(got.data<float>()[1], static_cast<float>(32770.0 * static_cast<double>(0.1F)));
}

/// The table of integer_semantics.md section 1.
TEST(HostRequantize, FollowsTheContractsTable) {
  qop::Requantize op;
  op.clamp = {-2000000, 2000000};
  op.multiplier = {{std::numeric_limits<std::int32_t>::max(), 0}};
  op.rule = network::RequantRule::kInt64;
  const Tensor wide = integers(DType::kInt64, {1}, {-1000001});
  EXPECT_THAT(values_of(run(op, {wide}, DType::kInt32, {1})), testing::ElementsAre(-999970));
  op.multiplier = {{1 << 30, -1}};
  op.rule = network::RequantRule::kDouble;
  const Tensor small = integers(DType::kInt64, {4}, {1, 5, -6, 6});
  EXPECT_THAT(values_of(run(op, {small}, DType::kInt32, {4})), testing::ElementsAre(1, 2, -2, 2));
  op.rule = network::RequantRule::kSingle;
  EXPECT_THAT(values_of(run(op, {small}, DType::kInt32, {4})), testing::ElementsAre(0, 1, -1, 2));
}

TEST(HostRequantize, TakesAMultiplierAChannel) {
  qop::Requantize op;
  op.multiplier = {kOne, kHalf};
  op.output_zero_point = 1;
  const Tensor got = run(op, {integers(DType::kInt64, {2, 2}, {10, 10, 20, 20})}, DType::kInt8, {2, 2});
  EXPECT_THAT(values_of(got), testing::ElementsAre(11, 6, 21, 11));
}

TEST(HostSoftmax, SharesOneEvenlyAndDropsWhatIsFarBelow) {
  qop::Softmax op;
  op.input = {1 << 30, 20};
  op.diff_min = -100;
  const Tensor input = integers(DType::kInt8, {2, 4}, {5, 5, 5, 5, 127, -128, -128, -128});
  // A quarter of 256, and the largest code; both with the zero point of -128.
  EXPECT_THAT(values_of(run(op, {input}, DType::kInt8, {2, 4})),
              testing::ElementsAre(-64, -64, -64, -64, 127, -128, -128, -128));
}

TEST(HostSoftmax, WritesInt16FromInt8) {
  qop::Softmax op;
  op.input = {1 << 30, 20};
  op.diff_min = -100;
  const Tensor input = integers(DType::kInt8, {4}, {5, 5, 5, 5});
  EXPECT_THAT(values_of(run(op, {input}, DType::kInt16, {4})), testing::Each(-32768 + 16384));
}

TEST(HostSoftmax, NeedsTwoTablesForInt16) {
  EXPECT_EQ(base::error_of([] {
              run(qop::Softmax{kOne, 0, {}},
                  {integers(DType::kInt16, {2}, {1, 2}), Tensor(DType::kInt16, {513}),
                   Tensor(DType::kInt16, {512})},
                  DType::kInt16, {2});
            }),
            "softmax 'node': input 2 is 512, expected 513");
}

/// Two features of one unit, a memory of two steps: the sums are small enough to write down.
TEST(HostSvdf, ShiftsItsStateAndSumsOverRankAndTime) {
  qop::Svdf op;
  op.rank = 2;
  op.input_zero_point = 1;
  op.output_zero_point = -1;
  op.input = kOne;
  op.output = kOne;
  op.state_clamp = {-100, 100};
  op.clamp = {-128, 127};
  const Tensor input = integers(DType::kInt8, {2, 1, 1}, {3, 4});    // centred: 2, then 3
  const Tensor feature = integers(DType::kInt8, {2, 1}, {1, 50});    // second: 100, then 150 -> 100
  const Tensor time = integers(DType::kInt8, {2, 2}, {5, 7, 0, 1});  // 2*5 + 3*7 + 100*1
  const Tensor bias = integers(DType::kInt32, {1}, {-40});
  const Tensor state(DType::kInt16, {1, 2, 2});
  EXPECT_THAT(values_of(run(op, {input, feature, time, bias, state}, DType::kInt8, {1, 1})),
              testing::ElementsAre(10 + 21 + 100 - 40 - 1));
  EXPECT_THAT(values_of(run(op, {input, feature, time, Tensor(), state}, DType::kInt16, {1, 1})),
              testing::ElementsAre(127));
}

std::vector<Tensor> lstm_inputs(const Tensor& input, DType bias) {
  std::vector<Tensor> inputs{input};
  for (int gate = 0; gate < 4; ++gate) {
    inputs.push_back(integers(DType::kInt8, {1, 1}, {100}));
    inputs.push_back(integers(DType::kInt8, {1, 1}, {0}));
    inputs.push_back(Tensor(bias, {1}));
  }
  return inputs;
}

qop::Lstm lstm_of_ones() {
  qop::Lstm op;
  for (auto* gate : {&op.input_gate, &op.forget_gate, &op.cell_gate, &op.output_gate}) {
    *gate = {{1 << 30, 7}, kOne};  // 100 * 100 * 64 saturates: every sigmoid is 32767, tanh 32767
  }
  op.forget_to_cell = op.input_to_cell = {1 << 30, -14};  // Q0.15 squared to Q0.15
  op.output = {1 << 30, -22};                             // to 7 bits
  op.cell_scale_power = -15;
  return op;
}

TEST(HostSvdf, RefusesAClampBeyondItsState) {
  qop::Svdf op;
  op.state_clamp = {-32768, 32767};
  EXPECT_EQ(base::error_of([&] {
              run(op,
                  {Tensor(DType::kInt8, {1, 1, 1}), Tensor(DType::kInt8, {1, 1}),
                   Tensor(DType::kInt8, {1, 1}), Tensor(), Tensor(DType::kInt8, {1, 1, 1})},
                  DType::kInt8, {1, 1});
            }),
            "svdf 'node': its clamp -32768..32767 is not within int8");
}

TEST(HostLstm, FillsItsCellStepByStepUpToTheClip) {
  qop::Lstm op = lstm_of_ones();
  op.cell_clip = 20000;
  const Tensor input = integers(DType::kInt8, {1, 2, 1}, {100, 100});
  const Tensor got = run(op, lstm_inputs(input, DType::kInt32), DType::kInt8, {1, 2, 1});
  // tanh(20000/32768) = 0.5445: times 128, less the last bit of the output gate.
  EXPECT_THAT(values_of(got), testing::ElementsAre(70, 70));
}

TEST(HostLstm, ReadsTimeMajorBatchesAsTheirTransposition) {
  qop::Lstm op = lstm_of_ones();
  const Tensor batch_major = integers(DType::kInt16, {2, 3, 1}, {1, -2, 3, -4, 5, -6});
  const Tensor time_major = integers(DType::kInt16, {3, 2, 1}, {1, -4, -2, 5, 3, -6});
  const auto by_batch = values_of(run(op, lstm_inputs(batch_major, DType::kInt64), DType::kInt16, {2, 3, 1}));
  op.time_major = true;
  const auto by_time = values_of(run(op, lstm_inputs(time_major, DType::kInt64), DType::kInt16, {3, 2, 1}));
  for (std::size_t step = 0; step < 3; ++step) {
    for (std::size_t batch = 0; batch < 2; ++batch) {
      EXPECT_EQ(by_batch[batch * 3 + step], by_time[step * 2 + batch]);
    }
  }
  EXPECT_NE(by_batch[0], by_batch[3]);
}

TEST(HostLstm, NamesTheWeightsThatDoNotFit) {
  auto inputs = lstm_inputs(integers(DType::kInt8, {1, 1, 1}, {1}), DType::kInt32);
  inputs[4] = Tensor(DType::kInt8, {1, 3});
  EXPECT_EQ(base::error_of([&] {
              run(lstm_of_ones(), inputs, DType::kInt8, {1, 1, 1});
            }),
            "lstm 'node': input 4 is 1x3, expected 1x1");
}

TEST(Host, RefusesWhatTheArrayRuns) {
  EXPECT_EQ(base::error_of([] { run(qop::ClampOnly{}, {Tensor(DType::kInt8, {1})}, DType::kInt8, {1}); }),
            "relu 'node': the host does not compute it");
}

TEST(Host, RefusesAShiftThatItsRoundingDoesNotHave) {
  qop::Requantize op;
  op.multiplier = {{1 << 30, 8}};
  op.rule = network::RequantRule::kInt64;
  EXPECT_EQ(base::error_of([&] { run(op, {Tensor(DType::kInt64, {1})}, DType::kInt8, {1}); }),
            "requantize 'node': its rounding has no multiplier 1073741824 with shift 8");
}

}  // namespace
}  // namespace dlasim::sim::host
