#include "network/shape_inference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "base/error.h"

namespace dlasim::network {
namespace {

/// Attributes above this are nonsense; below it no product of two of them overflows.
constexpr std::int64_t kLargestAttribute = std::int64_t{1} << 31;

/// One overload an operator. Every check throws InputError with the operator's name.
class Inference {
 public:
  Inference(std::string_view operation, std::span<const Shape* const> inputs)
      : operation_(operation), inputs_(inputs) {}

  Shape operator()(const op::Conv2d& o) const {
    const Shape& x = image(0);
    const Shape& w = weight(1, 4);
    check_range("groups", o.groups, 1);
    if (w[3] > kLargestAttribute || w[3] * o.groups != x[3]) {
      fail("input {} has {} channels, weight {} with {} group{} wants {}", to_string(x), x[3], to_string(w),
           o.groups, o.groups == 1 ? "" : "s", w[3] > kLargestAttribute ? w[3] : w[3] * o.groups);
    }
    if (w[0] % o.groups != 0) fail("{} output channels cannot form {} groups", w[0], o.groups);
    check_bias(2, w[0]);
    return {x[0], rows(x, o.padding, w[1], o.stride[0], o.dilation[0]),
            columns(x, o.padding, w[2], o.stride[1], o.dilation[1]), w[0]};
  }

  Shape operator()(const op::DepthwiseConv2d& o) const {
    const Shape& x = image(0);
    const Shape& w = weight(1, 4);
    check_range("channel multiplier", o.channel_multiplier, 1);
    if (w[0] != 1) fail("weight {} must begin with 1", to_string(w));
    if (x[3] > kLargestAttribute || w[3] != x[3] * o.channel_multiplier) {
      fail("input {} with channel multiplier {} wants a weight of {} channels, found {}", to_string(x),
           o.channel_multiplier, x[3] > kLargestAttribute ? x[3] : x[3] * o.channel_multiplier, to_string(w));
    }
    check_bias(2, w[3]);
    return {x[0], rows(x, o.padding, w[1], o.stride[0], o.dilation[0]),
            columns(x, o.padding, w[2], o.stride[1], o.dilation[1]), w[3]};
  }

  Shape operator()(const op::TransposeConv2d& o) const {
    const Shape& x = image(0);
    const Shape& w = weight(1, 4);
    if (w[3] != x[3]) {
      fail("input {} has {} channels, weight {} wants {}", to_string(x), x[3], to_string(w), w[3]);
    }
    check_bias(2, w[0]);
    return {x[0], transposed("rows", x[1], o.padding.top, o.padding.bottom, w[1], o.stride[0]),
            transposed("columns", x[2], o.padding.left, o.padding.right, w[2], o.stride[1]), w[0]};
  }

  Shape operator()(const op::FullyConnected&) const {
    const Shape& x = input(0);
    const Shape& w = weight(1, 2);
    check_bias(2, w[0]);
    if (!x.empty() && x.back() == w[1]) {
      Shape y = x;
      y.back() = w[0];
      return y;
    }
    if (element_count(x) % w[1] != 0) {
      fail("input {} does not divide into rows of {} elements, which weight {} wants", to_string(x), w[1],
           to_string(w));
    }
    return {element_count(x) / w[1], w[0]};
  }

  Shape operator()(const op::BatchMatmul& o) const {
    Shape a = input(0);
    Shape b = input(1);
    if (a.size() < 2 || b.size() < 2)
      fail("inputs {} and {} need two dimensions", to_string(a), to_string(b));
    const std::string shapes = fmt::format("{} and {}", to_string(a), to_string(b));
    if (o.adj_x) std::swap(a[a.size() - 1], a[a.size() - 2]);
    if (o.adj_y) std::swap(b[b.size() - 1], b[b.size() - 2]);
    const std::int64_t m = a[a.size() - 2];
    const std::int64_t n = b.back();
    if (a.back() != b[b.size() - 2]) {
      fail("inputs {} do not match: {} columns meet {} rows", shapes, a.back(), b[b.size() - 2]);
    }
    a.resize(a.size() - 2);
    b.resize(b.size() - 2);
    Shape y = broadcast(a, b);
    y.insert(y.end(), {m, n});
    return y;
  }

  Shape operator()(const op::Binary&) const { return broadcast(input(0), input(1)); }

  Shape operator()(const op::Pool2d& o) const {
    const Shape& x = image(0);
    return {x[0], rows(x, o.padding, o.kernel[0], o.stride[0], 1),
            columns(x, o.padding, o.kernel[1], o.stride[1], 1), x[3]};
  }

  Shape operator()(const op::Reduce& o) const {
    const Shape& x = input(0);
    std::vector<bool> reduced(x.size(), false);
    for (const int axis : o.axes) reduced[checked_axis(axis, x)] = true;
    Shape y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (!reduced[i]) y.push_back(x[i]);
      if (reduced[i] && o.keep_dims) y.push_back(1);
    }
    return y;
  }

  Shape operator()(const op::Unary& o) const {
    const Shape& x = input(0);
    if (o.kind == op::Unary::Kind::kPRelu && o.parameters.size() != 1 &&
        (x.empty() || static_cast<std::int64_t>(o.parameters.size()) != x.back())) {
      fail("{} slopes for input {}; one, or one a channel, is wanted", o.parameters.size(), to_string(x));
    }
    return x;
  }

  Shape operator()(const op::Softmax&) const { return input(0); }

  Shape operator()(const op::Slice& o) const {
    const Shape& x = input(0);
    if (o.begin.size() != x.size() || o.size.size() != x.size() || o.stride.size() != x.size()) {
      fail("begin, size and stride need {} entries for input {}", x.size(), to_string(x));
    }
    for (std::size_t i = 0; i < x.size(); ++i) check_slice(i, x[i], o.begin[i], o.size[i], o.stride[i]);
    return o.size;
  }

  Shape operator()(const op::Concat& o) const {
    Shape y = input(0);
    const std::size_t axis = checked_axis(o.axis, y);
    for (std::size_t i = 1; i < inputs_.size(); ++i) {
      Shape other = input(i);
      const std::int64_t added = other.size() == y.size() ? other[axis] : 0;
      if (other.size() == y.size()) other[axis] = y[axis];
      if (other != y) {
        fail("inputs {} and {} differ elsewhere than in axis {}", to_string(input(0)), to_string(input(i)),
             axis);
      }
      y[axis] += added;
    }
    return y;
  }

  Shape operator()(const op::Pad& o) const {
    Shape y = input(0);
    if (o.before.size() != y.size() || o.after.size() != y.size()) {
      fail("before and after need {} entries for input {}", y.size(), to_string(y));
    }
    for (std::size_t i = 0; i < y.size(); ++i) {
      check_range("padding", o.before[i], 0);
      check_range("padding", o.after[i], 0);
      y[i] += o.before[i] + o.after[i];
    }
    return y;
  }

  Shape operator()(const op::Transpose& o) const {
    const Shape& x = input(0);
    std::vector<int> sorted = o.perm;
    std::sort(sorted.begin(), sorted.end());
    bool valid = sorted.size() == x.size();
    for (std::size_t i = 0; valid && i < sorted.size(); ++i) valid = sorted[i] == static_cast<int>(i);
    if (!valid) fail("perm must name each of the {} dimensions of input {} once", x.size(), to_string(x));
    Shape y;
    for (const int axis : o.perm) y.push_back(x[static_cast<std::size_t>(axis)]);
    return y;
  }

  Shape operator()(const op::Reshape&) const {
    throw std::logic_error("the output shape of a reshape cannot be inferred");
  }

  Shape operator()(const op::Quantize&) const { return input(0); }
  Shape operator()(const op::Dequantize&) const { return input(0); }

  Shape operator()(const op::FakeQuantize& o) const {
    constexpr std::int64_t kLowest = -32768, kHighest = 32767;
    if (!std::isfinite(o.scale) || !(o.scale > 0.0F)) fail("scale {} is not above 0", o.scale);
    if (o.lowest < kLowest || o.highest > kHighest || o.lowest >= o.highest) {
      fail("codes {} to {}; int16 is the most, and the first must be below the second", o.lowest, o.highest);
    }
    if (o.zero_point < o.lowest || o.zero_point > o.highest) {
      fail("zero point {} is not among the codes {} to {}", o.zero_point, o.lowest, o.highest);
    }
    return input(0);
  }
  Shape operator()(const op::Clip& o) const {
    if (!std::isfinite(o.minimum) || !std::isfinite(o.maximum) || !(o.minimum < o.maximum) ||
        o.minimum > 0.0F || o.maximum < 0.0F) {
      fail("levels {} and {}; finite ones are wanted, the first below the second, with 0 between", o.minimum,
           o.maximum);
    }
    return input(0);
  }

  Shape operator()(const op::SpaceToBatch& o) const {
    const Shape& x = image(0);
    const Pair block = checked_block(o.block);
    const Pair size = padded(x, o.padding);
    if (size[0] % block[0] != 0 || size[1] % block[1] != 0) {
      fail("the padded input of {}x{} does not divide into blocks of {}x{}", size[0], size[1], block[0],
           block[1]);
    }
    return {x[0] * block[0] * block[1], size[0] / block[0], size[1] / block[1], x[3]};
  }

  Shape operator()(const op::BatchToSpace& o) const {
    const Shape& x = image(0);
    const Pair block = checked_block(o.block);
    if (x[0] % (block[0] * block[1]) != 0) {
      fail("input {} has {} batches, no multiple of {}", to_string(x), x[0], block[0] * block[1]);
    }
    check_padding(o.crop);
    const std::int64_t height = x[1] * block[0] - o.crop.top - o.crop.bottom;
    const std::int64_t width = x[2] * block[1] - o.crop.left - o.crop.right;
    if (height < 1 || width < 1) fail("the crop leaves nothing of input {}", to_string(x));
    return {x[0] / (block[0] * block[1]), height, width, x[3]};
  }

  Shape operator()(const op::Svdf& o) const {
    const Shape& x = input(0);
    const Shape& feature = weight(1, 2);
    const Shape& time = weight(2, 2);
    check_range("rank", o.rank, 1);
    if ((x.size() != 2 && x.size() != 3) || x.back() != feature[1]) {
      fail("input {} does not match weight_feature {}", to_string(x), to_string(feature));
    }
    if (time[0] != feature[0] || feature[0] % o.rank != 0) {
      fail("weight_feature {}, weight_time {} and rank {} do not match", to_string(feature), to_string(time),
           o.rank);
    }
    check_bias(3, feature[0] / o.rank);
    Shape y = x;
    y.back() = feature[0] / o.rank;
    return y;
  }

  Shape operator()(const op::Lstm&) const {
    const Shape& x = input(0);
    if (x.size() != 3) fail("input {} must have three dimensions", to_string(x));
    const std::int64_t hidden = weight(1, 2)[0];
    for (std::size_t gate = 0; gate < 4; ++gate) {
      const Shape& from_input = weight(1 + 3 * gate, 2);
      const Shape& from_hidden = weight(2 + 3 * gate, 2);
      if (from_input != Shape{hidden, x[2]} || from_hidden != Shape{hidden, hidden}) {
        fail("gate {}: weights {} and {} are wanted, found {} and {}", gate, to_string({hidden, x[2]}),
             to_string({hidden, hidden}), to_string(from_input), to_string(from_hidden));
      }
      check_bias(3 + 3 * gate, hidden);
    }
    return {x[0], x[1], hidden};
  }

 private:
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw base::InputError(fmt::format("{}: {}", operation_, fmt::format(text, std::forward<Args>(args)...)));
  }

  const Shape& input(std::size_t i) const {
    if (i >= inputs_.size() || inputs_[i] == nullptr) fail("input {} is missing", i);
    return *inputs_[i];
  }

  /// An NHWC input.
  const Shape& image(std::size_t i) const {
    const Shape& x = input(i);
    if (x.size() != 4) fail("input {} must have four dimensions (NHWC)", to_string(x));
    return x;
  }

  const Shape& weight(std::size_t i, std::size_t rank) const {
    const Shape& w = input(i);
    const bool positive = std::all_of(w.begin(), w.end(), [](std::int64_t d) { return d > 0; });
    if (w.size() != rank || !positive) {
      fail("weight {} must have {} dimensions, none of them 0", to_string(w), rank);
    }
    return w;
  }

  void check_bias(std::size_t i, std::int64_t channels) const {
    if (i >= inputs_.size() || inputs_[i] == nullptr) return;
    if (*inputs_[i] != Shape{channels}) {
      fail("bias {} must have {} elements", to_string(*inputs_[i]), channels);
    }
  }

  void check_range(std::string_view what, std::int64_t value, std::int64_t lowest) const {
    if (value < lowest || value > kLargestAttribute) {
      fail("{} {} is not between {} and {}", what, value, lowest, kLargestAttribute);
    }
  }

  void check_padding(const Padding& p) const {
    for (const std::int64_t side : {p.top, p.left, p.bottom, p.right}) check_range("padding", side, 0);
  }

  Pair padded(const Shape& x, const Padding& p) const {
    check_padding(p);
    return {x[1] + p.top + p.bottom, x[2] + p.left + p.right};
  }

  std::int64_t rows(const Shape& x, const Padding& p, std::int64_t kernel, std::int64_t stride,
                    std::int64_t dilation) const {
    return windows("rows", padded(x, p)[0], kernel, stride, dilation);
  }
  std::int64_t columns(const Shape& x, const Padding& p, std::int64_t kernel, std::int64_t stride,
                       std::int64_t dilation) const {
    return windows("columns", padded(x, p)[1], kernel, stride, dilation);
  }

  std::int64_t windows(std::string_view what, std::int64_t size, std::int64_t kernel, std::int64_t stride,
                       std::int64_t dilation) const {
    check_range("kernel", kernel, 1);
    check_range("stride", stride, 1);
    check_range("dilation", dilation, 1);
    const std::int64_t count = window_count(PaddingScheme::kValid, size, kernel, stride, dilation);
    if (count == 0) {
      fail("the kernel spans {} {}, the padded input has {}", (kernel - 1) * dilation + 1, what, size);
    }
    return count;
  }

  std::int64_t transposed(std::string_view what, std::int64_t size, std::int64_t before, std::int64_t after,
                          std::int64_t kernel, std::int64_t stride) const {
    check_range("kernel", kernel, 1);
    check_range("stride", stride, 1);
    check_range("input size", size, 1);
    const std::int64_t full = (size - 1) * stride + kernel;
    // A negative end grows the output: SAME with a kernel shorter than its stride.
    const bool absurd = before < 0 || before > kLargestAttribute || std::abs(after) > kLargestAttribute;
    if (absurd || full - before - after < 1) {
      fail("padding {} and {} cannot be cut from {} {}", before, after, full, what);
    }
    return full - before - after;
  }

  Shape broadcast(const Shape& a, const Shape& b) const {
    Shape y(std::max(a.size(), b.size()), 1);
    for (std::size_t i = 0; i < y.size(); ++i) {
      const std::int64_t from_a = i < a.size() ? a[a.size() - 1 - i] : 1;
      const std::int64_t from_b = i < b.size() ? b[b.size() - 1 - i] : 1;
      if (from_a != from_b && from_a != 1 && from_b != 1) {
        fail("inputs {} and {} do not broadcast", to_string(input(0)), to_string(input(1)));
      }
      y[y.size() - 1 - i] = from_a == 1 ? from_b : from_a;
    }
    return y;
  }

  std::size_t checked_axis(int axis, const Shape& x) const {
    const int rank = static_cast<int>(x.size());
    if (axis < -rank || axis >= rank) fail("axis {} does not exist in input {}", axis, to_string(x));
    return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  }

  void check_slice(std::size_t axis, std::int64_t dimension, std::int64_t begin, std::int64_t size,
                   std::int64_t stride) const {
    check_range("size", size, 1);
    if (stride == 0 || std::abs(stride) > kLargestAttribute) fail("stride {} in axis {}", stride, axis);
    if (begin < 0 || begin >= dimension) {
      fail("begin {} is not between 0 and {} in axis {}", begin, dimension - 1, axis);
    }
    const std::int64_t last = begin + (size - 1) * stride;
    if (last < 0 || last >= dimension) {
      fail("element {} is taken of axis {}, which has {}", last, axis, dimension);
    }
  }

  Pair checked_block(Pair block) const {
    constexpr std::int64_t kLargestBlock = 1 << 15;  // the product, and batches times it, stay in 64 bits
    for (const std::int64_t b : block) {
      if (b < 1 || b > kLargestBlock) fail("block {} is not between 1 and {}", b, kLargestBlock);
    }
    return block;
  }

  std::string_view operation_;
  std::span<const Shape* const> inputs_;
};

/// Operators whose declared output may be the inferred one under another shape.
bool may_be_reshaped(const Operation& operation) {
  return std::holds_alternative<op::Reshape>(operation) ||
         std::holds_alternative<op::FullyConnected>(operation);
}

void check_node(const Graph& graph, const Node& node) {
  const Shape& declared = graph.tensor(node.outputs.at(0)).shape;
  const Shape inferred = std::holds_alternative<op::Reshape>(node.operation)
                             ? resolve_reshape(graph.tensor(node.inputs.at(0)).shape, declared)
                             : infer_shape(graph, node.operation, node.inputs);
  const bool same = may_be_reshaped(node.operation) ? element_count(inferred) == element_count(declared)
                                                    : inferred == declared;
  if (!same) {
    throw base::InputError(fmt::format("{}: the output is {}, the graph declares {}", name(node.operation),
                                       to_string(inferred), to_string(declared)));
  }
}

}  // namespace

Shape infer_shape(const Operation& operation, std::span<const Shape* const> inputs) {
  Shape shape = std::visit(Inference(name(operation), inputs), operation);
  static_cast<void>(element_count(shape));  // refuses what nobody could allocate
  return shape;
}

Shape infer_shape(const Graph& graph, const Operation& operation, std::span<const TensorId> inputs) {
  std::vector<const Shape*> shapes;
  for (const TensorId id : inputs) shapes.push_back(id == kNoTensor ? nullptr : &graph.tensor(id).shape);
  return infer_shape(operation, shapes);
}

Shape resolve_reshape(const Shape& input, Shape wanted) {
  const auto fail = [&] {
    throw base::InputError(
        fmt::format("reshape: input {} cannot become {}", to_string(input), to_string(wanted)));
  };
  const auto open = std::find(wanted.begin(), wanted.end(), -1);
  if (open != wanted.end()) {
    Shape rest = wanted;
    rest.erase(rest.begin() + (open - wanted.begin()));
    if (std::any_of(rest.begin(), rest.end(), [](std::int64_t d) { return d < 1; })) fail();
    const std::int64_t known = element_count(rest);
    if (element_count(input) % known != 0) fail();
    *open = element_count(input) / known;
  }
  if (std::any_of(wanted.begin(), wanted.end(), [](std::int64_t d) { return d < 0; })) fail();
  if (element_count(wanted) != element_count(input)) fail();
  return wanted;
}

void check_shapes(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    try {
      check_node(graph, node);
    } catch (const base::InputError& e) {
      throw base::InputError(fmt::format("{}: {}", node.name, e.what()));
    }
  }
}

}  // namespace dlasim::network
