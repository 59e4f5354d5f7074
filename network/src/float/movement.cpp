// Operators that move elements without computing.

#include <algorithm>

#include "base/error.h"
#include "float/kernels.h"
#include "float/strided.h"

namespace dlasim::network::float_kernels {
namespace {

void check_rank(const char* what, std::size_t found, const Shape& shape) {
  if (found != shape.size()) {
    throw base::InputError(std::string(what) + ": " + std::to_string(found) + " entries for the shape " +
                           to_string(shape));
  }
}

/// output[flat] = input[start + index . strides] over `shape`.
void gather(const Tensor& input, const Shape& shape, const Strides& strides, std::int64_t start,
            Tensor& output) {
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  walk<1>(shape, {strides}, {start}, [&](std::int64_t flat, const std::array<std::int64_t, 1>& at) {
    y[static_cast<std::size_t>(flat)] = x[static_cast<std::size_t>(at[0])];
  });
}

}  // namespace

void slice(const op::Slice& op, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  check_rank("slice begin", op.begin.size(), in);
  check_rank("slice size", op.size.size(), in);
  check_rank("slice stride", op.stride.size(), in);
  if (element_count(op.size) != output.size()) {
    throw base::InputError("slice: size " + to_string(op.size) + " for the output " +
                           to_string(output.shape()));
  }
  Strides strides = dense_strides(in);
  std::int64_t start = 0;
  for (std::size_t d = 0; d < in.size(); ++d) {
    const std::int64_t last = op.begin[d] + (op.size[d] - 1) * op.stride[d];
    if (op.size[d] > 0 && (op.begin[d] < 0 || op.begin[d] >= in[d] || last < 0 || last >= in[d])) {
      throw base::InputError("slice: axis " + std::to_string(d) + " leaves the input " + to_string(in));
    }
    start += op.begin[d] * strides[d];
    strides[d] *= op.stride[d];
  }
  gather(input, op.size, strides, start, output);
}

void concat(const op::Concat& op, const std::vector<const Tensor*>& inputs, Tensor& output) {
  const Shape& out = output.shape();
  const int axis = op.axis < 0 ? op.axis + static_cast<int>(out.size()) : op.axis;
  if (axis < 0 || axis >= static_cast<int>(out.size()))
    throw base::InputError("concat: axis " + std::to_string(op.axis) + " of " + to_string(out));
  const auto a = static_cast<std::size_t>(axis);
  const std::int64_t inner = element_count(Shape(out.begin() + axis + 1, out.end()));
  const std::int64_t outer = element_count(Shape(out.begin(), out.begin() + axis));
  const auto y = output.data<float>();
  std::int64_t at = 0;
  for (const Tensor* input : inputs) {
    const Shape& in = input->shape();
    if (in.size() != out.size() || input->size() != outer * in[a] * inner || at + in[a] > out[a]) {
      throw base::InputError("concat: " + to_string(in) + " does not fit the output " + to_string(out));
    }
    const auto x = input->data<float>();
    const std::int64_t run = in[a] * inner;
    for (std::int64_t o = 0; o < outer; ++o) {
      std::copy_n(x.begin() + o * run, run, y.begin() + (o * out[a] + at) * inner);
    }
    at += in[a];
  }
  if (at != out[a]) throw base::InputError("concat: the inputs do not fill the output " + to_string(out));
}

void pad(const op::Pad& op, float value, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  check_rank("pad before", op.before.size(), in);
  check_rank("pad output", output.shape().size(), in);
  const Strides strides = dense_strides(output.shape());
  std::int64_t start = 0;
  for (std::size_t d = 0; d < in.size(); ++d) {
    if (op.before[d] < 0 || op.before[d] + in[d] > output.shape()[d]) {
      throw base::InputError("pad: " + to_string(in) + " does not fit the output " +
                             to_string(output.shape()));
    }
    start += op.before[d] * strides[d];
  }
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  std::fill(y.begin(), y.end(), value);
  walk<1>(in, {strides}, {start}, [&](std::int64_t flat, const std::array<std::int64_t, 1>& at) {
    y[static_cast<std::size_t>(at[0])] = x[static_cast<std::size_t>(flat)];
  });
}

void transpose(const op::Transpose& op, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  check_rank("transpose perm", op.perm.size(), in);
  check_rank("transpose output", output.shape().size(), in);
  const Strides dense = dense_strides(in);
  Strides strides(in.size());
  std::vector<bool> used(in.size(), false);
  for (std::size_t d = 0; d < in.size(); ++d) {
    const auto from = static_cast<std::size_t>(op.perm[d]);
    if (op.perm[d] < 0 || from >= in.size() || used[from] || in[from] != output.shape()[d]) {
      throw base::InputError("transpose: perm does not take " + to_string(in) + " to " +
                             to_string(output.shape()));
    }
    used[from] = true;
    strides[d] = dense[from];
  }
  gather(input, output.shape(), strides, 0, output);
}

void space_to_batch(const op::SpaceToBatch& op, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  const Shape& out = output.shape();
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  for (std::int64_t p = 0; p < out[0] * out[1] * out[2]; ++p) {
    const std::int64_t plane = p / out[2] / out[1];
    const std::int64_t offset = plane / in[0];  // block offset: slowest in the batch
    const std::int64_t iy = p / out[2] % out[1] * op.block[0] + offset / op.block[1] - op.padding.top;
    const std::int64_t ix = p % out[2] * op.block[1] + offset % op.block[1] - op.padding.left;
    if (iy < 0 || iy >= in[1] || ix < 0 || ix >= in[2]) continue;
    std::copy_n(x.begin() + ((plane % in[0] * in[1] + iy) * in[2] + ix) * in[3], in[3],
                y.begin() + p * in[3]);
  }
}

void batch_to_space(const op::BatchToSpace& op, const Tensor& input, Tensor& output) {
  const Shape& in = input.shape();
  const Shape& out = output.shape();
  const auto x = input.data<float>();
  const auto y = output.data<float>();
  for (std::int64_t p = 0; p < out[0] * out[1] * out[2]; ++p) {
    const std::int64_t ox = p % out[2] + op.crop.left;
    const std::int64_t oy = p / out[2] % out[1] + op.crop.top;
    const std::int64_t offset = oy % op.block[0] * op.block[1] + ox % op.block[1];
    const std::int64_t n = offset * out[0] + p / out[2] / out[1];
    const std::int64_t from = ((n * in[1] + oy / op.block[0]) * in[2] + ox / op.block[1]) * in[3];
    std::copy_n(x.begin() + from, in[3], y.begin() + p * in[3]);
  }
}

}  // namespace dlasim::network::float_kernels
