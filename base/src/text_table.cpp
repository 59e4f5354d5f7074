#include "base/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <stdexcept>
#include <utility>

namespace dlasim::base {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kCut = "...";
/// Below this a cut text says nothing.
constexpr int kNarrowest = 8;

bool starts_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // all but UTF-8 continuation bytes
}

int characters(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), starts_character));
}

std::string first_characters(std::string_view text, int n) {
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (starts_character(text[end]) && n-- == 0) break;
  }
  return std::string(text.substr(0, end));
}

std::string fit(std::string_view text, int width, TextTable::Align align) {
  const int length = characters(text);
  if (length > width) {
    return first_characters(text, width - static_cast<int>(kCut.size())) + std::string(kCut);
  }
  const std::string space(static_cast<std::size_t>(width - length), ' ');
  return align == TextTable::Align::kLeft ? std::string(text) + space : space + std::string(text);
}

std::string three_digits(double value) {
  const double magnitude = std::abs(value);
  return fmt::format("{:.{}f}", value, magnitude < 9.995 ? 2 : magnitude < 99.95 ? 1 : 0);
}

/// Divides by `step` until three digits are enough; `units` are the names.
std::string with_unit(double value, double step, std::span<const std::string_view> units) {
  std::size_t unit = 0;
  while (std::abs(value) >= 999.5 && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  return fmt::format("{} {}", three_digits(value), units[unit]);
}

}  // namespace

std::string format_count(double value) {
  static constexpr std::array<std::string_view, 6> kUnits{"k", "M", "G", "T", "P", "E"};
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (std::abs(value) < 999.5)
    return value == std::trunc(value) ? fmt::format("{:.0f}", value) : three_digits(value);
  return with_unit(value / 1000.0, 1000.0, kUnits);
}

std::string format_bytes(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 6> kUnits{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  return with_unit(static_cast<double>(bytes) / 1024.0, 1024.0, kUnits);
}

std::string format_percent(double fraction) {
  return fmt::format("{:.1f} %", fraction * 100.0);
}

std::string format_seconds(double seconds) {
  static constexpr std::array<std::string_view, 4> kUnits{"ns", "us", "ms", "s"};
  if (!std::isfinite(seconds)) return fmt::format("{} s", seconds);
  if (std::abs(seconds) < 119.5) {
    std::size_t unit = 0;
    double value = seconds * 1e9;
    for (; unit + 1 < kUnits.size() && std::abs(value) >= 999.5; ++unit) value /= 1000.0;
    return fmt::format("{} {}", three_digits(value), kUnits[unit]);
  }
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (std::abs(seconds) < 7199.5) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

std::string format_grouped(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

void TextTable::add_row(std::vector<std::string> cells) {
  if (cells.size() != columns_.size() || cells.empty()) {
    throw std::invalid_argument(
        fmt::format("a row of {} cells for {} columns", cells.size(), columns_.size()));
  }
  rows_.push_back(std::move(cells));
}

void TextTable::add_line() {
  rows_.emplace_back();
}

std::vector<int> TextTable::fitted_widths(int width) const {
  std::vector<int> widths;
  for (const Column& column : columns_) widths.push_back(characters(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], characters(row[i]));
  }
  int total = std::accumulate(widths.begin(), widths.end(), 0) +
              static_cast<int>(kGap.size()) * (static_cast<int>(columns_.size()) - 1);
  while (total > width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const bool can_be_cut = columns_[i].align == Align::kLeft && widths[i] > kNarrowest;
      if (can_be_cut && (widest == columns_.size() || widths[i] > widths[widest])) widest = i;
    }
    if (widest == columns_.size()) break;
    --widths[widest];
    --total;
  }
  return widths;
}

std::string TextTable::to_string(int width) const {
  const std::vector<int> widths = fitted_widths(width);
  const auto line = [&](auto cell) {
    std::string text;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) text += kGap;
      text += fit(cell(i), widths[i], columns_[i].align);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + '\n';
  };
  const auto rule = [&](std::size_t i) { return std::string(static_cast<std::size_t>(widths[i]), '-'); };
  std::string text = line([&](std::size_t i) { return columns_[i].title; }) + line(rule);
  for (const auto& row : rows_) {
    text += row.empty() ? line(rule) : line([&](std::size_t i) { return row[i]; });
  }
  return text;
}

}  // namespace dlasim::base
