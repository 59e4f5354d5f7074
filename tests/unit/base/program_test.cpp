#include "base/program.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace dlasim::base {
namespace {

namespace fs = std::filesystem;

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() : folder_(fs::temp_directory_path() / ("program_test_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~ProgramTest() override { fs::remove_all(folder_); }
  const fs::path folder_;
};

TEST_F(ProgramTest, IsFoundInPathOrByItsOwnPath) {
  const auto shell = find_program("sh");
  ASSERT_TRUE(shell);
  EXPECT_TRUE(shell->is_absolute());
  EXPECT_EQ(find_program(shell->string()), shell);
  EXPECT_FALSE(find_program("no-program-is-called-this"));
  EXPECT_FALSE(find_program((folder_ / "sh").string()));
}

TEST_F(ProgramTest, LogHasBothOutputsAndTheExitCodeIsSeen) {
  const fs::path log = folder_ / "log";
  const std::string shell = find_program("sh")->string();
  EXPECT_TRUE(run_program({shell, "-c", "echo out; echo err >&2"}, log));
  EXPECT_FALSE(run_program({shell, "-c", "echo more; exit 3"}, log));
  EXPECT_EQ(read_text_file(log), "out\nerr\nmore\n");
  EXPECT_FALSE(run_program({"/no/such/program"}, log));
}

TEST_F(ProgramTest, FirstLineIsThatOfItsOutput) {
  const std::string shell = find_program("sh")->string();
  EXPECT_EQ(first_line_of({shell, "-c", "echo one; echo two"}), "one");
  EXPECT_EQ(first_line_of({shell, "-c", "echo one; exit 1"}), "");
}

TEST_F(ProgramTest, LockLetsOneInAtATime) {
  std::atomic<int> inside{0}, most{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const FileLock lock(folder_ / "lock");
      most = std::max(most.load(), ++inside);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --inside;
    });
  }
  threads.clear();
  EXPECT_EQ(most, 1);
  EXPECT_THROW(FileLock(folder_ / "none" / "lock"), InputError);
}

}  // namespace
}  // namespace dlasim::base
