#include "report/study_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text_table.h"
#include "figure.h"

namespace dlasim::report {
namespace {

constexpr const char* kAllPoints = "all";

std::string share(std::int64_t part, std::int64_t whole) {
  if (part == 0) return "0";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return percent < 0.01 ? "<0.01" : fmt::format("{:.2f}", percent);
}

std::string range(const StudyRow& row) {
  return row.min > row.max ? "" : fmt::format("{:.3g}..{:.3g}", row.min, row.max);
}

/// The row of each layer with the smallest SQNR, the row "all" left out.
std::vector<const StudyRow*> costliest(const StudyReport& report) {
  std::vector<const StudyRow*> found;
  for (const StudyRow& row : report.rows) {
    if (row.point == kAllPoints || !row.sqnr_db) continue;
    if (found.empty() || found.back()->layer != row.layer) {
      found.push_back(&row);
    } else if (*row.sqnr_db < *found.back()->sqnr_db) {
      found.back() = &row;
    }
  }
  return found;
}

/// How often each point is its layer's costliest.
std::string costliest_text(const StudyReport& report) {
  std::vector<std::pair<std::string, int>> points;
  const std::vector<const StudyRow*> rows = costliest(report);
  for (const StudyRow* row : rows) {
    const auto known =
        std::find_if(points.begin(), points.end(), [&](const auto& p) { return p.first == row->point; });
    if (known == points.end()) {
      points.emplace_back(row->point, 1);
    } else {
      ++known->second;
    }
  }
  std::string text = "costliest point";
  for (const auto& [point, layers] : points) text += fmt::format("  {} in {}", point, layers);
  return text + fmt::format(" of {} layers\n", rows.size());
}

}  // namespace

std::string to_text(const StudyReport& r) {
  using Align = base::TextTable::Align;
  base::TextTable table({{"layer, point", Align::kLeft},
                         {"format", Align::kLeft},
                         {"count"},
                         {"range"},
                         {"over %"},
                         {"under %"},
                         {"inexact %"},
                         {"invalid"},
                         {"SQNR dB"}});
  std::string layer;
  for (const StudyRow& row : r.rows) {
    if (row.layer != layer) table.add_row({row.layer, "", "", "", "", "", "", "", ""});
    layer = row.layer;
    const std::string point = "  " + row.point;
    if (row.count == 0) {
      table.add_row({point, row.format, "", "", "", "", "", "", sqnr_text(row.sqnr_db)});
      continue;
    }
    table.add_row({point, row.format, base::format_count(static_cast<double>(row.count)), range(row),
                   share(row.overflow, row.count), share(row.underflow, row.count),
                   share(row.inexact, row.count), row.invalid == 0 ? "" : std::to_string(row.invalid),
                   sqnr_text(row.sqnr_db)});
  }
  std::string text =
      fmt::format("{}, {}: SQNR of a layer's output with one point truncated\n\n", r.network, r.numerics);
  text += table.to_string(100) + "\n" + costliest_text(r);
  for (const TaskFigure& f : r.figures) text += figure_text(f);
  return text;
}

std::string to_csv(const StudyReport& r) {
  std::string text = "layer,point,format,count,min,max,overflow,underflow,inexact,invalid,sqnr_db\n";
  for (const StudyRow& row : r.rows) {
    const bool seen = row.min <= row.max;
    text += fmt::format("{},{},\"{}\",{},{},{},{},{},{},{},{}\n", row.layer, row.point, row.format, row.count,
                        seen ? fmt::format("{}", row.min) : "", seen ? fmt::format("{}", row.max) : "",
                        row.overflow, row.underflow, row.inexact, row.invalid, sqnr_text(row.sqnr_db));
  }
  return text;
}

std::string to_json(const StudyReport& r) {
  nlohmann::ordered_json j{{"config", r.config}, {"network", r.network}, {"numerics", r.numerics}};
  if (r.samples > 0) j["samples"] = r.samples;
  if (!r.figures.empty()) j["figures"] = json_figures(r.figures);
  for (const StudyRow& row : r.rows) {
    nlohmann::ordered_json p{{"layer", row.layer},       {"point", row.point},
                             {"format", row.format},     {"count", row.count},
                             {"overflow", row.overflow}, {"underflow", row.underflow},
                             {"inexact", row.inexact},   {"invalid", row.invalid}};
    if (row.min <= row.max) {
      p["min"] = json_number(row.min);
      p["max"] = json_number(row.max);
    }
    if (row.sqnr_db) p["sqnr_db"] = json_number(*row.sqnr_db);
    j["points"].push_back(std::move(p));
  }
  return j.dump(2) + "\n";
}

}  // namespace dlasim::report
