#include "export/cmsis_nn.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "arena.h"
#include "base/error.h"
#include "c_text.h"
#include "layer_writer.h"
#include "project_text.h"
#include "test_data.h"
#include "writers.h"

namespace dlasim::exporter {
namespace {

using network::kNoTensor;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::RequantRule;
using network::Tensor;
using network::TensorId;

std::size_t index(TensorId id) {
  return static_cast<std::size_t>(id);
}

std::int64_t bytes_of(const network::QuantizedTensor& tensor) {
  return network::element_count(tensor.shape) * network::bytes_per_element(tensor.dtype);
}

bool contains(const std::vector<TensorId>& ids, TensorId id) {
  return std::ranges::find(ids, id) != ids.end();
}

/// A reshape of something that need not be copied: its output lies where its input does.
bool is_alias(const QuantizedGraph& graph, const QuantizedNode& node) {
  return std::holds_alternative<network::qop::Reshape>(node.operation) &&
         !contains(graph.outputs, node.outputs.at(0)) &&
         graph.tensor(node.inputs.at(0)).dtype == graph.tensor(node.outputs.at(0)).dtype;
}

/// The nodes that were refused, each with its reason.
class Refusals {
 public:
  void add(const QuantizedNode& node, std::string_view reason) {
    ++count_;
    if (count_ > kShown) return;
    text_ += fmt::format("{}{} ({}): {}", count_ == 1 ? "" : "; ", node.name, network::name(node.operation),
                         reason);
  }
  void throw_if_any() const {
    if (count_ == 0) return;
    const std::string more = count_ > kShown ? fmt::format("; and {} more nodes", count_ - kShown) : "";
    throw base::UnsupportedError("CMSIS-NN cannot run " + text_ + more);
  }

 private:
  static constexpr std::size_t kShown = 3;
  std::size_t count_ = 0;
  std::string text_;
};

/// Number formats are refused first: to run them on golden would take long.
void refuse_staged(const QuantizedGraph& graph) {
  Refusals refusals;
  for (const QuantizedNode& node : graph.nodes) {
    if (node.staged) refusals.add(node, "computes in number formats that CMSIS-NN does not have");
  }
  refusals.throw_if_any();
}

/// All nodes as layers. golden has run the graph, so that every node keeps its operator's contract. Throws
/// with all refusals.
std::vector<LayerWriter> write_layers(const QuantizedGraph& graph) {
  std::vector<LayerWriter> layers;
  Refusals refusals;
  for (const QuantizedNode& node : graph.nodes) {
    if (is_alias(graph, node)) continue;
    layers.emplace_back(graph, node, layers.size());
    try {
      LayerWriter::require(node.outputs.size() == 1, "{} outputs", node.outputs.size());
      std::visit([&](const auto& operation) { write(operation, layers.back()); }, node.operation);
    } catch (const base::UnsupportedError& e) {
      refusals.add(node, e.what());
    }
  }
  refusals.throw_if_any();
  return layers;
}

/// The one dialect of the network: the library is compiled for one.
RequantRule common_rule(const std::vector<LayerWriter>& layers) {
  const LayerWriter* first = nullptr;
  for (const LayerWriter& layer : layers) {
    if (!layer.rule()) continue;
    if (first == nullptr) first = &layer;
    if (*layer.rule() != *first->rule()) {
      throw base::UnsupportedError(
          fmt::format("CMSIS-NN is compiled for one rounding, but {} rounds {} and {} rounds {}",
                      first->node().name, *first->rule() == RequantRule::kSingle ? "once" : "twice",
                      layer.node().name, *layer.rule() == RequantRule::kSingle ? "once" : "twice"));
    }
  }
  return first == nullptr ? RequantRule::kDouble : *first->rule();
}

/// Where every tensor and every layer's own memory lies.
class Placement {
 public:
  Placement(const QuantizedGraph& graph, const std::vector<LayerWriter>& layers)
      : graph_(graph), root_(roots(graph)) {
    block_of_.resize(graph.tensors.size());
    for (std::size_t step = 0; step < layers.size(); ++step)
      add_layer(layers[step], static_cast<std::int64_t>(step));
    // What becomes an output by a copy must live until the end.
    for (const TensorId id : graph.outputs) read(id, static_cast<std::int64_t>(layers.size()));
    plan_ = plan_arena(blocks_);
    if (plan_.bytes > std::numeric_limits<std::int32_t>::max()) {
      throw base::UnsupportedError(
          fmt::format("activations of {} bytes: the offsets have 32 bits", plan_.bytes));
    }
  }

  std::int64_t arena_bytes() const { return plan_.bytes; }
  /// Bytes alive at a step, and the step where they are most.
  std::pair<std::int64_t, std::size_t> peak(std::size_t steps) const {
    std::pair<std::int64_t, std::size_t> most{-1, 0};
    for (std::size_t step = 0; step < steps; ++step) {
      std::int64_t alive = 0;
      for (const Block& block : blocks_) {
        const auto now = static_cast<std::int64_t>(step);
        if (block.first <= now && now <= block.last) alive += block.bytes;
      }
      if (alive > most.first) most = {alive, step};
    }
    return most;
  }

  /// C expression of a pointer to the tensor's first element, as its type.
  std::string address(TensorId tensor) const {
    const TensorId id = root_[index(tensor)];
    const auto& declared = graph_.tensor(id);
    if (declared.constant) return fmt::format("tensor{}", id);
    if (const auto i = position(graph_.inputs, id)) return fmt::format("buffers->input{}", *i);
    if (const auto i = position(graph_.outputs, id)) return fmt::format("buffers->output{}", *i);
    return arena_address(graph_.tensor(tensor).dtype, *block_of_[index(id)]);
  }
  std::string temporary_address(std::size_t layer, const PointerDeclaration& pointer) const {
    return arena_address(pointer.dtype, temporaries_.at(layer).at(pointer.temporary));
  }
  TensorId root(TensorId id) const { return root_[index(id)]; }

 private:
  static std::vector<TensorId> roots(const QuantizedGraph& graph) {
    std::vector<TensorId> root(graph.tensors.size());
    for (std::size_t i = 0; i < root.size(); ++i) root[i] = static_cast<TensorId>(i);
    for (const QuantizedNode& node : graph.nodes) {
      if (is_alias(graph, node)) root[index(node.outputs[0])] = root[index(node.inputs[0])];
    }
    return root;
  }
  static std::optional<std::size_t> position(const std::vector<TensorId>& ids, TensorId id) {
    const auto found = std::ranges::find(ids, id);
    if (found == ids.end()) return std::nullopt;
    return static_cast<std::size_t>(found - ids.begin());
  }
  static std::string arena_pointer(std::int64_t offset) {
    return fmt::format("((int8_t *)buffers->arena + {})", offset);
  }
  std::string arena_address(network::DType dtype, std::size_t block) const {
    return fmt::format("({} *){}", c_type(dtype), arena_pointer(plan_.offset[block]));
  }
  void read(TensorId tensor, std::int64_t step) {
    if (tensor == kNoTensor) return;
    const auto& block = block_of_[index(root_[index(tensor)])];
    if (block) blocks_[*block].last = std::max(blocks_[*block].last, step);
  }
  void add_layer(const LayerWriter& layer, std::int64_t step) {
    for (const TensorId id : layer.node().inputs) read(id, step);
    const TensorId out = layer.node().outputs.at(0);
    if (!contains(graph_.outputs, out)) {
      block_of_[index(out)] = blocks_.size();
      blocks_.push_back({bytes_of(graph_.tensor(out)), step, step});
    }
    std::vector<std::size_t>& own = temporaries_.emplace_back();
    for (const std::int64_t bytes : layer.temporaries()) {
      own.push_back(blocks_.size());
      blocks_.push_back({bytes, step, step});
    }
  }

  const QuantizedGraph& graph_;
  std::vector<TensorId> root_;  ///< whose memory a tensor shares
  std::vector<Block> blocks_;
  std::vector<std::optional<std::size_t>> block_of_;   ///< by tensor
  std::vector<std::vector<std::size_t>> temporaries_;  ///< by layer: blocks
  ArenaPlan plan_;
};

std::string declarations(const LayerWriter& layer, std::size_t number, const Placement& placement) {
  std::string text;
  for (const PointerDeclaration& pointer : layer.pointers()) {
    const bool own = pointer.tensor == kNoTensor;
    text += fmt::format(
        "  {}{} *const {} = {};\n", pointer.written ? "" : "const ", c_type(pointer.dtype), pointer.name,
        own ? placement.temporary_address(number, pointer) : placement.address(pointer.tensor));
  }
  return text;
}

LayerText layer_text(const LayerWriter& layer, std::size_t number, const Placement& placement,
                     const Expected& expected) {
  const QuantizedGraph& graph = layer.graph();
  const QuantizedNode& node = layer.node();
  LayerText text;
  text.name = plain(node.name);
  text.comment = fmt::format("{}, {} -> {}", network::name(node.operation),
                             network::to_string(graph.tensor(node.inputs.at(0)).shape),
                             network::to_string(layer.output().shape));
  text.definitions = layer.definitions();
  text.body = declarations(layer, number, placement) + layer.body() +
              (layer.returns() ? "" : "  return ARM_CMSIS_NN_SUCCESS;\n");
  text.scratch = layer.scratch_expression();
  text.output = placement.address(node.outputs[0]);
  text.output_bytes = bytes_of(layer.output());
  text.crc32 = expected.crc32[static_cast<std::size_t>(&node - graph.nodes.data())];
  return text;
}

/// Outputs that no layer writes in place: inputs, constants, and tensors that are two outputs.
std::vector<LayerText> output_copies(const QuantizedGraph& graph, const Placement& placement,
                                     const Expected& expected) {
  std::vector<LayerText> copies;
  for (std::size_t i = 0; i < graph.outputs.size(); ++i) {
    const std::string target = fmt::format("buffers->output{}", i);
    const std::string source = placement.address(graph.outputs[i]);
    if (source == target) continue;
    LayerText copy;
    copy.name = fmt::format("output{}", i);
    copy.comment = "copy of " + plain(graph.tensor(graph.outputs[i]).name);
    copy.output_bytes = bytes_of(graph.tensor(graph.outputs[i]));
    copy.body = fmt::format("  memcpy({}, {}, {});\n  return ARM_CMSIS_NN_SUCCESS;\n", target, source,
                            copy.output_bytes);
    copy.output = target;
    copy.crc32 = crc32_of(expected.outputs[i]);
    copies.push_back(std::move(copy));
  }
  return copies;
}

/// Constants that layers read as activations, each once.
std::string operand_arrays(const QuantizedGraph& graph, const std::vector<LayerWriter>& layers,
                           const Placement& placement, std::int64_t& bytes) {
  std::set<TensorId> operands;
  for (const LayerWriter& layer : layers) {
    for (const PointerDeclaration& pointer : layer.pointers()) {
      if (pointer.tensor != kNoTensor && graph.tensor(placement.root(pointer.tensor)).constant) {
        operands.insert(placement.root(pointer.tensor));
      }
    }
  }
  for (const TensorId id : graph.outputs) {
    if (graph.tensor(placement.root(id)).constant) operands.insert(placement.root(id));
  }
  std::string text;
  for (const TensorId id : operands) {
    const auto& tensor = graph.tensor(id);
    text += array_definition(fmt::format("tensor{}", id), *tensor.constant, plain(tensor.name));
    bytes += bytes_of(tensor);
  }
  return text;
}

}  // namespace

CmsisNnProject export_cmsis_nn(const QuantizedGraph& graph, std::span<const Tensor> inputs) {
  refuse_staged(graph);
  const Expected expected = run_golden(graph, inputs);
  const std::vector<LayerWriter> layers = write_layers(graph);
  const RequantRule rule = common_rule(layers);
  const Placement placement(graph, layers);

  ProjectText project;
  project.graph = &graph;
  project.single_rounding = rule == RequantRule::kSingle;
  project.arena_bytes = placement.arena_bytes();
  std::tie(project.peak_bytes, project.peak_layer) = placement.peak(layers.size());
  std::string arrays = operand_arrays(graph, layers, placement, project.constant_bytes);
  std::set<Helper> helpers;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    project.layers.push_back(layer_text(layers[i], i, placement, expected));
    arrays += layers[i].arrays();
    helpers.insert(layers[i].helpers().begin(), layers[i].helpers().end());
    project.constant_bytes += layers[i].constant_bytes();
  }
  std::ranges::move(output_copies(graph, placement, expected), std::back_inserter(project.layers));
  if (project.layers.empty()) throw base::UnsupportedError("the network computes nothing");

  std::vector<std::uint32_t> checksums;
  for (const LayerText& layer : project.layers) checksums.push_back(layer.crc32);
  CmsisNnProject result;
  result.layers = static_cast<std::int64_t>(project.layers.size());
  result.arena_bytes = project.arena_bytes;
  result.constant_bytes = project.constant_bytes;
  result.files = {{"network.h", network_header_text(project)},
                  {"network.c", network_source_text(project)},
                  {"weights.h", weights_text(arrays)},
                  {"helpers.h", helpers_text(helpers, rule)},
                  {"test_data.h", test_data_text(graph, inputs, expected, checksums)},
                  {"main.c", main_text(project)},
                  {"Makefile", makefile_text(project)}};
  return result;
}

}  // namespace dlasim::exporter
