#include "pass_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "staged_pass.h"

namespace dlasim::sim::compiler {

using network::TensorId;

// The passes of each kind of node are in pass_builder_*.cpp.
std::vector<Pass> PassBuilder::build(const Group& group) {
  const Node& node = graph_.nodes[group.head];
  if (is_staged(node)) require_stageable(node);
  std::vector<Pass> passes = build_head(node);
  if (group.nodes.size() > 1) fuse(group, passes.front());
  for (Pass& pass : passes) pass.name = node.name;
  return passes;
}

std::vector<Pass> PassBuilder::build_head(const Node& node) {
  return std::visit(
      [&](const auto& op) -> std::vector<Pass> {
        if constexpr (requires { build(node, op); }) {
          return build(node, op);
        } else {
          return build_table(node);
        }
      },
      node.operation);
}

std::uint64_t PassBuilder::address(TensorId t) const {
  Placement& place = placements_[static_cast<std::size_t>(t)];
  if (const network::Constant& constant = tensor(t).constant; constant && place.bytes == 0)
    place = {image_.place(constant->bytes()), constant->bytes().size()};
  return place.address;
}

View PassBuilder::view(TensorId t) const {
  return dense_view(address(t), tensor(t).dtype, tensor(t).shape);
}

std::vector<std::int64_t> PassBuilder::byte_strides(TensorId t) const {
  const network::Shape& shape = tensor(t).shape;
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = network::bytes_per_element(tensor(t).dtype);
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

const network::Tensor& PassBuilder::constant(const Node& node, std::size_t input) const {
  const auto& info = tensor(node.inputs.at(input));
  if (!info.constant) {
    throw base::UnsupportedError(fmt::format("{} '{}': input {} ('{}') must be a constant",
                                             network::name(node.operation), node.name, input, info.name));
  }
  return *info.constant;
}

std::int64_t PassBuilder::bias_of(const Node& node, std::size_t input, std::int64_t channel) const {
  const bool absent = node.inputs.size() <= input || node.inputs[input] == network::kNoTensor;
  return absent ? 0 : constant(node, input).integer(channel);
}

std::int64_t PassBuilder::largest_magnitude(TensorId t) const {
  return std::max(network::highest(tensor(t).dtype), -network::lowest(tensor(t).dtype));
}

std::vector<OcTile> PassBuilder::dense_tiles(std::int64_t input_channels, std::int64_t output_channels,
                                             std::int64_t groups, bool share_tiles) const {
  return convolution_tiles(input_channels, output_channels, groups, hardware_.pe_array.ic_lanes,
                           hardware_.pe_array.oc_lanes, share_tiles);
}

}  // namespace dlasim::sim::compiler
