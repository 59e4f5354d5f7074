#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/test_support.h"

namespace dlasim::base {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::size_t entries_of(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), {}));
}

TEST(File, ReadsBackWhatWasWrittenAndLeavesNothingElse) {
  const ScratchDirectory scratch;
  const fs::path file = scratch / "new/directory/a.txt";
  write_file_atomically(file, "first");
  write_file_atomically(file, std::string_view("sec\0nd", 6));
  EXPECT_EQ(read_text_file(file), std::string("sec\0nd", 6));
  EXPECT_EQ(read_file(file).size(), 6U);
  EXPECT_EQ(entries_of(file.parent_path()), 1U);
}

TEST(File, SaysWhyItCannotRead) {
  const ScratchDirectory scratch;
  const std::string missing = (scratch / "missing").string();
  EXPECT_EQ(error_of([&] { read_file(missing); }), missing + ": cannot read: No such file or directory");
  EXPECT_EQ(error_of([&] { read_file(scratch.path()); }), scratch.path().string() + ": is not a file");
  const fs::path file = scratch / "a";
  write_file_atomically(file, "12345");
  EXPECT_EQ(error_of([&] { read_file(file, 4); }), file.string() + ": 5 bytes; at most 4 bytes are accepted");
  EXPECT_EQ(read_text_file(file, 5), "12345");
}

TEST(File, DoesNotWaitForAPipe) {
  const ScratchDirectory scratch;
  const fs::path pipe = scratch / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(error_of([&] { read_file(pipe); }), pipe.string() + ": is not a file");
}

TEST(File, AFailedWriteLeavesNoTemporaryFile) {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "taken";
  fs::create_directories(directory / "inside");
  EXPECT_THAT(error_of([&] { write_file_atomically(directory, "x"); }),
              HasSubstr("taken: cannot write: Is a directory"));
  EXPECT_EQ(entries_of(scratch.path()), 1U);
}

TEST(OutputDirectory, AppearsOnlyWithItsCommit) {
  const ScratchDirectory scratch;
  const fs::path out = scratch / "out";
  {
    OutputDirectory abandoned(out);
    write_file_atomically(abandoned.path() / "a.txt", "a");
  }
  EXPECT_EQ(entries_of(scratch.path()), 0U);
  OutputDirectory done(out);
  write_file_atomically(done.path() / "b.txt", "b");
  EXPECT_FALSE(fs::exists(out));
  done.commit();
  EXPECT_EQ(read_text_file(out / "b.txt"), "b");
  EXPECT_EQ(entries_of(scratch.path()), 1U);
}

TEST(OutputDirectory, ReplacesAnEarlierRunAsAWhole) {
  const ScratchDirectory scratch;
  for (const std::string name : {"old.txt", "new.txt"}) {
    OutputDirectory run(scratch / "out/");
    write_file_atomically(run.path() / name, name);
    run.commit();
  }
  EXPECT_FALSE(fs::exists(scratch / "out/old.txt"));
  EXPECT_TRUE(fs::exists(scratch / "out/new.txt"));
  EXPECT_EQ(entries_of(scratch.path()), 1U);
}

TEST(OutputDirectory, WritesNothingBeforeItsFirstUse) {
  const ScratchDirectory scratch;
  OutputDirectory run(scratch / "out");
  EXPECT_EQ(entries_of(scratch.path()), 0U);
  run.path();
  EXPECT_EQ(entries_of(scratch.path()), 1U);
}

TEST(OutputDirectory, StagesFilesThatLieInIt) {
  const ScratchDirectory scratch;
  OutputDirectory run(scratch / "out");
  EXPECT_EQ(run.staged(scratch / "waves.vcd"), scratch / "waves.vcd");
  EXPECT_EQ(run.staged(scratch / "outside/waves.vcd"), scratch / "outside/waves.vcd");
  EXPECT_EQ(run.staged(scratch / "out/../out/waves/a.vcd"), run.path() / "waves/a.vcd");
}

TEST(OutputDirectory, NeverTouchesForeignFiles) {
  const ScratchDirectory scratch;
  const fs::path thesis = scratch / "home/thesis.tex";
  write_file_atomically(thesis, "years of work");
  const std::string home = (scratch / "home").string();
  EXPECT_EQ(error_of([&] { OutputDirectory run(home); }),
            home + ": has files that dlasim did not write; name another directory");
  EXPECT_EQ(error_of([&] { OutputDirectory run(thesis); }),
            thesis.string() + ": is a file; an output directory is wanted");
  EXPECT_EQ(error_of([&] { OutputDirectory run(scratch / "x/.."); }),
            (scratch / "x/..").string() + ": an output directory needs a name of its own");
  // Files that come while the run is under way are safe as well.
  OutputDirectory run(scratch / "late");
  run.path();
  write_file_atomically(scratch / "late/notes.txt", "notes");
  EXPECT_THROW(run.commit(), InputError);
  EXPECT_EQ(read_text_file(scratch / "late/notes.txt"), "notes");
}

}  // namespace
}  // namespace dlasim::base
