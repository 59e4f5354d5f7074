#include "network/constant.h"

#include <gtest/gtest.h>

namespace dlasim::network {
namespace {

Tensor three(float first) {
  Tensor t(DType::kFloat32, {3});
  t.data<float>()[0] = first;
  return t;
}

TEST(Constant, CopiesShareTheirElements) {
  const Constant a = three(1.0F);
  const Constant b = a;
  EXPECT_EQ(&*a, &*b);
  EXPECT_EQ(a, b);
}

TEST(Constant, EditingLeavesTheOthersAsTheyAre) {
  Constant a = three(1.0F);
  const Constant b = a;
  a.edit().data<float>()[0] = 2.0F;
  EXPECT_EQ(b->data<float>()[0], 1.0F);
  EXPECT_EQ(a->data<float>()[0], 2.0F);
  EXPECT_NE(a, b);
  const Tensor* own = &*a;
  EXPECT_EQ(&a.edit(), own) << "nobody else has them";
}

TEST(Constant, EqualsByValue) {
  EXPECT_EQ(Constant(three(1.0F)), Constant(three(1.0F)));
  EXPECT_NE(Constant(three(1.0F)), Constant(three(2.0F)));
  EXPECT_NE(Constant(three(1.0F)), Constant());
  EXPECT_EQ(Constant(), Constant(std::optional<Tensor>()));
  Constant gone = three(1.0F);
  gone.reset();
  EXPECT_FALSE(gone.has_value());
}

}  // namespace
}  // namespace dlasim::network
