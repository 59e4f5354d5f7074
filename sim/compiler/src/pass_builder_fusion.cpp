/// What the post-processor does on the way out of a pass for the nodes behind it.
#include "pass_builder.h"
#include "pass_parts.h"

namespace dlasim::sim::compiler {

void PassBuilder::fuse(const Group& group, Pass& pass) const {
  const Node& last = graph_.nodes[group.last()];
  arch::PostSettings& post = pass.settings.post;
  const auto put_out = [&] {
    const View out = view(last.outputs[0]);
    pass.output.address = out.address;
    pass.output.element = out.element;
  };
  if (group.gate) {
    const std::int64_t half = pass.output.channels() / 2;
    apply_table(graph_.nodes[group.gate->first], post.lower, pass.tables[0], 0);
    apply_table(graph_.nodes[group.gate->second], post.upper, pass.tables[1], 1);
    const Node& product = graph_.nodes[*group.combine];
    apply_combine(product, graph_.nodes[group.gate->first].outputs[0], post);
    post.combine = arch::Combine::kGate;
    post.gate_offset = static_cast<std::uint32_t>(hardware_.pe_array.oc_lanes / 2);
    pass.output = view(product.outputs[0]);
    pass.oc_tiles = gated_tiles(pass.input.channels(), half, hardware_.pe_array.oc_lanes);
    return;
  }
  network::TensorId tail = graph_.nodes[group.head].outputs[0];
  if (group.table) {
    apply_table(graph_.nodes[*group.table], post.lower, pass.tables[0], 0);
    tail = graph_.nodes[*group.table].outputs[0];
  }
  if (group.combine) {
    const Node& node = graph_.nodes[*group.combine];
    const network::TensorId other = node.inputs[0] == tail ? node.inputs[1] : node.inputs[0];
    apply_combine(node, tail, post);
    View operand = view(other);
    operand.size = pass.output.size;  // a fully connected layer's rows are the pass's columns
    const View rows =
        dense_view(operand.address, tensor(other).dtype,
                   {pass.output.size[0], pass.output.size[1], pass.output.size[2], pass.output.size[3]});
    pass.operand = rows;
  }
  put_out();
  const std::int64_t size = arch::bytes_of(pass.output.element);
  pass.output.stride[2] = pass.output.size[3] * size;
  pass.output.stride[1] = pass.output.size[2] * pass.output.stride[2];
  pass.output.stride[0] = pass.output.size[1] * pass.output.stride[1];
}

}  // namespace dlasim::sim::compiler
