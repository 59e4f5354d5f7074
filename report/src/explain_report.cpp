#include "report/explain_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/text_table.h"
#include "figure.h"

namespace dlasim::report {
namespace {

constexpr int kColumns = 100;

/// How much a cell says; the next one is taken where the table would be too wide.
enum class Detail { kAllCodes, kOperandCodes, kValues };

std::string event_letters(unsigned events) {
  std::string text;
  if ((events & 1U) != 0) text += 'i';
  if ((events & 2U) != 0) text += 'o';
  if ((events & 4U) != 0) text += 'u';
  if ((events & 8U) != 0) text += 'v';
  return text;
}

std::string number(double value) {
  // Integers up to 53 bits as they are: an integer layer's sums are exact.
  if (std::abs(value) < 9e15 && value == std::trunc(value)) return fmt::format("{:.0f}", value);
  return fmt::format("{:.5g}", value);
}

std::string cell(const std::optional<ExplainedValue>& v, bool with_code) {
  if (!v) return "";
  if (!with_code || !v->code) return number(v->value);
  return fmt::format("{:0{}x} {}", *v->code, (v->code_bits + 3) / 4, number(v->value));
}

std::string step_table(const Explanation& e, Detail detail) {
  using Align = base::TextTable::Align;
  base::TextTable table(
      {{"step", Align::kLeft}, {"x"}, {"w"}, {"product"}, {"result"}, {"events", Align::kLeft}});
  const bool operands = detail != Detail::kValues;
  const bool all = detail == Detail::kAllCodes;
  for (const ExplainStep& s : e.steps) {
    const unsigned events = (s.product ? s.product->events : 0U) | (s.result ? s.result->events : 0U);
    table.add_row({s.name, cell(s.x, operands), cell(s.w, operands), cell(s.product, all),
                   cell(s.result, all), event_letters(events)});
  }
  return table.to_string(10 * kColumns);
}

bool fits(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > static_cast<std::size_t>(kColumns)) return false;
  }
  return true;
}

std::string fitting_table(const Explanation& e) {
  for (const Detail detail : {Detail::kAllCodes, Detail::kOperandCodes}) {
    const std::string text = step_table(e, detail);
    if (fits(text)) return text;
  }
  return step_table(e, Detail::kValues);
}

/// Nine digits tell every float32 from its neighbours.
std::string line_value(const RequantisationSteps::Line& line) {
  return line.real ? fmt::format("{:.9g}", *line.real) : std::to_string(line.value);
}

/// The dialects side by side, line by line.
std::string requantisation_table(const std::vector<RequantisationSteps>& all) {
  using Align = base::TextTable::Align;
  std::vector<base::TextTable::Column> columns;
  std::size_t lines = 0;
  for (const RequantisationSteps& r : all) {
    columns.push_back({r.rule + (r.used ? ", used" : ""), Align::kLeft});
    columns.push_back({""});
    lines = std::max(lines, r.lines.size());
  }
  base::TextTable table(columns);
  for (std::size_t i = 0; i < lines; ++i) {
    std::vector<std::string> cells;
    for (const RequantisationSteps& r : all) {
      const bool there = i < r.lines.size();
      cells.push_back(there ? r.lines[i].what : "");
      cells.push_back(there ? line_value(r.lines[i]) : "");
    }
    table.add_row(std::move(cells));
  }
  return table.to_string(kColumns);
}

nlohmann::ordered_json json_value(const ExplainedValue& v) {
  nlohmann::ordered_json j{{"value", json_number(v.value)}};
  if (v.code) {
    j["code"] = *v.code;
    j["code_bits"] = v.code_bits;
  }
  if (v.events != 0) j["events"] = v.events;
  return j;
}

void put(nlohmann::ordered_json& j, const char* key, const std::optional<ExplainedValue>& v) {
  if (v) j[key] = json_value(*v);
}

}  // namespace

std::string to_text(const Explanation& e) {
  std::string text =
      fmt::format("{} ({}, {}), output [{}] = element {}", e.layer, e.kind, e.mode, e.at, e.element);
  if (e.lanes > 0) text += fmt::format(", {} lanes", e.lanes);
  text += "\n\n" + fitting_table(e);
  if (!e.requantisations.empty()) {
    text += "\nrequantisation\n" + requantisation_table(e.requantisations);
  }
  text += fmt::format("\noutput {}", number(e.output.value));
  if (e.output.code) text += fmt::format(", code 0x{:x} of {} bits", *e.output.code, e.output.code_bits);
  return text + "\nevents: i inexact, o overflow, u underflow, v invalid\n";
}

std::string to_json(const Explanation& e) {
  nlohmann::ordered_json j{{"layer", e.layer},     {"kind", e.kind}, {"at", e.at},
                           {"element", e.element}, {"mode", e.mode}, {"lanes", e.lanes}};
  for (const ExplainStep& s : e.steps) {
    nlohmann::ordered_json step{{"step", s.name}};
    put(step, "x", s.x);
    put(step, "w", s.w);
    put(step, "product", s.product);
    put(step, "result", s.result);
    j["steps"].push_back(std::move(step));
  }
  for (const RequantisationSteps& r : e.requantisations) {
    nlohmann::ordered_json rule{{"rule", r.rule}, {"used", r.used}};
    for (const auto& line : r.lines) {
      if (line.real) {
        rule["lines"].push_back({{"what", line.what}, {"value", *line.real}});
      } else {
        rule["lines"].push_back({{"what", line.what}, {"value", line.value}});
      }
    }
    j["requantisations"].push_back(std::move(rule));
  }
  j["output"] = json_value(e.output);
  return j.dump(2) + "\n";
}

}  // namespace dlasim::report
