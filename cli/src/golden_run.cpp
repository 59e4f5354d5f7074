#include "golden_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "base/npy.h"
#include "base/progress.h"
#include "cli/main.h"
#include "figures.h"
#include "golden/interpreter.h"
#include "network/npy_tensor.h"
#include "report/golden_report.h"

namespace dlasim::cli {
namespace {

namespace qop = network::qop;
using network::QuantizedGraph;
using network::QuantizedNode;
using network::Tensor;
using network::TensorId;

/// Where the multiply-accumulates of an operator are counted: at its outputs, or, where they are spread, at
/// its inputs.
enum class CountAt { kNowhere, kOutput, kInput };

CountAt count_at(const network::QuantizedOperation& operation) {
  if (std::holds_alternative<qop::TransposeConv2d>(operation)) return CountAt::kInput;
  const bool mac = std::holds_alternative<qop::Conv2d>(operation) ||
                   std::holds_alternative<qop::DepthwiseConv2d>(operation) ||
                   std::holds_alternative<qop::FullyConnected>(operation);
  return mac ? CountAt::kOutput : CountAt::kNowhere;
}

void add_events(const golden::StageEvents& events, report::GoldenRow* row) {
  golden::PointEvents total;
  for (const golden::PointEvents& point : events.points) total += point;
  row->conversions = total.count;
  row->overflow = total.overflow;
  row->underflow = total.underflow;
  row->invalid = total.invalid;
}

report::GoldenReport make_report(const Session& session, const QuantizedNetwork& network,
                                 const GoldenResult& result) {
  const QuantizedGraph& graph = network.integer;
  const FloatFigures real = compare_with_float(session, network, result.tensors);
  report::GoldenReport report;
  report.config = session.name;
  report.network = graph.name;
  report.numerics = session.numerics.name;
  report.reduction_lanes = graph.reduction_lanes;
  report.golden_seconds = result.seconds;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const QuantizedNode& node = graph.nodes[n];
    const auto output = static_cast<std::size_t>(node.outputs.front());
    report::GoldenRow row;
    row.name = node.name;
    row.kind = network::name(node.operation);
    row.output_shape = network::to_string(graph.tensors[output].shape);
    row.macs = count_macs(graph, node);
    row.sqnr_db = real.sqnr_db[output];
    if (result.events[n]) add_events(*result.events[n], &row);
    report.rows.push_back(std::move(row));
  }
  const network::Shape& shape = graph.tensor(graph.outputs.front()).shape;
  const bool is_sequence = !session.test.labels.empty() || session.test.sample_rate;
  if (is_sequence && shape.size() == 4) report.samples = shape[2];
  report.figures = task_figures(session, real, real_output(graph, result.tensors));
  return report;
}

}  // namespace

std::uint64_t count_macs(const QuantizedGraph& graph, const QuantizedNode& node) {
  const CountAt at = count_at(node.operation);
  if (at == CountAt::kNowhere) return 0;
  const network::Shape& weight = graph.tensor(node.inputs.at(1)).shape;
  const network::Shape& output = graph.tensor(node.outputs.at(0)).shape;
  if (weight.empty() || output.empty()) return 0;
  const std::int64_t weights = network::element_count(weight);
  if (at == CountAt::kInput) {
    const network::Shape& input = graph.tensor(node.inputs.at(0)).shape;
    return static_cast<std::uint64_t>(network::element_count(input) /
                                      std::max<std::int64_t>(1, weight.back()) * weights);
  }
  const std::int64_t channels = std::max<std::int64_t>(1, output.back());
  return static_cast<std::uint64_t>(network::element_count(output) / channels * weights);
}

GoldenResult run_golden_model(const Session& session, const QuantizedGraph& graph) {
  GoldenResult result;
  result.tensors.resize(graph.tensors.size());
  result.events.resize(graph.nodes.size());
  const std::vector<Tensor> inputs = integer_inputs(graph, session.test.inputs);
  base::Progress progress("golden", static_cast<std::int64_t>(graph.nodes.size()));
  const auto index_of = [&](const QuantizedNode& node) {
    return static_cast<std::size_t>(&node - graph.nodes.data());
  };
  const auto start = std::chrono::steady_clock::now();
  golden::run(
      graph, inputs,
      [&](const QuantizedNode& node, TensorId id, const Tensor& value) {
        result.tensors[static_cast<std::size_t>(id)] = value;
        if (id == node.outputs.front()) progress.advance(1);
      },
      [&](const QuantizedNode& node, const golden::StageEvents& events) {
        result.events[index_of(node)] = events;
      });
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

golden::StagedTensorLookup tensor_lookup(const QuantizedGraph& graph, const std::vector<Tensor>& inputs,
                                         const GoldenResult& result) {
  return [&](TensorId id) -> const Tensor* {
    const auto i = static_cast<std::size_t>(id);
    if (graph.tensors.at(i).constant) return &*graph.tensors[i].constant;
    const auto input = std::ranges::find(graph.inputs, id);
    if (input != graph.inputs.end()) return &inputs[static_cast<std::size_t>(input - graph.inputs.begin())];
    return &result.tensors[i];
  };
}

int run_golden_only(const Session& session, const QuantizedNetwork& network, base::OutputDirectory& directory,
                    bool json) {
  const GoldenResult result = run_golden_model(session, network.integer);
  const report::GoldenReport report = make_report(session, network, result);
  base::write_file_atomically(directory.path() / "summary.json", report::to_json(report));
  base::write_file_atomically(directory.path() / "layers.csv", report::to_csv(report));
  for (std::size_t i = 0; i < network.integer.outputs.size(); ++i) {
    const std::string name = i == 0 ? "output.npy" : fmt::format("output{}.npy", i);
    const Tensor& output = result.tensors[static_cast<std::size_t>(network.integer.outputs[i])];
    base::write_npy(directory.path() / name, network::npy_from_tensor(output));
  }
  directory.commit();
  fmt::print("{}", json ? report::to_json(report) : report::to_text(report));
  if (!json) fmt::print("results in {}\n", session.output_directory.string());
  return kDone;
}

}  // namespace dlasim::cli
