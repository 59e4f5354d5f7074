#pragma once
/// Data movement on constant tensors of any element type: what importers need to fold constants and to turn
/// weights into the project's layouts. No arithmetic.

#include <cstdint>
#include <span>
#include <vector>

#include "network/tensor.h"

namespace dlasim::network::importers {

/// Output dimension i is input dimension perm[i]. Throws base::InputError unless `perm` is a permutation of
/// the dimensions.
Tensor transposed(const Tensor& tensor, std::span<const int> perm);

/// Element i of axis a comes from begin[a] + i * stride[a]; `size` is the result's shape. Throws
/// base::InputError if any of the named elements lies outside.
Tensor sliced(const Tensor& tensor, const std::vector<std::int64_t>& begin, const Shape& size,
              const std::vector<std::int64_t>& stride);

/// The tensors one after the other along `axis`. Throws base::InputError where types or other dimensions
/// differ.
Tensor concatenated(std::span<const Tensor* const> tensors, int axis);

/// `tensor` as [outer, axis, inner] with entry `indices[i]` of the middle dimension at place i; the result
/// has `indices_shape` in place of that dimension. Negative indices count from the end.
Tensor gathered(const Tensor& tensor, std::span<const std::int64_t> indices, const Shape& indices_shape,
                int axis);

/// Integers of an integer tensor, widened.
std::vector<std::int64_t> integers(const Tensor& tensor);

/// A one-dimensional int64 tensor.
Tensor integer_vector(std::span<const std::int64_t> values);

/// A float32 tensor.
Tensor float_tensor(Shape shape, std::span<const float> values);

/// NumPy's rule: the shape of an element-wise operator on `a` and `b`. Throws base::InputError if they do not
/// fit.
Shape broadcast_shape(const Shape& a, const Shape& b);

/// `axis` counted from the front, for a tensor of `rank` dimensions. Throws base::InputError if out of range.
int normalized_axis(std::int64_t axis, std::size_t rank);

}  // namespace dlasim::network::importers
