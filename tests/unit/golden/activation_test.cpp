#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

Tensor all_codes(DType dtype) {
  const std::int64_t low = network::lowest(dtype);
  Tensor tensor(dtype, {network::highest(dtype) - low + 1});
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, low + i);
  return tensor;
}

std::uint32_t crc32(std::uint32_t crc, std::uint8_t byte) {
  crc ^= byte;
  for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  return crc;
}

// tanh of d = u * 2^8 is T[u] - 2^15: the way to read the table from outside. A factor of 256 steps through
// d that way.
TEST(SigmoidTable, HasThePublishedChecksum) {
  const qop::ActivationS16Tflite op{false, 256, 0};
  Tensor x(DType::kInt16, {256});
  for (std::int64_t i = 0; i < 256; ++i) x.set_integer(i, i);
  const Tensor y = run_one(op, {x}, DType::kInt16, {256});
  std::uint32_t crc = 0xFFFFFFFFU;
  for (std::int64_t i = 0; i < 256; ++i) {
    const std::int64_t entry = y.integer(i) + 32768;
    crc = crc32(crc, static_cast<std::uint8_t>(entry & 0xFF));
    crc = crc32(crc, static_cast<std::uint8_t>(entry >> 8));
  }
  EXPECT_EQ(crc ^ 0xFFFFFFFFU, 0xb84f6ab4U);
}

TEST(ActivationS16, EndsAtOneAndAlmostOne) {
  const Tensor x = make_tensor(DType::kInt16, {3}, {-32768, 0, 32767});
  EXPECT_EQ(values_of(run_one(qop::ActivationS16{true, 0}, {x}, DType::kInt16, {3})),
            (Values{11, 16384, 32757}))
      << "2^15 / (1 + e^8) = 10.99";
  EXPECT_EQ(values_of(run_one(qop::ActivationS16{true, 4}, {x}, DType::kInt16, {3})),
            (Values{1, 16384, 32767}));
  EXPECT_EQ(values_of(run_one(qop::ActivationS16{false, 4}, {x}, DType::kInt16, {3})),
            (Values{-32767, 0, 32767}));
}

class ActivationS16Shift : public testing::TestWithParam<int> {};

TEST_P(ActivationS16Shift, StaysNearTheRealFunction) {
  const Tensor x = all_codes(DType::kInt16);
  const Tensor tanh = run_one(qop::ActivationS16{false, GetParam()}, {x}, DType::kInt16, x.shape());
  const Tensor sigmoid = run_one(qop::ActivationS16{true, GetParam()}, {x}, DType::kInt16, x.shape());
  for (std::int64_t i = 0; i < x.size(); ++i) {
    const double real = std::ldexp(static_cast<double>(x.integer(i)), GetParam() - 12);
    // Not a check of bits: it shows that the formula means what it says. 2^-15 steps; the table ends at 10.6.
    ASSERT_NEAR(static_cast<double>(tanh.integer(i)), 32768 * std::tanh(real), 8) << real;
    ASSERT_NEAR(static_cast<double>(sigmoid.integer(i)), 32768 / (1 + std::exp(-real)), 4) << real;
  }
}

INSTANTIATE_TEST_SUITE_P(Shifts, ActivationS16Shift, testing::Values(-3, -1, 0, 2));

TEST(ActivationS16Tflite, EqualsTheShiftRuleForPowersOfTwo) {
  const Tensor x = all_codes(DType::kInt16);
  for (const bool sigmoid : {false, true}) {
    EXPECT_EQ(run_one(qop::ActivationS16Tflite{sigmoid, 12, 0}, {x}, DType::kInt16, x.shape()),
              run_one(qop::ActivationS16{sigmoid, 2}, {x}, DType::kInt16, x.shape()));
    EXPECT_EQ(run_one(qop::ActivationS16Tflite{sigmoid, 3, 1}, {x}, DType::kInt16, x.shape()),
              run_one(qop::ActivationS16{sigmoid, -1}, {x}, DType::kInt16, x.shape()));
  }
  EXPECT_THROW(run_one(qop::ActivationS16Tflite{true, 1, 32}, {x}, DType::kInt16, x.shape()),
               base::InputError);
}

TEST(TableInt8, IsTheRealFunctionWithinHalfACode) {
  // Input scale 1/16: r = 2^23, so m = 2^30 and s = 24; R = floor(15 * 2^27 / 2^24) = 120.
  qop::TableInt8 op;
  op.input = {1 << 30, 24};
  op.input_range_radius = 120;
  const Tensor x = all_codes(DType::kInt8);
  const Tensor tanh = run_one(op, {x}, DType::kInt8, x.shape());
  op.sigmoid = true;
  const Tensor sigmoid = run_one(op, {x}, DType::kInt8, x.shape());
  for (std::int64_t i = 0; i < 256; ++i) {
    const double real = static_cast<double>(x.integer(i)) / 16;
    const double t = std::min(128 * std::tanh(real), 127.0);
    const double s = std::min(256 / (1 + std::exp(-real)) - 128, 127.0);
    EXPECT_NEAR(static_cast<double>(tanh.integer(i)), t, 0.51) << real;
    EXPECT_NEAR(static_cast<double>(sigmoid.integer(i)), s, 0.51) << real;
  }
}

TEST(Table, IsIndexedByTheUnsignedCode) {
  Tensor table(DType::kInt16, {256});
  for (std::int64_t i = 0; i < 256; ++i) table.set_integer(i, 100 * i);
  EXPECT_EQ(values_of(run_one(qop::Table{}, {make_tensor(DType::kInt8, {3}, {-1, 0, 127}), table},
                              DType::kInt16, {3})),
            (Values{25500, 0, 12700}));
  EXPECT_EQ(
      values_of(run_one(qop::Table{}, {make_tensor(DType::kUInt8, {1}, {255}), table}, DType::kInt16, {1})),
      Values{25500});
  Tensor small(DType::kInt8, {16});
  small.set_integer(15, 5);
  EXPECT_EQ(
      values_of(run_one(qop::Table{}, {make_tensor(DType::kInt4, {1}, {-1}), small}, DType::kInt8, {1})),
      Values{5});
  EXPECT_THROW(run_one(qop::Table{}, {make_tensor(DType::kInt16, {1}, {0}), table}, DType::kInt16, {1}),
               base::InputError);
  EXPECT_THROW(run_one(qop::Table{}, {make_tensor(DType::kInt32, {1}, {0}), table}, DType::kInt16, {1}),
               base::InputError);
}

}  // namespace
}  // namespace dlasim::golden
