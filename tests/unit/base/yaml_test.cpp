#include "base/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/file.h"
#include "support/test_support.h"

namespace dlasim::base {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kHardware = R"(# A comment
hardware:
  pe_array:
    ic_lanes: 0
    oc_lanes: 0x10
  clock_mhz: 2e2
  name: "edge"
  fast: true
  mode: sequence
layers: [3, 5]
)";

YamlDocument hardware() {
  return YamlDocument::from_string(kHardware, "configs/x.yaml", "configs");
}

enum class Mode { kSequence, kStreaming };
constexpr std::array kModes{Choice<Mode>{"sequence", Mode::kSequence},
                            Choice<Mode>{"streaming", Mode::kStreaming}};

std::string text_error(std::string_view text) {
  return error_of([&] { YamlDocument::from_string(text, "x.yaml"); });
}

TEST(Yaml, ReadsTypedValues) {
  const YamlDocument document = hardware();
  const YamlNode section = document.root().at("hardware");
  EXPECT_EQ(section.at("pe_array").get_int("oc_lanes", 1, 1024), 16);
  EXPECT_EQ(section.get_double("clock_mhz"), 200.0);
  EXPECT_EQ(section.get_string("name"), "edge");
  EXPECT_TRUE(section.get_bool("fast"));
  EXPECT_EQ(section.get_enum<Mode>("mode", kModes), Mode::kSequence);
  EXPECT_THAT(document.root().get_ints("layers", 0, 9), ElementsAre(3, 5));
  EXPECT_EQ(section.get_int_or("banks", 8, 1, 64), 8);
  EXPECT_EQ(section.get_double_or("voltage", 0.9), 0.9);
  EXPECT_EQ(section.get_string_or("vendor", "none"), "none");
  EXPECT_FALSE(section.get_bool_or("slow", false));
  EXPECT_EQ(section.get_enum_or<Mode>("other", Mode::kStreaming, kModes), Mode::kStreaming);
  EXPECT_FALSE(section.find("missing").has_value());
  EXPECT_EQ(section.at("pe_array").path(), "hardware.pe_array");
  EXPECT_EQ(section.at("fast").where(), "configs/x.yaml:8:9");
}

TEST(Yaml, NamesFileLineColumnAndKey) {
  const YamlDocument document = hardware();
  const YamlNode section = document.root().at("hardware");
  EXPECT_EQ(error_of([&] { section.at("pe_array").get_int("ic_lanes", 1, 1024); }),
            "configs/x.yaml:4:15: hardware.pe_array.ic_lanes: 0 is not between 1 and 1024");
  EXPECT_EQ(error_of([&] { section.get_int("clock_mhz"); }),
            "configs/x.yaml:6:14: hardware.clock_mhz: '2e2' is not a whole number");
  EXPECT_EQ(error_of([&] { section.get_int("name", 1); }),
            "configs/x.yaml:7:9: hardware.name: 'edge' is not a whole number");
  EXPECT_EQ(error_of([&] { section.get_double("mode"); }),
            "configs/x.yaml:9:9: hardware.mode: 'sequence' is not a finite number");
  EXPECT_EQ(error_of([&] { section.get_double("clock_mhz", 1, 100); }),
            "configs/x.yaml:6:14: hardware.clock_mhz: 2e2 is not between 1 and 100");
  EXPECT_EQ(error_of([&] { section.get_bool("name"); }),
            "configs/x.yaml:7:9: hardware.name: 'edge' is neither true nor false");
  EXPECT_EQ(error_of([&] { section.get_string("pe_array"); }),
            "configs/x.yaml:4:5: hardware.pe_array: is a section; a single value is wanted");
  EXPECT_EQ(error_of([&] { section.at("voltage"); }), "configs/x.yaml:3:3: hardware.voltage: is missing");
  EXPECT_EQ(error_of([&] { section.at("name").at("x"); }),
            "configs/x.yaml:7:9: hardware.name: is a single value; a section is wanted");
  EXPECT_EQ(error_of([&] { document.root().get_ints("layers", 4); }),
            "configs/x.yaml:10:10: layers[0]: 3 is less than 4");
  EXPECT_EQ(error_of([&] { section.get_ints("fast"); }),
            "configs/x.yaml:8:9: hardware.fast: is a single value; a list is wanted");
  EXPECT_EQ(error_of([&] { document.root().fail("is odd"); }), "configs/x.yaml:2:1: is odd");
  EXPECT_THROW(section.fail_unsupported("x"), UnsupportedError);
}

TEST(Yaml, EnumsNameTheChoices) {
  const YamlDocument document = YamlDocument::from_string("a: streming\nb: x", "x.yaml");
  EXPECT_EQ(error_of([&] { document.root().get_enum<Mode>("a", kModes); }),
            "x.yaml:1:4: a: 'streming' is not one of sequence, streaming; did you mean 'streaming'?");
  EXPECT_EQ(error_of([&] { document.root().get_enum<Mode>("b", kModes); }),
            "x.yaml:2:4: b: 'x' is not one of sequence, streaming");
}

TEST(Yaml, NumbersAtTheirLimits) {
  const YamlDocument document = YamlDocument::from_string(
      "{a: -9223372036854775808, b: 9223372036854775808, c: 0x, d: 1e999, e: .nan, f: +7, g: -0x10, h: 1_0, "
      "i: "
      ".5, j: ''}",
      "x.yaml");
  const YamlNode root = document.root();
  EXPECT_EQ(root.get_int("a"), INT64_MIN);
  EXPECT_EQ(
      error_of([&] { root.get_int("b"); }),
      "x.yaml:1:30: b: 9223372036854775808 is not between -9223372036854775808 and 9223372036854775807");
  EXPECT_EQ(error_of([&] { root.get_int("c"); }), "x.yaml:1:54: c: '0x' is not a whole number");
  EXPECT_EQ(error_of([&] { root.get_double("d"); }),
            "x.yaml:1:61: d: 1e999 is out of the range of a 64-bit float");
  EXPECT_EQ(error_of([&] { root.get_double("e"); }), "x.yaml:1:71: e: '.nan' is not a finite number");
  EXPECT_EQ(root.get_int("f"), 7);
  EXPECT_EQ(root.get_int("g"), -16);
  EXPECT_THROW(root.get_int("h"), InputError);
  EXPECT_EQ(root.get_double("i"), 0.5);
  EXPECT_THROW(root.get_int("j"), InputError);
  EXPECT_THROW(root.get_double("j"), InputError);
}

TEST(Yaml, AnEmptyValueIsNoDefault) {
  const YamlDocument document = YamlDocument::from_string("a:\nb: ~\n", "x.yaml");
  EXPECT_EQ(error_of([&] { document.root().get_int_or("a", 5); }),
            "x.yaml:1:1: a: has no value; a single value is wanted");
  EXPECT_EQ(error_of([&] { document.root().at("b").items(); }),
            "x.yaml:2:1: b: has no value; a list is wanted");
  EXPECT_EQ(error_of([] { YamlDocument::from_string("# nothing", "x.yaml").root().at("a"); }),
            "x.yaml:1:1: has no value; a section is wanted");
}

TEST(Yaml, UnknownKeysAreRefusedWithASuggestion) {
  const YamlDocument document =
      YamlDocument::from_string("hardware:\n  pe_array: {ic_lanes: 4, oc_lane: 4}\n", "x.yaml");
  const YamlNode array = document.root().at("hardware").at("pe_array");
  EXPECT_EQ(array.get_int("ic_lanes"), 4);
  EXPECT_EQ(array.get_int_or("oc_lanes", 16), 16);
  EXPECT_EQ(error_of([&] { document.finish(); }),
            "x.yaml:2:27: hardware.pe_array.oc_lane: unknown key, did you mean 'oc_lanes'?");
  static_cast<void>(array.get_int("oc_lane"));
  document.finish();
}

TEST(Yaml, UnknownKeysWithoutALikenessListTheKnownOnes) {
  const YamlDocument document = YamlDocument::from_string("alpha: 1\nzzz: 2\n", "x.yaml");
  static_cast<void>(document.root().get_int("alpha"));
  static_cast<void>(document.root().has("beta"));
  EXPECT_EQ(error_of([&] { document.finish(); }), "x.yaml:2:1: zzz: unknown key; known are alpha, beta");
}

TEST(Yaml, UnknownKeysInListsAreFoundAndFreeNamesAreNot) {
  const YamlDocument document =
      YamlDocument::from_string("layers:\n  - {name: a, strde: 2}\nnames: {x: 1, y: 2}\n", "x.yaml");
  std::string keys;
  for (const auto& [key, node] : document.root().at("names").entries()) {
    keys += key + "=" + std::to_string(node.as_int()) + " ";
  }
  EXPECT_EQ(keys, "x=1 y=2 ");
  for (const YamlNode& layer : document.root().at("layers").items()) {
    static_cast<void>(layer.get_string("name"));
    static_cast<void>(layer.find("stride"));
  }
  EXPECT_EQ(error_of([&] { document.finish(); }),
            "x.yaml:2:15: layers[0].strde: unknown key, did you mean 'stride'?");
}

TEST(Yaml, DuplicateKeysAreRefused) {
  EXPECT_EQ(text_error("a:\n  b: 1\n  c: 2\n  b: 3\n"), "x.yaml:4:3: a.b: given twice, first in line 2");
}

TEST(Yaml, SyntaxErrorsHaveAPlace) {
  EXPECT_EQ(text_error("a: [1, 2"), "x.yaml:1:8: not YAML: end of sequence flow not found");
  EXPECT_EQ(text_error("a: b: c"), "x.yaml:1:5: not YAML: illegal map value");
  EXPECT_THAT(text_error("a: *nobody"), HasSubstr("x.yaml:1:4: not YAML: "));
  EXPECT_EQ(text_error("a: 1\n---\nb: 2\n"), "x.yaml:2:1: a second document; one a file is accepted");
  EXPECT_EQ(text_error("? [1]\n: 2\n"), "x.yaml:1:3: a key must be a word");
  EXPECT_EQ(text_error("? {a: 1}\n: 2\n"), "x.yaml:1:3: a key must be a word");
  EXPECT_EQ(text_error("b: &x {a: 1}\nc:\n  <<: *x\n"), "x.yaml:3:3: c: merge keys '<<' are not accepted");
}

TEST(Yaml, AliasesAreCopies) {
  YamlDocument document = YamlDocument::from_string("a: &x {n: 1}\nb: *x\n", "x.yaml");
  document.set("b.n=2");
  EXPECT_EQ(document.root().at("a").get_int("n"), 1);
  EXPECT_EQ(document.root().at("b").get_int("n"), 2);
  EXPECT_EQ(text_error("a: &x [*x]"), "x.yaml:1:8: a[0]: an alias inside the value that it names");
}

TEST(Yaml, BombsAreRefused) {
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 8; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  EXPECT_THAT(text_error(bomb), HasSubstr("more than 1000000 values, aliases included"));
  EXPECT_EQ(text_error(std::string(65, '[') + std::string(65, ']')),
            "x.yaml:1:65: more than 64 levels of nesting");
  EXPECT_THAT(text_error(std::string(1'000'000, '[')), HasSubstr("more than 64 levels of nesting"));
  EXPECT_EQ(text_error(std::string(64, '[') + std::string(64, ']')), "no error");
  std::string nested = "a0: &a0 [[[[[[[[[[1]]]]]]]]]]\n";
  for (int i = 1; i < 10; ++i) {
    nested += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [[[[[[[[[[*a" + std::to_string(i - 1) +
              "]]]]]]]]]]\n";
  }
  EXPECT_THAT(text_error(nested), HasSubstr("more than 64 levels of nesting"));
  EXPECT_EQ(text_error(std::string((64U << 20) + 1, ' ')), "x.yaml:1:1: more than 67108864 bytes of YAML");
}

TEST(Yaml, LongAndStrangeTextIsShownWithCare) {
  const YamlDocument document =
      YamlDocument::from_string("a: \"x\\ny" + std::string(100, 'z') + "\"", "x.yaml");
  EXPECT_EQ(error_of([&] { document.root().get_int("a"); }),
            "x.yaml:1:4: a: 'x\\x0ay" + std::string(57, 'z') + "...' is not a whole number");
}

// --- files ---------------------------------------------------------------------------------------

TEST(YamlFiles, ASectionMayBeAFile) {
  const ScratchDirectory scratch;
  write_file_atomically(scratch / "run.yaml", "hardware: hw/edge.yaml\nnetwork: {name: n}\n");
  write_file_atomically(scratch / "hw/edge.yaml", "lanes: 0\nweights: w.npz\nlans: 3\n");
  const YamlDocument document = YamlDocument::from_file(scratch / "run.yaml");
  const YamlNode hw = document.root().section("hardware");
  const std::string hw_file = (scratch / "hw/edge.yaml").string();
  EXPECT_EQ(error_of([&] { hw.get_int("lanes", 1, 9); }),
            hw_file + ":1:8: hardware.lanes: 0 is not between 1 and 9");
  EXPECT_EQ(hw.get_path("weights"), scratch / "hw/w.npz");
  EXPECT_EQ(document.root().section("network").get_string("name"), "n");
  EXPECT_EQ(error_of([&] { document.finish(); }),
            hw_file + ":3:1: hardware.lans: unknown key, did you mean 'lanes'?");
}

TEST(YamlFiles, AMissingFileIsTheFaultOfTheLineThatNamesIt) {
  const ScratchDirectory scratch;
  write_file_atomically(scratch / "run.yaml", "\nhardware: nowhere.yaml\n");
  const YamlDocument document = YamlDocument::from_file(scratch / "run.yaml");
  EXPECT_EQ(error_of([&] { document.root().section("hardware"); }),
            (scratch / "run.yaml").string() + ":2:11: hardware: " + (scratch / "nowhere.yaml").string() +
                ": cannot read: No such file or directory");
  EXPECT_EQ(error_of([&] { YamlDocument::from_file(scratch / "gone.yaml"); }),
            (scratch / "gone.yaml").string() + ": cannot read: No such file or directory");
}

}  // namespace
}  // namespace dlasim::base
