#include "sim/compiler/compile.h"

#include <fmt/format.h>

#include <algorithm>

#include "fuse.h"
#include "memory_image.h"
#include "pass_builder.h"
#include "scheduler.h"
#include "sim/compiler/output_map.h"
#include "sim/compiler/support.h"
#include "staged_pass.h"

namespace dlasim::sim::compiler {
namespace {

using network::QuantizedGraph;
using network::TensorId;

/// Tensors that a fused group keeps to itself: they are never in memory.
std::vector<bool> hidden_tensors(const QuantizedGraph& graph, const std::vector<Group>& groups) {
  std::vector<bool> hidden(graph.tensors.size());
  for (const Group& group : groups) {
    for (const std::size_t n : group.nodes) {
      if (n == group.last()) continue;
      for (const TensorId t : graph.nodes[n].outputs) hidden[static_cast<std::size_t>(t)] = true;
    }
  }
  return hidden;
}

std::uint64_t multiplies_of(const QuantizedGraph& graph, const network::QuantizedNode& node) {
  const auto elements = [&](TensorId t) {
    return static_cast<std::uint64_t>(network::element_count(graph.tensor(t).shape));
  };
  const std::uint64_t outputs = elements(node.outputs[0]);
  const auto weight_shape = [&]() -> const network::Shape& { return graph.tensor(node.inputs[1]).shape; };
  namespace qop = network::qop;
  if (std::holds_alternative<qop::Conv2d>(node.operation) ||
      std::holds_alternative<qop::FullyConnected>(node.operation)) {
    return outputs * elements(node.inputs[1]) / static_cast<std::uint64_t>(weight_shape()[0]);
  }
  if (std::holds_alternative<qop::TransposeConv2d>(node.operation)) {
    const network::Shape& in = graph.tensor(node.inputs[0]).shape;
    return elements(node.inputs[0]) / static_cast<std::uint64_t>(in.back()) * elements(node.inputs[1]);
  }
  if (std::holds_alternative<qop::DepthwiseConv2d>(node.operation)) {
    return outputs * static_cast<std::uint64_t>(weight_shape()[1] * weight_shape()[2]);
  }
  if (const auto* op = std::get_if<qop::BatchMatmul>(&node.operation)) {
    const network::Shape& a = graph.tensor(node.inputs[0]).shape;
    return outputs * static_cast<std::uint64_t>(op->adj_x ? a[a.size() - 2] : a.back());
  }
  if (std::holds_alternative<qop::Svdf>(node.operation)) {
    const network::Shape& in = graph.tensor(node.inputs[0]).shape;  // the last step alone gives an output
    const auto rows = static_cast<std::uint64_t>(in[1]);
    return rows * (static_cast<std::uint64_t>(in[0]) * elements(node.inputs[1]) + elements(node.inputs[2]));
  }
  if (std::holds_alternative<qop::Lstm>(node.operation)) {
    const auto units = static_cast<std::uint64_t>(graph.tensor(node.outputs[0]).shape.back());
    const auto inputs = static_cast<std::uint64_t>(graph.tensor(node.inputs[0]).shape.back());
    return outputs * 4 * (inputs + units);
  }
  return 0;
}

std::string kind_of(const QuantizedGraph& graph, const Group& group) {
  std::string kind(network::name(graph.nodes[group.head].operation));
  if (group.gate) return kind + "+gate";
  if (group.table) kind += fmt::format("+{}", network::name(graph.nodes[*group.table].operation));
  if (group.combine) kind += fmt::format("+{}", network::name(graph.nodes[*group.combine].operation));
  return kind;
}

/// Throws for the first node that nobody runs. Staged layers have formats instead of element types, and
/// checks of their own.
std::vector<Place> places_of(const QuantizedGraph& graph, const arch::Hardware& hardware) {
  std::vector<Place> places;
  for (const network::QuantizedNode& node : graph.nodes) {
    places.push_back(is_staged(node) ? Place::kArray : check_support({graph, node, hardware}));
  }
  return places;
}

class Compiler {
 public:
  Compiler(const QuantizedGraph& graph, const arch::Hardware& hardware, const Options& options)
      : graph_(graph),
        hardware_(hardware),
        places_(places_of(graph, hardware)),
        image_(static_cast<std::uint64_t>(std::max(hardware.dram.burst_bytes, 64))),
        groups_(group_nodes(graph, hardware.pe_array.oc_lanes, options.fuse)),
        ready_store_(graph.tensors.size()) {}

  Program compile() {
    image_.reserve(1);  // nothing else has address 0
    place_tensors();
    PassBuilder builder(graph_, hardware_, program_.tensors, image_);
    Scheduler scheduler(hardware_, image_);
    std::vector<std::vector<Pass>> passes = build_passes(builder);
    program_.fixed_from = image_.size();  // the scheduler adds what is only read
    std::size_t stream_begin = 0;
    const auto end_stream = [&](std::size_t layer) {
      if (layer == stream_begin) return;
      const auto [address, bytes] = scheduler.finish(static_cast<std::uint32_t>(layer - 1));
      program_.steps.push_back(CommandStream{address, bytes, stream_begin, layer});
    };
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      const std::size_t layer = program_.layers.size();
      program_.layers.push_back(describe(group));
      if (places_[group.head] == Place::kHost) {
        end_stream(layer);
        program_.steps.push_back(HostStep{group.head, layer});
        program_.layers.back().on_host = true;
        stream_begin = layer + 1;
        continue;
      }
      for (Pass& pass : passes[g]) {
        pass.layer = static_cast<std::uint32_t>(layer);
        pass.wait_store = wait_of(group, scheduler.stores());
        scheduler.run(pass);
      }
      for (const TensorId t : graph_.nodes[group.last()].outputs) {
        ready_store_[static_cast<std::size_t>(t)] = scheduler.stores();
      }
    }
    end_stream(program_.layers.size());
    program_.tiles = scheduler.tiles();
    program_.image = image_.take();
    return std::move(program_);
  }

 private:
  /// Constants wait until a pass reads them as they are.
  void place_tensors() {
    std::uint64_t total = 0;
    const std::vector<bool> hidden = hidden_tensors(graph_, groups_);
    program_.tensors.resize(graph_.tensors.size());
    for (std::size_t t = 0; t < graph_.tensors.size(); ++t) {
      const auto& tensor = graph_.tensors[t];
      if (hidden[t]) continue;
      const auto bytes = static_cast<std::uint64_t>(network::element_count(tensor.shape) *
                                                    network::bytes_per_element(tensor.dtype));
      total += bytes;
      if (!tensor.constant) program_.tensors[t] = {image_.reserve(bytes), bytes};
    }
    image_.expect(2 * total);  // lanes that are padded, parameters and commands
  }

  /// Of each group; none of those that the host runs.
  std::vector<std::vector<Pass>> build_passes(PassBuilder& builder) const {
    std::vector<std::vector<Pass>> passes;
    for (const Group& group : groups_)
      passes.push_back(places_[group.head] == Place::kHost ? std::vector<Pass>() : builder.build(group));
    return passes;
  }

  Layer describe(const Group& group) const {
    const network::QuantizedNode& head = graph_.nodes[group.head];
    Layer layer;
    layer.name = head.name;
    layer.kind = kind_of(graph_, group);
    layer.nodes = group.nodes;
    layer.output = graph_.nodes[group.last()].outputs.front();
    layer.macs = multiplies_of(graph_, head);
    layer.pe_slots_per_beat = static_cast<std::size_t>(hardware_.pe_array.ic_lanes) *
                              static_cast<std::size_t>(hardware_.pe_array.oc_lanes);
    return layer;
  }

  /// The stores after which all inputs of the group are complete. A pass after the first one of the same
  /// node may read what an earlier one wrote.
  std::uint32_t wait_of(const Group& group, std::uint32_t stores_before) const {
    std::uint32_t wait = 0;
    for (const std::size_t n : group.nodes) {
      for (const TensorId t : graph_.nodes[n].inputs) {
        if (t != network::kNoTensor) wait = std::max(wait, ready_store_[static_cast<std::size_t>(t)]);
      }
    }
    const network::QuantizedNode& head = graph_.nodes[group.head];
    const bool reads_own_passes =
        std::holds_alternative<network::qop::BatchMatmul>(head.operation) || touches_mx(head);
    return reads_own_passes ? stores_before : wait;
  }

  /// MX scales are joined to elements, and made before them, by passes of their own.
  bool touches_mx(const network::QuantizedNode& node) const {
    if (node.staged && node.staged->input.mx_block != 0) return true;
    const auto is_mx = [this](TensorId t) {
      return t != network::kNoTensor && graph_.tensor(t).format && graph_.tensor(t).format->mx_block != 0;
    };
    return is_staged(node) && (std::ranges::any_of(node.inputs, is_mx) || is_mx(node.outputs.front()));
  }

  const QuantizedGraph& graph_;
  const arch::Hardware& hardware_;
  std::vector<Place> places_;  // by node; made first: nothing else looks at a node that cannot run
  MemoryImage image_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> ready_store_;
  Program program_;
};

}  // namespace

Program compile(const QuantizedGraph& graph, const arch::Hardware& hardware, const Options& options) {
  arch::check(hardware);
  return Compiler(graph, hardware, options).compile();
}

std::string Program::dump(const QuantizedGraph& graph) const {
  std::string text = fmt::format("memory image: {} bytes\n", image.size());
  for (std::size_t t = 0; t < tensors.size(); ++t) {
    if (tensors[t].bytes == 0) continue;
    text += fmt::format("  {:#010x} {:>9}  {} {}\n", tensors[t].address, tensors[t].bytes,
                        graph.tensors[t].name, network::to_string(graph.tensors[t].shape));
  }
  for (const Step& step : steps) {
    if (const auto* host = std::get_if<HostStep>(&step)) {
      text += fmt::format("host: {}\n", graph.nodes[host->node].name);
      continue;
    }
    const auto& stream = std::get<CommandStream>(step);
    text += fmt::format("commands at {:#x}, {} bytes\n", stream.address, stream.bytes);
    std::uint32_t layer = ~0U;
    for (const arch::Command& command : commands_of(*this, stream)) {
      if (arch::layer_of(command) != layer) {
        layer = arch::layer_of(command);
        text += fmt::format("  layer {} '{}' ({})\n", layer, layers[layer].name, layers[layer].kind);
      }
      text += fmt::format("    {}\n", arch::to_string(command));
    }
  }
  return text;
}

}  // namespace dlasim::sim::compiler
