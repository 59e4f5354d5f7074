#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/main.h"
#include "dialects.h"
#include "error_budget.h"
#include "fault_study.h"
#include "figures.h"
#include "format_search.h"
#include "golden_run.h"
#include "report/study_report.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using network::QuantizedGraph;
using network::QuantizedNode;
using network::Tensor;

struct StudyOptions {
  SessionOptions session;
  bool json = false;
  bool search = false;
  std::string limit = "+0.05";
  bool dialects = false;
  int faults = 0;
  std::uint64_t seed = 1;
};

report::StudyRow row_of(const QuantizedNode& node, const PointCost& cost, const golden::StageEvents& events) {
  const golden::PointEvents& e = events.at(cost.point);
  return {node.name,
          std::string(golden::name(cost.point)),
          format_name(cost.format),
          e.count,
          e.min,
          e.max,
          e.overflow,
          e.underflow,
          e.inexact,
          e.invalid,
          cost.sqnr_db};
}

void add_rows(const QuantizedNode& node, const LayerBudget& budget, const golden::StageEvents& events,
              report::StudyReport* report) {
  for (const PointCost& cost : budget.points) report->rows.push_back(row_of(node, cost, events));
  report::StudyRow all;
  all.layer = node.name;
  all.point = "all";
  all.min = 1.0;
  all.sqnr_db = budget.all_db;
  report->rows.push_back(std::move(all));
}

report::StudyReport study(const Session& session, const QuantizedNetwork& network) {
  const QuantizedGraph& graph = network.integer;
  const GoldenResult result = run_golden_model(session, graph);
  const std::vector<Tensor> inputs = integer_inputs(graph, session.test.inputs);
  const auto lookup = tensor_lookup(graph, inputs, result);
  report::StudyReport report;
  report.config = session.name;
  report.network = graph.name;
  report.numerics = session.numerics.name;
  base::Progress progress("error budget", static_cast<std::int64_t>(graph.nodes.size()));
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const QuantizedNode& node = graph.nodes[i];
    if (node.staged && result.events[i]) {
      add_rows(node, error_budget(graph, node, lookup), *result.events[i], &report);
    }
    progress.advance(1);
  }
  const network::Shape& shape = graph.tensor(graph.outputs.front()).shape;
  if (!session.test.labels.empty() && shape.size() == 4) report.samples = shape[2];
  report.figures = task_figures(session, compare_with_float(session, network, result.tensors),
                                real_output(graph, result.tensors));
  return report;
}

int run_search(const Session& session, const SearchLimit& limit) {
  base::OutputDirectory directory(session.output_directory);
  const report::SearchReport report = search_formats(session, limit);
  base::write_file_atomically(directory.path() / "search.csv", report::to_csv(report));
  base::write_file_atomically(directory.path() / "search.svg", report::to_svg(report));
  directory.commit();
  fmt::print("{}results in {}\n", report::to_text(report), session.output_directory.string());
  return kDone;
}

int run_faults(const Session& session, const StudyOptions& options) {
  base::OutputDirectory directory(session.output_directory);
  const report::FaultReport report =
      study_faults(session, quantize_session(session), options.faults, options.seed);
  base::write_file_atomically(directory.path() / "faults.json", report::to_json(report));
  directory.commit();
  fmt::print("{}", options.json ? report::to_json(report) : report::to_text(report));
  if (!options.json) fmt::print("results in {}\n", session.output_directory.string());
  return kDone;
}

int run_dialects(const Session& session, const StudyOptions& options) {
  report::DialectReport report = compare_dialects(session, quantize_session(session));
  report.config = options.session.config.string();
  base::OutputDirectory directory(session.output_directory);
  base::write_file_atomically(directory.path() / "dialects.json", report::to_json(report));
  directory.commit();
  fmt::print("{}", options.json ? report::to_json(report) : report::to_text(report));
  if (!options.json) fmt::print("results in {}\n", session.output_directory.string());
  return kDone;
}

int run_study(const StudyOptions& options) {
  const SearchLimit limit = parse_limit(options.limit);
  const Session session = open_session(options.session);
  if (options.faults > 0) return run_faults(session, options);
  if (options.dialects) return run_dialects(session, options);
  if (!session.numerics.staged) {
    throw base::InputError(
        "study: the numerics are integers with scales, which have no truncation points; give number formats, "
        "for instance --set numerics=configs/numerics/fp8.yaml");
  }
  if (options.search) return run_search(session, limit);
  base::OutputDirectory directory(session.output_directory);
  const report::StudyReport report = study(session, quantize_session(session));
  base::write_file_atomically(directory.path() / "study.json", report::to_json(report));
  base::write_file_atomically(directory.path() / "study.csv", report::to_csv(report));
  directory.commit();
  fmt::print("{}", options.json ? report::to_json(report) : report::to_text(report));
  if (!options.json) fmt::print("results in {}\n", session.output_directory.string());
  return kDone;
}

}  // namespace

void add_study(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<StudyOptions>();
  CLI::App* verb = app.add_subcommand("study",
                                      "Precision: what every truncation point of every layer did, and what "
                                      "it costs alone;\nor rounding dialects; or faults");
  add_session_options(*verb, options->session);
  verb->add_flag("--json", options->json, "Print JSON instead of the table");
  auto* search = verb->add_flag(
      "--search", options->search,
      "Take bits from weights, tensors and the points inside the layers until the limit\nis reached");
  verb->add_option("--limit", options->limit,
                   "What a figure may be above float: \"cross_entropy +0.05\" (nats), \"esr +0.01\",\n"
                   "\"esr_target +0.01\"; +0.05 alone: of the first that the task has")
      ->needs(search);
  auto* faults = verb->add_option("--faults", options->faults,
                                  "Instead: run so many times with a random wrong bit, and say what it did")
                     ->check(CLI::Range(1, 1000000))
                     ->excludes(search);
  verb->add_flag("--dialects", options->dialects,
                 "Instead: how often and why the integer roundings differ from PyTorch's, layer by layer")
      ->excludes(search)
      ->excludes(faults);
  verb->add_option("--seed", options->seed, "Seed of the faults")->needs(faults);
  verb->callback([options, &chosen] { chosen = [options] { return run_study(*options); }; });
}

}  // namespace dlasim::cli
