#include "network/tensor.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dlasim::network {
namespace {

TEST(Tensor, StartsAtZeroAndKeepsWhatIsStored) {
  Tensor t(DType::kInt16, {2, 3});
  EXPECT_EQ(t.size(), 6);
  EXPECT_EQ(t.integer(5), 0);
  t.set_integer(5, -32768);
  EXPECT_EQ(t.integer(5), -32768);
  EXPECT_EQ(t.data<std::int16_t>()[5], -32768);
}

TEST(Tensor, RefusesValuesThatDoNotFit) {
  Tensor t(DType::kInt4, {1});
  EXPECT_THROW(t.set_integer(0, 8), std::out_of_range);
  EXPECT_THROW(t.set_integer(0, -9), std::out_of_range);
}

TEST(Tensor, ReshapeKeepsTheElementsAndRefusesAnotherCount) {
  Tensor t(DType::kInt8, {2, 3});
  t.set_integer(4, 7);
  EXPECT_EQ(t.reshaped({3, 2}).integer(4), 7);
  EXPECT_THROW(static_cast<void>(t.reshaped({4, 2})), base::InputError);
}

TEST(Tensor, ComparesDtypeShapeAndElements) {
  Tensor a(DType::kInt8, {2});
  Tensor b(DType::kInt8, {2});
  EXPECT_EQ(a, b);
  b.set_integer(1, 1);
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(a == Tensor(DType::kInt8, {1, 2}));
  EXPECT_FALSE(a == Tensor(DType::kUInt8, {2}));
}

TEST(Shape, RefusesWhatCannotBeAllocated) {
  EXPECT_THROW(element_count({-1, 2}), base::InputError);
  EXPECT_THROW(element_count({1LL << 30, 1LL << 30}), base::InputError);
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(to_string(Shape{1, 10, 2}), "1x10x2");
}

TEST(DType, NamesReadBack) {
  for (const DType t : {DType::kFloat32, DType::kInt4, DType::kInt8, DType::kUInt8, DType::kInt16,
                        DType::kInt32, DType::kInt64, DType::kBool}) {
    EXPECT_EQ(dtype_from_name(name(t)), t);
  }
  EXPECT_THROW(dtype_from_name("int7"), base::InputError);
}

}  // namespace
}  // namespace dlasim::network
