#include "network/npy_tensor.h"

#include <gtest/gtest.h>

#include "support/test_support.h"

namespace dlasim::network {
namespace {

template <class T>
base::NpyArray array_of(std::vector<T> values) {
  return base::make_npy<T>({static_cast<std::int64_t>(values.size())}, std::span<const T>(values));
}

TEST(NpyTensor, EveryTensorTypeComesBack) {
  for (const DType dtype :
       {DType::kInt8, DType::kUInt8, DType::kInt16, DType::kInt32, DType::kInt64, DType::kBool}) {
    Tensor tensor(dtype, {2, 1});
    tensor.set_integer(0, lowest(dtype));
    tensor.set_integer(1, highest(dtype));
    EXPECT_EQ(tensor_from_npy(npy_from_tensor(tensor), "x"), tensor) << name(dtype);
  }
  Tensor reals(DType::kFloat32, {1});
  reals.data<float>()[0] = -1.5F;
  EXPECT_EQ(tensor_from_npy(npy_from_tensor(reals), "x"), reals);
}

TEST(NpyTensor, ConvertsWhatTensorsDoNotHave) {
  EXPECT_EQ(tensor_from_npy(array_of<std::uint16_t>({65535}), "x").integer(0), 65535);
  EXPECT_EQ(tensor_from_npy(array_of<std::uint32_t>({4294967295U}), "x").integer(0), 4294967295);
  EXPECT_EQ(tensor_from_npy(array_of<double>({0.1}), "x").data<float>()[0], 0.1F);
  EXPECT_EQ(base::error_of([] { tensor_from_npy(array_of<double>({1e39}), "x.npy"); }),
            "x.npy: 1e+39 does not fit float32");
}

}  // namespace
}  // namespace dlasim::network
