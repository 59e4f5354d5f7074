#pragma once
/// Tables for terminals and logs, and numbers as people read them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dlasim::base {

/// Three significant digits and a decimal prefix: "999", "1.23 k", "45.6 M", "-7.00 G".
std::string format_count(double value);
/// Three significant digits and a binary prefix: "512 B", "1.50 KiB", "64.0 MiB".
std::string format_bytes(std::uint64_t bytes);
/// "12.3 %" of a fraction 0.123.
std::string format_percent(double fraction);
/// Three significant digits: "1.50 ns", "20.0 us", "3.00 ms", "1.25 s", "2 min 5 s".
std::string format_seconds(double seconds);
/// "1,234,567"
std::string format_grouped(std::int64_t value);

/// Columns of text under a title line.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kRight;
  };

  explicit TextTable(std::vector<Column> columns);

  /// As many cells as columns; throws std::invalid_argument otherwise.
  void add_row(std::vector<std::string> cells);
  /// A line across the table, before a sum for instance.
  void add_line();

  /// Rows that end with '\n', none wider than `width` as long as the columns can be cut: the widest
  /// left-aligned columns lose their end ("conv_block_1...") until the table fits. Right-aligned columns, the
  /// numbers, are never cut. Widths count characters of UTF-8 text.
  std::string to_string(int width = 100) const;

 private:
  std::vector<int> fitted_widths(int width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  ///< an empty row is a line
};

}  // namespace dlasim::base
