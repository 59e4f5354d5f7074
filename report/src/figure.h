#pragma once
/// Figures and numbers as all reports write them.

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text_table.h"
#include "report/run_report.h"

namespace dlasim::report {

inline std::string grouped(std::uint64_t v) {
  return base::format_grouped(static_cast<std::int64_t>(v));
}

/// "exact" where nothing differs, one decimal else.
inline std::string sqnr_text(const std::optional<double>& sqnr) {
  if (!sqnr) return "";
  return std::isinf(*sqnr) && *sqnr > 0.0 ? "exact" : fmt::format("{:.1f}", *sqnr);
}

inline std::string figure_text(const TaskFigure& f) {
  if (!f.float_value) return fmt::format("{:<12} {:.4g} {}\n", f.name, f.integer_value, f.unit);
  return fmt::format("{:<12} float {:.4f}, integer {:.4f} {} ({:+.4f})\n", f.name, *f.float_value,
                     f.integer_value, f.unit, f.integer_value - *f.float_value);
}

/// JSON has no infinity and no nan: null stands for what is no number.
inline nlohmann::ordered_json json_number(double value) {
  if (std::isnan(value)) return nullptr;
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json("exact");
}

inline nlohmann::ordered_json json_figures(const std::vector<TaskFigure>& figures) {
  nlohmann::ordered_json j;
  for (const TaskFigure& f : figures) {
    j[f.name] = {{"unit", f.unit}, {"integer", json_number(f.integer_value)}};
    if (f.float_value) j[f.name]["float"] = *f.float_value;
  }
  return j;
}

}  // namespace dlasim::report
