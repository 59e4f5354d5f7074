#include "report/fault_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text_table.h"

namespace dlasim::report {
namespace {

constexpr std::array<const char*, 3> kEffects{"masked", "changed", "fatal"};

/// The faults of one block, or all of them.
struct Sum {
  std::array<std::size_t, kEffects.size()> effects{};
  std::uint64_t most_differing = 0;
  std::optional<double> worst_figure;  ///< farthest from that without a fault

  void add(const FaultOutcome& o, const std::optional<double>& figure) {
    ++effects[static_cast<std::size_t>(o.effect)];
    most_differing = std::max(most_differing, o.differing);
    if (!o.figure || !figure) return;
    if (!worst_figure || std::abs(*o.figure - *figure) > std::abs(*worst_figure - *figure))
      worst_figure = o.figure;
  }
  std::size_t faults() const { return effects[0] + effects[1] + effects[2]; }
};

std::vector<std::string> cells(const std::string& block, const Sum& sum, const FaultReport& report) {
  const auto share = [&report](std::uint64_t values) {
    return fmt::format("{:.2f} %", 100.0 * static_cast<double>(values) /
                                       static_cast<double>(std::max<std::uint64_t>(report.values, 1)));
  };
  std::vector<std::string> row{block, fmt::format("{}", sum.faults())};
  for (const std::size_t count : sum.effects) row.push_back(fmt::format("{}", count));
  row.push_back(sum.effects[1] == 0 ? "-" : share(sum.most_differing));
  if (report.figure) row.push_back(sum.worst_figure ? fmt::format("{:.4f}", *sum.worst_figure) : "-");
  return row;
}

}  // namespace

std::string to_text(const FaultReport& report) {
  std::vector<base::TextTable::Column> columns{{"block", base::TextTable::Align::kLeft},
                                               {"faults"},
                                               {"masked"},
                                               {"changed"},
                                               {"fatal"},
                                               {"most outputs"}};
  if (report.figure) columns.push_back({"worst " + report.figure_name});
  base::TextTable table(columns);
  Sum all;
  for (const std::string& block : report.blocks) {
    Sum sum;
    for (const FaultOutcome& o : report.outcomes) {
      if (o.block == block) sum.add(o, report.figure), all.add(o, report.figure);
    }
    table.add_row(cells(block, sum, report));
  }
  table.add_line();
  table.add_row(cells("all", all, report));
  std::string text = fmt::format(
      "{}: {} faults of one bit, seed {}, in a run of {} cycles with {} output values\n\n{}", report.config,
      report.outcomes.size(), report.seed, report.cycles, report.values, table.to_string());
  if (report.figure)
    text += fmt::format("\n{} without a fault: {:.4f} {}\n", report.figure_name, *report.figure,
                        report.figure_unit);
  return text;
}

std::string to_json(const FaultReport& report) {
  nlohmann::ordered_json json{{"config", report.config},
                              {"network", report.network},
                              {"seed", report.seed},
                              {"cycles", report.cycles},
                              {"values", report.values}};
  if (report.figure)
    json["figure"] = {{"name", report.figure_name}, {"unit", report.figure_unit}, {"value", *report.figure}};
  json["faults"] = nlohmann::ordered_json::array();
  for (const FaultOutcome& o : report.outcomes) {
    nlohmann::ordered_json fault{{"fault", o.fault},
                                 {"block", o.block},
                                 {"effect", kEffects[static_cast<std::size_t>(o.effect)]},
                                 {"differing", o.differing}};
    if (o.figure) fault["figure"] = *o.figure;
    if (!o.error.empty()) fault["error"] = o.error;
    json["faults"].push_back(std::move(fault));
  }
  return json.dump(2) + "\n";
}

}  // namespace dlasim::report
