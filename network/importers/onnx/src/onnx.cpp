#include "network/importers/onnx.h"

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
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

/// Empties the initialisers: there are as many weights in them as in the tensors made of them.
void add_inputs(Context& c, onnx::GraphProto& graph, const OnnxOptions& options) {
  for (auto& initializer : *graph.mutable_initializer()) {
    onnx::TensorProto taken;
    taken.Swap(&initializer);
    c.define_constant(taken.name(), tensor_of(taken));
  }
  if (graph.sparse_initializer_size() > 0)
    throw base::UnsupportedError("sparse initialisers are not supported");
  for (const auto& input : graph.input()) {
    if (c.has(input.name())) continue;  // older files list the initialisers too
    c.add_input(input.name(), dtype_of(input.type().tensor_type().elem_type()), input_shape(input, options));
  }
}

/// A quantised operator in terms of its float one. `inputs` are those of the quantised one: each operand has
/// its scale and zero point behind it; so has the result.
struct QuantizedForm {
  std::string_view op, real;  ///< "QLinearConv", "Conv"
  std::string_view domain;    ///< "" or ONNX Runtime's
  int operands;               ///< triples from input `first` on; 0: as many as there are
  int first, result;          ///< input of the first operand, of the result's scale
  int bias;                   ///< input, or -1
};

constexpr std::string_view kRuntimeDomain = "com.microsoft";
constexpr int kNone = -1;

constexpr std::array kQuantizedForms{
    QuantizedForm{"QLinearConv", "Conv", "", 2, 0, 6, 8},
    QuantizedForm{"QLinearMatMul", "MatMul", "", 2, 0, 6, kNone},
    QuantizedForm{"QGemm", "Gemm", kRuntimeDomain, 2, 0, 7, 6},
    QuantizedForm{"QLinearAdd", "Add", kRuntimeDomain, 2, 0, 6, kNone},
    QuantizedForm{"QLinearMul", "Mul", kRuntimeDomain, 2, 0, 6, kNone},
    QuantizedForm{"QLinearConcat", "Concat", kRuntimeDomain, 0, 2, 0, kNone},
    QuantizedForm{"QLinearAveragePool", "AveragePool", kRuntimeDomain, 1, 0, 3, kNone},
    QuantizedForm{"QLinearGlobalAveragePool", "GlobalAveragePool", kRuntimeDomain, 1, 0, 3, kNone},
    QuantizedForm{"QLinearLeakyRelu", "LeakyRelu", kRuntimeDomain, 1, 0, 3, kNone},
    QuantizedForm{"QLinearSigmoid", "Sigmoid", kRuntimeDomain, 1, 0, 3, kNone},
};

const QuantizedForm* quantized_form(const onnx::NodeProto& node) {
  const auto* found = std::find_if(kQuantizedForms.begin(), kQuantizedForms.end(), [&](const auto& form) {
    return form.op == node.op_type() && (form.domain == node.domain() || node.domain() == "ai.onnx");
  });
  return found == kQuantizedForms.end() ? nullptr : found;
}

std::string input_or_none(const onnx::NodeProto& node, int i) {
  return i < node.input_size() ? node.input(i) : std::string();
}

/// Attributes of the float operator. What only the quantised one has must be at its default.
void take_attributes(const onnx::NodeProto& from, onnx::NodeProto& to) {
  for (const auto& attribute : from.attribute()) {
    const bool channels_last = attribute.name() == "channels_last" && attribute.i() == 0;
    const bool alpha = from.op_type() == "QGemm" && attribute.name() == "alpha" && attribute.f() == 1.0F;
    if (!channels_last && !alpha) *to.add_attribute() = attribute;
  }
}

/// DequantizeLinear, the float operator, QuantizeLinear: what a quantised operator stands for.
std::vector<onnx::NodeProto> expanded(const onnx::NodeProto& node, int index) {
  const QuantizedForm* form = quantized_form(node);
  if (form == nullptr) {
    onnx::NodeProto same = node;
    const bool runtimes = node.op_type() == "QuantizeLinear" || node.op_type() == "DequantizeLinear";
    if (runtimes && node.domain() == kRuntimeDomain) same.clear_domain();
    return {same};
  }
  const int triples = form->operands > 0 ? form->operands : (node.input_size() - form->first) / 3;
  const int fewest = std::max(form->first + 3 * triples, form->result + 1);
  if (triples < 1 || node.input_size() < fewest || node.output_size() != 1) {
    throw base::InputError(node.op_type() + " '" + node.name() + "': " + std::to_string(node.input_size()) +
                           " inputs; at least " + std::to_string(fewest) + " expected");
  }
  const std::string prefix =
      (node.name().empty() ? node.op_type() + "_" + std::to_string(index) : node.name()) + "/";
  std::vector<onnx::NodeProto> nodes;
  const auto add = [&](const std::string& op, const std::vector<std::string>& inputs,
                       const std::string& output) -> onnx::NodeProto& {
    nodes.emplace_back();
    nodes.back().set_op_type(op);
    nodes.back().set_name(prefix + op + std::to_string(nodes.size() - 1));
    for (const auto& input : inputs) nodes.back().add_input(input);
    nodes.back().add_output(output);
    return nodes.back();
  };
  std::vector<std::string> operands;
  for (int t = 0; t < triples; ++t) {
    const int at = form->first + 3 * t;
    operands.push_back(prefix + "x" + std::to_string(t));
    auto& dequantize =
        add("DequantizeLinear", {node.input(at), node.input(at + 1), node.input(at + 2)}, operands.back());
    // Scales a channel lie along the outputs, which only convolutions and transposed products have in front.
    const bool in_front =
        form->real == "Conv" ||
        std::any_of(node.attribute().begin(), node.attribute().end(),
                    [](const auto& attribute) { return attribute.name() == "transB" && attribute.i() != 0; });
    auto* axis = dequantize.add_attribute();
    axis->set_name("axis");
    axis->set_type(onnx::AttributeProto::INT);
    axis->set_i(in_front ? 0 : -1);
  }
  const std::string bias = form->bias == kNone ? std::string() : input_or_none(node, form->bias);
  if (!bias.empty()) operands.push_back(bias);
  const bool real_result = input_or_none(node, form->result).empty();
  auto& real = add(std::string(form->real), operands, real_result ? node.output(0) : prefix + "y");
  take_attributes(node, real);
  real.set_name(node.name());
  if (!real_result) {
    add("QuantizeLinear", {prefix + "y", node.input(form->result), input_or_none(node, form->result + 1)},
        node.output(0));
  }
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

Graph import(onnx::ModelProto model, std::size_t file_size, const OnnxOptions& options) {
  onnx::GraphProto& graph = *model.mutable_graph();
  const int opset = opset_of(model);
  if (model.functions_size() > 0) throw base::UnsupportedError("model-local functions are not supported");
  Context c(file_size);
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

namespace {

/// The graph that `import` gives; what is wrong is said of `name`.
template <class Import>
Graph named_graph(const std::string& name, const Import& import) {
  try {
    Graph graph = import();
    graph.name = name;
    return graph;
  } catch (const base::UnsupportedError& e) {
    throw base::UnsupportedError(name + ": " + e.what());
  } catch (const base::InputError& e) {
    throw base::InputError(name + ": " + e.what());
  }
}

}  // namespace

Graph import_onnx(std::span<const std::byte> file, const std::string& name, const OnnxOptions& options) {
  return named_graph(
      name, [&] { return onnx_import::import(onnx_import::parse_message(file), file.size(), options); });
}

Graph read_onnx(const std::filesystem::path& path, const OnnxOptions& options) {
  std::vector<std::byte> file = base::read_file(path);
  Graph graph = named_graph(path.string(), [&] {
    const std::size_t size = file.size();
    onnx::ModelProto model = onnx_import::parse_message(file);
    file = {};  // the message has its own copy of the weights
    return onnx_import::import(std::move(model), size, options);
  });
  graph.name = importers::stem(path);
  return graph;
}

}  // namespace dlasim::network
