#include "format_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "error_budget.h"
#include "figures.h"
#include "golden_run.h"
#include "quantize/sqnr.h"

namespace dlasim::cli {
namespace {

using golden::Point;
using network::NumberFormat;
using network::QuantizedGraph;

constexpr std::array kInnerPoints = {Point::kProduct, Point::kAccumulator, Point::kTree,
                                     Point::kBlock,   Point::kPartialSum,  Point::kBias};
constexpr int kStep = 2;        // bits a round
constexpr int kFewestBits = 4;  // of a DFP code

/// Bits taken from each of kInnerPoints.
using Removed = std::array<int, kInnerPoints.size()>;

/// Whether the format can lose that many bits.
bool narrow(int bits, NumberFormat* format) {
  if (format->kind == NumberFormat::Kind::kDfp) {
    if (format->bits - bits < kFewestBits) return false;
    format->bits -= bits;
    format->fl -= bits;
    return true;
  }
  if (format->kind == NumberFormat::Kind::kExact || format->man - bits < 1) return false;
  format->man -= bits;
  return true;
}

std::vector<NumberFormat*> formats_of(network::StagedNumerics& n, Point point) {
  std::vector<NumberFormat*> formats;
  if (point == Point::kTree) {
    for (NumberFormat& level : n.tree) formats.push_back(&level);
  } else {
    formats.push_back(&format_at(n, point));
  }
  return formats;
}

/// The graph with fewer bits; nothing where a format has none left.
std::optional<QuantizedGraph> narrowed(QuantizedGraph graph, const Removed& removed) {
  for (network::QuantizedNode& node : graph.nodes) {
    for (const Point point : points_of(node)) {
      const auto* at = std::find(kInnerPoints.begin(), kInnerPoints.end(), point);
      if (at == kInnerPoints.end()) continue;
      const int bits = removed[static_cast<std::size_t>(at - kInnerPoints.begin())];
      if (bits == 0) continue;
      for (NumberFormat* format : formats_of(*node.staged, point)) {
        if (!narrow(bits, format)) return std::nullopt;
      }
    }
  }
  return graph;
}

double bits_per_mac(const QuantizedGraph& graph, const GoldenResult& result) {
  double bits = 0.0;
  double macs = 0.0;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    macs += static_cast<double>(count_macs(graph, graph.nodes[i]));
    if (!result.events[i]) continue;
    for (const Point point : points_of(graph.nodes[i])) {
      bits += format_at(*graph.nodes[i].staged, point).code_bits() *
              static_cast<double>(result.events[i]->at(point).count);
    }
  }
  return bits / std::max(1.0, macs);
}

std::string text_of(const Removed& removed) {
  std::string text;
  for (std::size_t i = 0; i < removed.size(); ++i) {
    if (removed[i] == 0) continue;
    text += fmt::format("{}{} -{}", text.empty() ? "" : ", ", golden::name(kInnerPoints[i]), removed[i]);
  }
  return text.empty() ? "none" : text;
}

}  // namespace

report::SearchReport search_formats(const Session& session, const QuantizedNetwork& network, double limit) {
  if (session.test.labels.empty()) {
    throw base::InputError("study --search: the test clip has no labels, so there is no cross entropy");
  }
  const double real =
      *compare_with_float(session, network, std::vector<network::Tensor>(network.integer.tensors.size()))
           .cross_entropy;
  report::SearchReport report{network.integer.name, session.numerics.name, "cross entropy", real + limit, {}};
  const auto evaluate = [&](const Removed& removed) -> std::optional<report::SearchRow> {
    const auto graph = narrowed(network.integer, removed);
    if (!graph) return std::nullopt;
    const GoldenResult result = run_golden_model(session, *graph);
    report::SearchRow row{text_of(removed), bits_per_mac(*graph, result), 0.0, false, false, false};
    row.figure = quantize::cross_entropy(real_output(*graph, result.tensors), session.test.labels);
    row.within = row.figure <= report.limit;
    report.rows.push_back(row);
    return row;
  };
  Removed removed{};
  std::array<bool, kInnerPoints.size()> open{};
  open.fill(true);
  const report::SearchRow start = evaluate(removed).value();
  double cost = start.cost;
  bool more = start.within;
  while (more) {
    std::optional<std::size_t> best;
    double best_cost = 0.0;
    std::size_t best_row = 0;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (!open[i]) continue;
      Removed next = removed;
      next[i] += kStep;
      const auto row = evaluate(next);
      // A point that no layer has saves nothing.
      open[i] = row && row->within && row->cost < cost;
      if (open[i] && (!best || row->cost < best_cost)) {
        best = i;
        best_cost = row->cost;
        best_row = report.rows.size() - 1;
      }
    }
    more = best.has_value();
    if (!best) break;
    removed[*best] += kStep;
    cost = best_cost;
    report.rows[best_row].taken = true;
  }
  report::mark_pareto(report.rows);
  return report;
}

}  // namespace dlasim::cli
