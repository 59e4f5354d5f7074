#include <gmock/gmock.h>

#include <cstdlib>

#include "command.h"

namespace dlasim::cli::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Waves : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    path_before_ = std::getenv("PATH");
  }
  void TearDown() override {
    ::setenv("PATH", path_before_.c_str(), 1);
    CommandTest::TearDown();
  }
  void record() const {
    ASSERT_EQ(run({"run", source("configs/wavenet_tiny.yaml"), "--samples", "20", "--no-golden", "--out",
                   path("out"), "--vcd", path("t.vcd"), "--layer", "stack0.layer1.dilated"}),
              kDone);
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write_program(const std::string& name, const std::string& text) const {
    write(name, text);
    std::filesystem::permissions(path(name), std::filesystem::perms::owner_all);
  }
  std::string path_before_;
};

TEST_F(Waves, MayLieInTheOutputDirectory) {
  for (int time = 0; time < 2; ++time) {  // also when an earlier run is replaced
    ASSERT_EQ(run({"run", source("configs/wavenet_tiny.yaml"), "--samples", "20", "--no-golden", "--out",
                   path("out"), "--vcd", path("out/waves/t.vcd"), "--to", "50"}),
              kDone);
    EXPECT_THAT(read("out/waves/t.vcd"), HasSubstr("$enddefinitions"));
    EXPECT_THAT(read("out/waves/t.gtkw"), HasSubstr("[dumpfile] \"t.vcd\""));
    EXPECT_FALSE(read("out/summary.json").empty());
  }
}

TEST_F(Waves, AForeignOutputDirectoryIsRefusedBeforeTheRun) {
  write("notes.txt", "notes");
  const auto [code, text] = run_with_errors({"run", source("configs/wavenet_tiny.yaml"), "--samples", "20",
                                             "--out", directory_.string(), "--vcd", path("t.vcd")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(text, HasSubstr("has files that dlasim did not write"));
  EXPECT_FALSE(std::filesystem::exists(path("t.vcd")));
}

TEST_F(Waves, DrawsARun) {
  record();
  ASSERT_EQ(run({"waves", path("t.vcd"), "--svg", path("a.svg")}), kDone);
  EXPECT_THAT(read("a.svg"), HasSubstr(">partial_sum_buffer</text>"));
  ASSERT_EQ(run({"waves", path("t.vcd"), "--svg", path("b.svg"), "--signals",
                 "pe_array.x_i_?,adder_tree.sum_o_0", "--title", "two blocks"}),
            kDone);
  EXPECT_THAT(read("b.svg"), HasSubstr(">two blocks</text>"));
  EXPECT_THAT(read("b.svg"), HasSubstr(">x_i_3</text>"));
  EXPECT_THAT(read("b.svg"), Not(HasSubstr("partial_sum_buffer")));
}

TEST_F(Waves, SaysWhatIsWrong) {
  write("bad.vcd", "$scope module d $end\n$var reg 8 ! cycle $end\n$enddefinitions $end\n#0\nb12 !\n");
  const auto error = [this](const std::vector<std::string>& more) {
    std::vector<std::string> all{"waves", path("bad.vcd"), "--svg", path("a.svg")};
    all.insert(all.end(), more.begin(), more.end());
    const auto [code, text] = run_with_errors(all);
    EXPECT_EQ(code, kBadInput);
    return text;
  };
  EXPECT_THAT(error({"--signals", "cycle"}), HasSubstr("bad.vcd:5: '2' is no digit of a value"));
  EXPECT_THAT(error({}), HasSubstr("no signal fits 'weight_loader.row_valid_o'"));
  EXPECT_THAT(error({"--signals", "cycle", "--from", "5", "--to", "2"}), HasSubstr("the window is empty"));
  EXPECT_FALSE(std::filesystem::exists(path("a.svg")));
  const auto [code, text] = run_with_errors({"waves", path("none.vcd"), "--svg", path("a.svg")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(text, HasSubstr("none.vcd: no such file"));
}

TEST_F(Waves, RefusesABadMark) {
  record();
  for (const std::string mark : {"12", "=x", "a=b"}) {
    const auto [code, text] =
        run_with_errors({"waves", path("t.vcd"), "--svg", path("a.svg"), "--mark", mark});
    EXPECT_EQ(code, kBadInput);
    EXPECT_THAT(text, HasSubstr("is not CYCLE=TEXT"));
  }
}

TEST_F(Waves, OpensGtkwaveWithTheLayout) {
  record();
  write_program("gtkwave", "#!/bin/sh\necho \"$@\" > \"" + path("arguments") + "\"\n");
  ::setenv("PATH", (directory_.string() + ":" + path_before_).c_str(), 1);
  ASSERT_EQ(run({"waves", path("t.vcd")}), kDone);
  EXPECT_EQ(read("arguments"), path("t.vcd") + " " + path("t.gtkw") + "\n");
  const auto [code, text] = run_with_errors({"waves", path("t.vcd"), "--from", "3"});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(text, HasSubstr("--svg FILE is missing"));
}

TEST_F(Waves, SaysHowToGetGtkwave) {
  record();
  ::setenv("PATH", directory_.c_str(), 1);
  const auto [code, text] = run_with_errors({"waves", path("t.vcd")});
  EXPECT_EQ(code, kBadInput);
  EXPECT_THAT(text, HasSubstr("apt-get install gtkwave"));
}

TEST_F(Waves, PassesOnThatGtkwaveFailed) {
  record();
  write_program("gtkwave", "#!/bin/sh\nexit 1\n");
  ::setenv("PATH", directory_.c_str(), 1);
  EXPECT_EQ(run_with_errors({"waves", path("t.vcd")}).first, kBadInput);
}

}  // namespace
}  // namespace dlasim::cli::test
