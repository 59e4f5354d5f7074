/// Pooling and reductions: spec/integer_semantics.md section 4, spec/tflite_semantics.md section 6.

#include <algorithm>
#include <limits>
#include <vector>

#include "elements.h"
#include "golden/operators.h"
#include "golden/requantize.h"
#include "strided.h"

namespace dlasim::golden {
namespace {

using network::Tensor;
using PoolKind = network::op::Pool2d::Kind;

/// The part of a window along one side that lies inside the image: [first, last).
struct Span1d {
  std::int64_t first, last;
};

Span1d window(std::int64_t out, std::int64_t stride, std::int64_t leading, std::int64_t kernel,
              std::int64_t size) {
  const std::int64_t start = out * stride - leading;
  const Span1d inside{std::max<std::int64_t>(start, 0), std::min(start + kernel, size)};
  require(inside.first < inside.last, "the window of output position {} lies outside the input", out);
  return inside;
}

/// Halves away from zero when `count` is even.
std::int64_t average(std::int64_t sum, std::int64_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/// One output pixel: channel by channel over the window.
void pool_window(PoolKind kind, const std::vector<std::int64_t>& x, const network::Shape& in, std::int64_t n,
                 Span1d rows, Span1d columns, std::vector<std::int64_t>& pixel) {
  const bool is_average = kind == PoolKind::kAverage;
  std::fill(pixel.begin(), pixel.end(), is_average ? 0 : std::numeric_limits<std::int64_t>::min());
  for (std::int64_t y = rows.first; y < rows.last; ++y) {
    for (std::int64_t c = columns.first; c < columns.last; ++c) {
      const std::int64_t* element = x.data() + ((n * in[1] + y) * in[2] + c) * in[3];
      for (std::int64_t& value : pixel) {
        value = is_average ? value + *element : std::max(value, *element);
        ++element;
      }
    }
  }
  const std::int64_t count = (rows.last - rows.first) * (columns.last - columns.first);
  if (is_average) {
    for (std::int64_t& value : pixel) value = average(value, count);
  }
}

void check_pool(const network::qop::Pool2d& op, const Tensor& input, const Tensor& output) {
  require_rank(input, 4, "input");
  require_rank(output, 4, "output");
  require_same_dtype(input, output);
  require_at_most_bits(input, 32, "input");
  check_clamp(op.clamp, output.dtype());
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  for (const std::int64_t v : {op.kernel[0], op.kernel[1], op.stride[0], op.stride[1]})
    require(v >= 1 && v <= kMost, "kernel or stride {} is not between 1 and {}", v, kMost);
  for (const std::int64_t v : {op.padding.top, op.padding.left})
    require(v >= 0 && v <= kMost, "padding {} is not between 0 and {}", v, kMost);
  require(input.shape()[0] == output.shape()[0] && input.shape()[3] == output.shape()[3],
          "{} does not pool to {}", network::to_string(input.shape()), network::to_string(output.shape()));
}

/// The axes counted from 0, each once.
std::vector<bool> reduced_axes(const std::vector<int>& axes, std::size_t rank) {
  std::vector<bool> reduced(rank);
  const int dimensions = static_cast<int>(rank);
  for (const int axis : axes) {
    require(axis >= -dimensions && axis < dimensions, "axis {} of {} dimensions", axis, dimensions);
    reduced[index(axis < 0 ? axis + dimensions : axis)] = true;
  }
  return reduced;
}

/// Strides of the output as seen from the input: 0 along reduced axes.
Strides accumulator_strides(const network::Shape& shape, const std::vector<bool>& reduced) {
  network::Shape kept = shape;
  for (std::size_t d = 0; d < kept.size(); ++d) kept[d] = reduced[d] ? 1 : kept[d];
  Strides strides = dense_strides(kept);
  for (std::size_t d = 0; d < kept.size(); ++d) strides[d] = reduced[d] ? 0 : strides[d];
  return strides;
}

}  // namespace

void evaluate(const network::qop::Pool2d& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  check_pool(op, input, output);
  const auto& in = input.shape();
  const auto& out = output.shape();
  const auto x = centred(input);
  std::vector<std::int64_t> pixel(index(out[3]));
  std::int64_t position = 0;
  for (std::int64_t n = 0; n < out[0]; ++n) {
    for (std::int64_t y = 0; y < out[1]; ++y) {
      const Span1d rows = window(y, op.stride[0], op.padding.top, op.kernel[0], in[1]);
      for (std::int64_t c = 0; c < out[2]; ++c, ++position) {
        const Span1d columns = window(c, op.stride[1], op.padding.left, op.kernel[1], in[2]);
        pool_window(op.kind, x, in, n, rows, columns, pixel);
        for (std::int64_t& v : pixel) v = std::clamp(v, op.clamp.min, op.clamp.max);
        store(output, position * out[3], pixel);
      }
    }
  }
}

void evaluate(const network::qop::Reduce& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const auto reduced = reduced_axes(op.axes, input.shape().size());
  require_at_most_bits(input, 32, "input");
  check_zero_point(op.input_zero_point);
  const OutputStage stage({op.multiplier}, op.rule, op.output_zero_point, op.clamp, output.dtype(), 1);
  std::int64_t count = 1;
  for (std::size_t d = 0; d < reduced.size(); ++d) count *= reduced[d] ? input.shape()[d] : 1;
  require(output.size() * count == input.size(), "{} reduced over {} elements is not {}",
          network::to_string(input.shape()), count, network::to_string(output.shape()));
  const auto x = centred(input, op.input_zero_point);
  std::vector<std::int64_t> sums(index(output.size()));
  for_each_strided(input.shape(), accumulator_strides(input.shape(), reduced), 0,
                   [&](std::int64_t i, std::int64_t to) { sums[index(to)] += x[index(i)]; });
  for (std::int64_t& v : sums) v = stage(v, 0);
  store(output, 0, sums);
}

}  // namespace dlasim::golden
