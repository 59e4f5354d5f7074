#include "report/wave_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "report/html_report.h"

namespace dlasim::report {
namespace {

// Pixels.
constexpr double kRow = 21, kWave = 14, kBlockTitle = 21, kBlockGap = 7, kPageMargin = 16, kTitle = 30,
                 kAxis = 22, kMarkLine = 16, kLegendHeight = 34, kCharacter = 6.1, kNameCharacter = 6.7,
                 kPadding = 9, kNarrowestCell = 14, kWidestCell = 60, kWidestPane = 2400, kSlant = 3.5,
                 kNarrowestPane = 460;
/// A clock that is drawn finer than this is a grey bar.
constexpr double kFinestClock = 7;

struct Colour {
  const char *line, *fill;
};
constexpr std::array<Colour, 8> kBlockColours{{{"#6b4a80", "#e9dff0"},
                                               {"#2f5d9b", "#dbe7f7"},
                                               {"#0f7583", "#d3eef1"},
                                               {"#2d7a3e", "#daf0de"},
                                               {"#6f7d1c", "#eef2cf"},
                                               {"#8a6a24", "#f5ead0"},
                                               {"#a2463a", "#f8dfdb"},
                                               {"#8d3f73", "#f5ddec"}}};
constexpr Colour kWaiting{"#c77700", "#ffd98a"}, kRegister{"#777777", "#f1f1f1"};

constexpr const char* kWaveStyle =
    "text{font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:11px;fill:#333}"
    ".title{font-family:system-ui,'Helvetica Neue','DejaVu Sans',sans-serif;font-size:15px;font-weight:600}"
    ".block{font-family:system-ui,'Helvetica Neue','DejaVu Sans',sans-serif;font-size:12px;font-weight:600}"
    ".note{font-family:system-ui,'Helvetica Neue','DejaVu Sans',sans-serif;font-size:11px;fill:#555}"
    ".value{font-size:10px;fill:#111;text-anchor:middle}.cycle{font-size:10px;fill:#666;text-anchor:middle}"
    ".mark{font-family:system-ui,'Helvetica Neue','DejaVu Sans',sans-serif;font-size:11px;fill:#b3261e}";

/// Neighbouring cycles that are one stroke of the pen.
struct Segment {
  std::size_t begin = 0, end = 0;
  WaveValue value;
  Flow flow = Flow::kState;
};

/// A beat ends with the cycle in which it moves: the next one is another, even with the same value.
bool continues(const WaveRow& row, std::size_t cycle) {
  if (row.values[cycle] != row.values[cycle - 1]) return false;
  const Flow before = row.flow[cycle - 1], now = row.flow[cycle];
  if (row.width == 1) return before == now;
  return before == now && now != Flow::kMoves;
}

std::vector<Segment> segments_of(const WaveRow& row) {
  std::vector<Segment> segments;
  for (std::size_t c = 0; c < row.values.size(); ++c) {
    if (c == 0 || !continues(row, c)) segments.push_back({c, c, row.values[c], row.flow[c]});
    segments.back().end = c + 1;
  }
  return segments;
}

std::string text_of(const Segment& s, const WaveRow& row) {
  return wave_value_text(s.value, row.width, row.style);
}

class Drawing {
 public:
  Drawing(const WaveScene& scene, const WaveCaption& caption) : scene_(scene), caption_(caption) {
    measure();
    place_marks();
  }

  std::string draw() {
    const double top = kPageMargin + kTitle + static_cast<double>(mark_lines_) * kMarkLine + kAxis;
    y_ = top;
    rows();
    const double bottom = y_;
    legend();
    const double width = left_ + pane() + kPageMargin, height = y_ + kPageMargin / 2;
    std::string svg = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
        "height=\"{1:.0f}\">\n"
        "<style>{2}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
        "<text class=\"title\" x=\"{3}\" y=\"{4}\">{5}</text>\n",
        width, height, kWaveStyle, kPageMargin, kPageMargin + 14, escape_html(caption_.title));
    return svg + panels_ + axis(top, bottom) + body_ + marks(bottom) + "</svg>\n";
  }

 private:
  double x(std::size_t column) const { return left_ + static_cast<double>(column) * cell_; }
  double pane() const { return std::max(cell_ * static_cast<double>(scene_.cycles), kNarrowestPane); }

  /// A cycle is as wide as the longest value that lasts one, within limits.
  void measure() {
    double need = kNarrowestCell;
    std::size_t longest_name = 5;
    for (const WaveRow& row : scene_.rows) {
      longest_name = std::max({longest_name, row.name.size(), row.block.size() + 2});
      if (row.width == 1) continue;
      for (const Segment& s : segments_of(row)) {
        if (s.flow == Flow::kIdle || !s.value.known) continue;
        const double text = static_cast<double>(text_of(s, row).size()) * kCharacter + kPadding;
        need = std::max(need, text / static_cast<double>(s.end - s.begin));
      }
    }
    const double widest = kWidestPane / static_cast<double>(std::max<std::size_t>(scene_.cycles, 1));
    cell_ = std::min({need, kWidestCell, std::max(widest, 2.0)});
    left_ = kPageMargin + 14 + static_cast<double>(longest_name) * kNameCharacter + 14;
  }

  // --- the frame ---------------------------------------------------------------------------------

  struct PlacedMark {
    double x;
    std::size_t line;
    const WaveMark* mark;
  };

  /// Words that would touch stand on different lines.
  void place_marks() {
    std::vector<double> line_ends;
    for (const WaveMark& mark : caption_.marks) {
      if (mark.cycle < scene_.from || mark.cycle - scene_.from >= scene_.cycles) continue;
      const double at = x(static_cast<std::size_t>(mark.cycle - scene_.from));
      std::size_t line = 0;
      while (line < line_ends.size() && line_ends[line] > at) ++line;
      if (line == line_ends.size()) line_ends.push_back(0);
      line_ends[line] = at + static_cast<double>(mark.text.size()) * 6.2 + 16;
      placed_.push_back({at, line, &mark});
    }
    mark_lines_ = line_ends.size();
  }
  std::string marks(double bottom) const {
    std::string svg;
    for (const PlacedMark& m : placed_) {
      const double y = kPageMargin + kTitle + static_cast<double>(m.line) * kMarkLine + 8;
      svg += fmt::format(
          "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"#b3261e\" stroke-dasharray=\"4 3\" "
          "opacity=\"0.75\"/>"
          "<text class=\"mark\" x=\"{3:.1f}\" y=\"{4:.1f}\">{5}</text>\n",
          m.x, y - 9, bottom, m.x + 4, y, escape_html(m.mark->text));
    }
    return svg;
  }
  std::string axis(double top, double bottom) const {
    std::string svg;
    const double label =
        static_cast<double>(fmt::format("{}", scene_.from + scene_.cycles).size()) * 6.1 + 12;
    std::size_t step = 1;
    for (const std::size_t s : {1, 2, 5, 10, 20, 50, 100, 200, 500}) {
      step = s;
      if (static_cast<double>(s) * cell_ >= label) break;
    }
    svg += fmt::format("<text class=\"note\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">cycle</text>\n",
                       left_ - 10, top - 8);
    for (std::size_t c = 0; c < scene_.cycles; ++c) {
      const bool labelled = (scene_.from + c) % step == 0;
      if (labelled)
        svg += fmt::format("<text class=\"cycle\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x(c) + cell_ / 2,
                           top - 8, scene_.from + c);
      if (cell_ < kFinestClock && !labelled) continue;
      svg += fmt::format("<path d=\"M{:.1f} {:.1f}V{:.1f}\" stroke=\"#000\" opacity=\"{}\"/>\n", x(c),
                         top - 3, bottom, labelled && step > 1 ? "0.13" : "0.06");
    }
    return svg;
  }
  void legend() {
    y_ += kLegendHeight - 14;
    double at = left_;
    const auto entry = [&](const Colour& colour, std::string_view words) {
      body_ += hexagon(at, at + 26, colour);
      body_ +=
          fmt::format("<text class=\"note\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", at + 32, y_ + 13, words);
      at += 50 + static_cast<double>(words.size()) * 5.9;
    };
    entry(kBlockColours[1], "moves at the end of the cycle");
    entry(kWaiting, "waits for ready");
    entry(kRegister, "register or counter");
    y_ += kWave;
  }

  // --- the rows ----------------------------------------------------------------------------------

  void rows() {
    clock();
    std::size_t block = 0;
    for (std::size_t i = 0; i < scene_.rows.size(); ++block) {
      std::size_t end = i;
      while (end < scene_.rows.size() && scene_.rows[end].block == scene_.rows[i].block) ++end;
      begin_block(scene_.rows[i].block, end - i, kBlockColours[block % kBlockColours.size()]);
      for (; i < end; ++i) row(scene_.rows[i]);
      y_ += kBlockGap;
    }
  }
  void begin_block(const std::string& name, std::size_t rows, const Colour& colour) {
    colour_ = colour;
    const double height = kBlockTitle + static_cast<double>(rows) * kRow + 2;
    panels_ += fmt::format(
        "<rect x=\"{0}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{3:.1f}\" rx=\"4\" fill=\"{4}\" "
        "opacity=\"0.25\"/>"
        "<rect x=\"{0}\" y=\"{1:.1f}\" width=\"4\" height=\"{3:.1f}\" rx=\"2\" fill=\"{5}\"/>\n",
        kPageMargin, y_, left_ - kPageMargin + pane(), height, colour.fill, colour.line);
    body_ +=
        fmt::format("<text class=\"block\" x=\"{}\" y=\"{:.1f}\" style=\"fill:{}\">{}</text>\n",
                    kPageMargin + 12, y_ + 15, colour.line, escape_html(name.empty() ? "accelerator" : name));
    y_ += kBlockTitle;
  }
  void name(const std::string& text) {
    body_ +=
        fmt::format("<text x=\"{}\" y=\"{:.1f}\">{}</text>\n", kPageMargin + 14, y_ + 13, escape_html(text));
  }
  void clock() {
    name("clk");
    if (cell_ < kFinestClock) {
      body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" fill=\"#ddd\"/>\n",
                           left_, y_ + 2, x(scene_.cycles) - left_, kWave);
    } else {
      std::string path = fmt::format("M{:.1f} {:.1f}", left_, y_ + 2 + kWave);
      for (std::size_t c = 0; c < scene_.cycles; ++c)
        path +=
            fmt::format("V{:.1f}H{:.1f}V{:.1f}H{:.1f}", y_ + 2, x(c) + cell_ / 2, y_ + 2 + kWave, x(c + 1));
      body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#888\"/>\n", path);
    }
    y_ += kRow + kBlockGap;
  }
  void row(const WaveRow& row) {
    name(row.name);
    for (const Segment& s : segments_of(row)) row.width == 1 ? bit(s) : bus(s, row);
    if (row.width == 1) bit_line(row);
    y_ += kRow;
  }
  const Colour& colour_of(Flow flow) const {
    return flow == Flow::kWaits ? kWaiting : flow == Flow::kState ? kRegister : colour_;
  }

  /// The area below a high bit; the line follows in one stroke.
  void bit(const Segment& s) {
    if (!s.value.known || s.value.bits == 0 || s.flow == Flow::kIdle) return;
    const Colour& colour = s.flow == Flow::kWaits ? kWaiting : colour_;
    body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"/>\n",
                         x(s.begin), y_ + 2, x(s.end) - x(s.begin), kWave, colour.fill);
  }
  void bit_line(const WaveRow& row) {
    std::string path;
    bool drawn = false;
    for (const Segment& s : segments_of(row)) {
      if (!s.value.known) {
        unknown(s);
        drawn = false;
        continue;
      }
      const double level = y_ + 2 + (s.value.bits != 0 ? 0 : kWave);
      path +=
          fmt::format("{}{:.1f}H{:.1f}", drawn ? "V" : fmt::format("M{:.1f} ", x(s.begin)), level, x(s.end));
      drawn = true;
    }
    if (!path.empty())
      body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"/>\n", path,
                           colour_.line);
  }
  void bus(const Segment& s, const WaveRow& row) {
    if (!s.value.known) return unknown(s);
    if (s.flow == Flow::kIdle) {
      body_ += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#bbb\"/>\n", x(s.begin),
                           y_ + 2 + kWave / 2, x(s.end));
      return;
    }
    const std::string text = escape_html(text_of(s, row));
    body_ += fmt::format("<g><title>{} = {}, cycle {}</title>", escape_html(row.name), text,
                         scene_.from + s.begin);
    body_ += hexagon(x(s.begin), x(s.end), colour_of(s.flow));
    if (static_cast<double>(text.size()) * kCharacter + 2 <= x(s.end) - x(s.begin))
      body_ += fmt::format("<text class=\"value\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                           (x(s.begin) + x(s.end)) / 2, y_ + 12.5, text);
    body_ += "</g>\n";
  }
  void unknown(const Segment& s) {
    body_ += fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#ccc\" stroke-dasharray=\"1 3\"/>\n",
                         x(s.begin), y_ + 2 + kWave / 2, x(s.end));
  }
  std::string hexagon(double from, double to, const Colour& colour) const {
    const double slant = std::min(kSlant, (to - from) / 3), top = y_ + 2;
    return fmt::format(
        "<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}H{:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}H{:.1f}Z\" fill=\"{}\" "
        "stroke=\"{}\"/>",
        from, top + kWave / 2, from + slant, top, to - slant, to, top + kWave / 2, to - slant, top + kWave,
        from + slant, colour.fill, colour.line);
  }

  const WaveScene& scene_;
  const WaveCaption& caption_;
  double cell_ = kNarrowestCell, left_ = 0, y_ = 0;
  Colour colour_ = kBlockColours[0];
  std::vector<PlacedMark> placed_;
  std::size_t mark_lines_ = 0;
  std::string panels_, body_;
};

}  // namespace

std::string wave_svg(const WaveScene& scene, const WaveCaption& caption) {
  return Drawing(scene, caption).draw();
}

}  // namespace dlasim::report
