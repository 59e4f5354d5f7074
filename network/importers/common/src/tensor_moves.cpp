#include "network/importers/tensor_moves.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace dlasim::network::importers {
namespace {

std::vector<std::int64_t> row_major_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t a = shape.size(); a-- > 1;) strides[a - 1] = strides[a] * shape[a];
  return strides;
}

/// Copies element by element: place `index` of the result comes from start + sum index[a] * step[a].
Tensor strided_copy(const Tensor& source, Shape shape, std::int64_t start,
                    const std::vector<std::int64_t>& step) {
  Tensor result(source.dtype(), shape);
  const auto width = static_cast<std::size_t>(bytes_per_element(source.dtype()));
  const std::byte* from = source.bytes().data();
  std::byte* to = result.bytes().data();
  std::vector<std::int64_t> index(shape.size(), 0);
  std::int64_t offset = start;
  const std::int64_t count = result.size();
  for (std::int64_t i = 0; i < count; ++i) {
    std::memcpy(to + static_cast<std::size_t>(i) * width, from + static_cast<std::size_t>(offset) * width,
                width);
    for (std::size_t a = shape.size(); a-- > 0;) {
      offset += step[a];
      if (++index[a] < shape[a]) break;
      offset -= step[a] * shape[a];
      index[a] = 0;
    }
  }
  return result;
}

}  // namespace

Tensor transposed(const Tensor& tensor, std::span<const int> perm) {
  const Shape& shape = tensor.shape();
  std::vector<int> sorted(perm.begin(), perm.end());
  std::sort(sorted.begin(), sorted.end());
  bool valid = sorted.size() == shape.size();
  for (std::size_t i = 0; valid && i < sorted.size(); ++i) valid = sorted[i] == static_cast<int>(i);
  if (!valid) throw base::InputError("not a permutation of the dimensions of " + to_string(shape));
  const auto strides = row_major_strides(shape);
  Shape out;
  std::vector<std::int64_t> step;
  for (const int p : perm) {
    out.push_back(shape[static_cast<std::size_t>(p)]);
    step.push_back(strides[static_cast<std::size_t>(p)]);
  }
  return strided_copy(tensor, std::move(out), 0, step);
}

Tensor sliced(const Tensor& tensor, const std::vector<std::int64_t>& begin, const Shape& size,
              const std::vector<std::int64_t>& stride) {
  const Shape& shape = tensor.shape();
  if (begin.size() != shape.size() || size.size() != shape.size() || stride.size() != shape.size()) {
    throw base::InputError("slice of " + std::to_string(begin.size()) + " dimensions taken from " +
                           to_string(shape));
  }
  const auto strides = row_major_strides(shape);
  std::int64_t start = 0;
  std::vector<std::int64_t> step(shape.size());
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (size[a] == 0) continue;
    const std::int64_t last = begin[a] + (size[a] - 1) * stride[a];
    if (size[a] < 0 || std::min(begin[a], last) < 0 || std::max(begin[a], last) >= shape[a]) {
      throw base::InputError("slice reaches outside dimension " + std::to_string(a) + " of " +
                             to_string(shape));
    }
    start += begin[a] * strides[a];
    step[a] = stride[a] * strides[a];
  }
  return strided_copy(tensor, size, start, step);
}

Tensor concatenated(std::span<const Tensor* const> tensors, int axis) {
  if (tensors.empty()) throw base::InputError("nothing to concatenate");
  Shape shape = tensors.front()->shape();
  const auto a = static_cast<std::size_t>(axis);
  if (a >= shape.size()) throw base::InputError("concatenation axis outside " + to_string(shape));
  shape[a] = 0;
  for (const Tensor* t : tensors) {
    Shape other = t->shape();
    if (other.size() != shape.size() || t->dtype() != tensors.front()->dtype()) {
      throw base::InputError("concatenation of unlike tensors");
    }
    shape[a] += std::exchange(other[a], shape[a]);
    other[a] = shape[a];
    if (other != shape) throw base::InputError("concatenation of tensors of unlike shapes");
  }
  Tensor result(tensors.front()->dtype(), shape);
  std::int64_t outer = 1;
  for (std::size_t i = 0; i < a; ++i) outer *= shape[i];
  if (outer == 0) return result;
  std::byte* to = result.bytes().data();
  for (std::int64_t o = 0; o < outer; ++o) {
    for (const Tensor* t : tensors) {
      const std::size_t run = t->bytes().size() / static_cast<std::size_t>(outer);
      if (run == 0) continue;
      std::memcpy(to, t->bytes().data() + static_cast<std::size_t>(o) * run, run);
      to += run;
    }
  }
  return result;
}

Tensor gathered(const Tensor& tensor, std::span<const std::int64_t> indices, const Shape& indices_shape,
                int axis) {
  const Shape& shape = tensor.shape();
  const auto a = static_cast<std::size_t>(normalized_axis(axis, shape.size()));
  std::vector<Tensor> slices;
  std::vector<std::int64_t> begin(shape.size(), 0);
  const std::vector<std::int64_t> stride(shape.size(), 1);
  Shape size = shape;
  size[a] = 1;
  for (const std::int64_t index : indices) {
    begin[a] = index < 0 ? index + shape[a] : index;
    slices.push_back(sliced(tensor, begin, size, stride));
  }
  Shape result(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(a));
  result.insert(result.end(), indices_shape.begin(), indices_shape.end());
  result.insert(result.end(), shape.begin() + static_cast<std::ptrdiff_t>(a) + 1, shape.end());
  if (slices.empty()) return Tensor(tensor.dtype(), result);
  std::vector<const Tensor*> pointers;
  for (const Tensor& t : slices) pointers.push_back(&t);
  return concatenated(pointers, static_cast<int>(a)).reshaped(result);
}

std::vector<std::int64_t> integers(const Tensor& tensor) {
  if (tensor.dtype() == DType::kFloat32) throw base::InputError("integers expected, float32 found");
  std::vector<std::int64_t> values(static_cast<std::size_t>(tensor.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = tensor.integer(static_cast<std::int64_t>(i));
  return values;
}

Tensor integer_vector(std::span<const std::int64_t> values) {
  Tensor tensor(DType::kInt64, {static_cast<std::int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.data<std::int64_t>().begin());
  return tensor;
}

Tensor float_tensor(Shape shape, std::span<const float> values) {
  Tensor tensor(DType::kFloat32, std::move(shape));
  if (tensor.size() != static_cast<std::int64_t>(values.size())) {
    throw base::InputError(std::to_string(values.size()) + " values for shape " + to_string(tensor.shape()));
  }
  std::copy(values.begin(), values.end(), tensor.data<float>().begin());
  return tensor;
}

Shape broadcast_shape(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) {
      throw base::InputError("shapes " + to_string(a) + " and " + to_string(b) + " do not broadcast");
    }
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

int normalized_axis(std::int64_t axis, std::size_t rank) {
  const auto n = static_cast<std::int64_t>(rank);
  if (axis < -n || axis >= n) {
    throw base::InputError("axis " + std::to_string(axis) + " of a tensor with " + std::to_string(n) +
                           " dimensions");
  }
  return static_cast<int>(axis < 0 ? axis + n : axis);
}

}  // namespace dlasim::network::importers
