#include "report/search_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text_table.h"

namespace dlasim::report {
namespace {

constexpr double kWidth = 720.0, kHeight = 440.0, kMargin = 64.0;

std::vector<const SearchRow*> pareto_rows(const SearchReport& report) {
  std::vector<const SearchRow*> rows;
  for (const SearchRow& row : report.rows) {
    if (row.pareto) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) { return a->cost < b->cost; });
  return rows;
}

/// From values to pixels; a range of one value is widened.
struct Axis {
  double low, high, from, to;
  double operator()(double v) const { return from + (v - low) / (high - low) * (to - from); }
};

Axis axis(double low, double high, double from, double to) {
  const double room = high > low ? 0.05 * (high - low) : 0.5;
  return {low - room, high + room, from, to};
}

}  // namespace

void mark_pareto(std::vector<SearchRow>& rows) {
  for (SearchRow& row : rows) {
    row.pareto = std::isfinite(row.figure) && std::none_of(rows.begin(), rows.end(), [&](const SearchRow& o) {
                   const bool as_good = o.cost <= row.cost && o.figure <= row.figure;
                   return as_good && (o.cost < row.cost || o.figure < row.figure);
                 });
  }
}

std::string to_text(const SearchReport& r) {
  using Align = base::TextTable::Align;
  base::TextTable table({{"bits removed", Align::kLeft}, {"bits/MAC"}, {r.figure}, {"within"}});
  const SearchRow* best = nullptr;
  for (const SearchRow& row : r.rows) {
    if (row.within && (best == nullptr || row.cost < best->cost)) best = &row;
  }
  for (const SearchRow* row : pareto_rows(r)) {
    table.add_row({row->removed, fmt::format("{:.1f}", row->cost), fmt::format("{:.4f}", row->figure),
                   row->within ? "yes" : "no"});
  }
  std::string text = fmt::format("{}, {}: {} sets of formats, those that none beats\n\n", r.network,
                                 r.numerics, r.rows.size());
  text += table.to_string(100);
  if (best == nullptr) return text + fmt::format("\nnone within {} {:.4f}\n", r.figure, r.limit);
  return text + fmt::format("\ncheapest within {} {:.4f}: {}, {:.1f} bits/MAC\n", r.figure, r.limit,
                            best->removed, best->cost);
}

std::string to_csv(const SearchReport& r) {
  std::string text = "removed,bits_per_mac,figure,within,taken,pareto\n";
  for (const SearchRow& row : r.rows) {
    text += fmt::format("\"{}\",{:.6f},{:.6f},{},{},{}\n", row.removed, row.cost, row.figure,
                        row.within ? 1 : 0, row.taken ? 1 : 0, row.pareto ? 1 : 0);
  }
  return text;
}

std::string to_svg(const SearchReport& r) {
  double cost_low = INFINITY, cost_high = -INFINITY, low = r.limit, high = r.limit;
  for (const SearchRow& row : r.rows) {
    cost_low = std::min(cost_low, row.cost);
    cost_high = std::max(cost_high, row.cost);
    if (std::isfinite(row.figure)) low = std::min(low, row.figure), high = std::max(high, row.figure);
  }
  const Axis x = axis(cost_low, cost_high, kMargin, kWidth - 16.0);
  const Axis y = axis(low, high, kHeight - kMargin, 16.0);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
      kWidth, kHeight);
  for (int i = 0; i <= 4; ++i) {
    const double cost = x.low + (x.high - x.low) * i / 4.0;
    const double figure = y.low + (y.high - y.low) * i / 4.0;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.1f}</text>\n", x(cost),
                       kHeight - kMargin + 18.0, cost);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3f}</text>\n", kMargin - 6.0,
                       y(figure) + 4.0, figure);
  }
  svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#c00\"/>\n",
                     kMargin, kWidth - 16.0, y(r.limit));
  std::string way;
  for (const SearchRow* row : pareto_rows(r))
    way += fmt::format("{:.1f},{:.1f} ", x(row->cost), y(row->figure));
  svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"#06c\"/>\n", way);
  for (const SearchRow& row : r.rows) {
    if (!std::isfinite(row.figure)) continue;
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"{}\"><title>{}</title></circle>\n",
                       x(row.cost), y(row.figure), row.pareto ? "#06c" : "#999", row.removed);
  }
  svg += fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">bits a multiply-accumulate</text>\n",
      kWidth / 2.0, kHeight - 16.0);
  svg += fmt::format("<text x=\"{:.1f}\" y=\"12\">{}</text>\n</svg>\n", kMargin, r.figure);
  return svg;
}

}  // namespace dlasim::report
