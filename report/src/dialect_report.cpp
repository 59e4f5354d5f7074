#include "report/dialect_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text_table.h"

namespace dlasim::report {
namespace {

std::string count(std::int64_t n) {
  return n == 0 ? "" : base::format_grouped(n);
}

void add_row(base::TextTable& table, const std::string& layer, const std::string& dialect,
             std::int64_t values, const DialectDifferences& d) {
  const double share = values == 0 ? 0.0 : static_cast<double>(d.differing) / static_cast<double>(values);
  table.add_row({layer, dialect, base::format_grouped(d.differing),
                 d.differing == 0 ? "" : fmt::format("{:.2g}", 100.0 * share), count(d.most), count(d.above),
                 count(d.double_rounding), count(d.tie_rule), count(d.float32), count(d.other), d.first_at});
}

nlohmann::ordered_json json_of(const DialectDifferences& d) {
  nlohmann::ordered_json j{{"differing", d.differing},
                           {"max_difference", d.most},
                           {"above", d.above},
                           {"causes",
                            {{"double_rounding", d.double_rounding},
                             {"tie_rule", d.tie_rule},
                             {"float32", d.float32},
                             {"other_arithmetic", d.other}}}};
  if (!d.first_at.empty()) j["first_at"] = d.first_at;
  return j;
}

/// The layer in which most values differ, as a command to look at one of them.
std::string where_to_look(const DialectReport& r) {
  const DialectRow* most = nullptr;
  const auto differing = [](const DialectRow& row) {
    return row.double_rounding.differing + row.single_rounding.differing - row.double_rounding.other -
           row.single_rounding.other;
  };
  for (const DialectRow& row : r.rows) {
    if (differing(row) > 0 && (most == nullptr || differing(row) > differing(*most))) most = &row;
  }
  if (most == nullptr) return "";
  const std::string& at = most->double_rounding.first_at.empty() ? most->single_rounding.first_at
                                                                 : most->double_rounding.first_at;
  return fmt::format("\none of them step by step: dlasim explain {} --layer {} --at {}\n", r.config,
                     most->layer, at);
}

}  // namespace

std::string to_text(const DialectReport& r) {
  using Align = base::TextTable::Align;
  base::TextTable table({{"layer", Align::kLeft},
                         {"dialect", Align::kLeft},
                         {"differing"},
                         {"%"},
                         {"max"},
                         {"above"},
                         {"double"},
                         {"tie"},
                         {"f32"},
                         {"other"},
                         {"first at", Align::kLeft}});
  for (const DialectRow& row : r.rows) {
    if (row.double_rounding.differing == 0 && row.single_rounding.differing == 0) {
      add_row(table, row.layer, "both", row.values, {});
      continue;
    }
    add_row(table, row.layer, "double", row.values, row.double_rounding);
    add_row(table, "", "single", row.values, row.single_rounding);
  }
  std::string text = fmt::format(
      "{}, {}: values that the integer dialects round otherwise than PyTorch, each layer with the\n"
      "inputs that it has in this network\n\n",
      r.network, r.dialect);
  text += table.to_string(100);
  text +=
      "\nabove   of the differing, those larger than PyTorch's\n"
      "double  a first rounding moved the value onto a tie\n"
      "tie     an exact tie: half away from zero (double) or up (single), PyTorch to even\n"
      "f32     PyTorch's factor, sum or product is not exact in float32\n"
      "other   an operator that PyTorch computes in another way\n";
  if (!r.outputs.empty()) text += "\nthe whole network, each layer on what the dialect computed before it\n";
  for (const DialectOutput& o : r.outputs) {
    text += fmt::format("  {:<8} {} of {} output values differ", o.dialect, base::format_grouped(o.differing),
                        base::format_grouped(o.values));
    text += o.differing == 0 ? "\n" : fmt::format(", by {} at most\n", o.most);
  }
  if (!r.wide.empty()) {
    text += fmt::format("{} layers with 64-bit sums have one rule in every dialect\n", r.wide.size());
  }
  return text + where_to_look(r);
}

std::string to_json(const DialectReport& r) {
  nlohmann::ordered_json j{{"config", r.config}, {"network", r.network}, {"dialect", r.dialect}};
  j["layers"] = nlohmann::ordered_json::array();
  for (const DialectRow& row : r.rows) {
    j["layers"].push_back({{"layer", row.layer},
                           {"kind", row.kind},
                           {"values", row.values},
                           {"double", json_of(row.double_rounding)},
                           {"single", json_of(row.single_rounding)}});
  }
  j["outputs"] = nlohmann::ordered_json::array();
  for (const DialectOutput& o : r.outputs) {
    j["outputs"].push_back({{"dialect", o.dialect},
                            {"values", o.values},
                            {"differing", o.differing},
                            {"max_difference", o.most}});
  }
  j["same_in_every_dialect"] = r.wide;
  return j.dump(2) + "\n";
}

}  // namespace dlasim::report
