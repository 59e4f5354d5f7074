#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dlasim::base {
namespace {

TEST(ThreadPool, RunsEveryStepOnceForAnyNumberOfThreads) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const std::int64_t n : {0, 1, 2, 1000}) {
      std::vector<int> runs(static_cast<std::size_t>(n), 0);
      pool.parallel_for(n, [&](std::int64_t i) { ++runs[static_cast<std::size_t>(i)]; });
      EXPECT_EQ(runs, std::vector<int>(static_cast<std::size_t>(n), 1));
    }
  }
  EXPECT_GE(ThreadPool().threads(), 1);
}

TEST(ThreadPool, ThrowsTheErrorOfTheLowestStep) {
  for (const int threads : {1, 4}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 50; ++round) {
      std::string message;
      try {
        pool.parallel_for(200, [](std::int64_t i) {
          if (i % 10 == 7) throw std::runtime_error("step " + std::to_string(i));
        });
      } catch (const std::runtime_error& e) {
        message = e.what();
      }
      EXPECT_EQ(message, "step 7");
    }
    std::atomic<int> after{0};
    pool.parallel_for(10, [&](std::int64_t) { ++after; });
    EXPECT_EQ(after, 10);  // a failure leaves the pool usable
  }
}

TEST(ThreadPool, NestedLoopsAndSeveralCallersDoNotBlock) {
  ThreadPool pool(3);
  std::atomic<int> steps{0};
  const auto outer = [&] {
    pool.parallel_for(20, [&](std::int64_t) { pool.parallel_for(5, [&](std::int64_t) { ++steps; }); });
  };
  std::thread a(outer);
  std::thread b(outer);
  a.join();
  b.join();
  EXPECT_EQ(steps, 200);
}

TEST(ThreadPool, ChunksCoverTheRange) {
  ThreadPool pool(2);
  std::vector<int> runs(103, 0);
  std::atomic<int> chunks{0};
  parallel_for_chunks(pool, 103, 10, [&](std::int64_t begin, std::int64_t end) {
    ++chunks;
    for (std::int64_t i = begin; i < end; ++i) ++runs[static_cast<std::size_t>(i)];
  });
  EXPECT_EQ(chunks, 11);
  EXPECT_EQ(runs, std::vector<int>(103, 1));
  parallel_for_chunks(pool, 0, 10, [&](std::int64_t, std::int64_t) { FAIL(); });
}

TEST(ThreadPool, RunsLoopsOneAfterTheOtherAndAfterItsThreadsSleep) {
  ThreadPool pool(3);
  std::atomic<int> steps{0};
  for (int i = 0; i < 2000; ++i) {
    if (i % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    pool.parallel_for(4, [&](std::int64_t) { ++steps; });
  }
  EXPECT_EQ(steps, 8000);
}

TEST(ThreadPool, CopiesLargeAndSmallRanges) {
  ThreadPool pool(3);
  for (const std::size_t n : {0, 1, 32'768, 32'769, 1'000'000}) {
    std::vector<std::byte> from(n), to(n + 1, std::byte{0xEE});
    for (std::size_t i = 0; i < n; ++i) from[i] = static_cast<std::byte>(i * 7 % 251);
    parallel_copy(pool, from, to.data());
    EXPECT_TRUE(std::equal(from.begin(), from.end(), to.begin())) << n;
    EXPECT_EQ(to[n], std::byte{0xEE});
  }
}

TEST(ThreadPool, RunsATaskBesideLoops) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::atomic<bool> loop_is_done{false};
    auto task = pool.run_beside([&] {
      while (pool.threads() > 1 && !loop_is_done) std::this_thread::yield();
      return 42;
    });
    std::atomic<int> steps{0};
    pool.parallel_for(100, [&](std::int64_t) { ++steps; });  // must not wait for the task
    EXPECT_EQ(steps, 100);
    loop_is_done = true;
    EXPECT_EQ(task.get(), 42);
    auto failing = pool.run_beside([]() -> int { throw std::runtime_error("beside"); });
    EXPECT_THROW(failing.get(), std::runtime_error);
  }
}

TEST(ThreadPool, EndsWithTasksThatNobodyAskedFor) {
  for (int round = 0; round < 20; ++round) {
    ThreadPool pool(2);
    for (int i = 0; i < 5; ++i) pool.run_beside([] { return std::string(100, 'x'); });
  }
}

}  // namespace
}  // namespace dlasim::base
