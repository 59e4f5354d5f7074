/// Data movement. Transposes and added or dropped dimensions of size 1 are views: no node.

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "context.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::onnx_import {
namespace {

/// `axes` as an attribute (older opsets) or input 1, counted from the front.
std::vector<int> axes_of(Context& c, int from_opset, std::size_t rank) {
  const bool is_input = c.node().opset() >= from_opset;
  const auto list = is_input ? (c.has_input(1) ? c.constant_integers(1, "axes") : std::vector<std::int64_t>{})
                             : c.node().integers("axes", {});
  std::vector<int> axes;
  for (const std::int64_t a : list) axes.push_back(importers::normalized_axis(a, rank));
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
    throw base::InputError("axes name one twice");
  return axes;
}

constexpr int kAxesAreInputs = 13;

}  // namespace

AxisRange slice_range(std::int64_t n, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (step == 0) throw base::InputError("a step is 0");
  const bool forward = step > 0;
  const std::int64_t low = forward ? 0 : -1;
  const std::int64_t high = std::max(low, forward ? n : n - 1);
  const std::int64_t first = std::clamp(start < 0 ? start + n : start, forward ? 0 : std::int64_t{-1}, high);
  const std::int64_t last = std::clamp(end < 0 ? end + n : end, low, high);
  const std::int64_t distance = forward ? last - first : first - last;
  const std::int64_t pace = forward ? step : -step;
  return {first, std::max<std::int64_t>(0, (distance + pace - 1) / pace)};
}

op::Slice read_slice(Context& c, const Shape& shape) {
  constexpr int kInputsSince = 10;
  std::vector<std::int64_t> starts, ends, axes, steps;
  if (c.node().opset() >= kInputsSince) {
    starts = c.constant_integers(1, "starts");
    ends = c.constant_integers(2, "ends");
    if (c.has_input(3)) axes = c.constant_integers(3, "axes");
    if (c.has_input(4)) steps = c.constant_integers(4, "steps");
  } else {
    starts = c.node().integers("starts", {});
    ends = c.node().integers("ends", {});
    axes = c.node().integers("axes", {});
  }
  if (axes.empty()) {
    for (std::size_t i = 0; i < starts.size(); ++i) axes.push_back(static_cast<std::int64_t>(i));
  }
  if (steps.empty()) steps.assign(starts.size(), 1);
  if (starts.size() != ends.size() || starts.size() != axes.size() || starts.size() != steps.size()) {
    throw base::InputError("starts, ends, axes and steps are of unlike lengths");
  }
  op::Slice slice{Shape(shape.size(), 0), shape, Shape(shape.size(), 1)};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto a = static_cast<std::size_t>(importers::normalized_axis(axes[i], shape.size()));
    const AxisRange range = slice_range(shape[a], starts[i], ends[i], steps[i]);
    slice.begin[a] = range.begin;
    slice.size[a] = range.size;
    slice.stride[a] = steps[i];
  }
  return slice;
}

Shape reshaped_shape(Context& c, const Shape& shape) {
  const std::string& op = c.node().op();
  const std::int64_t count = checked_count(shape);
  if (op == "Flatten") {
    const std::int64_t axis = c.node().integer("axis", 1);
    const auto rank = static_cast<std::int64_t>(shape.size());
    if (axis < -rank || axis > rank)
      throw base::InputError("axis " + std::to_string(axis) + " is out of range");
    const std::int64_t split = axis < 0 ? axis + rank : axis;
    std::int64_t outer = 1;
    for (std::int64_t i = 0; i < split; ++i) outer *= shape[static_cast<std::size_t>(i)];
    std::int64_t inner = 1;
    for (std::int64_t i = split; i < rank; ++i) inner *= shape[static_cast<std::size_t>(i)];
    return {outer, inner};
  }
  if (op == "Squeeze") {
    auto axes = axes_of(c, kAxesAreInputs, shape.size());
    Shape result;
    for (std::size_t a = 0; a < shape.size(); ++a) {
      const bool named = std::binary_search(axes.begin(), axes.end(), static_cast<int>(a));
      if (named && shape[a] != 1)
        throw base::InputError("squeezed dimension is not 1 in " + to_string(shape));
      if (!(named || (axes.empty() && shape[a] == 1))) result.push_back(shape[a]);
    }
    return result;
  }
  if (op == "Unsqueeze") {
    const auto list =
        c.node().opset() >= kAxesAreInputs ? c.constant_integers(1, "axes") : c.node().integers("axes", {});
    constexpr std::size_t kMostDimensions = 8;
    if (shape.size() + list.size() > kMostDimensions)
      throw base::UnsupportedError("more than 8 dimensions are not supported");
    const auto axes = axes_of(c, kAxesAreInputs, shape.size() + list.size());
    Shape result = shape;
    for (const int a : axes) result.insert(result.begin() + a, 1);
    return result;
  }
  // Reshape: 0 keeps a dimension, -1 takes what is left.
  if (c.node().integer("allowzero", 0) != 0) throw base::UnsupportedError("allowzero is not supported");
  Shape result = c.constant_integers(1, "shape");
  constexpr std::size_t kMostDimensions = 8;
  if (result.size() > kMostDimensions)
    throw base::UnsupportedError("more than 8 dimensions are not supported");
  std::int64_t known = 1;
  std::int64_t* open = nullptr;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i] == 0 && i < shape.size()) result[i] = shape[i];
    if (result[i] == -1 && open == nullptr) {
      open = &result[i];
    } else if (result[i] < 0 || (result[i] != 0 && known > count / result[i])) {
      throw base::InputError("shape " + to_string(shape) + " cannot become " + to_string(result));
    } else {
      known *= result[i];
    }
  }
  if (open != nullptr) *open = known == 0 ? 0 : count / known;
  if (std::any_of(result.begin(), result.end(), [](auto d) { return d < 0; }) ||
      element_count(result) != count) {
    throw base::InputError("shape " + to_string(shape) + " cannot become " + to_string(result));
  }
  return result;
}

void convert_identity(Context& c) {
  for (const char* attribute : {"to", "ratio", "seed", "is_test"}) c.node().ignore(attribute);
  if (c.node().op() == "Cast" && dtype_of(static_cast<int>(c.node().integer("to", 0))) != DType::kFloat32) {
    throw base::UnsupportedError("conversion of a running value to integers is not supported");
  }
  if (c.node().op() == "Dropout" && c.node().output_count() > 1 && c.uses(c.node().output(1)) > 0) {
    throw base::UnsupportedError("the mask of Dropout is not supported");
  }
  c.alias(c.in(0));
}

void convert_shape(Context& c) {
  const auto rank = static_cast<std::int64_t>(c.in(0).shape.size());
  const auto place = [&](std::int64_t v) { return std::clamp<std::int64_t>(v < 0 ? v + rank : v, 0, rank); };
  const std::int64_t start = place(c.node().integer("start", 0));
  const std::int64_t end = c.node().has("end") ? place(c.node().integer("end", rank)) : rank;
  const Shape& shape = c.in(0).shape;
  const Shape part = start < end ? Shape(shape.begin() + start, shape.begin() + end) : Shape{};
  c.define_constant(c.node().output(0), importers::integer_vector(part));
}

void convert_pad(Context& c) {
  constexpr int kInputsSince = 11;
  if (const std::string mode = c.node().text("mode", "constant"); mode != "constant") {
    throw base::UnsupportedError("mode '" + mode + "' is not supported");
  }
  const Shape& shape = c.in(0).shape;
  const std::size_t rank = shape.size();
  std::vector<std::int64_t> pads;
  op::Pad pad;
  if (c.node().opset() >= kInputsSince) {
    pads = c.constant_integers(1, "pads");
    if (c.has_input(2)) pad.value = static_cast<double>(c.constant_number(2, "constant_value"));
    if (c.has_input(3)) throw base::UnsupportedError("axes of Pad are not supported");
  } else {
    pads = c.node().integers("pads", {});
    pad.value = static_cast<double>(c.node().number("value", 0.0F));
  }
  if (pads.size() != 2 * rank) throw base::InputError("pads does not have two entries a dimension");
  const Order order = c.natural_order(0);
  Shape result = shape;
  for (std::size_t a = 0; a < rank; ++a) {
    if (pads[a] < 0 || pads[a + rank] < 0) throw base::UnsupportedError("negative pads are not supported");
    result[a] += pads[a] + pads[a + rank];
  }
  if (result == shape) return c.alias(c.in(0));
  for (const int d : order) {
    const auto a = static_cast<std::size_t>(std::max(d, 0));
    pad.before.push_back(d == kOne ? 0 : pads[a]);
    pad.after.push_back(d == kOne ? 0 : pads[a + rank]);
  }
  c.emit(std::move(pad), {c.stored(0, order)}, result, order);
}

void convert_slice(Context& c) {
  const Order order = c.natural_order(0);
  const op::Slice plain = read_slice(c, c.in(0).shape);
  if (plain.size == c.in(0).shape &&
      plain.stride ==
          Shape(order.size() - static_cast<std::size_t>(std::count(order.begin(), order.end(), kOne)), 1)) {
    return c.alias(c.in(0));
  }
  op::Slice slice;
  for (const int d : order) {
    const auto a = static_cast<std::size_t>(std::max(d, 0));
    slice.begin.push_back(d == kOne ? 0 : plain.begin[a]);
    slice.size.push_back(d == kOne ? 1 : plain.size[a]);
    slice.stride.push_back(d == kOne ? 1 : plain.stride[a]);
  }
  c.emit(std::move(slice), {c.stored(0, order)}, plain.size, order);
}

void convert_concat(Context& c) {
  Shape shape = c.in(0).shape;
  const int axis = importers::normalized_axis(c.node().integer("axis", 1), shape.size());
  const auto a = static_cast<std::size_t>(axis);
  Order order = plain_order(shape.size());
  for (int i = c.node().input_count(); i-- > 0;) {
    if (!c.in(i).constant) order = c.natural_order(i);
  }
  std::vector<TensorId> parts;
  shape[a] = 0;
  for (int i = 0; i < c.node().input_count(); ++i) {
    Shape part = c.in(i).shape;
    if (part.size() != shape.size()) throw base::InputError("inputs have unlike numbers of dimensions");
    shape[a] += std::exchange(part[a], shape[a]);
    part[a] = shape[a];
    if (part != shape)
      throw base::InputError("input " + std::to_string(i) + " has shape " + to_string(c.in(i).shape));
    parts.push_back(c.stored(i, order));
  }
  c.emit(op::Concat{stored_axis(order, axis)}, std::move(parts), shape, order);
}

void convert_split(Context& c) {
  Shape shape = c.in(0).shape;
  const int axis = importers::normalized_axis(c.node().integer("axis", 0), shape.size());
  const auto a = static_cast<std::size_t>(axis);
  const int outputs = c.node().output_count();
  std::vector<std::int64_t> sizes =
      c.node().opset() >= kAxesAreInputs
          ? (c.has_input(1) ? c.constant_integers(1, "split") : std::vector<std::int64_t>{})
          : c.node().integers("split", {});
  if (sizes.empty() && outputs > 0 && shape[a] % outputs == 0) {
    sizes.assign(static_cast<std::size_t>(outputs), shape[a] / outputs);
  }
  std::int64_t total = 0;
  for (const std::int64_t s : sizes) total += std::max<std::int64_t>(s, -1);
  if (sizes.size() != static_cast<std::size_t>(outputs) || total != shape[a] ||
      std::any_of(sizes.begin(), sizes.end(), [](auto s) { return s < 0; })) {
    throw base::InputError("the parts do not make up dimension " + std::to_string(axis) + " of " +
                           to_string(shape));
  }
  const Order order = c.natural_order(0);
  const TensorId x = c.stored(0, order);
  std::int64_t begin = 0;
  for (int i = 0; i < outputs; ++i) {
    shape[a] = sizes[static_cast<std::size_t>(i)];
    op::Slice slice{Shape(order.size(), 0), stored_shape(shape, order), Shape(order.size(), 1)};
    slice.begin[static_cast<std::size_t>(stored_axis(order, axis))] = begin;
    begin += shape[a];
    c.emit(std::move(slice), {x}, shape, order, i);
  }
}

void convert_transpose(Context& c) {
  const Value& x = c.in(0);
  const std::size_t rank = x.shape.size();
  std::vector<std::int64_t> reversed(rank);
  for (std::size_t i = 0; i < rank; ++i) reversed[i] = static_cast<std::int64_t>(rank - 1 - i);
  const auto perm = c.node().integers("perm", reversed);
  std::vector<int> target(rank, kOne);  // where an input dimension ends up
  if (perm.size() != rank) throw base::InputError("perm has " + std::to_string(perm.size()) + " entries");
  Value result;
  for (std::size_t i = 0; i < rank; ++i) {
    const auto p = static_cast<std::size_t>(importers::normalized_axis(perm[i], rank));
    if (target[p] != kOne) throw base::InputError("perm names a dimension twice");
    target[p] = static_cast<int>(i);
    result.shape.push_back(x.shape[p]);
  }
  result.order = c.natural_order(0);
  result.id = c.stored(0, result.order);
  for (int& d : result.order) {
    if (d != kOne) d = target[static_cast<std::size_t>(d)];
  }
  c.alias(std::move(result));
}

void convert_reshape(Context& c) {
  const Shape shape = reshaped_shape(c, c.in(0).shape);
  const Value& x = c.in(0);
  if (shape == x.shape) return c.alias(x);
  if (shape.size() == 2 && x.flattened_from.empty() && x.shape.size() > 2 && shape[0] == x.shape[0]) {
    Value flat = x;
    flat.shape = shape;
    flat.flattened_from = x.shape;
    return c.alias(std::move(flat));
  }
  const TensorId plain = c.stored(0, plain_order(x.shape.size()));
  // Three and four dimensions are taken for signals and images, so they are moved once, here.
  c.emit(op::Reshape{}, {plain}, shape, plain_order(shape.size()));
}

void convert_flatten(Context& c) {
  convert_reshape(c);
}

void convert_squeeze(Context& c) {
  const Value& x = c.in(0);
  const Shape shape = reshaped_shape(c, x.shape);
  if (!x.flattened_from.empty()) return convert_reshape(c);
  // Which dimensions went: those of size 1 that have no partner.
  const auto axes = axes_of(c, kAxesAreInputs, x.shape.size());
  std::vector<int> target(x.shape.size(), kOne);
  int next = 0;
  for (std::size_t a = 0; a < x.shape.size(); ++a) {
    const bool gone =
        axes.empty() ? x.shape[a] == 1 : std::binary_search(axes.begin(), axes.end(), static_cast<int>(a));
    if (!gone) target[a] = next++;
  }
  Value result = x;
  result.shape = shape;
  for (int& d : result.order) {
    if (d != kOne) d = target[static_cast<std::size_t>(d)];
  }
  c.alias(std::move(result));
}

void convert_unsqueeze(Context& c) {
  const Value& x = c.in(0);
  const Shape shape = reshaped_shape(c, x.shape);
  if (!x.flattened_from.empty()) return convert_reshape(c);
  const auto axes = axes_of(c, kAxesAreInputs, shape.size());
  std::vector<int> target;  // where an old dimension is now
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (!std::binary_search(axes.begin(), axes.end(), static_cast<int>(a)))
      target.push_back(static_cast<int>(a));
  }
  Value result = x;
  result.shape = shape;
  for (int& d : result.order) {
    if (d != kOne) d = target[static_cast<std::size_t>(d)];
  }
  // A dimension of size 1 that is there already serves; others are appended to the front by a reshape.
  std::vector<int> homeless;
  for (const int a : axes) {
    const auto free = std::find(result.order.begin(), result.order.end(), kOne);
    if (free != result.order.end()) {
      *free = a;
    } else {
      homeless.push_back(a);
    }
  }
  if (homeless.empty()) return c.alias(std::move(result));
  Order order = homeless;
  order.insert(order.end(), result.order.begin(), result.order.end());
  c.emit(op::Reshape{}, {result.id}, shape, order);
}

void convert_gather(Context& c) {
  if (c.in(0).constant)
    throw base::UnsupportedError("a table look-up with computed indices is not supported");
  const Shape& shape = c.in(0).shape;
  const int axis = importers::normalized_axis(c.node().integer("axis", 0), shape.size());
  const auto a = static_cast<std::size_t>(axis);
  const auto indices = c.constant_integers(1, "indices");
  const std::size_t index_rank = c.in(1).shape.size();
  if (indices.size() != 1 || index_rank > 1) {
    throw base::UnsupportedError("several indices into a running value are not supported");
  }
  const std::int64_t index = indices[0] < 0 ? indices[0] + shape[a] : indices[0];
  if (index < 0 || index >= shape[a])
    throw base::InputError("index lies outside dimension " + std::to_string(axis));
  const Order order = c.natural_order(0);
  Shape part = shape;
  part[a] = 1;
  op::Slice slice{Shape(order.size(), 0), stored_shape(part, order), Shape(order.size(), 1)};
  slice.begin[static_cast<std::size_t>(stored_axis(order, axis))] = index;
  const TensorId x = c.stored(0, order);
  if (index_rank == 1) return c.emit(std::move(slice), {x}, part, order);
  Shape dropped = part;
  dropped.erase(dropped.begin() + axis);
  Order view = order;
  for (int& d : view) d = d == axis ? kOne : d > axis ? d - 1 : d;
  c.emit(std::move(slice), {x}, dropped, view);
}

}  // namespace dlasim::network::onnx_import
