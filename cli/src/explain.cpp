#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "base/edit_distance.h"
#include "base/error.h"
#include "cli/main.h"
#include "dialects.h"
#include "explain_requantisation.h"
#include "figures.h"
#include "golden/mx.h"
#include "golden_run.h"
#include "quantize/codes.h"
#include "report/explain_report.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

namespace qop = network::qop;
using golden::Converted;
using network::NumberFormat;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::Tensor;
using network::TensorId;
using report::ExplainedValue;
using report::ExplainStep;
using report::Explanation;

struct ExplainOptions {
  SessionOptions session;
  std::string layer;
  std::string at;
  bool json = false;
};

std::size_t node_index(const QuantizedGraph& graph, const std::string& layer) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].name == layer) return i;
    names.push_back(graph.nodes[i].name);
  }
  const std::string nearest = base::nearest_name(layer, names);
  throw base::InputError(fmt::format("--layer: no layer is called '{}'{}", layer,
                                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
}

/// "0,0,17,3" as a flat index.
std::int64_t element_at(const std::string& at, const network::Shape& shape) {
  std::int64_t element = 0;
  std::size_t dimension = 0;
  const char* p = at.data();
  const char* const end = at.data() + at.size();
  for (; dimension < shape.size(); ++dimension) {
    std::int64_t i = 0;
    const auto [next, error] = std::from_chars(p, end, i);
    const bool last = dimension + 1 == shape.size();
    const bool separated = last ? next == end : next != end && *next == ',';
    if (error != std::errc() || !separated || i < 0 || i >= shape[dimension]) {
      throw base::InputError(
          fmt::format("--at: '{}' is not an element of {}", at, network::to_string(shape)));
    }
    element = element * shape[dimension] + i;
    p = next + 1;
  }
  return element;
}

/// The graph up to and with one node.
QuantizedGraph prefix(QuantizedGraph graph, std::size_t last) {
  graph.nodes.resize(last + 1);
  graph.outputs = {graph.nodes.back().outputs.front()};
  return graph;
}

// --- multiply-accumulate -------------------------------------------------------------------------

ExplainedValue explained(const golden::Value& v) {
  return {golden::to_double(v), std::nullopt, 0, 0};
}

ExplainedValue explained(const golden::Value& v, std::uint64_t code, int bits) {
  if (bits == 0) return explained(v);
  return {golden::to_double(v), code, bits, 0};
}

ExplainedValue explained(const Converted& c, const NumberFormat& format, bool with_code) {
  ExplainedValue v = explained(c.value, c.code, with_code ? format.code_bits() : 0);
  v.events = c.flags;
  return v;
}

/// Turns golden's trace into lines; integers are shown without codes.
class TraceLines {
 public:
  TraceLines(const network::StagedNumerics& numerics, bool codes, Explanation* out)
      : n_(numerics), codes_(codes), out_(*out) {}

  void add(const golden::ElementTrace& trace) {
    for (std::size_t t = 0; t < trace.tiles.size(); ++t) add_tile(trace.tiles[t], t);
    for (std::size_t b = 0; b < trace.blocks.size(); ++b) add_block(trace.blocks[b], b);
    if (trace.bias) {
      ExplainStep step{"bias", std::nullopt, std::nullopt, std::nullopt, result(*trace.bias, n_.bias)};
      if (trace.bias_operand) {
        const int bits = codes_ && n_.bias_operand ? n_.bias_operand->code_bits() : 0;
        step.w = explained(*trace.bias_operand, trace.bias_code, bits);
      }
      out_.steps.push_back(std::move(step));
    }
    if (!trace.output) return;
    out_.steps.push_back({"function", {}, {}, {}, explained(trace.function)});
    add_result("activation", trace.activation, n_.activation);
    add_result("output", *trace.output, n_.output);
    out_.output = result(*trace.output, n_.output);
  }

 private:
  ExplainedValue result(const Converted& c, const NumberFormat& format) const {
    return explained(c, format, codes_);
  }
  void add_result(const std::string& name, const Converted& c, const NumberFormat& format) {
    out_.steps.push_back({name, {}, {}, {}, result(c, format)});
  }
  const NumberFormat& tree_format(std::size_t level) const {
    return n_.tree.size() == 1 ? n_.tree[0] : n_.tree.at(level);
  }

  ExplainStep tap_step(const golden::TapTrace& tap, std::size_t lane) const {
    ExplainStep step;
    step.name = fmt::format("l{} c{} k{},{}{}", lane, tap.channel, tap.ky, tap.kx, tap.padded ? " pad" : "");
    const int x_bits = codes_ && !tap.padded ? n_.input.element.code_bits() : 0;
    step.x = explained(tap.x, tap.x_code, x_bits);
    step.w = explained(tap.w, tap.w_code, codes_ ? n_.weight.element.code_bits() : 0);
    step.product = result(tap.product, n_.product);
    return step;
  }

  void add_tree(const std::vector<std::vector<Converted>>& tree) {
    for (std::size_t level = 0; level < tree.size(); ++level) {
      for (std::size_t node = 0; node < tree[level].size(); ++node) {
        add_result(fmt::format("tree {} node {}", level, node), tree[level][node], tree_format(level));
      }
    }
  }

  void add_tile(const golden::TileTrace& tile, std::size_t number) {
    for (std::size_t lane = 0; lane < tile.lanes.size(); ++lane) {
      for (const golden::TapTrace& tap : tile.lanes[lane]) {
        ExplainStep step = tap_step(tap, lane);
        step.result = result(tap.accumulator, n_.accumulator);
        out_.steps.push_back(std::move(step));
      }
    }
    add_tree(tile.tree);
    add_result(fmt::format("sum, tile {}", number), tile.partial_sum, n_.partial_sum);
  }

  void add_block(const golden::BlockTrace& block, std::size_t number) {
    for (std::size_t i = 0; i < block.elements.size(); ++i) {
      out_.steps.push_back(tap_step(block.elements[i], i));
    }
    add_tree(block.tree);
    ExplainStep scaled{fmt::format("block {}", number), {}, {}, {}, result(block.block, n_.block)};
    scaled.x = ExplainedValue{std::ldexp(1.0, int{block.x_scale} - 127), block.x_scale, 8, 0};
    scaled.w = ExplainedValue{std::ldexp(1.0, int{block.w_scale} - 127), block.w_scale, 8, 0};
    out_.steps.push_back(std::move(scaled));
    add_result(fmt::format("sum, block {}", number), block.partial_sum, n_.partial_sum);
  }

  const network::StagedNumerics& n_;
  bool codes_;
  Explanation& out_;
};

/// Formats in which no integer layer loses anything: its sums step by step, as the array takes them.
network::StagedNumerics transparent_numerics() {
  NumberFormat wide;
  wide.kind = NumberFormat::Kind::kDfp;
  wide.bits = 64;
  network::StagedNumerics n;
  n.product = n.accumulator = n.partial_sum = n.bias = n.output = wide;
  n.tree = {wide};
  return n;
}

/// Layers whose sums can be followed tap by tap.
bool is_traced(const network::QuantizedOperation& operation) {
  return mac_of(operation) != nullptr && !std::holds_alternative<qop::BatchMatmul>(operation);
}

std::uint64_t low_bits(std::int64_t v, int bits) {
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  return static_cast<std::uint64_t>(v) & mask;
}

void explain_staged(const QuantizedGraph& graph, const QuantizedNode& node,
                    const golden::StagedTensorLookup& lookup, Explanation* out) {
  TraceLines(*node.staged, true, out).add(golden::trace_element(graph, node, lookup, out->element));
  const std::int64_t output = lookup(node.outputs.front())->integer(out->element);
  if (out->output.code != low_bits(output, out->output.code_bits)) {
    throw std::logic_error("the steps shown do not give the layer's output");
  }
}

// --- integer layers ------------------------------------------------------------------------------

/// The bias is added here and not in the trace, which takes none of 64 bits.
void explain_integer(const QuantizedGraph& graph, QuantizedNode node, const LayerDialects& dialects,
                     const golden::StagedTensorLookup& lookup, std::int64_t element, Explanation* out) {
  const std::int64_t channel = element % graph.tensor(node.outputs.front()).shape.back();
  const bool biased = node.inputs.size() > 2 && node.inputs[2] != network::kNoTensor;
  const std::int64_t bias = biased ? lookup(node.inputs[2])->integer(channel) : 0;
  node.inputs.resize(2);
  node.staged = transparent_numerics();
  const golden::ElementTrace trace = golden::trace_element(graph, node, lookup, element);
  TraceLines(*node.staged, false, out).add(trace);
  const auto sum = static_cast<std::int64_t>(golden::to_double(trace.tiles.back().partial_sum.value));
  const auto shown = [](std::int64_t v) {
    return ExplainedValue{static_cast<double>(v), std::nullopt, 0, 0};
  };
  if (biased) out->steps.push_back({"bias", {}, shown(bias), {}, shown(sum + bias)});
  add_requantisation(sum + bias, channel, dialects, out);
  out->output = shown(lookup(node.outputs.front())->integer(element));
}

void check_requantisation(const Explanation& explanation) {
  for (const report::RequantisationSteps& r : explanation.requantisations) {
    if (r.used && static_cast<double>(r.lines.back().value) != explanation.output.value) {
      throw std::logic_error("the steps shown do not give the layer's output");
    }
  }
}

// --- other operators -----------------------------------------------------------------------------

ExplainedValue tensor_value(const QuantizedGraph& graph, const golden::StagedTensorLookup& lookup,
                            TensorId id, std::int64_t element) {
  const network::QuantizedTensor& info = graph.tensor(id);
  const Tensor& tensor = *lookup(id);
  ExplainedValue v{static_cast<double>(tensor.integer(element)), std::nullopt, 0, 0};
  if (!info.format) return v;
  const Tensor* scales = info.format->mx_block > 0 ? lookup(info.mx_scales) : nullptr;
  const Tensor values = quantize::decode(tensor, *info.format, scales);
  v.value = static_cast<double>(values.data<float>()[static_cast<std::size_t>(element)]);
  v.code_bits = info.format->element.code_bits();
  v.code = low_bits(tensor.integer(element), v.code_bits);
  return v;
}

/// The scale of the element's block.
ExplainStep scale_step(const QuantizedGraph& graph, const golden::StagedTensorLookup& lookup,
                       const network::QuantizedTensor& info, std::int64_t element) {
  const std::int64_t channels = info.shape.back();
  const std::int64_t blocks = graph.tensor(info.mx_scales).shape.back();
  const std::int64_t block = element / channels * blocks + element % channels / info.format->mx_block;
  const auto code = static_cast<std::uint64_t>(lookup(info.mx_scales)->integer(block));
  const double scale = code == golden::kMxNanScale ? NAN : std::ldexp(1.0, static_cast<int>(code) - 127);
  return {"block scale", {}, {}, {}, ExplainedValue{scale, code, 8, 0}};
}

/// Operands and result, for operators that work element by element; of MX the block's scale too.
void explain_elements(const QuantizedGraph& graph, const QuantizedNode& node,
                      const golden::StagedTensorLookup& lookup, std::int64_t element, Explanation* out) {
  const network::QuantizedTensor& info = graph.tensor(node.outputs.front());
  const bool table = std::holds_alternative<qop::Table>(node.operation);
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] == network::kNoTensor || (table && i > 0)) continue;
    const network::QuantizedTensor& input = graph.tensor(node.inputs[i]);
    if (input.shape != info.shape) {
      throw base::UnsupportedError(fmt::format(
          "explain: '{}' ({}) is neither a multiply-accumulate layer nor works element by element", node.name,
          network::name(node.operation)));
    }
    out->steps.push_back(
        {fmt::format("operand {}", i + 1), {}, {}, {}, tensor_value(graph, lookup, node.inputs[i], element)});
  }
  out->output = tensor_value(graph, lookup, node.outputs.front(), element);
  if (info.format && info.format->mx_block > 0) {
    out->steps.push_back(scale_step(graph, lookup, info, element));
  }
  out->steps.push_back({"output", {}, {}, {}, out->output});
}

/// The same layer by the rules that the network does not run; none where another kind of operator is in its
/// place.
struct OtherDialects {
  QuantizedGraph integer, pytorch;

  OtherDialects(const Session& session, const QuantizedNetwork& network)
      : integer(lowered_by(session, network, network::RequantRule::kDouble)),
        pytorch(lowered_by(session, network, network::RequantRule::kPytorch)) {}

  LayerDialects of(const QuantizedNode& node) const {
    const auto parameters = [&](const QuantizedGraph& graph) {
      const QuantizedNode* found = same_node(graph, node);
      return found == nullptr ? std::nullopt : requantisation_of(found->operation);
    };
    return {*requantisation_of(node.operation), parameters(integer), parameters(pytorch)};
  }
};

/// The product of two codes less their zero points, and what becomes of it.
void explain_product(const qop::Mul& mul, const LayerDialects& dialects, Explanation* out) {
  const auto operand = [&](std::size_t i, std::int64_t zero_point) {
    return static_cast<std::int64_t>(out->steps.at(i).result->value) - zero_point;
  };
  const std::int64_t product = operand(0, mul.input1_zero_point) * operand(1, mul.input2_zero_point);
  add_requantisation(product, 0, dialects, out);
}

Explanation explain(const Session& session, const QuantizedNetwork& network, const QuantizedGraph& whole,
                    const ExplainOptions& options) {
  const QuantizedGraph graph = prefix(whole, node_index(whole, options.layer));
  const QuantizedNode& node = graph.nodes.back();
  const network::Shape& shape = graph.tensor(node.outputs.front()).shape;
  Explanation out;
  out.element = element_at(options.at, shape);
  const GoldenResult result = run_golden_model(session, graph);
  const std::vector<Tensor> inputs = integer_inputs(graph, session.test.inputs);
  const auto lookup = tensor_lookup(graph, inputs, result);
  out.layer = node.name;
  out.kind = network::name(node.operation);
  out.at = options.at;
  const bool mac = is_traced(node.operation);
  out.mode = node.staged || graph.tensor(node.outputs.front()).format ? "staged" : "integer";
  if (mac) out.lanes = graph.reduction_lanes;
  if (mac && node.staged) {
    explain_staged(graph, node, lookup, &out);
  } else if (mac) {
    const OtherDialects others(session, network);
    explain_integer(graph, node, others.of(node), lookup, out.element, &out);
  } else {
    explain_elements(graph, node, lookup, out.element, &out);
    if (const auto* mul = std::get_if<qop::Mul>(&node.operation)) {
      explain_product(*mul, OtherDialects(session, network).of(node), &out);
    }
  }
  check_requantisation(out);
  return out;
}

int run_explain(const ExplainOptions& options) {
  const Session session = open_session(options.session);
  const QuantizedNetwork network = quantize_session(session);
  QuantizedGraph graph = network.integer;
  if (!session.numerics.staged) graph.reduction_lanes = session.hardware.pe_array.ic_lanes;
  const Explanation explanation = explain(session, network, graph, options);
  fmt::print("{}", options.json ? report::to_json(explanation) : report::to_text(explanation));
  return kDone;
}

}  // namespace

void add_explain(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* verb = app.add_subcommand(
      "explain", "One output element step by step: every product, sum, truncation and requantisation");
  add_session_options(*verb, options->session);
  verb->add_option("--layer", options->layer, "Layer (a node of the quantised network)")->required();
  verb->add_option("--at", options->at, "Output element: n,y,x,c")->required();
  verb->add_flag("--json", options->json, "Print JSON instead of the table");
  verb->callback([options, &chosen] { chosen = [options] { return run_explain(*options); }; });
}

}  // namespace dlasim::cli
