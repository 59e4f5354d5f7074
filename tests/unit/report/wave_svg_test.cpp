#include "report/wave_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/error.h"
#include "waves_fixture.h"

namespace dlasim::report::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// What is wrong with the tags of an XML text; empty if they balance, and nothing but tags has < and >.
std::string xml_fault(const std::string& text) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '>') return "a loose >";
    if (text[at] == '&' && text.find(';', at) > at + 6) return "a loose &";
    if (text[at] != '<') {
      ++at;
      continue;
    }
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos) return "a tag without end";
    const std::string tag = text.substr(at + 1, end - at - 1);
    if (tag.find('<') != std::string::npos) return "a < in a tag";
    if (std::ranges::count(tag, '"') % 2 != 0) return "an open quote in " + tag;
    const std::string name = tag.substr(0, tag.find(' '));
    if (tag.starts_with("/")) {
      if (open.empty() || open.back() != tag.substr(1)) return "unexpected " + tag;
      open.pop_back();
    } else if (!tag.ends_with("/")) {
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() ? "" : "open: " + open.back();
}

class WaveSvg : public WavesTest {
 protected:
  WaveScene scene(const std::vector<std::string>& globs, const CycleRange& range = {}) {
    write(kDump);
    return read_wave_scene(VcdReader(file_), range, globs);
  }
  std::string glob_error(const std::vector<std::string>& globs) {
    try {
      scene(globs);
    } catch (const base::InputError& e) {
      return e.what();
    }
    return "no error";
  }
};

TEST_F(WaveSvg, TheCheckerSeesFaults) {
  EXPECT_EQ(xml_fault("<a><b x=\"1\"/>t</a>"), "");
  EXPECT_NE(xml_fault("<a><b></a></b>"), "");
  EXPECT_NE(xml_fault("<a>"), "");
  EXPECT_NE(xml_fault("<a>1 > 0</a>"), "");
  EXPECT_NE(xml_fault("<a x=\"1/>"), "");
  EXPECT_NE(xml_fault("<a>a & b, and more</a>"), "");
}

TEST_F(WaveSvg, BeatsWaitAndMove) {
  const WaveScene s = scene({"pe.*", "tree.x_i_0"});
  ASSERT_EQ(s.rows.size(), 5U);
  const std::vector<Flow> beat{Flow::kIdle,  Flow::kWaits, Flow::kMoves,
                               Flow::kMoves, Flow::kIdle,  Flow::kIdle};
  EXPECT_EQ(s.rows[0].flow, beat);                          // valid_o
  EXPECT_EQ(s.rows[1].flow, std::vector(6, Flow::kState));  // ready_i
  EXPECT_EQ(s.rows[2].name, "x_o_0");
  EXPECT_EQ(s.rows[2].flow, beat);
  EXPECT_EQ(s.rows[3].flow, std::vector(6, Flow::kState));  // a register
  EXPECT_EQ(s.rows[4].flow, std::vector(6, Flow::kState));  // tree has no valid_i in this dump
}

TEST_F(WaveSvg, GlobsKeepTheirOrderAndBlocksStayTogether) {
  const WaveScene s = scene({"pe.x*", "tree.*", "pe.?????_o", "pe.x_o_0"});
  std::vector<std::string> names;
  for (const WaveRow& row : s.rows) names.push_back(row.block + "." + row.name);
  EXPECT_EQ(names, (std::vector<std::string>{"pe.x_o_0", "pe.valid_o", "tree.x_i_0"}));
}

TEST_F(WaveSvg, NamesAGlobThatFitsNothing) {
  EXPECT_THAT(glob_error({"pe.*", "pee.*"}),
              HasSubstr("no signal fits 'pee.*'; names are like pe_array.x_i_0"));
  EXPECT_THAT(glob_error({""}), HasSubstr("no signal fits ''"));
  EXPECT_THAT(glob_error({std::string(2000, '*') + "!"}), HasSubstr("no signal fits"));
}

TEST_F(WaveSvg, RefusesMoreRowsThanFit) {
  std::string text = "$scope module d $end\n$var reg 8 ! cycle $end\n";
  for (int i = 0; i < 300; ++i) text += "$var reg 8 ! s" + std::to_string(i) + " $end\n";
  write(text + "$enddefinitions $end\n#0\nb0 !\n");
  const std::vector<std::string> all{"*"};
  EXPECT_THROW(read_wave_scene(VcdReader(file_), {}, all), base::InputError);
}

TEST_F(WaveSvg, ValuesAsAPersonReadsThem) {
  EXPECT_EQ(wave_value_text({0xfd, true}, 8, ValueStyle::kSigned), "-3");
  EXPECT_EQ(wave_value_text({0xfd, true}, 16, ValueStyle::kSigned), "253");
  EXPECT_EQ(wave_value_text({~std::uint64_t{0}, true}, 64, ValueStyle::kSigned), "-1");
  EXPECT_EQ(wave_value_text({0xfd, true}, 8, ValueStyle::kUnsigned), "253");
  EXPECT_EQ(wave_value_text({0xfd, true}, 64, ValueStyle::kHex), "0xfd");
  EXPECT_EQ(wave_value_text({5, true}, 8, ValueStyle::kBinary), "101");
  EXPECT_EQ(wave_value_text({}, 8, ValueStyle::kSigned), "x");
  EXPECT_EQ(scene({"pe.x_o_0"}).rows[0].style, ValueStyle::kSigned);
  EXPECT_EQ(scene({"pe.queued"}).rows[0].style, ValueStyle::kUnsigned);
  EXPECT_EQ(scene({"pe.valid_o"}).rows[0].style, ValueStyle::kBinary);
}

/// A dump of both sides of a difference has lanes without a direction.
TEST_F(WaveSvg, SumsOfLanesAreSigned) {
  write(
      "$scope module d $end\n$var reg 8 ! cycle $end\n$var wire 16 # sum_12 $end\n"
      "$var wire 16 $ tile_12 $end\n$enddefinitions $end\n#0\nb0 !\nb1 #\nb1 $\n");
  const std::vector<std::string> all{"*"};
  const WaveScene s = read_wave_scene(VcdReader(file_), {}, all);
  ASSERT_EQ(s.rows.size(), 3U);
  EXPECT_EQ(s.rows[1].style, ValueStyle::kSigned);
  EXPECT_EQ(s.rows[2].style, ValueStyle::kUnsigned);
}

TEST_F(WaveSvg, IsWellFormedAndShowsTheValues) {
  const std::string svg =
      wave_svg(scene({"*"}), {"a <b> & \"c\"", {{9, "now & <then>"}, {9, "again"}, {99, "outside"}}});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, HasSubstr("a &lt;b&gt; &amp;"));
  EXPECT_THAT(svg, HasSubstr(">-3</text>"));
  EXPECT_THAT(svg, HasSubstr(">5</text>"));
  EXPECT_THAT(svg, HasSubstr("x_o_0 = -3, cycle 8"));
  EXPECT_THAT(svg, HasSubstr("now &amp; &lt;then&gt;"));
  EXPECT_THAT(svg, HasSubstr("again"));
  EXPECT_THAT(svg, Not(HasSubstr("outside")));
  EXPECT_THAT(svg, Not(HasSubstr("href")));  // nothing from elsewhere
}

TEST_F(WaveSvg, HostileNamesStayText) {
  write(
      "$scope module d $end\n$var reg 8 ! cycle $end\n$var reg 8 % </text><script> $end\n$enddefinitions "
      "$end\n#0\n"
      "b0 !\nb1 %\n");
  const std::vector<std::string> all{"*"};
  const std::string svg = wave_svg(read_wave_scene(VcdReader(file_), {}, all), {});
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
}

TEST_F(WaveSvg, AThousandCyclesAreStillDrawn) {
  std::string text = "$scope module d $end\n$var reg 64 ! cycle $end\n$enddefinitions $end\n";
  for (int c = 0; c < 1200; ++c) {
    std::string bits;
    for (int bit = 10; bit >= 0; --bit) bits += static_cast<char>('0' + ((c >> bit) & 1));
    text += "#" + std::to_string(10 * c) + "\nb" + bits + " !\n";
  }
  write(text);
  const std::vector<std::string> all{"*"};
  const WaveScene s = read_wave_scene(VcdReader(file_), {100, 1099}, all);
  EXPECT_EQ(s.cycles, 1000U);
  EXPECT_EQ(xml_fault(wave_svg(s, {})), "");
}

}  // namespace
}  // namespace dlasim::report::test
