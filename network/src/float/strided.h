#pragma once
/// Walks over several tensors at once, each with its own strides: broadcasting, slicing, transposing.

#include <array>
#include <cstdint>
#include <vector>

#include "network/tensor.h"

namespace dlasim::network::float_kernels {

using Strides = std::vector<std::int64_t>;

/// Row-major strides of a dense tensor.
inline Strides dense_strides(const Shape& shape) {
  Strides strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = step;
    step *= shape[d];
  }
  return strides;
}

/// Strides with which a tensor of shape `from` is read as if it had the shape `to` (NumPy's rule); the
/// caller has checked that it can be.
inline Strides broadcast_strides(const Shape& from, const Shape& to) {
  const Strides dense = dense_strides(from);
  Strides strides(to.size(), 0);
  for (std::size_t i = 0; i < from.size() && i < to.size(); ++i) {
    const std::size_t d = from.size() - 1 - i;
    if (from[d] != 1) strides[to.size() - 1 - i] = dense[d];
  }
  return strides;
}

/// Calls `visit(flat index, offsets)` for each element of `shape` in row-major order; `offsets[k]` starts
/// at `start[k]` and moves by `strides[k]`.
template <std::size_t K, class Visit>
void walk(const Shape& shape, const std::array<Strides, K>& strides, std::array<std::int64_t, K> start,
          Visit visit) {
  const std::int64_t count = element_count(shape);
  std::vector<std::int64_t> index(shape.size(), 0);
  for (std::int64_t flat = 0; flat < count; ++flat) {
    visit(flat, start);
    for (std::size_t d = shape.size(); d-- > 0;) {
      for (std::size_t k = 0; k < K; ++k) start[k] += strides[k][d];
      if (++index[d] < shape[d]) break;
      for (std::size_t k = 0; k < K; ++k) start[k] -= strides[k][d] * shape[d];
      index[d] = 0;
    }
  }
}

}  // namespace dlasim::network::float_kernels
