#pragma once
/// Walking one tensor in the order of another shape: broadcasting, transposing, slicing.

#include <cstdint>
#include <string_view>

#include "elements.h"
#include "network/tensor.h"

namespace dlasim::golden {

/// Elements from one index to the next, a dimension.
using Strides = std::vector<std::int64_t>;

/// Strides of a dense row-major tensor.
Strides dense_strides(const network::Shape& shape);

/// Strides that read `from` as if it had the shape `to`: NumPy's broadcasting, 0 where a dimension
/// repeats. Throws base::InputError if it does not broadcast.
Strides broadcast_strides(const network::Shape& from, const network::Shape& to, std::string_view what);

/// Calls f(i, offset) for the elements i = 0, 1, ... of `shape` in row-major order, where `offset` is
/// start + the sum of index[d] * strides[d].
template <class F>
void for_each_strided(const network::Shape& shape, const Strides& strides, std::int64_t start, F&& f) {
  const std::int64_t count = network::element_count(shape);
  std::vector<std::int64_t> position(shape.size());
  std::int64_t offset = start;
  for (std::int64_t i = 0; i < count; ++i) {
    f(i, offset);
    for (std::size_t d = shape.size(); d-- > 0;) {
      offset += strides[d];
      if (++position[d] < shape[d]) break;
      offset -= strides[d] * shape[d];
      position[d] = 0;
    }
  }
}

}  // namespace dlasim::golden
