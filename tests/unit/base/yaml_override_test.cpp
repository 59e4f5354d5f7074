#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/yaml.h"
#include "support/test_support.h"

namespace dlasim::base {
namespace {

using ::testing::ElementsAre;

YamlDocument document_with(std::string_view assignment) {
  YamlDocument document = YamlDocument::from_string("a:\n  b: {c: 1}\n  list: [{n: 1}, {n: 2}]\n", "x.yaml");
  document.set(assignment);
  return document;
}

TEST(YamlSet, ReplacesAndCreates) {
  EXPECT_EQ(document_with("a.b.c=7").root().at("a").at("b").get_int("c"), 7);
  EXPECT_EQ(document_with("x.y.z=7").root().at("x").at("y").get_int("z"), 7);
  EXPECT_EQ(document_with("a.list[1].n=7").root().at("a").at("list").items()[1].get_int("n"), 7);
  EXPECT_THAT(document_with("a.b=[1, 2]").root().at("a").get_ints("b"), ElementsAre(1, 2));
  EXPECT_EQ(document_with("a.b={d: x=y}").root().at("a").at("b").get_string("d"), "x=y");
}

TEST(YamlSet, StartsFromAnEmptyDocument) {
  YamlDocument document = YamlDocument::from_string("");
  document.set("a.b=1");
  document.set("a.c=2");
  EXPECT_EQ(document.root().at("a").get_int("b"), 1);
  EXPECT_EQ(document.root().at("a").get_int("c"), 2);
}

TEST(YamlSet, ErrorsNameTheOption) {
  const YamlDocument document = document_with("a.b.c=0");
  EXPECT_EQ(error_of([&] { document.root().at("a").at("b").get_int("c", 1, 9); }),
            "--set a.b.c=0: a.b.c: 0 is not between 1 and 9");
  const YamlDocument misspelt = document_with("a.b.d=0");
  static_cast<void>(misspelt.root().at("a").at("b").get_int("c"));
  for (const YamlNode& item : misspelt.root().at("a").at("list").items()) {
    static_cast<void>(item.get_int("n"));
  }
  EXPECT_EQ(error_of([&] { misspelt.finish(); }), "--set a.b.d=0: a.b.d: unknown key, did you mean 'c'?");
}

TEST(YamlSet, RefusesWhatItCannotPlace) {
  const auto error = [](std::string_view assignment) { return error_of([&] { document_with(assignment); }); };
  EXPECT_EQ(error("a.b"), "--set a.b: there is no '='; the form is --set a.b.c=value");
  EXPECT_EQ(error("=1"), "--set =1: '' is not a dotted key; the form is --set a.b.c=value");
  EXPECT_EQ(error("a..b=1"), "--set a..b=1: 'a..b' is not a dotted key; the form is --set a.b.c=value");
  EXPECT_EQ(error("a.=1"), "--set a.=1: 'a.' is not a dotted key; the form is --set a.b.c=value");
  for (const std::string keys : {"a[", "a[]", "a[x]", "a[1", "a[1]b", "[1]", "a[99999999999999999999]"}) {
    EXPECT_EQ(error(keys + "=1"),
              "--set " + keys + "=1: '" + keys + "' is not a dotted key; the form is --set a.b.c=value");
  }
  EXPECT_EQ(error("a.list[2].n=1"),
            "--set a.list[2].n=1: a.list: there is no element 2; the list has 2 elements");
  EXPECT_EQ(error("a.b.c.d=1"), "--set a.b.c.d=1: a.b.c: x.yaml:2:10 has no section here");
  EXPECT_EQ(error("a.b[0]=1"), "--set a.b[0]=1: a.b: x.yaml:2:6 has no list here");
  EXPECT_EQ(error("a.b=[1"), "--set a.b=[1: a.b: not YAML: end of sequence flow not found");
}

TEST(YamlSet, ReachesIntoNamedFiles) {
  const ScratchDirectory scratch;
  write_file_atomically(scratch / "run.yaml", "hardware: hw.yaml\n");
  write_file_atomically(scratch / "hw.yaml", "lanes: 4\nbanks: 2\n");
  YamlDocument document = YamlDocument::from_file(scratch / "run.yaml");
  document.set("hardware.lanes=8");
  const YamlNode hw = document.root().section("hardware");
  EXPECT_EQ(hw.get_int("lanes"), 8);
  EXPECT_EQ(hw.get_int("banks"), 2);
  EXPECT_EQ(read_text_file(scratch / "hw.yaml"), "lanes: 4\nbanks: 2\n");
  document.finish();
}

TEST(YamlSet, FileNamesAreRelativeToTheWorkingDirectory) {
  YamlDocument document = YamlDocument::from_string("w: a.npz", "x/y.yaml", "x");
  EXPECT_EQ(document.root().get_path("w"), "x/a.npz");
  document.set("w=b.npz");
  EXPECT_EQ(document.root().get_path("w"), "b.npz");
  document.set("w=/c.npz");
  EXPECT_EQ(document.root().get_path("w"), "/c.npz");
}

}  // namespace
}  // namespace dlasim::base
