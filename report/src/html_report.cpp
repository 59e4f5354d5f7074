#include "report/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text_table.h"
#include "figure.h"

namespace dlasim::report {
namespace {

constexpr const char* kPageStyle = R"(
  body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1100px; color: #222; }
  h1 { font-size: 1.5em; margin-bottom: 0.2em; } h2 { font-size: 1.1em; margin-top: 1.8em; }
  .verdict { padding: 0.6em 1em; border-radius: 6px; font-weight: 600; }
  .good { background: #e3f3e6; color: #1c5b2a; } .bad { background: #fbe3e1; color: #8c1d14; }
  .neutral { background: #eee; }
  table { border-collapse: collapse; } td, th { padding: 0.15em 0.7em; text-align: right; }
  th { border-bottom: 1px solid #999; font-weight: 600; } td.text, th.text { text-align: left; }
  tr:nth-child(even) td { background: #f6f7f9; } tr.differs td { background: #fbe3e1; }
  .totals td { text-align: left; background: none; } .totals td:first-child { color: #666; }
  svg text { font: 11px system-ui, sans-serif; fill: #333; } .note { color: #666; }
)";

const char* verdict_class(const RunReport& r) {
  return !r.compared ? "neutral" : r.differing() == 0 ? "good" : "bad";
}

std::string totals(const RunReport& r) {
  std::string rows;
  const auto row = [&rows](const std::string& name, const std::string& value) {
    rows += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escape_html(name), escape_html(value));
  };
  const double seconds = static_cast<double>(r.cycles) / (r.hardware.clock_mhz * 1e6);
  row("hardware", fmt::format("{}: {} x {} PEs at {} MHz", r.hardware.name, r.hardware.pe_array.oc_lanes,
                              r.hardware.pe_array.ic_lanes, r.hardware.clock_mhz));
  row("numerics, engine", fmt::format("{}, {}", r.numerics, r.engine));
  row("cycles", fmt::format("{} = {} at the clock", grouped(r.cycles), base::format_seconds(seconds)));
  if (r.samples > 0) {
    row("cycles a sample",
        fmt::format("{:.1f}", static_cast<double>(r.cycles) / static_cast<double>(r.samples)));
  }
  row("MACs", base::format_count(static_cast<double>(r.macs)));
  row("DRAM", fmt::format("{}, {} row hits", base::format_bytes(r.dram_bytes),
                          base::format_percent(r.dram_row_hit_share)));
  row("simulation", fmt::format("{}, peak memory {}", base::format_seconds(r.simulation_seconds),
                                base::format_bytes(r.peak_memory_bytes)));
  for (const TaskFigure& f : r.figures) {
    const std::string real = f.float_value ? fmt::format("float {:.4f}, integer ", *f.float_value) : "";
    row(f.name, fmt::format("{}{:.4f} {}", real, f.integer_value, f.unit));
  }
  return "<table class=\"totals\">\n" + rows + "</table>\n";
}

/// A bar a layer: cycles in which the array worked, and cycles in which it waited.
std::string cycle_bars(const RunReport& r) {
  constexpr double kLabel = 250.0, kBar = 680.0, kRow = 17.0;
  std::uint64_t most = 1;
  for (const LayerRow& l : r.layers) most = std::max(most, l.cycles);
  std::string bars;
  double y = 0.0;
  for (const LayerRow& l : r.layers) {
    const double scale = kBar / static_cast<double>(most);
    const double busy = static_cast<double>(std::min(l.busy_cycles, l.cycles)) * scale;
    const double all = static_cast<double>(l.cycles) * scale;
    bars += fmt::format(
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>"
        "<rect x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\" fill=\"#d9822b\"/>"
        "<rect x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"12\" fill=\"#35507a\"/>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        kLabel - 6, y + 11, escape_html(l.name), kLabel, y + 1, all, kLabel, y + 1, busy, kLabel + all + 5,
        y + 11, l.on_host ? "host" : grouped(l.cycles));
    y += kRow;
  }
  return fmt::format("<svg viewBox=\"0 0 1040 {:.0f}\" width=\"1040\" role=\"img\">\n{}</svg>\n", y + 4,
                     bars);
}

/// The output's signal to quantisation noise, layer after layer.
std::string sqnr_line(const RunReport& r) {
  constexpr double kLeft = 50.0, kWidth = 970.0, kHeight = 200.0;
  double most = 1.0;
  for (const LayerRow& l : r.layers) {
    if (l.sqnr_db && std::isfinite(*l.sqnr_db)) most = std::max(most, *l.sqnr_db);
  }
  const double top = std::ceil(most / 10.0) * 10.0;
  std::string marks;
  for (double db = 0.0; db <= top; db += 10.0) {
    const double y = kHeight - db / top * (kHeight - 20.0);
    marks += fmt::format(
        "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.0f}</text>\n",
        kLeft, kLeft + kWidth, y, y, kLeft - 6, y + 4, db);
  }
  std::string points;
  for (std::size_t i = 0; i < r.layers.size(); ++i) {
    const LayerRow& l = r.layers[i];
    if (!l.sqnr_db || !std::isfinite(*l.sqnr_db)) continue;
    const double x = kLeft + (static_cast<double>(i) + 0.5) / static_cast<double>(r.layers.size()) * kWidth;
    const double y = kHeight - std::max(*l.sqnr_db, 0.0) / top * (kHeight - 20.0);
    points += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"#35507a\"><title>{}: {:.1f} "
        "dB</title></circle>\n",
        x, y, escape_html(l.name), *l.sqnr_db);
  }
  return fmt::format("<svg viewBox=\"0 0 1040 215\" width=\"1040\" role=\"img\">\n{}{}</svg>\n", marks,
                     points);
}

std::string layer_table(const RunReport& r) {
  std::string rows =
      "<tr><th class=\"text\">layer</th><th "
      "class=\"text\">kind</th><th>output</th><th>MACs</th><th>cycles</th>"
      "<th>PE use</th><th>stall</th><th>SQNR dB</th><th>differing</th></tr>\n";
  for (const LayerRow& l : r.layers) {
    const bool differs = l.differing.value_or(0) != 0;
    const std::string sqnr = !l.sqnr_db               ? ""
                             : std::isinf(*l.sqnr_db) ? "exact"
                                                      : fmt::format("{:.1f}", *l.sqnr_db);
    rows += fmt::format(
        "<tr{}><td class=\"text\">{}</td><td "
        "class=\"text\">{}{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td><td>{}</td><td>{}</td></tr>\n",
        differs ? " class=\"differs\"" : "", escape_html(l.name), escape_html(l.kind),
        l.on_host ? " (host)" : "", escape_html(l.output_shape),
        l.macs == 0 ? "" : base::format_count(static_cast<double>(l.macs)),
        l.on_host ? "" : grouped(l.cycles),
        l.macs == 0 || l.on_host ? "" : base::format_percent(l.utilisation),
        l.on_host ? "" : base::format_percent(l.stall_share), sqnr,
        l.differing ? grouped(*l.differing) : "-");
  }
  return "<table>\n" + rows + "</table>\n";
}

}  // namespace

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string to_html(const RunReport& r) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
      "charset=\"utf-8\"><title>{0}</title><style>{1}</style></head>\n<body>\n"
      "<h1>{0}</h1>\n<p class=\"verdict {2}\">{3}</p>\n{4}"
      "<h2>Cycles of each layer</h2>\n<p class=\"note\">Blue: the PE array worked. Orange: it "
      "waited.</p>\n{5}"
      "<h2>Signal to quantisation noise of each layer's output, "
      "dB</h2>\n{6}<h2>Layers</h2>\n{7}</body></html>\n",
      escape_html(r.config), kPageStyle, verdict_class(r), escape_html(r.verdict()), totals(r), cycle_bars(r),
      sqnr_line(r), layer_table(r));
}

}  // namespace dlasim::report
