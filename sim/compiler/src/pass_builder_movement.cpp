/// Passes that move codes and change none.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "pass_builder.h"
#include "pass_parts.h"

namespace dlasim::sim::compiler {

namespace qop = network::qop;

void PassBuilder::move(const Node& node, std::uint64_t from, std::uint64_t to, arch::Element element,
                       std::vector<MoveAxis> axes, std::vector<Pass>& passes) const {
  const std::int64_t size = arch::bytes_of(element);
  std::erase_if(axes, [](const MoveAxis& a) { return a.size == 1; });
  std::vector<MoveAxis> merged;  // neighbours that are one run on both sides
  for (const MoveAxis& a : axes) {
    if (!merged.empty() && merged.back().from_stride == a.size * a.from_stride &&
        merged.back().to_stride == a.size * a.to_stride) {
      merged.back() = {merged.back().size * a.size, a.from_stride, a.to_stride};
    } else {
      merged.push_back(a);
    }
  }
  std::int64_t channels = 1;
  if (!merged.empty() && merged.back().from_stride == size && merged.back().to_stride == size) {
    channels = merged.back().size;
    merged.pop_back();
  }
  // A long run is cut into pixels, so that one row of it does not have to fit the buffers.
  const std::int64_t lanes = std::min(hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
  if (channels > lanes && channels % lanes == 0) {
    merged.push_back({channels / lanes, lanes * size, lanes * size});
    channels = lanes;
  }
  while (merged.size() < 3) merged.insert(merged.begin(), MoveAxis{1, 0, 0});
  if (merged.size() > 3) {  // one pass for each index of the outermost axis
    const MoveAxis outer = merged.front();
    merged.erase(merged.begin());
    merged.push_back({channels, size, size});
    for (std::int64_t i = 0; i < outer.size; ++i) {
      move(node, from + static_cast<std::uint64_t>(i * outer.from_stride),
           to + static_cast<std::uint64_t>(i * outer.to_stride), element, merged, passes);
    }
    return;
  }
  Pass pass;
  pass.input = {from,
                {merged[0].size, merged[1].size, merged[2].size, channels},
                {merged[0].from_stride, merged[1].from_stride, merged[2].from_stride},
                element};
  pass.output = {
      to, pass.input.size, {merged[0].to_stride, merged[1].to_stride, merged[2].to_stride}, element};
  pass.settings.post = pass_through();
  pass.oc_tiles = channelwise_tiles(channels, hardware_.pe_array.ic_lanes, hardware_.pe_array.oc_lanes);
  pass.weights = identity();
  pass.parameters = bias_only(0);
  pass.name = node.name;
  passes.push_back(std::move(pass));
}

void PassBuilder::fill(const Node& node, std::int64_t value, std::vector<Pass>& passes) {
  const auto& out = tensor(node.outputs[0]);
  const std::int64_t size = network::bytes_per_element(out.dtype);
  const std::int64_t elements = network::element_count(out.shape);
  const std::int64_t run = std::gcd(elements, static_cast<std::int64_t>(hardware_.pe_array.oc_lanes));
  std::vector<std::byte> row(static_cast<std::size_t>(run * size));
  for (std::int64_t i = 0; i < run; ++i) {
    std::memcpy(row.data() + i * size, &value, static_cast<std::size_t>(size));
  }
  move(node, image_.place(row), address(node.outputs[0]), element_of(out.dtype),
       {{elements / run, 0, run * size}, {run, size, size}}, passes);
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Pad& op) {
  std::vector<Pass> passes;
  fill(node, op.value, passes);
  const auto& in = tensor(node.inputs[0]);
  const auto from = byte_strides(node.inputs[0]);
  const auto to = byte_strides(node.outputs[0]);
  std::vector<MoveAxis> axes;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < in.shape.size(); ++i) {
    axes.push_back({in.shape[i], from[i], to[i]});
    offset += op.before[i] * to[i];
  }
  move(node, address(node.inputs[0]), address(node.outputs[0]) + static_cast<std::uint64_t>(offset),
       element_of(in.dtype), std::move(axes), passes);
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Transpose& op) {
  const auto& out = tensor(node.outputs[0]);
  const auto from = byte_strides(node.inputs[0]);
  const auto to = byte_strides(node.outputs[0]);
  std::vector<MoveAxis> axes;
  for (std::size_t i = 0; i < out.shape.size(); ++i) {
    axes.push_back({out.shape[i], from[static_cast<std::size_t>(op.perm[i])], to[i]});
  }
  std::vector<Pass> passes;
  move(node, address(node.inputs[0]), address(node.outputs[0]), element_of(out.dtype), std::move(axes),
       passes);
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Reshape&) {
  if (address(node.inputs[0]) == address(node.outputs[0])) return {};
  const auto& out = tensor(node.outputs[0]);
  const std::int64_t size = network::bytes_per_element(out.dtype);
  std::vector<Pass> passes;
  move(node, address(node.inputs[0]), address(node.outputs[0]), element_of(out.dtype),
       {{network::element_count(out.shape), size, size}}, passes);
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Concat& op) {
  const auto to = byte_strides(node.outputs[0]);
  const auto rank = static_cast<int>(to.size());
  const auto axis = static_cast<std::size_t>(op.axis < 0 ? op.axis + rank : op.axis);
  std::vector<Pass> passes;
  std::uint64_t at = address(node.outputs[0]);
  for (const network::TensorId t : node.inputs) {
    const auto from = byte_strides(t);
    const network::Shape& shape = tensor(t).shape;
    std::vector<MoveAxis> axes;
    for (std::size_t i = 0; i < shape.size(); ++i) axes.push_back({shape[i], from[i], to[i]});
    move(node, address(t), at, element_of(tensor(t).dtype), std::move(axes), passes);
    at += static_cast<std::uint64_t>(shape[axis] * to[axis]);
  }
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::Slice& op) {
  // The output may have lost axes of one element; the codes stay in the same order.
  const auto from = byte_strides(node.inputs[0]);
  std::vector<std::int64_t> to(op.size.size());
  std::int64_t stride = network::bytes_per_element(tensor(node.outputs[0]).dtype);
  for (std::size_t i = to.size(); i-- > 0;) {
    to[i] = stride;
    stride *= op.size[i];
  }
  std::vector<MoveAxis> axes;
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < op.size.size(); ++i) {
    axes.push_back({op.size[i], from[i] * op.stride[i], to[i]});
    offset += op.begin[i] * from[i];
  }
  std::vector<Pass> passes;
  move(node, address(node.inputs[0]) + static_cast<std::uint64_t>(offset), address(node.outputs[0]),
       element_of(tensor(node.outputs[0]).dtype), std::move(axes), passes);
  return passes;
}

namespace {

struct BlockWindow {
  std::int64_t first = 0, count = 0, offset = 0;  // in the smaller image; element of the larger one
};

/// Rows (or columns) i of the small image with 0 <= i * block + phase - lead < size.
BlockWindow block_window(std::int64_t small, std::int64_t large, std::int64_t block, std::int64_t phase,
                         std::int64_t lead) {
  BlockWindow window;
  bool any = false;
  for (std::int64_t i = 0; i < small; ++i) {
    const std::int64_t at = i * block + phase - lead;
    if (at < 0 || at >= large) continue;
    if (!any) window = {i, 0, at};
    any = true;
    ++window.count;
  }
  return window;
}

}  // namespace

std::vector<Pass> PassBuilder::build(const Node& node, const qop::SpaceToBatch& op) {
  const View large = view(node.inputs[0]);
  const View small = view(node.outputs[0]);
  std::vector<Pass> passes;
  fill(node, op.value, passes);
  for (std::int64_t by = 0; by < op.block[0]; ++by) {
    for (std::int64_t bx = 0; bx < op.block[1]; ++bx) {
      const BlockWindow y = block_window(small.size[1], large.size[1], op.block[0], by, op.padding.top);
      const BlockWindow x = block_window(small.size[2], large.size[2], op.block[1], bx, op.padding.left);
      if (y.count == 0 || x.count == 0) continue;
      const std::int64_t image = (by * op.block[1] + bx) * large.size[0];
      const std::int64_t to = image * small.stride[0] + y.first * small.stride[1] + x.first * small.stride[2];
      const std::int64_t from = y.offset * large.stride[1] + x.offset * large.stride[2];
      const std::int64_t size = arch::bytes_of(large.element);
      move(node, large.address + static_cast<std::uint64_t>(from),
           small.address + static_cast<std::uint64_t>(to), large.element,
           {{large.size[0], large.stride[0], small.stride[0]},
            {y.count, large.stride[1] * op.block[0], small.stride[1]},
            {x.count, large.stride[2] * op.block[1], small.stride[2]},
            {large.size[3], size, size}},
           passes);
    }
  }
  return passes;
}

std::vector<Pass> PassBuilder::build(const Node& node, const qop::BatchToSpace& op) {
  const View small = view(node.inputs[0]);
  const View large = view(node.outputs[0]);
  std::vector<Pass> passes;
  for (std::int64_t by = 0; by < op.block[0]; ++by) {
    for (std::int64_t bx = 0; bx < op.block[1]; ++bx) {
      const BlockWindow y = block_window(small.size[1], large.size[1], op.block[0], by, op.crop.top);
      const BlockWindow x = block_window(small.size[2], large.size[2], op.block[1], bx, op.crop.left);
      if (y.count == 0 || x.count == 0) continue;
      const std::int64_t image = (by * op.block[1] + bx) * large.size[0];
      const std::int64_t from =
          image * small.stride[0] + y.first * small.stride[1] + x.first * small.stride[2];
      const std::int64_t to = y.offset * large.stride[1] + x.offset * large.stride[2];
      const std::int64_t size = arch::bytes_of(large.element);
      move(node, small.address + static_cast<std::uint64_t>(from),
           large.address + static_cast<std::uint64_t>(to), large.element,
           {{large.size[0], small.stride[0], large.stride[0]},
            {y.count, small.stride[1], large.stride[1] * op.block[0]},
            {x.count, small.stride[2], large.stride[2] * op.block[1]},
            {large.size[3], size, size}},
           passes);
    }
  }
  return passes;
}

}  // namespace dlasim::sim::compiler
