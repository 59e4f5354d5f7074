#include "elements.h"

#include <algorithm>

namespace dlasim::golden {
namespace {

using network::DType;
using network::Tensor;

template <class T>
void store_as(Tensor& tensor, std::int64_t first, std::span<const std::int64_t> values) {
  const auto target = tensor.data<T>().subspan(index(first), values.size());
  std::transform(values.begin(), values.end(), target.begin(),
                 [](std::int64_t v) { return static_cast<T>(v); });
}

}  // namespace

void store(Tensor& tensor, std::int64_t first, std::span<const std::int64_t> values) {
  switch (tensor.dtype()) {
    case DType::kInt4:
    case DType::kInt8:
      return store_as<std::int8_t>(tensor, first, values);
    case DType::kUInt8:
    case DType::kBool:
      return store_as<std::uint8_t>(tensor, first, values);
    case DType::kInt16:
      return store_as<std::int16_t>(tensor, first, values);
    case DType::kInt32:
      return store_as<std::int32_t>(tensor, first, values);
    case DType::kInt64:
      return store_as<std::int64_t>(tensor, first, values);
    case DType::kFloat32:
      break;
  }
  throw base::InputError("the output is float32 where integers are needed");
}

void require_rank(const Tensor& tensor, std::size_t rank, std::string_view what) {
  require(tensor.shape().size() == rank, "{} has shape {}, {} dimensions are needed", what,
          network::to_string(tensor.shape()), rank);
}

void require_at_most_bits(const Tensor& tensor, int bits, std::string_view what) {
  require(tensor.dtype() != DType::kFloat32 && 8 * network::bytes_per_element(tensor.dtype()) <= bits,
          "{} is {}; integers of at most {} bits are allowed", what, network::name(tensor.dtype()), bits);
}

void require_same_dtype(const Tensor& a, const Tensor& b) {
  require(a.dtype() == b.dtype(), "{} and {} where one element type is needed", network::name(a.dtype()),
          network::name(b.dtype()));
}

std::int64_t product(const network::Shape& shape, std::size_t first, std::size_t last) {
  std::int64_t result = 1;
  for (std::size_t i = first; i < last; ++i) result *= shape[i];
  return result;
}

}  // namespace dlasim::golden
