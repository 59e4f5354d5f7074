#include <gtest/gtest.h>

#include <numeric>

#include "base/error.h"
#include "one_node.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Shape;
using network::Tensor;
namespace qop = network::qop;
using Values = std::vector<std::int64_t>;

/// 0, 1, 2, ...
Tensor counting(const Shape& shape, DType dtype = DType::kInt8) {
  Tensor tensor(dtype, shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, i);
  return tensor;
}

TEST(Pad, WritesTheRawValue) {
  EXPECT_EQ(values_of(run_one(qop::Pad{{0, 1}, {1, 0}, -7}, {counting({1, 2})}, DType::kInt8, {2, 3})),
            (Values{-7, 0, 1, -7, -7, -7}));
  EXPECT_THROW(run_one(qop::Pad{{0, 1}, {1, 0}, 128}, {counting({1, 2})}, DType::kInt8, {2, 3}),
               base::InputError);
  EXPECT_THROW(run_one(qop::Pad{{0, 1}, {1, 0}, 0}, {counting({1, 2})}, DType::kInt8, {2, 4}),
               base::InputError);
  EXPECT_THROW(run_one(qop::Pad{{0, -1}, {1, 0}, 0}, {counting({1, 2})}, DType::kInt8, {2, 1}),
               base::InputError);
}

TEST(Transpose, OutputDimensionIsInputDimensionOfPerm) {
  EXPECT_EQ(values_of(run_one(qop::Transpose{{2, 0, 1}}, {counting({1, 2, 3}, DType::kInt32)}, DType::kInt32,
                              {3, 1, 2})),
            (Values{0, 3, 1, 4, 2, 5}));
  EXPECT_THROW(run_one(qop::Transpose{{0, 0, 1}}, {counting({1, 2, 3})}, DType::kInt8, {1, 1, 2}),
               base::InputError);
  EXPECT_THROW(run_one(qop::Transpose{{0, 1, 3}}, {counting({1, 2, 3})}, DType::kInt8, {1, 2, 3}),
               base::InputError);
}

TEST(Reshape, KeepsTheOrder) {
  EXPECT_EQ(run_one(qop::Reshape{}, {counting({2, 3})}, DType::kInt8, {3, 2}), counting({3, 2}));
  EXPECT_THROW(run_one(qop::Reshape{}, {counting({2, 3})}, DType::kInt8, {4}), base::InputError);
}

TEST(Concat, AlongAnyAxis) {
  const Tensor a = make_tensor(DType::kInt8, {2, 1}, {1, 2});
  const Tensor b = make_tensor(DType::kInt8, {2, 2}, {3, 4, 5, 6});
  EXPECT_EQ(values_of(run_one(qop::Concat{1}, {a, b}, DType::kInt8, {2, 3})), (Values{1, 3, 4, 2, 5, 6}));
  EXPECT_EQ(values_of(run_one(qop::Concat{-2}, {b, b}, DType::kInt8, {4, 2})),
            (Values{3, 4, 5, 6, 3, 4, 5, 6}));
  EXPECT_THROW(run_one(qop::Concat{1}, {a, b}, DType::kInt8, {2, 4}), base::InputError);
  EXPECT_THROW(run_one(qop::Concat{1}, {a, b}, DType::kInt8, {2, 2}), base::InputError);
  EXPECT_THROW(run_one(qop::Concat{2}, {a, b}, DType::kInt8, {2, 3}), base::InputError);
}

TEST(Slice, StridesMayRunBackwards) {
  const Tensor x = counting({2, 5});
  EXPECT_EQ(values_of(run_one(qop::Slice{{1, 0}, {1, 3}, {1, 2}}, {x}, DType::kInt8, {3})),
            (Values{5, 7, 9}));
  EXPECT_EQ(values_of(run_one(qop::Slice{{0, 4}, {2, 2}, {1, -3}}, {x}, DType::kInt8, {2, 2})),
            (Values{4, 1, 9, 6}));
  EXPECT_THROW(run_one(qop::Slice{{1, 0}, {2, 3}, {1, 2}}, {x}, DType::kInt8, {2, 3}), base::InputError);
  EXPECT_THROW(run_one(qop::Slice{{0, 1}, {1, 3}, {1, -1}}, {x}, DType::kInt8, {1, 3}), base::InputError);
}

TEST(SpaceToBatch, CutsImagesAndBack) {
  const qop::SpaceToBatch cut{{1, 2}, {0, 1, 0, 0}, -9};
  const Tensor x = make_tensor(DType::kInt8, {2, 1, 3, 1}, {1, 2, 3, 4, 5, 6});
  const Tensor blocks = run_one(cut, {x}, DType::kInt8, {4, 1, 2, 1});
  // Images first, then block positions: columns 0, 2 of both, then columns 1, 3.
  EXPECT_EQ(values_of(blocks), (Values{-9, 2, -9, 5, 1, 3, 4, 6}));
  const qop::BatchToSpace paste{{1, 2}, {0, 1, 0, 0}};
  EXPECT_EQ(run_one(paste, {blocks}, DType::kInt8, {2, 1, 3, 1}), x);
  EXPECT_THROW(run_one(paste, {blocks}, DType::kInt8, {2, 1, 4, 1}), base::InputError);
  EXPECT_THROW(run_one(qop::BatchToSpace{{1, 3}, {}}, {blocks}, DType::kInt8, {1, 1, 6, 1}),
               base::InputError);
}

TEST(SpaceToBatch, RowsOfBlocksComeBeforeColumns) {
  const Tensor x = counting({1, 2, 2, 1});
  EXPECT_EQ(values_of(run_one(qop::SpaceToBatch{{2, 2}, {}, 0}, {x}, DType::kInt8, {4, 1, 1, 1})),
            (Values{0, 1, 2, 3}));
}

TEST(Movement, CarriesFloats) {
  Tensor x(DType::kFloat32, {2});
  x.data<float>()[0] = 1.5F;
  x.data<float>()[1] = -2.5F;
  const Tensor y = run_one(qop::Pad{{1}, {0}, 0}, {x}, DType::kFloat32, {3});
  EXPECT_EQ(y.data<float>()[0], 0.0F);
  EXPECT_EQ(y.data<float>()[2], -2.5F);
}

}  // namespace
}  // namespace dlasim::golden
