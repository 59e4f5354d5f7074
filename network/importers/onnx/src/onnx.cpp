#include "network/importers/onnx.h"

#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "context.h"
#include "integer_form.h"

namespace dlasim::network {
namespace onnx_import {
namespace {

onnx::ModelProto parse_message(std::span<const std::byte> file) {
  if (file.size() >= static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    throw base::InputError("larger than 2 GiB");
  }
  onnx::ModelProto model;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const std::uint8_t*>(file.data()),
                                                static_cast<int>(file.size()));
  if (file.empty() || !model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage() ||
      !model.has_graph()) {
    throw base::InputError("not an ONNX file, or a damaged one");
  }
  return model;
}

int opset_of(const onnx::ModelProto& model) {
  constexpr std::int64_t kOldest = 7, kNewest = 17;
  std::int64_t version = 0;
  for (const auto& set : model.opset_import()) {
    if (set.domain().empty() || set.domain() == "ai.onnx") version = set.version();
  }
  if (version < kOldest || version > kNewest) {
    throw base::UnsupportedError("opset " + std::to_string(version) + "; 7 to 17 are supported");
  }
  return static_cast<int>(version);
}

Shape input_shape(const onnx::ValueInfoProto& info, const OnnxOptions& options) {
  if (!info.type().has_tensor_type() || !info.type().tensor_type().has_shape()) {
    throw base::UnsupportedError("input '" + info.name() + "' has no shape");
  }
  constexpr int kMostDimensions = 8;
  const auto& dims = info.type().tensor_type().shape().dim();
  if (dims.size() > kMostDimensions)
    throw base::UnsupportedError("input '" + info.name() + "' has over 8 dimensions");
  Shape shape;
  for (const auto& dim : dims) {
    const auto named = options.dimensions.find(dim.dim_param());
    if (dim.has_dim_value() && dim.dim_value() > 0) {
      shape.push_back(dim.dim_value());
    } else if (dim.has_dim_param() && named != options.dimensions.end()) {
      shape.push_back(named->second);
    } else if (shape.empty()) {
      shape.push_back(1);  // the batch
    } else {
      throw base::UnsupportedError("dimension " + std::to_string(shape.size()) + " ('" + dim.dim_param() +
                                   "') of input '" + info.name() + "' is dynamic; give it a size by name");
    }
    if (shape.back() < 1) throw base::InputError("input '" + info.name() + "' has a dimension below 1");
  }
  return shape;
}

void add_inputs(Context& c, const onnx::GraphProto& graph, const OnnxOptions& options) {
  for (const auto& initializer : graph.initializer()) {
    c.define_constant(initializer.name(), tensor_of(initializer));
  }
  if (graph.sparse_initializer_size() > 0)
    throw base::UnsupportedError("sparse initialisers are not supported");
  for (const auto& input : graph.input()) {
    if (c.has(input.name())) continue;  // older files list the initialisers too
    c.add_input(input.name(), dtype_of(input.type().tensor_type().elem_type()), input_shape(input, options));
  }
}

/// DequantizeLinear, the float operator, QuantizeLinear: what a QLinear operator stands for.
std::vector<onnx::NodeProto> expanded(const onnx::NodeProto& node, int index) {
  const bool is_conv = node.op_type() == "QLinearConv";
  if (!is_conv && node.op_type() != "QLinearMatMul") return {node};
  constexpr int kOperands = 8;
  if (node.input_size() < kOperands || node.output_size() != 1)
    throw base::InputError(node.op_type() + ": 8 inputs expected");
  const std::string prefix =
      (node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name()) + "/";
  std::vector<onnx::NodeProto> nodes(4);
  const auto fill = [&](std::size_t i, const char* op, std::initializer_list<std::string> inputs,
                        const std::string& output) {
    nodes[i].set_op_type(op);
    nodes[i].set_name(prefix + op + std::to_string(i));
    for (const auto& input : inputs) nodes[i].add_input(input);
    nodes[i].add_output(output);
  };
  fill(0, "DequantizeLinear", {node.input(0), node.input(1), node.input(2)}, prefix + "x");
  fill(1, "DequantizeLinear", {node.input(3), node.input(4), node.input(5)}, prefix + "w");
  auto* axis = nodes[1].add_attribute();
  axis->set_name("axis");
  axis->set_type(onnx::AttributeProto::INT);
  axis->set_i(is_conv ? 0 : -1);
  fill(2, is_conv ? "Conv" : "MatMul", {prefix + "x", prefix + "w"}, prefix + "y");
  if (node.input_size() > kOperands) nodes[2].add_input(node.input(kOperands));
  *nodes[2].mutable_attribute() = node.attribute();
  nodes[2].set_name(node.name());
  fill(3, "QuantizeLinear", {prefix + "y", node.input(6), node.input(7)}, node.output(0));
  return nodes;
}

std::vector<onnx::NodeProto> all_nodes(const onnx::GraphProto& graph) {
  std::vector<onnx::NodeProto> nodes;
  for (int i = 0; i < graph.node_size(); ++i) {
    for (auto& node : expanded(graph.node(i), i)) nodes.push_back(std::move(node));
  }
  return nodes;
}

void convert(Context& c, const onnx::NodeProto& proto, int index, int opset) {
  const NodeReader node(proto, opset);
  c.begin(node, index);
  if (!proto.domain().empty() && proto.domain() != "ai.onnx") {
    throw base::UnsupportedError("operators of domain '" + proto.domain() + "' are not supported");
  }
  if (!fold_constants(c)) {
    const Conversion conversion = conversion_of(node.op());
    if (conversion == nullptr) throw base::UnsupportedError("the operator is not supported");
    for (int i = 0; i < node.input_count(); ++i) {
      if (c.has_input(i) && c.in(i).shape.size() > 8) throw base::UnsupportedError("more than 8 dimensions");
    }
    conversion(c);
  }
  node.finish();
}

Graph import(std::span<const std::byte> file, const OnnxOptions& options) {
  const onnx::ModelProto model = parse_message(file);
  const onnx::GraphProto& graph = model.graph();
  const int opset = opset_of(model);
  if (model.functions_size() > 0) throw base::UnsupportedError("model-local functions are not supported");
  Context c(file.size());
  add_inputs(c, graph, options);
  const std::vector<onnx::NodeProto> nodes = all_nodes(graph);
  for (const auto& node : nodes) {
    for (const auto& input : node.input()) c.count_use(input);
  }
  for (const auto& output : graph.output()) c.count_use(output.name());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string where =
        "node " + std::to_string(i) + " " + nodes[i].op_type() + " '" + nodes[i].name() + "': ";
    try {
      convert(c, nodes[i], static_cast<int>(i), opset);
    } catch (const base::UnsupportedError& e) {
      throw base::UnsupportedError(where + e.what());
    } catch (const base::InputError& e) {
      throw base::InputError(where + e.what());
    }
  }
  c.end();
  if (graph.output_size() == 0) throw base::InputError("the graph has no output");
  for (const auto& output : graph.output()) {
    const Value& value = c.value(output.name());
    if (value.constant) throw base::UnsupportedError("output '" + output.name() + "' is a constant");
    c.graph.outputs.push_back(c.stored(value, channels_last(value.shape.size())));
  }
  const Graph whole = fuse_activations(absorb_channel_lines(without_dead_parts(c.graph)));
  Graph result = without_dead_parts(to_integer_form(whole));
  if (leaves_floats(result)) {
    if (const auto recorded = to_recorded_form(whole)) result = without_dead_parts(*recorded);
  }
  importers::UniqueNames tensor_names;
  importers::UniqueNames node_names;
  for (TensorInfo& tensor : result.tensors) tensor.name = tensor_names.claim(tensor.name);
  for (Node& node : result.nodes) node.name = node_names.claim(node.name);
  return result;
}

}  // namespace
}  // namespace onnx_import

Graph import_onnx(std::span<const std::byte> file, const std::string& name, const OnnxOptions& options) {
  try {
    Graph graph = onnx_import::import(file, options);
    graph.name = name;
    return graph;
  } catch (const base::UnsupportedError& e) {
    throw base::UnsupportedError(name + ": " + e.what());
  } catch (const base::InputError& e) {
    throw base::InputError(name + ": " + e.what());
  }
}

Graph read_onnx(const std::filesystem::path& path, const OnnxOptions& options) {
  Graph graph = import_onnx(base::read_file(path), path.string(), options);
  graph.name = importers::stem(path);
  return graph;
}

}  // namespace dlasim::network
