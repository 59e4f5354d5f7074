#include "report/vcd_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.h"
#include "waves_fixture.h"

namespace dlasim::report::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

class VcdReaderTest : public WavesTest {
 protected:
  /// The values of one signal, "." where it is not known.
  std::string values(const std::string& path, const CycleRange& range = {}) {
    const VcdReader reader(file_);
    const auto found = std::ranges::find(reader.signals(), path, &VcdSignal::path);
    const std::size_t wanted[] = {static_cast<std::size_t>(found - reader.signals().begin())};
    const WaveWindow window = reader.read(range, wanted);
    std::string text = std::to_string(window.from) + ":";
    for (const WaveValue& v : window.values.front()) text += " " + (v.known ? std::to_string(v.bits) : ".");
    return text;
  }
  /// The message for a dump whose text is `text`.
  std::string error_of(const std::string& text) {
    write(text);
    try {
      const VcdReader reader(file_);
      const std::size_t wanted[] = {0};
      reader.read({}, wanted);
    } catch (const base::InputError& e) {
      return e.what();
    }
    return "no error";
  }
  std::string range_error(const CycleRange& range) {
    try {
      values("cycle", range);
    } catch (const base::InputError& e) {
      return e.what();
    }
    return "no error";
  }
};

TEST_F(VcdReaderTest, NamesWidthsAndSharedIdentifiers) {
  write(kDump);
  const VcdReader reader(file_);
  ASSERT_EQ(reader.signals().size(), 7U);
  EXPECT_EQ(reader.signals()[0].path(), "cycle");
  EXPECT_EQ(reader.signals()[4].path(), "pe.x_o_0");
  EXPECT_EQ(reader.signals()[4].width, 8);
  EXPECT_EQ(reader.signals()[6].path(), "tree.x_i_0");
  EXPECT_EQ(reader.signals()[6].id, reader.signals()[4].id);
}

TEST_F(VcdReaderTest, SamplesEachCycle) {
  write(kDump);
  EXPECT_EQ(values("cycle"), "7: 7 8 9 10 . 12");
  EXPECT_EQ(values("pe.valid_o"), "7: 0 1 1 1 . 0");
  EXPECT_EQ(values("pe.x_o_0"), "7: . 253 253 5 . 0");  // 11 is not recorded
}

TEST_F(VcdReaderTest, TakesTheWindow) {
  write(kDump);
  EXPECT_EQ(values("pe.x_o_0", {8, 9}), "8: 253 253");
  EXPECT_EQ(values("pe.x_o_0", {std::nullopt, 8}), "0: . . . . . . . . 253");
  EXPECT_EQ(values("pe.x_o_0", {10, std::nullopt}), "10: 5 . 0");
  EXPECT_EQ(values("pe.x_o_0", {12, 500}), "12: 0");
}

TEST_F(VcdReaderTest, RefusesWindowsThatCannotBe) {
  write(kDump);
  EXPECT_EQ(range_error({9, 8}), "cycles 9 to 8: the window is empty");
  EXPECT_EQ(range_error({0, 1000}), "cycles 0 to 1000: at most 1000 cycles fit a picture");
  EXPECT_EQ(range_error({0, ~std::uint64_t{0}}),
            "cycles 0 to 18446744073709551615: at most 1000 cycles fit a picture");
  EXPECT_THAT(range_error({20, 30}),
              EndsWith("no cycle from 20 to 30 is recorded; the file has some from 7 to 12"));
  EXPECT_THAT(range_error({~std::uint64_t{0}, std::nullopt}), HasSubstr("no cycle from"));
}

TEST_F(VcdReaderTest, MalformedHeaders) {
  EXPECT_THAT(error_of(""), HasSubstr("t.vcd:1: the file ends where $enddefinitions should be"));
  EXPECT_THAT(error_of("$scope module"), HasSubstr(":1: the file ends where a scope should be"));
  EXPECT_THAT(error_of("hello\n"), HasSubstr(":1: 'hello' in the header"));
  EXPECT_THAT(error_of(std::string("$date\n\0\0", 8)),
              HasSubstr(":2: byte 0x00: this is no value change dump"));
  EXPECT_THAT(error_of("\n$upscope $end\n"), HasSubstr(":2: $upscope outside of any scope"));
  EXPECT_THAT(error_of("$var wire 0 ! x $end"), HasSubstr("width 0 is not between 1 and 64"));
  EXPECT_THAT(error_of("$var wire 65 ! x $end"), HasSubstr("width 65 is not between 1 and 64"));
  EXPECT_THAT(error_of("$var wire 99999999999 ! x $end"), HasSubstr("width '99999999999' is no number"));
  EXPECT_THAT(error_of("$var wire 8 ! x $end $var wire 9 ! y $end"),
              HasSubstr("'y' has 9 bits, but its identifier '!' was declared with 8"));
  EXPECT_THAT(error_of(std::string(5000, 'a')), HasSubstr("a word of more than 4096 characters"));
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "$scope module m $end\n";
  EXPECT_THAT(error_of(deep), HasSubstr(":17: scopes deeper than 16"));
  EXPECT_THAT(error_of("$enddefinitions $end\n#0\n"), HasSubstr("no signal 'cycle' in the root"));
}

TEST_F(VcdReaderTest, MalformedChanges) {
  const std::string head =
      "$scope module d $end\n$var reg 8 ! cycle $end\n$upscope $end\n$enddefinitions $end\n";
  EXPECT_THAT(error_of(head), EndsWith("no cycle is recorded"));
  EXPECT_THAT(error_of(head + "#0\nb1 ?\n"), HasSubstr("t.vcd:6: identifier '?' is not declared"));
  EXPECT_THAT(error_of(head + "#0\nb2 !\n"), HasSubstr(":6: '2' is no digit of a value"));
  EXPECT_THAT(error_of(head + "#0\nb111111111 !\n"), HasSubstr(":6: 9 bits for a signal of 8"));
  EXPECT_THAT(error_of(head + "#0\nb" + std::string(65, '1') + " !\n"), HasSubstr(":6: a value of 65 bits"));
  EXPECT_THAT(error_of(head + "#0\nb !\n"), HasSubstr(":6: a value of 0 bits"));
  EXPECT_THAT(error_of(head + "#5\nb1 !\n#4\n"), HasSubstr(":7: time 4 after 5: times must not fall"));
  EXPECT_THAT(error_of(head + "#x\n"), HasSubstr(":5: time 'x' is no number in range"));
  EXPECT_THAT(error_of(head + "#-1\n"), HasSubstr("time '-1' is no number"));
  EXPECT_THAT(error_of(head + "#0\nr1.5 !\n"), HasSubstr("'r' is no digit of a value"));
  EXPECT_THAT(error_of(head + "#0\n$end\n"), HasSubstr("$end without a section"));
  EXPECT_THAT(error_of(head + "#0\n$dumpvars\n$dumpvars\n"), HasSubstr("'$dumpvars' inside a section"));
  EXPECT_THAT(error_of(head + "#0\n$scope\n"), HasSubstr("'$scope' among the changes"));
}

TEST_F(VcdReaderTest, EveryCutInTheMiddleOfALineOrSectionIsNoticedOrShortensTheWindow) {
  const std::string whole = kDump;
  int errors = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string error = error_of(whole.substr(0, length));
    if (error == "no error") {
      EXPECT_TRUE(whole[length - 1] == '\n' || whole[length] == '\n') << length;
    } else {
      EXPECT_THAT(error, HasSubstr("t.vcd")) << length;
      ++errors;
    }
  }
  EXPECT_GT(errors, static_cast<int>(whole.size()) / 2);
}

}  // namespace
}  // namespace dlasim::report::test
