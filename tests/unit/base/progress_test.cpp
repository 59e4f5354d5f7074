#include "base/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <thread>
#include <vector>

namespace dlasim::base {
namespace {

using ::testing::HasSubstr;

TEST(Progress, FormatsBarPercentAndTimeLeft) {
  EXPECT_EQ(format_progress("layer", 0, 40, 0.0, 79), "layer 0/40 [>                   ] 0 %");
  EXPECT_EQ(format_progress("layer", 12, 40, 60.0, 79),
            "layer 12/40 [======>             ] 30 %, 2 min 20 s left");
  EXPECT_EQ(format_progress("layer", 20, 40, 7200.0, 79),
            "layer 20/40 [==========>         ] 50 %, 2 h 0 min left");
  EXPECT_EQ(format_progress("layer", 40, 40, 60.0, 79), "layer 40/40 [====================] 100 %");
}

TEST(Progress, StaysWithinItsWidthAndItsTotal) {
  EXPECT_EQ(format_progress("a long label", 1, 2, 1.0, 10), "a long lab");
  EXPECT_EQ(format_progress("x", 7, 2, 1.0, 79), "x 2/2 [====================] 100 %");
  EXPECT_EQ(format_progress("x", 0, 0, 1.0, 79), "x 0/1 [>                   ] 0 %");
}

TEST(Progress, DrawsInPlaceAndCleansUp) {
  std::ostringstream out;
  {
    Progress progress("step", 2, out, std::chrono::milliseconds(0));
    progress.advance();
    progress.advance();
    EXPECT_THAT(out.str(), HasSubstr("\rstep 1/2 ["));
    EXPECT_THAT(out.str(), HasSubstr("\rstep 2/2 ["));
  }
  EXPECT_EQ(out.str().back(), '\r');
  EXPECT_EQ(out.str().find('\n'), std::string::npos);
}

TEST(Progress, DrawsNothingBeforeItsInterval) {
  std::ostringstream out;
  {
    Progress progress("step", 1000, out, std::chrono::hours(1));
    for (int i = 0; i < 1000; ++i) progress.advance();
  }
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, CountsFromSeveralThreads) {
  std::ostringstream out;
  Progress progress("step", 4000, out, std::chrono::milliseconds(0));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) progress.advance();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(progress.done(), 4000);
}

}  // namespace
}  // namespace dlasim::base
