/// Rows times columns: spec/integer_semantics.md section 2.

#include <vector>

#include "dot.h"
#include "elements.h"
#include "golden/operators.h"
#include "golden/requantize.h"

namespace dlasim::golden {
namespace {

using network::Shape;
using network::Tensor;

/// Columns [first, end) of a product, which has `columns` of them.
struct Columns {
  std::int64_t first, end, columns;
};

/// output[r, c] = stage(bias[c] + row r of a . row c - first of b), where output[0, 0] is element `origin`.
template <class T>
void multiply_rows(const T* a, std::int64_t rows, const T* b, const Columns& part, std::int64_t depth,
                   const std::vector<std::int64_t>& bias, const OutputStage& stage, std::int64_t origin,
                   Tensor& output) {
  std::vector<std::int64_t> row(index(part.end - part.first));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = part.first; c < part.end; ++c) {
      const T* column = b + (c - part.first) * depth;
      row[index(c - part.first)] = stage(bias[index(c)] + dot(a + r * depth, column, depth), c);
    }
    store(output, origin + r * part.columns + part.first, row);
  }
}

/// A stack of matrices that broadcasts in its batch dimensions.
struct Matrices {
  Shape batch;
  std::int64_t rows, columns;
};

Matrices matrices(const Tensor& tensor, std::string_view what) {
  const Shape& shape = tensor.shape();
  require(shape.size() >= 2, "{} has shape {}, two dimensions or more are needed", what,
          network::to_string(shape));
  return {Shape(shape.begin(), shape.end() - 2), shape[shape.size() - 2], shape.back()};
}

/// Which matrix of `stack` belongs to matrix `i` of the output stack `batch`. Dimensions align at the end.
std::int64_t matrix_of(const Matrices& stack, const Shape& batch, std::int64_t i) {
  std::int64_t result = 0;
  std::int64_t step = 1;
  for (std::size_t d = 0; d < stack.batch.size(); ++d) {
    const std::int64_t size = stack.batch[stack.batch.size() - 1 - d];
    const std::int64_t out_size = batch[batch.size() - 1 - d];
    result += size == 1 ? 0 : i % out_size * step;
    step *= size;
    i /= out_size;
  }
  return result;
}

void check_batch(const Matrices& stack, const Shape& batch) {
  require(stack.batch.size() <= batch.size(), "an input has more batch dimensions than the output");
  for (std::size_t d = 0; d < stack.batch.size(); ++d) {
    const std::int64_t size = stack.batch[stack.batch.size() - 1 - d];
    const std::int64_t out_size = batch[batch.size() - 1 - d];
    require(size == 1 || size == out_size, "batch dimension {} does not broadcast to {}", size, out_size);
  }
}

/// The transpose of a rows x columns matrix.
template <class T>
std::vector<T> transposed(const T* matrix, std::int64_t rows, std::int64_t columns) {
  std::vector<T> result(index(rows * columns));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < columns; ++c) result[index(c * rows + r)] = matrix[r * columns + c];
  }
  return result;
}

/// Matrix `i` of the stack with the summed dimension innermost.
template <class T>
std::vector<T> depth_innermost(const std::vector<T>& elements, const Matrices& stack, std::int64_t i,
                               bool depth_is_rows) {
  const T* matrix = elements.data() + i * stack.rows * stack.columns;
  if (depth_is_rows) return transposed(matrix, stack.rows, stack.columns);
  return {matrix, matrix + stack.rows * stack.columns};
}

}  // namespace

void evaluate(const network::qop::FullyConnected& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Tensor& weight = inputs.required(1, "weight");
  require_rank(weight, 2, "weight");
  const std::int64_t channels = weight.shape()[0];
  const std::int64_t depth = weight.shape()[1];
  require(depth >= 1, "weight {} has no columns", network::to_string(weight.shape()));
  const std::int64_t rows = input.size() / depth;
  require(rows * depth == input.size() && rows * channels == output.size(),
          "weight {} does not turn {} into {}", network::to_string(weight.shape()),
          network::to_string(input.shape()), network::to_string(output.shape()));
  const auto bias = bias_or_zeros(inputs.optional(2), channels);
  const OutputStage stage(op.mac.multiplier, op.mac.rule, op.mac.output_zero_point, op.mac.clamp,
                          output.dtype(), channels);
  with_dot_type(input, op.mac.input_zero_point, weight, op.mac.weight_zero_point, [&](auto type) {
    using T = decltype(type);
    const auto a = centred<T>(input, op.mac.input_zero_point);
    for_each_slice<T>(weight, op.mac.weight_zero_point, [&](std::int64_t first, const std::vector<T>& b) {
      const Columns part{first, first + static_cast<std::int64_t>(b.size()) / depth, channels};
      multiply_rows(a.data(), rows, b.data(), part, depth, bias, stage, 0, output);
    });
  });
}

void evaluate(const network::qop::BatchMatmul& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input1 = inputs.required(0, "input1");
  const Tensor& input2 = inputs.required(1, "input2");
  const Matrices a = matrices(input1, "input1");
  const Matrices b = matrices(input2, "input2");
  const Matrices out = matrices(output, "output");
  const std::int64_t depth = op.adj_x ? a.rows : a.columns;
  require((op.adj_y ? b.columns : b.rows) == depth && (op.adj_x ? a.columns : a.rows) == out.rows &&
              (op.adj_y ? b.rows : b.columns) == out.columns,
          "{} times {} (adj_x {}, adj_y {}) is not {}", network::to_string(input1.shape()),
          network::to_string(input2.shape()), op.adj_x, op.adj_y, network::to_string(output.shape()));
  require(out.rows >= 1 && out.columns >= 1, "output {} is empty", network::to_string(output.shape()));
  check_batch(a, out.batch);
  check_batch(b, out.batch);
  const auto bias = bias_or_zeros(inputs.optional(2), out.columns);
  const OutputStage stage(op.mac.multiplier, op.mac.rule, op.mac.output_zero_point, op.mac.clamp,
                          output.dtype(), out.columns);
  with_dot_type(input1, op.mac.input_zero_point, input2, op.mac.weight_zero_point, [&](auto type) {
    using T = decltype(type);
    const auto x = centred<T>(input1, op.mac.input_zero_point);
    const auto y = centred<T>(input2, op.mac.weight_zero_point);
    const std::int64_t count = output.size() / (out.rows * out.columns);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto rows = depth_innermost(x, a, matrix_of(a, out.batch, i), op.adj_x);
      const auto columns = depth_innermost(y, b, matrix_of(b, out.batch, i), !op.adj_y);
      multiply_rows(rows.data(), out.rows, columns.data(), {0, out.columns, out.columns}, depth, bias, stage,
                    i * out.rows * out.columns, output);
    }
  });
}

}  // namespace dlasim::golden
