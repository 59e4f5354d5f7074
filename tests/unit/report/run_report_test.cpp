#include "report/run_report.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "report/html_report.h"

namespace dlasim::report {
namespace {

RunReport sample() {
  RunReport r;
  r.config = "a <small> \"test\" & more";
  r.network = "net";
  r.numerics = "int8";
  r.engine = "cycle";
  r.compared = true;
  r.cycles = 2000;
  r.macs = 100000;
  LayerRow first;
  first.name = "a_layer_with_a_name_that_is_much_longer_than_any_table_column_can_be_wide";
  first.kind = "conv2d";
  first.output_shape = "1x1x8x4";
  first.macs = 100000;
  first.cycles = 1500;
  first.busy_cycles = 1000;
  first.sqnr_db = std::numeric_limits<double>::infinity();
  first.differing = 0;
  first.values = 32;
  LayerRow second = first;
  second.name = "second";
  second.sqnr_db = 30.5;
  second.values = 16;
  r.layers = {first, second};
  return r;
}

TEST(RunReport, VerdictCountsWhatWasCompared) {
  RunReport r = sample();
  EXPECT_EQ(r.verdict(), "bit-exact: 0 of 48 values differ from golden in 2 layers");
  r.layers[1].differing = 3;
  EXPECT_EQ(r.verdict(), "MISMATCH: 3 of 48 values differ from golden, first in layer 'second'");
  EXPECT_EQ(r.differing(), 3U);
  r.compared = false;
  EXPECT_EQ(r.verdict(), "not compared with the golden model");
}

TEST(RunReport, TextFitsAHundredColumns) {
  std::istringstream lines(to_text(sample()));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(RunReport, JsonHasNoInfinity) {
  const auto j = nlohmann::json::parse(to_json(sample()));
  EXPECT_EQ(j["layers"][0]["sqnr_db"], "exact");
  EXPECT_EQ(j["layers"][1]["sqnr_db"], 30.5);
  EXPECT_TRUE(j["bit_exact"]);
}

TEST(RunReport, CsvHasARowALayer) {
  std::istringstream lines(to_csv(sample()));
  int count = 0;
  for (std::string line; std::getline(lines, line);) ++count;
  EXPECT_EQ(count, 3);
}

TEST(HtmlReport, EscapesNamesAndNeedsNothingElse) {
  const std::string html = to_html(sample());
  EXPECT_NE(html.find("a &lt;small&gt; &quot;test&quot; &amp; more"), std::string::npos);
  EXPECT_EQ(html.find("<small>"), std::string::npos);
  EXPECT_EQ(html.find("http"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
}

}  // namespace
}  // namespace dlasim::report
