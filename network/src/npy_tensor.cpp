#include "network/npy_tensor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace dlasim::network {
namespace {

Tensor copied(DType dtype, const base::NpyArray& array) {
  Tensor tensor(dtype, array.shape);
  std::copy(array.data.begin(), array.data.end(), tensor.bytes().begin());
  return tensor;
}

template <class To, class From>
Tensor converted(DType dtype, const base::NpyArray& array) {
  Tensor tensor(dtype, array.shape);
  const auto from = array.as<From>();
  std::transform(from.begin(), from.end(), tensor.data<To>().begin(),
                 [](From v) { return static_cast<To>(v); });
  return tensor;
}

void check_fits_float32(const base::NpyArray& array, std::string_view where) {
  for (const double v : array.as<double>()) {
    if (std::isfinite(v) && !std::isfinite(static_cast<float>(v))) {
      throw base::InputError(fmt::format("{}: {} does not fit float32", where, v));
    }
  }
}

std::string npy_name(DType dtype) {
  switch (dtype) {
    case DType::kFloat32:
      return "f4";
    case DType::kInt4:
    case DType::kInt8:
      return "i1";
    case DType::kUInt8:
      return "u1";
    case DType::kInt16:
      return "i2";
    case DType::kInt32:
      return "i4";
    case DType::kInt64:
      return "i8";
    case DType::kBool:
      return "b1";
  }
  return "f4";
}

}  // namespace

Tensor tensor_from_npy(const base::NpyArray& array, std::string_view where) {
  if (array.dtype == "f8") {
    check_fits_float32(array, where);
    return converted<float, double>(DType::kFloat32, array);
  }
  if (array.dtype == "u2") return converted<std::int32_t, std::uint16_t>(DType::kInt32, array);
  if (array.dtype == "u4") return converted<std::int64_t, std::uint32_t>(DType::kInt64, array);
  for (const DType dtype : {DType::kFloat32, DType::kInt8, DType::kUInt8, DType::kInt16, DType::kInt32,
                            DType::kInt64, DType::kBool}) {
    if (npy_name(dtype) == array.dtype) return copied(dtype, array);
  }
  throw base::InputError(fmt::format("{}: element type {}", where, array.dtype));
}

base::NpyArray npy_from_tensor(const Tensor& tensor) {
  const auto bytes = tensor.bytes();
  return {npy_name(tensor.dtype()), tensor.shape(), {bytes.begin(), bytes.end()}};
}

}  // namespace dlasim::network
