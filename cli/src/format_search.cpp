#include "format_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/edit_distance.h"
#include "base/error.h"
#include "error_budget.h"
#include "figures.h"
#include "format_narrowing.h"
#include "golden_run.h"
#include "quantize/sqnr.h"

namespace dlasim::cli {
namespace {

using network::QuantizedGraph;
using network::Tensor;

constexpr int kStep = 2;  // bits a round
constexpr double kMostAboveFloat = 100.0;

constexpr std::array<std::pair<std::string_view, SearchFigure>, 3> kFigures = {
    {{"cross_entropy", SearchFigure::kCrossEntropy},
     {"esr", SearchFigure::kEsr},
     {"esr_target", SearchFigure::kEsrTarget}}};

std::string name_of(SearchFigure figure) {
  const auto* at = std::ranges::find(kFigures, figure, &std::pair<std::string_view, SearchFigure>::second);
  return std::string(at->first);
}

SearchFigure figure_named(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [known, figure] : kFigures) {
    if (known == name) return figure;
    names.emplace_back(known);
  }
  const std::string nearest = base::nearest_name(name, names);
  throw base::InputError(fmt::format("--limit: no figure is called '{}'{}; there are {}", name,
                                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                     fmt::join(names, ", ")));
}

/// The figure, refused where the clip cannot give it.
SearchFigure figure_of(const Session& session, const SearchLimit& limit) {
  const SearchFigure figure =
      limit.figure.value_or(session.test.labels.empty() ? SearchFigure::kEsr : SearchFigure::kCrossEntropy);
  if (figure == SearchFigure::kCrossEntropy && session.test.labels.empty()) {
    throw base::InputError("study --search: the test clip has no labels, so there is no cross entropy");
  }
  if (figure == SearchFigure::kEsrTarget && session.test.target.empty()) {
    throw base::InputError("study --search: the test clip has no target, so there is no esr_target");
  }
  return figure;
}

double operand_bits(const network::OperandFormat& format) {
  const double scale = format.mx_block == 0 ? 0.0 : 8.0 / format.mx_block;
  return format.element.code_bits() + scale;
}

double bits_per_mac(const QuantizedGraph& graph, const GoldenResult& result) {
  double bits = 0.0;
  double macs = 0.0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    if (!result.events[i] || !graph.nodes[i].staged) continue;
    const network::StagedNumerics& n = *graph.nodes[i].staged;
    const auto layer_macs = static_cast<double>(count_macs(graph, graph.nodes[i]));
    macs += layer_macs;
    bits += layer_macs * (operand_bits(n.input) + operand_bits(n.weight));
    for (const golden::Point point : points_of(graph.nodes[i])) {
      bits += format_at(n, point).code_bits() * static_cast<double>(result.events[i]->at(point).count);
    }
  }
  return bits / std::max(1.0, macs);
}

class Search {
 public:
  Search(const Session& session, const SearchLimit& limit)
      : session_(session),
        figure_(figure_of(session, limit)),
        real_(rewritten_graph(session)),
        samples_(session.numerics.staged->needs_values() ? sample_calibration(session)
                                                         : quantize::TensorSamples{}) {
    const QuantizedNetwork start{real_, quantized(*session.numerics.staged), std::nullopt};
    const FloatFigures exact =
        compare_with_float(session, start, std::vector<Tensor>(start.integer.tensors.size()));
    float_output_ = exact.output;
    report_ = {start.integer.name, session.numerics.name,
               name_of(figure_),   figure_value(float_output_) + limit.above_float,
               narrowed_names(),   {}};
  }

  report::SearchReport run() {
    RemovedBits removed{};
    std::array<bool, kNarrowed> open{};
    open.fill(true);
    std::optional<report::SearchRow> at = evaluate(removed);
    while (at && at->within) {
      std::optional<std::size_t> best;
      std::size_t best_row = 0;
      for (std::size_t i = 0; i < open.size(); ++i) {
        if (!open[i]) continue;
        RemovedBits next = removed;
        next[i] += kStep;
        const auto row = evaluate(next);
        // What no layer has saves nothing.
        open[i] = row && row->within && row->cost < at->cost;
        if (!open[i] || (best && row->cost >= report_.rows[best_row].cost)) continue;
        best = i;
        best_row = report_.rows.size() - 1;
      }
      if (!best) break;
      removed[*best] += kStep;
      report_.rows[best_row].taken = true;
      at = report_.rows[best_row];
    }
    report::mark_pareto(report_.rows);
    return std::move(report_);
  }

 private:
  QuantizedGraph quantized(const network::NumericsConfig& numerics) const {
    return quantize_staged_session(session_, real_, numerics, samples_);
  }

  double figure_value(const Tensor& output) const {
    switch (figure_) {
      case SearchFigure::kCrossEntropy:
        return quantize::cross_entropy(output, session_.test.labels);
      case SearchFigure::kEsr:
        return quantize::error_to_signal(float_output_.data<float>(), output.data<float>());
      case SearchFigure::kEsrTarget:
        break;
    }
    return quantize::error_to_signal(session_.test.target, output.data<float>());
  }

  /// Quantises and runs; nothing where a format has no bits left.
  std::optional<report::SearchRow> evaluate(const RemovedBits& removed) {
    bool possible = true;
    const auto numerics = session_.numerics.staged->adjusted(
        [&](network::LayerNumerics& layer) { possible = narrow(removed, layer) && possible; });
    const QuantizedGraph graph = quantized(numerics);
    if (!possible) return std::nullopt;
    const GoldenResult result = run_golden_model(session_, graph);
    report::SearchRow row{
        {removed.begin(), removed.end()}, bits_per_mac(graph, result), 0.0, false, false, false};
    row.figure = figure_value(real_output(graph, result.tensors));
    row.within = row.figure <= report_.limit;
    report_.rows.push_back(row);
    return row;
  }

  const Session& session_;
  SearchFigure figure_;
  network::Graph real_;
  quantize::TensorSamples samples_;
  Tensor float_output_;
  report::SearchReport report_;
};

}  // namespace

SearchLimit parse_limit(const std::string& text) {
  SearchLimit limit;
  std::string_view number = text;
  if (const std::size_t space = text.find(' '); space != std::string::npos) {
    limit.figure = figure_named(text.substr(0, space));
    number.remove_prefix(std::min(text.find_first_not_of(' ', space), text.size()));
  }
  if (number.starts_with('+')) number.remove_prefix(1);
  const char* const end = number.data() + number.size();
  const auto [rest, error] = std::from_chars(number.data(), end, limit.above_float);
  const bool in_range = limit.above_float >= 0.0 && limit.above_float <= kMostAboveFloat;
  if (error != std::errc() || rest != end || !in_range) {
    throw base::InputError(
        fmt::format("--limit: '{}' is not a figure and what it may be above float, such as "
                    "\"cross_entropy +0.05\"",
                    text));
  }
  return limit;
}

report::SearchReport search_formats(const Session& session, const SearchLimit& limit) {
  return Search(session, limit).run();
}

}  // namespace dlasim::cli
