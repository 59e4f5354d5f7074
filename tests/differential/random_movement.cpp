// Random windows, reductions and data movements.

#include <algorithm>

#include "graph_draft.h"

namespace dlasim::testing {

TensorId add_pool(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  Choices& c = d.c;
  qop::Pool2d op;
  op.kind = c.chance(50) ? network::op::Pool2d::Kind::kMax : network::op::Pool2d::Kind::kAverage;
  op.kernel = {c.pick(1, std::min<std::int64_t>(3, in[1])), c.pick(1, std::min<std::int64_t>(4, in[2]))};
  op.stride = {c.pick(1, 3), c.pick(1, 3)};
  // No window may lie outside the image.
  op.padding.top = c.pick(0, op.kernel[0] - 1);
  op.padding.left = c.pick(0, op.kernel[1] - 1);
  op.clamp = d.clamp(d.dtype(x));
  const auto most = [](std::int64_t size, std::int64_t lead, std::int64_t stride) {
    return (size - 1 + lead) / stride + 1;
  };
  const std::int64_t out_h =
      std::max<std::int64_t>(1, most(in[1], op.padding.top, op.stride[0]) - c.pick(0, 1));
  const std::int64_t out_w =
      std::max<std::int64_t>(1, most(in[2], op.padding.left, op.stride[1]) - c.pick(0, 1));
  const std::string text =
      fmt::format("kind {}, kernel {}x{}, stride {}x{}, padding t{} l{}", static_cast<int>(op.kind),
                  op.kernel[0], op.kernel[1], op.stride[0], op.stride[1], op.padding.top, op.padding.left);
  return d.node(op, {x}, d.dtype(x), {in[0], out_h, out_w, in[3]}, text);
}

TensorId add_reduce(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  const DType type = d.dtype(x);
  qop::Reduce op;
  // Sets of axes that fold into one window.
  op.axes = d.c.one_of<std::vector<int>>({{1, 2}, {2}, {-1}, {1, 2, 3}, {0, 1, 2, 3}, {3, 2}});
  Shape out = in;
  std::int64_t count = 1;
  for (const int axis : op.axes) {
    auto& size = out[static_cast<std::size_t>(axis < 0 ? axis + 4 : axis)];
    count *= size;
    size = 1;
  }
  op.rule = d.rule();
  op.input_zero_point = d.zero_point(type);
  op.output_zero_point = d.zero_point(type);
  op.multiplier = d.multiplier(op.rule, 1.0 / std::sqrt(static_cast<double>(count)));
  op.clamp = d.clamp(type);
  const std::string text =
      fmt::format("axes {}, rule {}", fmt::join(op.axes, ","), static_cast<int>(op.rule));
  return d.node(std::move(op), {x}, type, out, text);
}

TensorId add_pad(GraphDraft& d, TensorId x) {
  qop::Pad op;
  Shape out = d.shape(x);
  for (std::int64_t& size : out) {
    op.before.push_back(d.c.pick(0, 2));
    op.after.push_back(d.c.pick(0, 2));
    size += op.before.back() + op.after.back();
  }
  op.value = d.zero_point(d.dtype(x));
  const std::string text = fmt::format("before {}, after {}, value {}", fmt::join(op.before, ","),
                                       fmt::join(op.after, ","), op.value);
  return d.node(std::move(op), {x}, d.dtype(x), out, text);
}

TensorId add_concat(GraphDraft& d, TensorId x) {
  const DType type = d.dtype(x);
  Shape other = d.shape(x);
  Shape out = other;
  const auto axis = static_cast<std::size_t>(d.c.pick(0, static_cast<std::int64_t>(other.size()) - 1));
  other[axis] = d.c.pick(1, 5);
  out[axis] += other[axis];
  std::vector<TensorId> inputs{x, d.input(type, other)};
  if (d.c.chance(50)) std::swap(inputs[0], inputs[1]);
  const int signed_axis = static_cast<int>(axis) - (d.c.chance(30) ? static_cast<int>(out.size()) : 0);
  return d.node(qop::Concat{signed_axis}, inputs, type, out, fmt::format("axis {}", signed_axis));
}

TensorId add_slice(GraphDraft& d, TensorId x) {
  qop::Slice op;
  Choices& c = d.c;
  for (const std::int64_t length : Shape(d.shape(x))) {
    const std::int64_t size = length - c.pick(0, length - 1);
    const std::int64_t step = size > 1 ? c.pick(1, (length - 1) / (size - 1)) : 1;
    const std::int64_t begin = c.pick(0, length - 1 - (size - 1) * step);
    const bool backwards = size > 1 && c.chance(20);
    op.size.push_back(size);
    op.begin.push_back(backwards ? begin + (size - 1) * step : begin);
    op.stride.push_back(backwards ? -step : step);
  }
  const Shape out = op.size;
  const std::string text = fmt::format("begin {}, size {}, stride {}", fmt::join(op.begin, ","),
                                       fmt::join(op.size, ","), fmt::join(op.stride, ","));
  return d.node(std::move(op), {x}, d.dtype(x), out, text);
}

TensorId add_channel_slice(GraphDraft& d, TensorId x, std::int64_t begin, std::int64_t size) {
  qop::Slice op;
  Shape out = d.shape(x);
  out.back() = size;
  op.begin.assign(out.size(), 0);
  op.begin.back() = begin;
  op.size = out;
  op.stride.assign(out.size(), 1);
  return d.node(std::move(op), {x}, d.dtype(x), out, fmt::format("channels {}..{}", begin, begin + size - 1));
}

TensorId add_transpose(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  qop::Transpose op;
  std::vector<int> left;
  for (std::size_t i = 0; i < in.size(); ++i) left.push_back(static_cast<int>(i));
  Shape out;
  while (!left.empty()) {
    const auto at = d.c.pick(0, static_cast<std::int64_t>(left.size()) - 1);
    op.perm.push_back(left[static_cast<std::size_t>(at)]);
    out.push_back(in[static_cast<std::size_t>(op.perm.back())]);
    left.erase(left.begin() + at);
  }
  const std::string text = fmt::format("perm {}", fmt::join(op.perm, ","));
  return d.node(std::move(op), {x}, d.dtype(x), out, text);
}

TensorId add_reshape(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  Shape out{in[0], 1, network::element_count(in) / in[0] / in.back(), in.back()};
  if (d.c.chance(40)) out = {1, 1, 1, network::element_count(in)};
  return d.node(qop::Reshape{}, {x}, d.dtype(x), out, "");
}

TensorId add_space_to_batch(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  Choices& c = d.c;
  qop::SpaceToBatch op;
  op.block = {c.pick(1, 2), c.pick(1, 3)};
  op.padding.top = c.pick(0, 2);
  op.padding.left = c.pick(0, 3);
  const auto after = [](std::int64_t size, std::int64_t block) { return (block - size % block) % block; };
  op.padding.bottom = after(in[1] + op.padding.top, op.block[0]);
  op.padding.right = after(in[2] + op.padding.left, op.block[1]);
  op.value = d.zero_point(d.dtype(x));
  const Shape out{in[0] * op.block[0] * op.block[1],
                  (in[1] + op.padding.top + op.padding.bottom) / op.block[0],
                  (in[2] + op.padding.left + op.padding.right) / op.block[1], in[3]};
  const std::string text = fmt::format("block {}x{}, padding t{} b{} l{} r{}", op.block[0], op.block[1],
                                       op.padding.top, op.padding.bottom, op.padding.left, op.padding.right);
  return d.node(op, {x}, d.dtype(x), out, text);
}

TensorId add_batch_to_space(GraphDraft& d, TensorId x) {
  const Shape in = d.shape(x);
  Choices& c = d.c;
  qop::BatchToSpace op;
  op.block = in[0] % 2 == 0 ? network::Pair{1, 2} : network::Pair{1, 1};
  Shape out{in[0] / (op.block[0] * op.block[1]), in[1] * op.block[0], in[2] * op.block[1], in[3]};
  op.crop.left = c.pick(0, out[2] - 1);
  out[2] -= op.crop.left;
  op.crop.right = c.pick(0, out[2] - 1);
  out[2] -= op.crop.right;
  const std::string text =
      fmt::format("block {}x{}, crop l{} r{}", op.block[0], op.block[1], op.crop.left, op.crop.right);
  return d.node(op, {x}, d.dtype(x), out, text);
}

}  // namespace dlasim::testing
