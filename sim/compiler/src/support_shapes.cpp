#include "support_shapes.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "support_limits.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;
using network::Shape;

ReducedAxes reduced_axes(const Shape& shape, const std::vector<int>& axes, std::int64_t element_bytes) {
  const auto rank = static_cast<int>(shape.size());
  std::vector<bool> reduced(shape.size());
  for (const int axis : axes) reduced[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)] = true;
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride_bytes = element_bytes;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride_bytes;
    stride_bytes *= shape[i];
  }
  ReducedAxes result;
  for (std::size_t i = 0; i + 1 < shape.size(); ++i) {
    auto& list = reduced[i] ? result.window : result.kept;
    if (!list.empty() && list.back().stride == shape[i] * strides[i]) {
      list.back() = {list.back().size * shape[i], strides[i]};
    } else if (shape[i] != 1) {
      list.push_back({shape[i], strides[i]});
    }
  }
  result.over_channels = !reduced.empty() && reduced.back();
  return result;
}

namespace {

/// Groups and channel multipliers beyond it could make products wrap around.
constexpr std::int64_t kMostGroups = 65535;

std::string shapes(const NodeContext& c) {
  std::string text;
  for (std::size_t i = 0; i < c.node.inputs.size(); ++i) {
    if (has(c, i)) text += (text.empty() ? "" : " and ") + network::to_string(input(c, i).shape);
  }
  return text + " to " + network::to_string(output(c).shape);
}

Found unless(bool fits, const NodeContext& c) {
  return fits ? std::nullopt : Found(shapes(c));
}

Found blocks_shape(const NodeContext& c, const Shape& small, const Shape& large, const network::Pair& block) {
  return unless(small.size() == 4 && large.size() == 4 && small[0] == large[0] * block[0] * block[1] &&
                    small[3] == large[3],
                c);
}

/// Sizes of N, H, W, C as the DMA folds a tensor; see dense_view.
std::array<std::int64_t, 4> folded(const Shape& shape) {
  std::array<std::int64_t, 4> sizes{1, 1, 1, 1};
  const auto rank = static_cast<int>(shape.size());
  for (int i = 0; i < rank; ++i) {
    sizes[static_cast<std::size_t>(std::max(0, 4 - rank + i))] *= shape[static_cast<std::size_t>(i)];
  }
  return sizes;
}

}  // namespace

Found conv_shape(const NodeContext& c) {
  const std::int64_t groups = get<qop::Conv2d>(c).groups;
  const Shape& in = input(c, 0).shape;
  const Shape& w = input(c, 1).shape;
  const Shape& out = output(c).shape;
  const bool fits = in.size() == 4 && w.size() == 4 && out.size() == 4 && groups >= 1 &&
                    groups <= kMostGroups && w[0] % groups == 0 && w[3] * groups == in[3] && w[0] == out[3] &&
                    in[0] == out[0];
  if (!fits) return fmt::format("{} in {} groups", shapes(c), groups);
  return std::nullopt;
}

Found depthwise_shape(const NodeContext& c) {
  const std::int64_t multiplier = get<qop::DepthwiseConv2d>(c).channel_multiplier;
  const Shape& in = input(c, 0).shape;
  const Shape& w = input(c, 1).shape;
  const Shape& out = output(c).shape;
  const bool fits = in.size() == 4 && w.size() == 4 && out.size() == 4 && multiplier >= 1 &&
                    multiplier <= kMostGroups && w[0] == 1 && in[3] * multiplier == w[3] && w[3] == out[3] &&
                    in[0] == out[0];
  if (!fits) return fmt::format("{} with a multiplier of {}", shapes(c), multiplier);
  return std::nullopt;
}

Found transpose_conv_shape(const NodeContext& c) {
  const Shape& in = input(c, 0).shape;
  const Shape& w = input(c, 1).shape;
  const Shape& out = output(c).shape;
  const bool fits = in.size() == 4 && w.size() == 4 && out.size() == 4 && w[3] == in[3] && w[0] == out[3] &&
                    in[0] == out[0];
  return fits ? std::nullopt : Found(shapes(c));
}

Found fully_connected_shape(const NodeContext& c) {
  const Shape& w = input(c, 1).shape;
  const bool matrix = w.size() == 2 && w[1] > 0;
  const std::int64_t elements = network::element_count(input(c, 0).shape);
  const bool fits =
      matrix && elements % w[1] == 0 && elements / w[1] * w[0] == network::element_count(output(c).shape);
  return fits ? std::nullopt : Found(shapes(c));
}

Found matmul_shape(const NodeContext& c) {
  const auto& op = get<qop::BatchMatmul>(c);
  const Shape& a = input(c, 0).shape;
  const Shape& b = input(c, 1).shape;
  const Shape& out = output(c).shape;
  if (a.size() < 2 || b.size() < 2 || out.size() < 2 || std::max(a.size(), b.size()) > 4) return shapes(c);
  const auto side = [](const Shape& s, bool turned, std::size_t from_back) {
    return s[s.size() - (turned ? 3 - from_back : from_back)];
  };
  const bool inner = side(a, op.adj_x, 1) == side(b, op.adj_y, 2);
  const bool outer = out[out.size() - 2] == side(a, op.adj_x, 2) && out.back() == side(b, op.adj_y, 1);
  return unless(inner && outer, c);
}

Found same_shape(const NodeContext& c) {
  return unless(input(c, 0).shape == output(c).shape, c);
}

Found same_size(const NodeContext& c) {
  return unless(network::element_count(input(c, 0).shape) == network::element_count(output(c).shape), c);
}

Found pool_shape(const NodeContext& c) {
  const Shape& in = input(c, 0).shape;
  const Shape& out = output(c).shape;
  return unless(in.size() == 4 && out.size() == 4 && in[0] == out[0] && in[3] == out[3], c);
}

/// Reduced axes have one element or are gone.
Found reduce_shape(const NodeContext& c) {
  const Shape& in = input(c, 0).shape;
  const auto rank = static_cast<int>(in.size());
  std::vector<bool> reduced(in.size());
  for (const int axis : get<qop::Reduce>(c).axes)
    reduced[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)] = true;
  std::int64_t kept = 1;
  for (std::size_t i = 0; i < in.size(); ++i) kept *= reduced[i] ? 1 : in[i];
  return unless(rank > 0 && kept == network::element_count(output(c).shape), c);
}

Found pad_shape(const NodeContext& c) {
  const auto& op = get<qop::Pad>(c);
  const Shape& in = input(c, 0).shape;
  const Shape& out = output(c).shape;
  bool fits = out.size() == in.size() && op.before.size() == in.size() && op.after.size() == in.size();
  for (std::size_t i = 0; fits && i < in.size(); ++i) {
    fits = op.before[i] <= out[i] && op.after[i] <= out[i] && out[i] - op.before[i] - op.after[i] == in[i];
  }
  return unless(fits, c);
}

Found transpose_shape(const NodeContext& c) {
  const auto& perm = get<qop::Transpose>(c).perm;
  const Shape& in = input(c, 0).shape;
  const Shape& out = output(c).shape;
  bool fits = perm.size() == in.size() && out.size() == in.size();
  for (std::size_t i = 0; fits && i < in.size(); ++i) {
    fits = std::ranges::count(perm, static_cast<int>(i)) == 1;
  }
  for (std::size_t i = 0; fits && i < in.size(); ++i) fits = out[i] == in[static_cast<std::size_t>(perm[i])];
  return unless(fits, c);
}

Found concat_shape(const NodeContext& c) {
  const Shape& out = output(c).shape;
  const int axis = get<qop::Concat>(c).axis;
  const auto at = static_cast<std::size_t>(axis < 0 ? axis + static_cast<int>(out.size()) : axis);
  std::int64_t sum = 0;
  bool fits = true;
  for (std::size_t k = 0; fits && k < c.node.inputs.size(); ++k) {
    Shape shape = input(c, k).shape;
    fits = shape.size() == out.size() && input(c, k).dtype == output(c).dtype;
    if (!fits) break;
    sum += shape[at];
    shape[at] = out[at];
    fits = shape == out;
  }
  return unless(fits && sum == out[at], c);
}

/// First and last element of every axis lie inside; the output may have lost axes of one element.
Found slice_shape(const NodeContext& c) {
  const auto& op = get<qop::Slice>(c);
  const Shape& in = input(c, 0).shape;
  bool fits = op.begin.size() == in.size() && op.size.size() == in.size() && op.stride.size() == in.size();
  std::int64_t elements = 1;
  for (std::size_t i = 0; fits && i < in.size(); ++i) {
    fits = op.begin[i] >= 0 && op.begin[i] < in[i] && op.size[i] >= 1 && op.size[i] <= in[i];
    if (!fits) break;
    const std::int64_t room = op.stride[i] > 0 ? in[i] - 1 - op.begin[i] : op.begin[i];
    fits = op.size[i] == 1 || std::abs(op.stride[i]) <= room / (op.size[i] - 1);
    elements *= op.size[i];
  }
  return unless(fits && elements == network::element_count(output(c).shape), c);
}

Found space_to_batch_shape(const NodeContext& c) {
  return blocks_shape(c, output(c).shape, input(c, 0).shape, get<qop::SpaceToBatch>(c).block);
}

Found batch_to_space_shape(const NodeContext& c) {
  return blocks_shape(c, input(c, 0).shape, output(c).shape, get<qop::BatchToSpace>(c).block);
}

Found broadcast_shape(const NodeContext& c) {
  const auto a = folded(input(c, 0).shape);
  const auto b = folded(input(c, 1).shape);
  const auto out = folded(output(c).shape);
  for (std::size_t i = 0; i < 4; ++i) {
    const bool fits = (a[i] == out[i] || a[i] == 1) && (b[i] == out[i] || b[i] == 1);
    if (!fits || (a[i] != out[i] && b[i] != out[i])) return shapes(c);
  }
  return std::nullopt;
}

Found window(const NodeContext& c) {
  const network::Pair& kernel = get<qop::Pool2d>(c).kernel;
  // Each side first: the product of two wild ones may wrap around.
  return !outside(kernel, 1, c.hardware.pe_array.max_taps) &&
                 kernel[0] * kernel[1] <= c.hardware.pe_array.max_taps
             ? std::nullopt
             : Found(fmt::format("{}x{} with {} taps in a PE", kernel[0], kernel[1],
                                 c.hardware.pe_array.max_taps));
}

/// Every window must hold an element: the mean of none is no number.
Found pool_padding(const NodeContext& c) {
  const auto& op = get<qop::Pool2d>(c);
  const Shape& in = input(c, 0).shape;
  const Shape& out = output(c).shape;
  if (in.size() != 4 || out.size() != 4) return shapes(c);
  const std::array first{op.padding.top, op.padding.left};
  for (std::size_t i = 0; i < 2; ++i) {
    if (first[i] < 0 || first[i] >= op.kernel[i] || (out[i + 1] - 1) * op.stride[i] - first[i] >= in[i + 1]) {
      return fmt::format("{}x{}", op.padding.top, op.padding.left);
    }
  }
  return std::nullopt;
}

Found reduce_axes(const NodeContext& c) {
  const Shape& shape = input(c, 0).shape;
  const auto rank = static_cast<int>(shape.size());
  std::string text;
  for (const int axis : get<qop::Reduce>(c).axes) {
    if (axis < -rank || axis >= rank) return fmt::format("{} of {}", axis, network::to_string(shape));
    text += (text.empty() ? "" : ", ") + std::to_string(axis);
  }
  const ReducedAxes axes =
      reduced_axes(shape, get<qop::Reduce>(c).axes, network::bytes_per_element(input(c, 0).dtype));
  if (axes.window.size() <= 2 && axes.kept.size() <= 1) return std::nullopt;
  return fmt::format("{} of {}", text, network::to_string(shape));
}

}  // namespace dlasim::sim::compiler
