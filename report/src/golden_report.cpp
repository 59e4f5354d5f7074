#include "report/golden_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text_table.h"
#include "figure.h"

namespace dlasim::report {
namespace {

using Count = std::optional<std::int64_t>;

std::string count_text(const Count& count) {
  return count ? base::format_grouped(*count) : "";
}

std::string csv_text(const Count& count) {
  return count ? std::to_string(*count) : "";
}

std::uint64_t total_macs(const GoldenReport& report) {
  std::uint64_t macs = 0;
  for (const GoldenRow& row : report.rows) macs += row.macs;
  return macs;
}

}  // namespace

std::string to_text(const GoldenReport& r) {
  using Align = base::TextTable::Align;
  std::string text =
      fmt::format("{}, {}, golden model, {} reduction lanes\n\n", r.network, r.numerics, r.reduction_lanes);
  base::TextTable table({{"layer", Align::kLeft},
                         {"kind", Align::kLeft},
                         {"output"},
                         {"MACs"},
                         {"overflow"},
                         {"underflow"},
                         {"invalid"},
                         {"SQNR dB"}});
  for (const GoldenRow& row : r.rows) {
    table.add_row({row.name, row.kind, row.output_shape,
                   row.macs == 0 ? "" : base::format_count(static_cast<double>(row.macs)),
                   count_text(row.overflow), count_text(row.underflow), count_text(row.invalid),
                   sqnr_text(row.sqnr_db)});
  }
  text += table.to_string(100);
  text += fmt::format("\ngolden {} for {} MACs; not run on the accelerator\n",
                      base::format_seconds(r.golden_seconds),
                      base::format_count(static_cast<double>(total_macs(r))));
  for (const TaskFigure& f : r.figures) text += figure_text(f);
  return text;
}

std::string to_csv(const GoldenReport& r) {
  std::string text = "layer,kind,output,macs,conversions,overflow,underflow,invalid,sqnr_db\n";
  for (const GoldenRow& row : r.rows) {
    text += fmt::format("{},{},{},{},{},{},{},{},{}\n", row.name, row.kind, row.output_shape, row.macs,
                        csv_text(row.conversions), csv_text(row.overflow), csv_text(row.underflow),
                        csv_text(row.invalid), row.sqnr_db ? fmt::format("{:.3f}", *row.sqnr_db) : "");
  }
  return text;
}

std::string to_json(const GoldenReport& r) {
  nlohmann::ordered_json j;
  j["config"] = r.config;
  j["network"] = r.network;
  j["numerics"] = r.numerics;
  j["engine"] = "golden";
  j["reduction_lanes"] = r.reduction_lanes;
  if (r.samples > 0) j["samples"] = r.samples;
  j["macs"] = total_macs(r);
  j["golden_seconds"] = r.golden_seconds;
  if (!r.figures.empty()) j["figures"] = json_figures(r.figures);
  for (const GoldenRow& row : r.rows) {
    nlohmann::ordered_json l{
        {"name", row.name}, {"kind", row.kind}, {"output", row.output_shape}, {"macs", row.macs}};
    if (row.sqnr_db) l["sqnr_db"] = json_number(*row.sqnr_db);
    if (row.conversions) {
      l["conversions"] = *row.conversions;
      l["overflow"] = row.overflow.value_or(0);
      l["underflow"] = row.underflow.value_or(0);
      l["invalid"] = row.invalid.value_or(0);
    }
    j["layers"].push_back(std::move(l));
  }
  return j.dump(2) + "\n";
}

}  // namespace dlasim::report
