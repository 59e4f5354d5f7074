#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

/// Input scale 1/16: r = 2^26 / 16 = 2^22.
qop::Softmax sixteenth() {
  qop::Softmax op;
  op.input = {1 << 30, 23};
  op.diff_min = -248;
  return op;
}

TEST(Softmax, EqualInputsShareOne) {
  const Tensor x = make_tensor(DType::kInt8, {1, 4}, {7, 7, 7, 7});
  EXPECT_EQ(values_of(run_one(sixteenth(), {x}, DType::kInt8, {1, 4})), Values(4, -128 + 64));
  EXPECT_EQ(values_of(run_one(sixteenth(), {x}, DType::kInt16, {1, 4})), Values(4, -32768 + 16384));
}

TEST(Softmax, ARowAloneSaturates) {
  EXPECT_EQ(
      values_of(run_one(sixteenth(), {make_tensor(DType::kInt8, {2, 1}, {-9, 100})}, DType::kInt8, {2, 1})),
      (Values{127, 127}));
}

TEST(Softmax, BelowDiffMinTheOutputIsTheTypesMinimumAndDoesNotCount) {
  qop::Softmax op = sixteenth();
  op.diff_min = -10;
  const Tensor x = make_tensor(DType::kInt8, {1, 3}, {20, 20, 9});
  EXPECT_EQ(values_of(run_one(op, {x}, DType::kInt8, {1, 3})), (Values{0, 0, -128}));
  EXPECT_EQ(values_of(run_one(op, {x}, DType::kInt16, {1, 3})), (Values{0, 0, -32768}));
}

TEST(Softmax, Int8IsNearTheRealFunction) {
  const Values codes{-100, -40, 0, 3, 10, 25, 26, 30};
  const Tensor y = run_one(sixteenth(), {make_tensor(DType::kInt8, {1, 8}, codes)}, DType::kInt16, {1, 8});
  double sum = 0;
  for (const std::int64_t c : codes) sum += std::exp(static_cast<double>(c) / 16);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double real = 65536 * std::exp(static_cast<double>(codes[i]) / 16) / sum - 32768;
    EXPECT_NEAR(static_cast<double>(y.integer(static_cast<std::int64_t>(i))), real, 2) << codes[i];
  }
}

/// The tables of section 6 for e^x on [-10, 0] and 1 / (1 + x) on [0, 1].
template <class F>
Tensor sampled(float low, float high, F f) {
  Tensor table(DType::kInt16, {513});
  const float step = (high - low) / 512;
  const auto scaled = [&](float x) { return std::round(f(x) * 32768.0F); };
  for (int i = 0; i < 512; ++i) {
    const float x = low + static_cast<float>(i) * step;
    const float a = scaled(x);
    const float p = std::round((f(x + step) * 32768.0F + a) / 2);
    const float q = scaled(x + step / 2);
    table.set_integer(i, std::clamp<std::int64_t>(std::llround(a - std::round((p - q) / 2)), -32768, 32767));
  }
  table.set_integer(512, std::clamp<std::int64_t>(std::llround(scaled(high)), -32768, 32767));
  return table;
}

TEST(Softmax, Int16IsNearTheRealFunction) {
  const Tensor exponential = sampled(-10, 0, [](float x) { return std::exp(x); });
  const Tensor reciprocal = sampled(0, 1, [](float x) { return 1 / (1 + x); });
  // Input scale 2^-12; the tables span 10 in 65535 codes: r = 65535 / 10 / 4096 = 1.59997...
  qop::Softmax op;
  op.input = {1717960704, 1};
  const Values codes{-32768, -8192, 0, 4096, 5000, 8192};
  const Tensor y = run_one(op, {make_tensor(DType::kInt16, {1, 6}, codes), exponential, reciprocal},
                           DType::kInt16, {1, 6});
  double sum = 0;
  for (const std::int64_t c : codes) sum += std::exp(static_cast<double>(c) / 4096);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double real = 32768 * std::exp(static_cast<double>(codes[i]) / 4096) / sum;
    EXPECT_NEAR(static_cast<double>(y.integer(static_cast<std::int64_t>(i))), real, 6) << codes[i];
  }
}

TEST(Softmax, RefusesOtherTypesAndTables) {
  EXPECT_THROW(run_one(sixteenth(), {make_tensor(DType::kUInt8, {1, 2}, {})}, DType::kUInt8, {1, 2}),
               base::UnsupportedError);
  EXPECT_THROW(run_one(sixteenth(), {make_tensor(DType::kInt16, {1, 2}, {})}, DType::kInt16, {1, 2}),
               base::InputError);
  const Tensor zeros(DType::kInt16, {513});
  EXPECT_THROW(
      run_one(sixteenth(), {make_tensor(DType::kInt16, {1, 2}, {}), zeros, zeros}, DType::kInt16, {1, 2}),
      base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
