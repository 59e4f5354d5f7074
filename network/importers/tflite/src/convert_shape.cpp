/// Data movement. Where the input is a known list of integers (the shape arithmetic of SHAPE, STRIDED_SLICE,
/// PACK), the result is computed now and no node is made.

#include <algorithm>
#include <utility>

#include "network/importers/tensor_moves.h"
#include "operator_context.h"

namespace dlasim::network::tflite {
namespace {

/// Longest list that is taken for shape arithmetic; anything longer is data and runs as nodes.
constexpr std::int64_t kMostFolded = 1024;

bool is_known_list(const TensorInfo& tensor) {
  const bool integer = tensor.dtype == DType::kInt32 || tensor.dtype == DType::kInt64;
  return integer && tensor.constant && tensor.constant->size() <= kMostFolded;
}

bool are_known_lists(const OperatorContext& c, int first, int last) {
  for (int i = first; i < last; ++i) {
    if (!is_known_list(c.in(i))) return false;
  }
  return element_count(c.out().shape) <= kMostFolded;
}

void require_equal_count(const OperatorContext& c, TensorId from, TensorId to) {
  if (element_count(c.info(from).shape) != element_count(c.info(to).shape)) {
    c.bad("input " + to_string(c.info(from).shape) + " has another element count than output " +
          to_string(c.info(to).shape));
  }
}

/// Constant `i` as [n, 2] with one row a dimension of the input: what PAD adds.
op::Pad pad_amounts(const OperatorContext& c) {
  const std::size_t rank = c.in(0).shape.size();
  const auto amounts = c.constant_integers(1, "paddings");
  if (amounts.size() != 2 * rank) {
    c.bad("paddings has " + std::to_string(amounts.size()) + " entries for an input of shape " +
          to_string(c.in(0).shape));
  }
  op::Pad pad;
  Shape expected = c.in(0).shape;
  for (std::size_t a = 0; a < rank; ++a) {
    if (amounts[2 * a] < 0 || amounts[2 * a + 1] < 0) c.bad("paddings are negative");
    pad.before.push_back(amounts[2 * a]);
    pad.after.push_back(amounts[2 * a + 1]);
    expected[a] += amounts[2 * a] + amounts[2 * a + 1];
  }
  c.require_shape(c.output(), expected, "output");
  return pad;
}

/// A strided slice of one axis.
struct AxisSlice {
  std::int64_t begin = 0, size = 0, stride = 1;
};

struct SliceMasks {
  bool begin = false, end = false, shrink = false;
};

/// spec/tflite_semantics.md section 5.
AxisSlice slice_axis(std::int64_t n, std::int64_t begin, std::int64_t end, std::int64_t stride,
                     SliceMasks masks) {
  const bool forward = stride > 0;
  const std::int64_t low = forward ? 0 : -1;
  const std::int64_t high = forward ? n : n - 1;
  const auto place = [&](std::int64_t v) { return std::clamp(v < 0 ? v + n : v, low, std::max(low, high)); };
  const std::int64_t first = masks.begin ? (forward ? 0 : n - 1) : place(begin);
  if (masks.shrink) return {first, 1, 1};
  const std::int64_t last = masks.end ? (forward ? n : -1) : place(end);
  const std::int64_t distance = forward ? last - first : first - last;
  const std::int64_t step = forward ? stride : -stride;
  return {first, std::max<std::int64_t>(0, (distance + step - 1) / step), stride};
}

/// The slice of all axes; `shape` is the result's shape, without the axes that shrink_axis_mask drops.
struct StridedSlice {
  op::Slice slice;
  Shape shape;
};

StridedSlice strided_slice(const OperatorContext& c) {
  constexpr int kBeginMask = 0, kEndMask = 1, kEllipsisMask = 2, kNewAxisMask = 3, kShrinkMask = 4,
                kOffset = 5;
  if (c.option<std::int32_t>(kEllipsisMask, 0) != 0) c.unsupported("ellipsis_mask is not 0");
  if (c.option<std::int32_t>(kNewAxisMask, 0) != 0) c.unsupported("new_axis_mask is not 0");
  if (c.flag(kOffset)) c.unsupported("offset is true");
  const Shape& in = c.in(0).shape;
  const auto begin = c.constant_integers(1, "begin");
  const auto end = c.constant_integers(2, "end");
  const auto stride = c.constant_integers(3, "strides");
  if (begin.size() != end.size() || begin.size() != stride.size() || begin.size() > in.size()) {
    c.bad("begin, end and strides have " + std::to_string(begin.size()) + ", " + std::to_string(end.size()) +
          " and " + std::to_string(stride.size()) + " entries for an input of shape " + to_string(in));
  }
  const auto bit = [&](int field, std::size_t a) {
    return ((static_cast<std::uint32_t>(c.option<std::int32_t>(field, 0)) >> a) & 1U) != 0;
  };
  StridedSlice result;
  for (std::size_t a = 0; a < in.size(); ++a) {
    AxisSlice axis{0, in[a], 1};
    bool shrink = false;
    if (a < begin.size()) {
      if (stride[a] == 0) c.bad("a stride is 0");
      shrink = bit(kShrinkMask, a);
      axis = slice_axis(in[a], begin[a], end[a], stride[a], {bit(kBeginMask, a), bit(kEndMask, a), shrink});
      if (shrink && (axis.begin < 0 || axis.begin >= in[a])) c.bad("begin lies outside the input");
    }
    result.slice.begin.push_back(axis.begin);
    result.slice.size.push_back(axis.size);
    result.slice.stride.push_back(axis.stride);
    if (!shrink) result.shape.push_back(axis.size);
  }
  return result;
}

Shape with_axis(Shape shape, int axis, std::int64_t size) {
  shape.insert(shape.begin() + axis, size);
  return shape;
}

}  // namespace

void convert_reshape(OperatorContext& c) {
  require_equal_count(c, c.input(0), c.output());
  if (are_known_lists(c, 0, 1)) return c.fold(c.in(0).constant->reshaped(c.out().shape));
  c.emit(op::Reshape{}, {c.input(0)});
}

void convert_pad(OperatorContext& c) {
  c.emit(pad_amounts(c), {c.input(0)});
}

void convert_padv2(OperatorContext& c) {
  op::Pad pad = pad_amounts(c);
  const Tensor& value = c.constant(2, "padding value");
  if (value.size() != 1 || value.dtype() != c.in(0).dtype)
    c.bad("padding value is not one element of the input's type");
  if (value.dtype() == DType::kFloat32) {
    pad.value = static_cast<double>(value.data<float>()[0]);
  } else {
    pad.raw_value = value.integer(0);
  }
  c.emit(pad, {c.input(0)});
}

void convert_transpose(OperatorContext& c) {
  const Shape& in = c.in(0).shape;
  op::Transpose transpose;
  Shape expected;
  std::vector<bool> seen(in.size(), false);
  for (const std::int64_t p : c.constant_integers(1, "permutation")) {
    const int axis = importers::normalized_axis(p, in.size());
    const auto a = static_cast<std::size_t>(axis);
    if (seen[a]) c.bad("permutation names a dimension twice");
    seen[a] = true;
    transpose.perm.push_back(axis);
    expected.push_back(in[a]);
  }
  if (expected.size() != in.size()) c.bad("permutation has " + std::to_string(expected.size()) + " entries");
  c.require_shape(c.output(), expected, "output");
  c.emit(transpose, {c.input(0)});
}

void convert_concatenation(OperatorContext& c) {
  constexpr int kAxis = 0, kActivation = 1;
  if (c.activation(kActivation) != FusedActivation::kNone) c.unsupported("fused activation");
  Shape expected = c.in(0).shape;
  const int axis = importers::normalized_axis(c.option<std::int32_t>(kAxis, 0), expected.size());
  const auto a = static_cast<std::size_t>(axis);
  std::vector<TensorId> inputs{c.input(0)};
  for (int i = 1; i < c.input_count(); ++i) {
    Shape other = c.in(i).shape;
    if (other.size() != expected.size() || c.in(i).dtype != c.in(0).dtype) c.bad("inputs are unlike");
    expected[a] += std::exchange(other[a], expected[a]);
    other[a] = expected[a];
    if (other != expected) c.bad("input " + std::to_string(i) + " has shape " + to_string(c.in(i).shape));
    inputs.push_back(c.input(i));
  }
  c.require_shape(c.output(), expected, "output");
  if (are_known_lists(c, 0, c.input_count())) {
    std::vector<const Tensor*> values;
    for (int i = 0; i < c.input_count(); ++i) values.push_back(&*c.in(i).constant);
    return c.fold(importers::concatenated(values, axis));
  }
  c.emit(op::Concat{axis}, std::move(inputs));
}

void convert_strided_slice(OperatorContext& c) {
  StridedSlice result = strided_slice(c);
  c.require_shape(c.output(), result.shape, "output");
  if (are_known_lists(c, 0, 1)) {
    const op::Slice& s = result.slice;
    return c.fold(importers::sliced(*c.in(0).constant, s.begin, s.size, s.stride).reshaped(result.shape));
  }
  if (result.shape.size() == c.in(0).shape.size()) return c.emit(std::move(result.slice), {c.input(0)});
  const Shape size = result.slice.size;
  const TensorId whole = c.emit_step("window", std::move(result.slice), {c.input(0)}, c.output(), size);
  c.emit(op::Reshape{}, {whole});
}

void convert_split(OperatorContext& c) {
  const TensorId x = c.input(1);
  Shape part = c.info(x).shape;
  const auto a = static_cast<std::size_t>(c.axis_input(0, "axis", part.size()));
  const int count = c.output_count();
  if (const auto declared = c.option<std::int32_t>(0, 0); declared != count || part[a] % count != 0) {
    c.bad("num_splits is " + std::to_string(declared) + " with " + std::to_string(count) +
          " outputs and input " + to_string(part));
  }
  part[a] /= count;
  op::Slice slice{Shape(part.size(), 0), part, Shape(part.size(), 1)};
  for (int i = 0; i < count; ++i) {
    c.require_shape(c.output(i), part, "output");
    slice.begin[a] = i * part[a];
    c.emit_as("part" + std::to_string(i), slice, {x}, c.output(i));
  }
}

void convert_shape(OperatorContext& c) {
  const Shape& shape = c.in(0).shape;
  Tensor value(c.out().dtype, {static_cast<std::int64_t>(shape.size())});
  if (value.dtype() != DType::kInt32 && value.dtype() != DType::kInt64) {
    c.unsupported("output of type " + std::string(name(value.dtype())));
  }
  for (std::size_t a = 0; a < shape.size(); ++a) value.set_integer(static_cast<std::int64_t>(a), shape[a]);
  c.fold(std::move(value));
}

void convert_pack(OperatorContext& c) {
  constexpr int kAxis = 1;
  const Shape in = c.in(0).shape;
  const int axis = importers::normalized_axis(c.option<std::int32_t>(kAxis, 0), in.size() + 1);
  for (int i = 1; i < c.input_count(); ++i) {
    c.require_shape(c.input(i), in, "input");
    if (c.in(i).dtype != c.in(0).dtype) c.bad("inputs are of unlike types");
  }
  c.require_shape(c.output(), with_axis(in, axis, c.input_count()), "output");
  const Shape one = with_axis(in, axis, 1);
  if (are_known_lists(c, 0, c.input_count())) {
    std::vector<Tensor> values;
    std::vector<const Tensor*> pointers;
    for (int i = 0; i < c.input_count(); ++i) values.push_back(c.in(i).constant->reshaped(one));
    for (const Tensor& v : values) pointers.push_back(&v);
    return c.fold(importers::concatenated(pointers, axis));
  }
  if (c.input_count() == 1) return c.emit(op::Reshape{}, {c.input(0)});
  std::vector<TensorId> parts;
  for (int i = 0; i < c.input_count(); ++i) {
    parts.push_back(c.emit_step("part" + std::to_string(i), op::Reshape{}, {c.input(i)}, c.input(i), one));
  }
  c.emit(op::Concat{axis}, std::move(parts));
}

void convert_unpack(OperatorContext& c) {
  constexpr int kNum = 0, kAxis = 1;
  Shape part = c.in(0).shape;
  const int axis = importers::normalized_axis(c.option<std::int32_t>(kAxis, 0), part.size());
  const auto a = static_cast<std::size_t>(axis);
  if (const auto num = c.option<std::int32_t>(kNum, 0); num != c.output_count() || num != part[a]) {
    c.bad("num is " + std::to_string(num) + " with " + std::to_string(c.output_count()) +
          " outputs and input " + to_string(part));
  }
  part[a] = 1;
  Shape expected = part;
  expected.erase(expected.begin() + axis);
  op::Slice slice{Shape(part.size(), 0), part, Shape(part.size(), 1)};
  for (int i = 0; i < c.output_count(); ++i) {
    c.require_shape(c.output(i), expected, "output");
    slice.begin[a] = i;
    const TensorId window = c.emit_step("window" + std::to_string(i), slice, {c.input(0)}, c.output(i), part);
    c.emit_as("part" + std::to_string(i), op::Reshape{}, {window}, c.output(i));
  }
}

namespace {

/// Block and the four numbers of a 4-D SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND.
struct Blocks {
  Pair block;
  Padding edges;
};

Blocks blocks(const OperatorContext& c, std::string_view edges_name) {
  c.require_rank(c.input(0), 4, "input");
  const auto block = c.constant_integers(1, "block shape");
  const auto edges = c.constant_integers(2, edges_name);
  if (block.size() != 2 || edges.size() != 4) {
    c.unsupported("block of " + std::to_string(block.size()) + " dimensions; 2 are supported");
  }
  constexpr std::int64_t kLargest = 1 << 16;
  if (std::min(block[0], block[1]) < 1 || std::max(block[0], block[1]) > kLargest)
    c.bad("block is out of range");
  if (*std::min_element(edges.begin(), edges.end()) < 0) c.bad(std::string(edges_name) + " are negative");
  return {{block[0], block[1]}, {.top = edges[0], .left = edges[2], .bottom = edges[1], .right = edges[3]}};
}

}  // namespace

void convert_space_to_batch(OperatorContext& c) {
  const Blocks b = blocks(c, "paddings");
  const Shape& in = c.in(0).shape;
  const std::int64_t rows = in[1] + b.edges.top + b.edges.bottom;
  const std::int64_t columns = in[2] + b.edges.left + b.edges.right;
  if (rows % b.block[0] != 0 || columns % b.block[1] != 0) c.bad("block does not divide the padded input");
  c.require_shape(c.output(),
                  {in[0] * b.block[0] * b.block[1], rows / b.block[0], columns / b.block[1], in[3]},
                  "output");
  c.emit(op::SpaceToBatch{b.block, b.edges}, {c.input(0)});
}

void convert_batch_to_space(OperatorContext& c) {
  const Blocks b = blocks(c, "crops");
  const Shape& in = c.in(0).shape;
  if (in[0] % (b.block[0] * b.block[1]) != 0) c.bad("block does not divide the batch");
  c.require_shape(c.output(),
                  {in[0] / (b.block[0] * b.block[1]), in[1] * b.block[0] - b.edges.top - b.edges.bottom,
                   in[2] * b.block[1] - b.edges.left - b.edges.right, in[3]},
                  "output");
  c.emit(op::BatchToSpace{b.block, b.edges}, {c.input(0)});
}

}  // namespace dlasim::network::tflite
