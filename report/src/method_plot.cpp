#include "report/method_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace dlasim::report {
namespace {

constexpr double kLeft = 60.0, kTop = 34.0, kPlotHeight = 300.0, kLegendWidth = 130.0;
/// Colours that stay apart for colour-blind eyes (Okabe and Ito 2008).
constexpr std::array kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};

/// The decibels shown, in steps of 10.
struct Decibels {
  double low = 0.0, high = 10.0;
  double y(double db) const { return kTop + kPlotHeight * (high - db) / (high - low); }
};

Decibels decibels_of(const std::vector<MethodCurve>& curves) {
  double low = INFINITY;
  double high = -INFINITY;
  for (const MethodCurve& curve : curves) {
    for (const auto& db : curve.sqnr_db) {
      if (!db || !std::isfinite(*db)) continue;
      low = std::min(low, *db);
      high = std::max(high, *db);
    }
  }
  if (low > high) return {};
  constexpr double kStep = 10.0;
  Decibels d{std::floor(low / kStep) * kStep, std::ceil(high / kStep) * kStep};
  if (d.low == d.high) d.high += kStep;
  return d;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
  }
  return result;
}

std::string grid(const Decibels& d, double width) {
  std::string svg;
  for (double db = d.low; db <= d.high; db += 10.0) {
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"#ddd\"/>\n"
        "<text x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.0f}</text>\n",
        kLeft, kLeft + width, d.y(db), kLeft - 8.0, d.y(db) + 4.0, db);
  }
  return svg;
}

/// Room for the longest name below the plot.
double name_height(const std::vector<std::string>& layers) {
  constexpr double kCharacter = 6.6, kGap = 16.0;
  std::size_t longest = 0;
  for (const std::string& layer : layers) longest = std::max(longest, layer.size());
  return kGap + kCharacter * static_cast<double>(longest);
}

/// Names stand upright below; of many only some.
std::string names(const std::vector<std::string>& layers, double step) {
  constexpr double kRoom = 13.0;
  const auto every = static_cast<std::size_t>(std::max(1.0, std::ceil(kRoom / step)));
  std::string svg;
  for (std::size_t i = 0; i < layers.size(); i += every) {
    const double x = kLeft + step * (static_cast<double>(i) + 0.5);
    svg += fmt::format(
        "<text x=\"{0:.1f}\" y=\"{1:.1f}\" text-anchor=\"end\" transform=\"rotate(-90 {0:.1f} {1:.1f})\" "
        "dy=\"4\">"
        "{2}</text>\n",
        x, kTop + kPlotHeight + 10.0, escaped(layers[i]));
  }
  return svg;
}

/// A gap where a layer was not compared; an exact layer stands at the upper edge.
std::string line(const MethodCurve& curve, const Decibels& d, double step, const char* colour) {
  std::string path;
  bool pen = false;
  for (std::size_t i = 0; i < curve.sqnr_db.size(); ++i) {
    const auto& db = curve.sqnr_db[i];
    if (!db || std::isnan(*db)) {
      pen = false;
      continue;
    }
    const double y = d.y(std::clamp(*db, d.low, d.high));
    path +=
        fmt::format("{}{:.1f},{:.1f} ", pen ? "L" : "M", kLeft + step * (static_cast<double>(i) + 0.5), y);
    pen = true;
  }
  return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n", path, colour);
}

}  // namespace

std::string to_svg(const std::string& title, const std::vector<std::string>& layers,
                   const std::vector<MethodCurve>& curves) {
  const double step =
      std::clamp(900.0 / static_cast<double>(std::max<std::size_t>(1, layers.size())), 4.0, 40.0);
  const double width = step * static_cast<double>(layers.size());
  const Decibels d = decibels_of(curves);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"{0:.0f}\" height=\"{1:.0f}\" "
      "fill=\"white\"/>\n"
      "<text x=\"{2:.1f}\" y=\"18\" font-size=\"13\">{3}: SQNR by layer, dB</text>\n",
      kLeft + width + kLegendWidth, kTop + kPlotHeight + name_height(layers), kLeft, escaped(title));
  svg += grid(d, width) + names(layers, step);
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    svg += line(curves[i], d, step, colour);
    const double y = kTop + 10.0 + 18.0 * static_cast<double>(i);
    svg += fmt::format(
        "<line x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" stroke=\"{3}\" "
        "stroke-width=\"2\"/>\n"
        "<text x=\"{4:.1f}\" y=\"{5:.1f}\">{6}</text>\n",
        kLeft + width + 12.0, kLeft + width + 32.0, y, colour, kLeft + width + 38.0, y + 4.0,
        escaped(curves[i].method));
  }
  return svg + "</svg>\n";
}

}  // namespace dlasim::report
