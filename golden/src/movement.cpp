/// Operators that move codes and never change them: spec/tflite_semantics.md section 5. They work for every
/// element type, floats included.

#include <algorithm>
#include <cstring>
#include <vector>

#include "elements.h"
#include "golden/operators.h"
#include "strided.h"

namespace dlasim::golden {
namespace {

using network::Shape;
using network::Tensor;

/// Copies element `from` of one tensor to element `to` of another of the same dtype.
class Mover {
 public:
  Mover(const Tensor& input, Tensor& output)
      : input_(input.bytes()),
        output_(output.bytes()),
        bytes_(index(network::bytes_per_element(input.dtype()))) {
    require_same_dtype(input, output);
  }
  void operator()(std::int64_t from, std::int64_t to, std::int64_t count = 1) const {
    std::memcpy(&output_[index(to) * bytes_], &input_[index(from) * bytes_], index(count) * bytes_);
  }

 private:
  std::span<const std::byte> input_;
  std::span<std::byte> output_;
  std::size_t bytes_;
};

void fill(Tensor& tensor, std::int64_t value) {
  if (tensor.dtype() == network::DType::kFloat32) {
    const auto elements = tensor.data<float>();
    return std::fill(elements.begin(), elements.end(), static_cast<float>(value));
  }
  require(value >= network::lowest(tensor.dtype()) && value <= network::highest(tensor.dtype()),
          "padding value {} is not a code of {}", value, network::name(tensor.dtype()));
  const std::vector<std::int64_t> values(index(tensor.size()), value);
  store(tensor, 0, values);
}

void require_shape(const Tensor& output, const Shape& wanted) {
  require(output.shape() == wanted, "output {} is declared, the operator gives {}",
          network::to_string(output.shape()), network::to_string(wanted));
}

/// The images of one batch, cut into blocks: where pixel (y, x) of block (by, bx) of image n lies.
struct Blocks {
  network::Pair block;
  std::int64_t top, left;  ///< padding or crop
  std::int64_t images;     ///< batch of the tensor that holds whole images
  const Shape& whole;      ///< [images, H, W, C]
  const Shape& cut;        ///< [images * blocks, H', W', C]
};

void check_blocks(const Blocks& b) {
  for (const std::int64_t v : b.block)
    require(v >= 1 && v <= 65536, "block {} is not between 1 and 65536", v);
  require(b.whole.size() == 4 && b.cut.size() == 4, "four dimensions are needed");
  require(b.cut[0] == b.images * b.block[0] * b.block[1] && b.cut[3] == b.whole[3],
          "{} in blocks of {}x{} is not {}", network::to_string(b.whole), b.block[0], b.block[1],
          network::to_string(b.cut));
  constexpr std::int64_t kMost = std::int64_t{1} << 24;
  for (const std::int64_t v : {b.top, b.left})
    require(v >= 0 && v <= kMost, "padding or crop {} is not between 0 and {}", v, kMost);
}

/// Calls f(first element in the cut tensor, first element in the whole tensor) for every pixel of the cut
/// tensor that lies inside the whole image.
template <class F>
void for_each_block_pixel(const Blocks& b, F f) {
  const auto [block_h, block_w] = b.block;
  for (std::int64_t n = 0; n < b.cut[0]; ++n) {
    const std::int64_t by = n / b.images / block_w;
    const std::int64_t bx = n / b.images % block_w;
    for (std::int64_t h = 0; h < b.cut[1]; ++h) {
      const std::int64_t y = h * block_h + by - b.top;
      if (y < 0 || y >= b.whole[1]) continue;
      for (std::int64_t w = 0; w < b.cut[2]; ++w) {
        const std::int64_t x = w * block_w + bx - b.left;
        if (x < 0 || x >= b.whole[2]) continue;
        f(((n * b.cut[1] + h) * b.cut[2] + w) * b.cut[3],
          ((n % b.images * b.whole[1] + y) * b.whole[2] + x) * b.whole[3]);
      }
    }
  }
}

}  // namespace

void evaluate(const network::qop::Pad& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Shape& shape = input.shape();
  require(op.before.size() == shape.size() && op.after.size() == shape.size(),
          "{} and {} paddings for {} dimensions", op.before.size(), op.after.size(), shape.size());
  Shape wanted = shape;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    for (const std::int64_t v : {op.before[d], op.after[d]})
      require(v >= 0 && v <= (std::int64_t{1} << 40), "padding {} is out of range", v);
    wanted[d] += op.before[d] + op.after[d];
  }
  require_shape(output, wanted);
  const Mover move(input, output);
  fill(output, op.value);
  const Strides strides = dense_strides(output.shape());
  std::int64_t start = 0;
  for (std::size_t d = 0; d < shape.size(); ++d) start += op.before[d] * strides[d];
  for_each_strided(shape, strides, start, move);
}

void evaluate(const network::qop::Transpose& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const std::size_t rank = input.shape().size();
  require(op.perm.size() == rank, "a permutation of {} for {} dimensions", op.perm.size(), rank);
  const Strides dense = dense_strides(input.shape());
  std::vector<bool> used(rank);
  Strides strides;
  Shape wanted;
  for (const int p : op.perm) {
    require(p >= 0 && static_cast<std::size_t>(p) < rank && !used[index(p)],
            "the permutation names dimension {} twice or of {}", p, rank);
    used[index(p)] = true;
    strides.push_back(dense[index(p)]);
    wanted.push_back(input.shape()[index(p)]);
  }
  require_shape(output, wanted);
  const Mover move(input, output);
  for_each_strided(wanted, strides, 0, [&](std::int64_t to, std::int64_t from) { move(from, to); });
}

void evaluate(const network::qop::Reshape&, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  require_same_dtype(input, output);
  output = input.reshaped(output.shape());
}

void evaluate(const network::qop::Concat& op, const Inputs& inputs, Tensor& output) {
  const Shape& out = output.shape();
  const int rank = static_cast<int>(out.size());
  require(op.axis >= -rank && op.axis < rank, "axis {} of {} dimensions", op.axis, rank);
  const std::size_t axis = index(op.axis < 0 ? op.axis + rank : op.axis);
  const std::int64_t outer = product(out, 0, axis);
  const std::int64_t inner = product(out, axis + 1, out.size());
  std::int64_t done = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& input = inputs.required(i, "input");
    require_rank(input, out.size(), "input");
    Shape wanted = out;
    wanted[axis] = input.shape()[axis];
    require(input.shape() == wanted && done + wanted[axis] <= out[axis], "input {} {} does not fit output {}",
            i, network::to_string(input.shape()), network::to_string(out));
    const Mover move(input, output);
    const std::int64_t run = wanted[axis] * inner;
    for (std::int64_t o = 0; o < outer; ++o) move(o * run, (o * out[axis] + done) * inner, run);
    done += wanted[axis];
  }
  require(done == out[axis], "the inputs have {} slices along the axis, the output {}", done, out[axis]);
}

void evaluate(const network::qop::Slice& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const std::size_t rank = input.shape().size();
  require(op.begin.size() == rank && op.size.size() == rank && op.stride.size() == rank,
          "begin, size and stride need {} entries", rank);
  Strides strides = dense_strides(input.shape());
  std::int64_t start = 0;
  for (std::size_t d = 0; d < rank; ++d) {
    const std::int64_t length = input.shape()[d];
    const std::int64_t size = op.size[d];
    const std::int64_t begin = op.begin[d];
    const std::int64_t stride = op.stride[d];
    // The stride is bounded first, so that the last index cannot overflow.
    const std::int64_t most = size > 1 ? (length - 1) / (size - 1) : length;
    const bool bounded =
        size >= 1 && size <= length && begin >= 0 && begin < length && stride >= -most && stride <= most;
    const std::int64_t last = bounded ? begin + (size - 1) * stride : -1;
    require(last >= 0 && last < length, "begin {}, size {}, stride {} leave a dimension of {}", begin, size,
            stride, length);
    start += op.begin[d] * strides[d];
    strides[d] *= op.stride[d];
  }
  require(network::element_count(op.size) == output.size(), "a slice of {} is not {}",
          network::to_string(op.size), network::to_string(output.shape()));
  const Mover move(input, output);
  for_each_strided(op.size, strides, start, [&](std::int64_t to, std::int64_t from) { move(from, to); });
}

void evaluate(const network::qop::SpaceToBatch& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Blocks blocks{op.block,        op.padding.top,
                      op.padding.left, input.shape().empty() ? 0 : input.shape()[0],
                      input.shape(),   output.shape()};
  check_blocks(blocks);
  const Mover move(input, output);
  fill(output, op.value);
  const std::int64_t channels = input.shape()[3];
  for_each_block_pixel(blocks, [&](std::int64_t cut, std::int64_t whole) { move(whole, cut, channels); });
}

void evaluate(const network::qop::BatchToSpace& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Blocks blocks{op.block,       op.crop.top,
                      op.crop.left,   output.shape().empty() ? 0 : output.shape()[0],
                      output.shape(), input.shape()};
  check_blocks(blocks);
  require(output.shape()[1] + op.crop.top <= input.shape()[1] * op.block[0] &&
              output.shape()[2] + op.crop.left <= input.shape()[2] * op.block[1],
          "{} is larger than the blocks of {}", network::to_string(output.shape()),
          network::to_string(input.shape()));
  const Mover move(input, output);
  const std::int64_t channels = input.shape()[3];
  for_each_block_pixel(blocks, [&](std::int64_t cut, std::int64_t whole) { move(cut, whole, channels); });
}

}  // namespace dlasim::golden
