#pragma once
/// Between NumPy's arrays and tensors.

#include <string_view>

#include "base/npy.h"
#include "network/tensor.h"

namespace dlasim::network {

/// f4, i1, u1, i2, i4, i8 and b1 as they are; f8 rounded to float32; u2 and u4 widened to int32 and int64.
/// `where` begins the error message of an f8 element that float32 cannot hold (nan stays nan).
Tensor tensor_from_npy(const base::NpyArray& array, std::string_view where);

/// The same elements; int4 becomes i1.
base::NpyArray npy_from_tensor(const Tensor& tensor);

}  // namespace dlasim::network
