#include "report/search_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text_table.h"

namespace dlasim::report {
namespace {

constexpr double kPlaneWidth = 720.0, kPlaneHeight = 440.0, kPlaneMargin = 64.0;
constexpr double kRight = kPlaneWidth - 28.0;

std::vector<const SearchRow*> pareto_rows(const SearchReport& report) {
  std::vector<const SearchRow*> rows;
  for (const SearchRow& row : report.rows) {
    if (row.pareto) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](const auto* a, const auto* b) { return a->cost < b->cost; });
  return rows;
}

const SearchRow* cheapest_within(const SearchReport& report) {
  const SearchRow* best = nullptr;
  for (const SearchRow& row : report.rows) {
    if (row.within && row.pareto && (best == nullptr || row.cost < best->cost)) best = &row;
  }
  return best;
}

/// "weight -2, tree -4"; "none".
std::string removed_text(const SearchReport& report, const SearchRow& row) {
  std::string text;
  for (std::size_t i = 0; i < row.removed.size(); ++i) {
    if (row.removed[i] == 0) continue;
    text += fmt::format("{}{} -{}", text.empty() ? "" : ", ", report.what.at(i), row.removed[i]);
  }
  return text.empty() ? "none" : text;
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
  std::vector<base::TextTable::Column> columns;
  for (const std::string& what : r.what) columns.push_back({what});
  for (const std::string& name : {std::string("bits/MAC"), r.figure}) columns.push_back({name});
  columns.push_back({"limit", Align::kLeft});
  base::TextTable table(columns);
  const SearchRow* best = cheapest_within(r);
  for (const SearchRow* row : pareto_rows(r)) {
    std::vector<std::string> cells;
    for (const int bits : row->removed) cells.push_back(bits == 0 ? "" : fmt::format("-{}", bits));
    cells.push_back(fmt::format("{:.1f}", row->cost));
    cells.push_back(fmt::format("{:.4f}", row->figure));
    cells.emplace_back(row == best ? "cheapest" : row->within ? "within" : "beyond");
    table.add_row(std::move(cells));
  }
  std::string text = fmt::format(
      "{}, {}: {} sets of formats; those that none beats, by the bits removed\n\n{}\n"
      "bits/MAC: of both operands and of every conversion of every point\n",
      r.network, r.numerics, r.rows.size(), table.to_string(100));
  if (!r.rows.empty()) {
    text += fmt::format("as configured: {:.1f} bits/MAC, {} {:.4f}\n", r.rows.front().cost, r.figure,
                        r.rows.front().figure);
  }
  if (best == nullptr) return text + fmt::format("none within {} {:.4f}\n", r.figure, r.limit);
  return text + fmt::format("cheapest within {} {:.4f}: {:.1f} bits/MAC\n", r.figure, r.limit, best->cost);
}

std::string to_csv(const SearchReport& r) {
  std::string text = "removed,bits_per_mac,figure,within,taken,pareto\n";
  for (const SearchRow& row : r.rows) {
    text += fmt::format("\"{}\",{:.6f},{:.6f},{},{},{}\n", removed_text(r, row), row.cost, row.figure,
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
  const Axis x = axis(cost_low, cost_high, kPlaneMargin, kRight);
  const Axis y = axis(low, high, kPlaneHeight - kPlaneMargin, 28.0);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" fill=\"white\"/>\n",
      kPlaneWidth, kPlaneHeight);
  svg += fmt::format("<path d=\"M{0:.1f} 28 V{1:.1f} H{2:.1f}\" fill=\"none\" stroke=\"#888\"/>\n",
                     kPlaneMargin, kPlaneHeight - kPlaneMargin, kRight);
  for (int i = 0; i <= 4; ++i) {
    const double cost = x.low + (x.high - x.low) * i / 4.0;
    const double figure = y.low + (y.high - y.low) * i / 4.0;
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{:.1f}</text>\n", x(cost),
                       kPlaneHeight - kPlaneMargin + 18.0, cost);
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{:.3f}</text>\n",
                       kPlaneMargin - 6.0, y(figure) + 4.0, figure);
  }
  svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#c00\"/>\n",
                     kPlaneMargin, kRight, y(r.limit));
  svg +=
      fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\" fill=\"#c00\">limit {:.4f}</text>\n",
                  kRight, y(r.limit) - 6.0, r.limit);
  std::string way;
  for (const SearchRow* row : pareto_rows(r))
    way += fmt::format("{:.1f},{:.1f} ", x(row->cost), y(row->figure));
  svg += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"#06c\"/>\n", way);
  const SearchRow* best = cheapest_within(r);
  for (const SearchRow& row : r.rows) {
    if (!std::isfinite(row.figure)) continue;
    svg +=
        fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"><title>{}</title></circle>\n",
                    x(row.cost), y(row.figure), &row == best ? 6 : 3,
                    &row == best ? "#080"
                    : row.pareto ? "#06c"
                                 : "#bbb",
                    removed_text(r, row));
  }
  svg += fmt::format(
      "<text x=\"{0:.1f}\" y=\"{1:.1f}\">bits a multiply-accumulate: both operands and every "
      "conversion</text>\n"
      "<text x=\"{0:.1f}\" y=\"{2:.1f}\" fill=\"#555\">blue: no other set of formats beats it; green: the "
      "cheapest "
      "within the limit</text>\n<text x=\"{0:.1f}\" y=\"18\">{3} of {4}, {5}</text>\n</svg>\n",
      kPlaneMargin, kPlaneHeight - 26.0, kPlaneHeight - 8.0, r.figure, r.network, r.numerics);
  return svg;
}

}  // namespace dlasim::report
