#pragma once
/// Exact dot products, and the choice of the element type that makes them fast.

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "elements.h"
#include "network/tensor.h"

namespace dlasim::golden {

/// Exact for any operands of at most 17 bits and fewer than 2^29 products.
inline std::int64_t dot(const std::int64_t* a, const std::int64_t* b, std::int64_t n) {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Exact if |b| <= 255: 256 products of 32768 * 255 fit an int32, so the inner loop, which compilers turn
/// into multiply-add instructions, cannot overflow.
inline std::int64_t dot(const std::int16_t* a, const std::int16_t* b, std::int64_t n) {
  std::int64_t sum = 0;
  for (std::int64_t first = 0; first < n; first += 256) {
    const std::int64_t last = std::min(n, first + 256);
    std::int32_t partial = 0;
    for (std::int64_t i = first; i < last; ++i) partial += std::int32_t{a[i]} * std::int32_t{b[i]};
    sum += partial;
  }
  return sum;
}

/// Whether every x - zero_point of the dtype lies in [low, high].
inline bool centred_fits(network::DType dtype, std::int64_t zero_point, std::int64_t low, std::int64_t high) {
  return network::lowest(dtype) - zero_point >= low && network::highest(dtype) - zero_point <= high;
}

/// Calls `f` with a value of the narrowest element type in which dot(activation, weight) is exact.
/// Throws base::InputError for operands wider than 16 bits.
template <class F>
void with_dot_type(const network::Tensor& activation, std::int64_t activation_zero_point,
                   const network::Tensor& weight, std::int64_t weight_zero_point, F&& f) {
  require_at_most_bits(activation, 16, "the first operand");
  require_at_most_bits(weight, 16, "the second operand");
  check_zero_point(activation_zero_point);
  check_zero_point(weight_zero_point);
  const bool narrow = centred_fits(activation.dtype(), activation_zero_point, -32768, 32767) &&
                      centred_fits(weight.dtype(), weight_zero_point, -255, 255);
  if (narrow) {
    f(std::int16_t{});
  } else {
    f(std::int64_t{});
  }
}

/// Leaves room for the products in a 64-bit accumulator; biases of the contract have 48 bits at most.
inline constexpr std::int64_t kMostBias = std::int64_t{1} << 62;

/// The bias widened, zeros if there is none. Throws unless it has `channels` elements.
inline std::vector<std::int64_t> bias_or_zeros(const network::Tensor* bias, std::int64_t channels) {
  if (bias == nullptr) return std::vector<std::int64_t>(index(channels));
  require(bias->size() == channels, "bias has {} elements for {} output channels", bias->size(), channels);
  auto values = centred(*bias);
  for (const std::int64_t v : values)
    require(v >= -kMostBias && v <= kMostBias, "bias {} does not fit an accumulator", v);
  return values;
}

}  // namespace dlasim::golden
