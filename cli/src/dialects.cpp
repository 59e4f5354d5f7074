#include "dialects.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/progress.h"
#include "golden/interpreter.h"
#include "golden/requantize.h"
#include "quantize/lower.h"

namespace dlasim::cli {
namespace {

namespace qop = network::qop;
using network::DType;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::RequantRule;
using network::Tensor;
using network::TensorId;
using report::DialectDifferences;
using Lookup = std::function<const Tensor*(TensorId)>;

/// A graph of this node alone. The operands' ids are renumbered, so that nothing else is copied.
struct SingleNode {
  QuantizedGraph graph;
  std::vector<Tensor> inputs;

  SingleNode(const QuantizedGraph& whole, QuantizedNode node, const Lookup& lookup) {
    std::map<TensorId, TensorId> ids;
    for (TensorId& id : node.inputs) {
      if (id == network::kNoTensor) continue;
      const auto [found, added] = ids.emplace(id, static_cast<TensorId>(graph.tensors.size()));
      if (added) {
        graph.add_tensor(whole.tensor(id));
        if (!whole.tensor(id).constant) {
          graph.inputs.push_back(found->second);
          inputs.push_back(*lookup(id));
        }
      }
      id = found->second;
    }
    graph.outputs = {graph.add_tensor(whole.tensor(node.outputs.at(0)))};
    node.outputs = graph.outputs;
    graph.nodes.push_back(std::move(node));
  }
  Tensor run() const { return golden::run(graph, inputs).at(0); }
};

/// What is requantised, before it is: the operator with the factor 1 and room for every sum.
std::optional<Tensor> sums(const QuantizedGraph& whole, QuantizedNode node, const Lookup& lookup) {
  constexpr network::Multiplier kOne{1 << 30, 1};
  constexpr network::Clamp kAll{std::numeric_limits<std::int32_t>::min(),
                                std::numeric_limits<std::int32_t>::max()};
  const bool known = std::visit(
      [&](auto& o) {
        if constexpr (requires { o.mac.multiplier; }) {
          o.mac.multiplier = {kOne};
          o.mac.rule = RequantRule::kSingle;
          o.mac.output_zero_point = 0;
          o.mac.clamp = kAll;
          return true;
        } else if constexpr (std::is_same_v<std::decay_t<decltype(o)>, qop::Mul>) {
          o.output = kOne;
          o.rule = RequantRule::kSingle;
          o.output_zero_point = 0;
          o.clamp = kAll;
          return true;
        }
        return false;
      },
      node.operation);
  if (!known) return std::nullopt;
  SingleNode single(whole, std::move(node), lookup);
  single.graph.tensors[static_cast<std::size_t>(single.graph.outputs[0])].dtype = DType::kInt32;
  return single.run();
}

/// One requantisation factor, or one a channel.
std::vector<network::Multiplier> multipliers(const network::QuantizedOperation& operation) {
  const auto parameters = requantisation_of(operation);
  return parameters ? parameters->multiplier : std::vector<network::Multiplier>{};
}

std::optional<RequantRule> rule_of(const network::QuantizedOperation& operation) {
  return std::visit(
      [](const auto& o) -> std::optional<RequantRule> {
        if constexpr (requires { o.mac.rule; }) {
          return o.mac.rule;
        } else if constexpr (requires { o.rule; }) {
          return o.rule;
        } else {
          return std::nullopt;
        }
      },
      operation);
}

__extension__ using Wide = __int128;

/// v * m * 2^(s - 31) to the nearest integer, exactly, and whether it lies in the middle of two.
struct ExactRounding {
  std::int64_t to_even = 0;
  bool tie = false;
};

ExactRounding round_exactly(std::int64_t v, network::Multiplier multiplier) {
  const int right = 31 - multiplier.shift;
  const Wide product = Wide{v} * multiplier.mantissa;
  if (right <= 0) return {static_cast<std::int64_t>(product << -right), false};
  const Wide below = product >> right;
  const Wide rest = product - (below << right);
  const Wide half = Wide{1} << (right - 1);
  const bool up = rest > half || (rest == half && (below & 1) != 0);
  return {static_cast<std::int64_t>(below + (up ? 1 : 0)), rest == half};
}

std::string position(std::int64_t element, const network::Shape& shape) {
  std::string text;
  for (std::size_t i = shape.size(); i-- > 0;) {
    text = std::to_string(element % shape[i]) + (text.empty() ? "" : ",") + text;
    element /= shape[i];
  }
  return text;
}

/// Counts one element of a layer's output; `sum`: what was requantised, if it is known.
class Counting {
 public:
  Counting(const network::Shape& shape, std::vector<network::Multiplier> integer,
           std::vector<network::Multiplier> real)
      : shape_(shape), integer_(std::move(integer)), real_(std::move(real)) {}

  void add(std::int64_t element, std::int64_t got, std::int64_t pytorch, const Tensor* sums) {
    if (got == pytorch) return;
    DialectDifferences& d = result_;
    if (d.differing == 0) d.first_at = position(element, shape_);
    ++d.differing;
    d.above += got > pytorch ? 1 : 0;
    d.most = std::max(d.most, std::abs(got - pytorch));
    ++(sums == nullptr ? d.other : cause(sums->integer(element), element % shape_.back()));
  }
  const DialectDifferences& result() const { return result_; }

 private:
  /// The exact product rounded to even stands between the two: PyTorch's differs from it by float32 alone,
  /// an integer dialect's by its tie rule or by its second rounding.
  std::int64_t& cause(std::int64_t sum, std::int64_t channel) {
    const auto of = [channel](const std::vector<network::Multiplier>& all) {
      return all[all.size() == 1 ? 0 : static_cast<std::size_t>(channel)];
    };
    const ExactRounding exact = round_exactly(sum, of(integer_));
    if (golden::requantize(sum, of(real_), RequantRule::kPytorch) != exact.to_even) return result_.float32;
    return exact.tie ? result_.tie_rule : result_.double_rounding;
  }

  const network::Shape& shape_;
  std::vector<network::Multiplier> integer_, real_;
  DialectDifferences result_;
};

/// Every dialect's graph of one network.
struct Dialects {
  QuantizedGraph pytorch, double_rounding, single_rounding;
};

/// The three results of a node; none where a dialect's graph has no such node.
struct NodeResults {
  const QuantizedNode *pytorch, *double_rounding, *single_rounding;

  NodeResults(const Dialects& dialects, const QuantizedNode& node)
      : pytorch(same_node(dialects.pytorch, node)),
        double_rounding(same_node(dialects.double_rounding, node)),
        single_rounding(same_node(dialects.single_rounding, node)) {}
  bool complete() const { return pytorch && double_rounding && single_rounding; }
  bool requantises() const { return rule_of(pytorch->operation) || rule_of(double_rounding->operation); }
};

report::DialectRow compare_node(const Dialects& dialects, const QuantizedGraph& own,
                                const QuantizedNode& node, const NodeResults& nodes, const Lookup& lookup) {
  const network::QuantizedTensor& output = own.tensor(node.outputs.at(0));
  report::DialectRow row{
      node.name, std::string(network::name(node.operation)), network::element_count(output.shape), {}, {}};
  const Tensor pytorch = SingleNode(dialects.pytorch, *nodes.pytorch, lookup).run();
  const auto count = [&](const QuantizedGraph& graph, const QuantizedNode& integer) {
    const Tensor y = SingleNode(graph, integer, lookup).run();
    std::optional<Tensor> sum;
    if (integer.operation.index() == nodes.pytorch->operation.index()) sum = sums(graph, integer, lookup);
    Counting counting(output.shape, multipliers(integer.operation), multipliers(nodes.pytorch->operation));
    for (std::int64_t i = 0; i < y.size(); ++i) {
      counting.add(i, y.integer(i), pytorch.integer(i), sum ? &*sum : nullptr);
    }
    return counting.result();
  };
  row.double_rounding = count(dialects.double_rounding, *nodes.double_rounding);
  row.single_rounding = count(dialects.single_rounding, *nodes.single_rounding);
  return row;
}

std::vector<report::DialectOutput> compare_outputs(const Session& session, const Dialects& dialects) {
  const auto output = [&](const QuantizedGraph& graph) {
    return golden::run(graph, integer_inputs(graph, session.test.inputs)).at(0);
  };
  const Tensor expected = output(dialects.pytorch);
  std::vector<report::DialectOutput> result;
  for (const auto& [name, graph] :
       {std::pair{"double", &dialects.double_rounding}, std::pair{"single", &dialects.single_rounding}}) {
    const Tensor got = output(*graph);
    report::DialectOutput line{name, got.size(), 0, 0};
    if (got.dtype() == DType::kFloat32) continue;
    for (std::int64_t i = 0; i < got.size(); ++i) {
      const std::int64_t difference = std::abs(got.integer(i) - expected.integer(i));
      line.differing += difference != 0 ? 1 : 0;
      line.most = std::max(line.most, difference);
    }
    result.push_back(std::move(line));
  }
  return result;
}

}  // namespace

std::string_view name(RequantRule rule) {
  switch (rule) {
    case RequantRule::kDouble:
      return "double";
    case RequantRule::kSingle:
      return "single";
    case RequantRule::kInt64:
      return "int64";
    case RequantRule::kPytorch:
      return "pytorch";
  }
  return "";
}

const qop::MacParameters* mac_of(const network::QuantizedOperation& operation) {
  return std::visit(
      [](const auto& o) -> const qop::MacParameters* {
        if constexpr (requires { o.mac.multiplier; }) {
          return &o.mac;
        } else {
          return nullptr;
        }
      },
      operation);
}

std::optional<qop::MacParameters> requantisation_of(const network::QuantizedOperation& operation) {
  if (const auto* mac = mac_of(operation)) return *mac;
  const auto* mul = std::get_if<qop::Mul>(&operation);
  if (mul == nullptr) return std::nullopt;
  qop::MacParameters parameters;
  parameters.output_zero_point = mul->output_zero_point;
  parameters.multiplier = {mul->output};
  parameters.rule = mul->rule;
  parameters.clamp = mul->clamp;
  return parameters;
}

const QuantizedNode* same_node(const QuantizedGraph& graph, const QuantizedNode& node) {
  const auto found = std::ranges::find(graph.nodes, node.name, &QuantizedNode::name);
  if (found == graph.nodes.end() || found->outputs != node.outputs) return nullptr;
  // Tables are appended operands of their own graph; what the node reads of the network is the same.
  const bool same = !found->inputs.empty() && found->inputs[0] == node.inputs.at(0);
  return same ? &*found : nullptr;
}

QuantizedGraph lowered_by(const Session& session, const QuantizedNetwork& network, RequantRule rule) {
  if (!network.scaled) {
    throw base::UnsupportedError(
        "dialects: number formats round by their own rules; the dialects are for integers with scales");
  }
  quantize::LowerOptions options = session.numerics.lowering;
  options.rule = rule;
  return quantize::lower(*network.scaled, options);
}

report::DialectReport compare_dialects(const Session& session, const QuantizedNetwork& network) {
  const Dialects dialects{lowered_by(session, network, RequantRule::kPytorch),
                          lowered_by(session, network, RequantRule::kDouble),
                          lowered_by(session, network, RequantRule::kSingle)};
  const QuantizedGraph& own = network.integer;
  const GoldenResult result = run_golden_model(session, own);
  const std::vector<Tensor> inputs = integer_inputs(own, session.test.inputs);
  const Lookup lookup = [&](TensorId id) -> const Tensor* {
    const auto input = std::ranges::find(own.inputs, id);
    if (input != own.inputs.end()) return &inputs[static_cast<std::size_t>(input - own.inputs.begin())];
    return &result.tensors.at(static_cast<std::size_t>(id));
  };
  report::DialectReport report;
  report.config = session.name;
  report.network = own.name;
  report.dialect = name(session.numerics.lowering.rule);
  base::Progress progress("dialects", static_cast<std::int64_t>(own.nodes.size()));
  for (const QuantizedNode& node : own.nodes) {
    progress.advance(1);
    const NodeResults nodes(dialects, node);
    if (!nodes.complete() || !nodes.requantises()) continue;
    if (rule_of(node.operation) == RequantRule::kInt64) {
      report.wide.push_back(node.name);
    } else {
      report.rows.push_back(compare_node(dialects, own, node, nodes, lookup));
    }
  }
  report.outputs = compare_outputs(session, dialects);
  return report;
}

}  // namespace dlasim::cli
