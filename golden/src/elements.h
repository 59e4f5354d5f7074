#pragma once
/// What the operators share: checks that name what is wrong, and integers read and written in bulk.

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "network/quantized_graph.h"

namespace dlasim::golden {

/// Throws base::InputError with the message unless `holds`.
template <class... Args>
void require(bool holds, fmt::format_string<Args...> message, Args&&... args) {
  if (!holds) throw base::InputError(fmt::format(message, std::forward<Args>(args)...));
}

/// A zero point may lie outside its tensor's range, but not so far that sums of products overflow.
inline void check_zero_point(std::int64_t zero_point) {
  require(zero_point >= -65536 && zero_point <= 65536, "zero point {} is not between -65536 and 65536",
          zero_point);
}

/// A clamp may be narrower than the type, never wider: the result must be storable.
inline void check_clamp(const network::Clamp& clamp, network::DType dtype) {
  require(
      clamp.min <= clamp.max && clamp.min >= network::lowest(dtype) && clamp.max <= network::highest(dtype),
      "clamp [{}, {}] is not a range of {}", clamp.min, clamp.max, network::name(dtype));
}

/// Calls `f` with a span of the tensor's elements in their storage type. Floats are refused.
template <class F>
decltype(auto) with_integers(const network::Tensor& tensor, F&& f) {
  switch (tensor.dtype()) {
    case network::DType::kInt4:
    case network::DType::kInt8:
      return f(tensor.data<std::int8_t>());
    case network::DType::kUInt8:
    case network::DType::kBool:
      return f(tensor.data<std::uint8_t>());
    case network::DType::kInt16:
      return f(tensor.data<std::int16_t>());
    case network::DType::kInt32:
      return f(tensor.data<std::int32_t>());
    case network::DType::kInt64:
      return f(tensor.data<std::int64_t>());
    case network::DType::kFloat32:
      break;
  }
  throw base::InputError("found a float32 tensor where integers are needed");
}

/// Elements [first, first + count) minus `zero_point` as T, which the caller knows to be wide enough. Throws
/// base::InputError where the difference does not fit 64 bits.
template <class T>
std::vector<T> centred(const network::Tensor& tensor, std::int64_t zero_point, std::size_t first,
                       std::size_t count) {
  return with_integers(tensor, [&](auto elements) {
    std::vector<T> result(count);
    for (std::size_t i = 0; i < count; ++i) {
      std::int64_t difference = 0;
      if (__builtin_sub_overflow(std::int64_t{elements[first + i]}, zero_point, &difference))
        throw base::InputError(fmt::format("element {} minus {} leaves 64 bits", first + i, zero_point));
      result[i] = static_cast<T>(difference);
    }
    return result;
  });
}

/// All elements.
template <class T = std::int64_t>
std::vector<T> centred(const network::Tensor& tensor, std::int64_t zero_point = 0) {
  return centred<T>(tensor, zero_point, 0, static_cast<std::size_t>(tensor.size()));
}

/// Stores values, which a clamp has made storable, from element `first` on.
void store(network::Tensor& tensor, std::int64_t first, std::span<const std::int64_t> values);

/// Throws unless the tensor has `rank` dimensions.
void require_rank(const network::Tensor& tensor, std::size_t rank, std::string_view what);

/// Throws unless the elements are integers of at most `bits` bits: wider ones could overflow sums.
void require_at_most_bits(const network::Tensor& tensor, int bits, std::string_view what);

/// Throws unless both have the same dtype: operators that move or compare raw codes.
void require_same_dtype(const network::Tensor& a, const network::Tensor& b);

/// `i` as an index of a standard container.
inline std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

/// Calls `run(first, rows)` for the rows of `weight` [channels, ...], minus `zero_point` as T: row `first`
/// and the ones behind it, as many at a time as keep their wide copy small beside a large tensor.
template <class T, class Run>
void for_each_slice(const network::Tensor& weight, std::int64_t zero_point, const Run& run) {
  constexpr std::int64_t kElements = 1 << 20;
  const std::int64_t channels = weight.shape()[0];
  const std::int64_t length = channels == 0 ? 0 : weight.size() / channels;
  const std::int64_t step = std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, length));
  for (std::int64_t first = 0; first < channels; first += step) {
    const std::int64_t rows = std::min(step, channels - first);
    run(first, centred<T>(weight, zero_point, index(first * length), index(rows * length)));
  }
}

/// Product of the dimensions [first, last).
std::int64_t product(const network::Shape& shape, std::size_t first, std::size_t last);

}  // namespace dlasim::golden
