#include "base/text_table.h"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace dlasim::base {
namespace {

using Align = TextTable::Align;

TEST(TextTable, AlignsColumnsAndDrawsLines) {
  TextTable table({{"layer", Align::kLeft}, {"cycles", Align::kRight}});
  table.add_row({"conv1", "1,234"});
  table.add_row({"fc", "56"});
  table.add_line();
  table.add_row({"sum", "1,290"});
  EXPECT_EQ(table.to_string(),
            "layer  cycles\n"
            "-----  ------\n"
            "conv1   1,234\n"
            "fc         56\n"
            "-----  ------\n"
            "sum     1,290\n");
}

TEST(TextTable, CutsTextButNeverNumbers) {
  TextTable table({{"layer", Align::kLeft}, {"file", Align::kLeft}, {"value", Align::kRight}});
  table.add_row({std::string(60, 'a'), std::string(30, 'b'), std::string(20, '9')});
  EXPECT_EQ(table.to_string(64),
            "layer                 file                                 value\n"
            "--------------------  --------------------  --------------------\n"
            "aaaaaaaaaaaaaaaaa...  bbbbbbbbbbbbbbbbb...  99999999999999999999\n");
}

TEST(TextTable, StaysWithinAHundredColumnsAsAskedForByDefault) {
  TextTable table({{"a", Align::kLeft}, {"b", Align::kLeft}});
  table.add_row({std::string(200, 'x'), std::string(200, 'y')});
  std::istringstream lines(table.to_string());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U);
}

TEST(TextTable, CountsCharactersNotBytes) {
  TextTable table({{"µ", Align::kRight}, {"n", Align::kRight}});
  table.add_row({"1", "2"});
  EXPECT_EQ(table.to_string(), "µ  n\n-  -\n1  2\n");
}

TEST(TextTable, RefusesARowOfAnotherLength) {
  TextTable table({{"a", Align::kLeft}});
  EXPECT_THROW(table.add_row({"1", "2"}), std::invalid_argument);
}

TEST(Format, Counts) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(12.34), "12.3");
  EXPECT_EQ(format_count(999.6), "1.00 k");
  EXPECT_EQ(format_count(1234), "1.23 k");
  EXPECT_EQ(format_count(45'600'000), "45.6 M");
  EXPECT_EQ(format_count(-7e9), "-7.00 G");
  EXPECT_EQ(format_count(999'600), "1.00 M");
}

TEST(Format, BytesPercentSecondsGroups) {
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(1536), "1.50 KiB");
  EXPECT_EQ(format_bytes(64ULL << 20), "64.0 MiB");
  EXPECT_EQ(format_bytes(1023ULL << 10), "1.00 MiB");
  EXPECT_EQ(format_percent(0.1234), "12.3 %");
  EXPECT_EQ(format_seconds(1.5e-9), "1.50 ns");
  EXPECT_EQ(format_seconds(2e-5), "20.0 us");
  EXPECT_EQ(format_seconds(0.003), "3.00 ms");
  EXPECT_EQ(format_seconds(1.25), "1.25 s");
  EXPECT_EQ(format_seconds(125), "2 min 5 s");
  EXPECT_EQ(format_seconds(7260), "2 h 1 min");
  EXPECT_EQ(format_grouped(0), "0");
  EXPECT_EQ(format_grouped(-1234567), "-1,234,567");
  EXPECT_EQ(format_grouped(123456), "123,456");
}

}  // namespace
}  // namespace dlasim::base
