#include "report/run_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text_table.h"
#include "figure.h"

namespace dlasim::report {
namespace {

using base::format_count;
using base::format_percent;
using base::format_seconds;

double seconds_at_clock(const RunReport& r) {
  return static_cast<double>(r.cycles) / (r.hardware.clock_mhz * 1e6);
}

std::string table(const RunReport& report) {
  using Align = base::TextTable::Align;
  base::TextTable table({{"layer", Align::kLeft},
                         {"kind", Align::kLeft},
                         {"output"},
                         {"MACs"},
                         {"cycles"},
                         {"PE use"},
                         {"stall"},
                         {"SQNR dB"},
                         {"differing"}});
  for (const LayerRow& row : report.layers) {
    const std::string differing = row.differing ? grouped(*row.differing) : "-";
    if (row.on_host) {
      table.add_row({row.name, row.kind + " (host)", row.output_shape,
                     row.macs == 0 ? "" : format_count(static_cast<double>(row.macs)), "", "", "",
                     sqnr_text(row.sqnr_db), differing});
      continue;
    }
    table.add_row({row.name, row.kind, row.output_shape,
                   row.macs == 0 ? "" : format_count(static_cast<double>(row.macs)), grouped(row.cycles),
                   row.macs == 0 ? "" : format_percent(row.utilisation), format_percent(row.stall_share),
                   sqnr_text(row.sqnr_db), differing});
  }
  return table.to_string(100);
}

}  // namespace

std::size_t RunReport::host_layers() const {
  return static_cast<std::size_t>(std::ranges::count_if(layers, &LayerRow::on_host));
}

std::uint64_t RunReport::host_macs() const {
  std::uint64_t sum = 0;
  for (const LayerRow& row : layers) sum += row.on_host ? row.macs : 0;
  return sum;
}

double RunReport::host_mac_share() const {
  const std::uint64_t on_host = host_macs();
  return on_host == 0 ? 0.0 : static_cast<double>(on_host) / static_cast<double>(on_host + macs);
}

std::uint64_t RunReport::differing() const {
  std::uint64_t sum = 0;
  for (const LayerRow& row : layers) sum += row.differing.value_or(0);
  return sum;
}

std::string RunReport::verdict() const {
  if (!compared) return "not compared with the golden model";
  std::uint64_t values = 0;
  std::size_t compared_layers = 0;
  const LayerRow* first = nullptr;
  for (const LayerRow& row : layers) {
    if (!row.differing) continue;
    ++compared_layers;
    values += row.values;
    if (first == nullptr && *row.differing != 0) first = &row;
  }
  if (first == nullptr) {
    return fmt::format("bit-exact: 0 of {} values differ from golden in {} layers", grouped(values),
                       compared_layers);
  }
  return fmt::format("MISMATCH: {} of {} values differ from golden, first in layer '{}'",
                     grouped(differing()), grouped(values), first->name);
}

std::string to_text(const RunReport& r) {
  std::string text = fmt::format("{} on {} ({} x {} PEs at {} MHz), {}, {} engine\n\n", r.network,
                                 r.hardware.name, r.hardware.pe_array.oc_lanes, r.hardware.pe_array.ic_lanes,
                                 r.hardware.clock_mhz, r.numerics, r.engine);
  text += table(r) + "\n";
  const double pes = static_cast<double>(r.hardware.pe_array.oc_lanes) * r.hardware.pe_array.ic_lanes;
  const double use =
      r.cycles == 0 ? 0.0 : static_cast<double>(r.macs) / (static_cast<double>(r.cycles) * pes);
  text += fmt::format("accelerator  {} cycles, {} at the clock, {} MACs, PE use {}\n", grouped(r.cycles),
                      format_seconds(seconds_at_clock(r)), format_count(static_cast<double>(r.macs)),
                      format_percent(use));
  if (r.samples > 0) {
    text += fmt::format("             {:.1f} cycles a sample",
                        static_cast<double>(r.cycles) / static_cast<double>(r.samples));
    if (r.sample_rate) {
      text += fmt::format(", real-time factor {:.3f} at {} Hz",
                          seconds_at_clock(r) / (static_cast<double>(r.samples) / *r.sample_rate),
                          *r.sample_rate);
    }
    text += "\n";
  }
  if (r.host_layers() > 0) {
    text += fmt::format("host         {} of {} layers, {} of all MACs; its time is not in the cycles\n",
                        r.host_layers(), r.layers.size(), format_percent(r.host_mac_share()));
  }
  text += fmt::format("DRAM         {} moved, {} row hits\n", base::format_bytes(r.dram_bytes),
                      format_percent(r.dram_row_hit_share));
  text += fmt::format("simulation   {} ({} cycle/s, {} MAC/s); whole run {}, peak memory {}\n",
                      format_seconds(r.simulation_seconds),
                      format_count(static_cast<double>(r.cycles) / std::max(r.simulation_seconds, 1e-9)),
                      format_count(static_cast<double>(r.macs) / std::max(r.simulation_seconds, 1e-9)),
                      format_seconds(r.total_seconds), base::format_bytes(r.peak_memory_bytes));
  for (const TaskFigure& f : r.figures) {
    text += figure_text(f);
  }
  return text + "\n" + r.verdict() + "\n";
}

std::string to_csv(const RunReport& r) {
  std::string text =
      "layer,kind,output,host,macs,cycles,busy_cycles,utilisation,stall_share,sqnr_db,values,differing\n";
  for (const LayerRow& row : r.layers) {
    text += fmt::format("{},{},{},{},{},{},{},{:.6f},{:.6f},{},{},{}\n", row.name, row.kind, row.output_shape,
                        row.on_host ? 1 : 0, row.macs, row.cycles, row.busy_cycles, row.utilisation,
                        row.stall_share, row.sqnr_db ? fmt::format("{:.3f}", *row.sqnr_db) : "", row.values,
                        row.differing ? std::to_string(*row.differing) : "");
  }
  return text;
}

std::string to_json(const RunReport& r) {
  nlohmann::ordered_json j;
  j["config"] = r.config;
  j["network"] = r.network;
  j["numerics"] = r.numerics;
  j["engine"] = r.engine;
  j["hardware"] = {{"name", r.hardware.name},
                   {"ic_lanes", r.hardware.pe_array.ic_lanes},
                   {"oc_lanes", r.hardware.pe_array.oc_lanes},
                   {"clock_mhz", r.hardware.clock_mhz}};
  j["verdict"] = r.verdict();
  j["compared"] = r.compared;
  j["bit_exact"] = r.compared && r.differing() == 0;
  j["differing"] = r.differing();
  j["cycles"] = r.cycles;
  j["macs"] = r.macs;
  j["host"] = {{"layers", r.host_layers()}, {"macs", r.host_macs()}, {"mac_share", r.host_mac_share()}};
  j["seconds_at_clock"] = seconds_at_clock(r);
  if (r.samples > 0) {
    j["samples"] = r.samples;
    j["cycles_per_sample"] = static_cast<double>(r.cycles) / static_cast<double>(r.samples);
  }
  j["dram_bytes"] = r.dram_bytes;
  j["dram_row_hit_share"] = r.dram_row_hit_share;
  j["simulation_seconds"] = r.simulation_seconds;
  j["total_seconds"] = r.total_seconds;
  j["peak_memory_bytes"] = r.peak_memory_bytes;
  if (!r.figures.empty()) j["figures"] = json_figures(r.figures);
  for (const LayerRow& row : r.layers) {
    nlohmann::ordered_json l{{"name", row.name},
                             {"kind", row.kind},
                             {"output", row.output_shape},
                             {"host", row.on_host},
                             {"macs", row.macs},
                             {"cycles", row.cycles},
                             {"busy_cycles", row.busy_cycles},
                             {"utilisation", row.utilisation},
                             {"stall_share", row.stall_share},
                             {"values", row.values}};
    if (row.sqnr_db) l["sqnr_db"] = json_number(*row.sqnr_db);
    if (row.differing) l["differing"] = *row.differing;
    j["layers"].push_back(std::move(l));
  }
  return j.dump(2) + "\n";
}

}  // namespace dlasim::report
