#pragma once
/// Threads for loops whose steps do not depend on each other.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace dlasim::base {

/// A fixed number of threads, the caller's included.
///
/// Results cannot depend on the number of threads as long as each step writes only what is its own; which
/// step runs where is not defined. Calls from several threads take turns; a call from inside a step runs its
/// loop in that step.
class ThreadPool {
 public:
  /// 0: one thread a processor that this process may use.
  explicit ThreadPool(int threads = 0);
  /// Waits for nothing: no loop may be running.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Runs step(0) ... step(n-1) and returns when all are done. If steps throw, no further ones are started
  /// and the exception of the lowest step is thrown: the one that a serial loop would have met first.
  void parallel_for(std::int64_t n, const std::function<void(std::int64_t)>& step);

  /// Runs `task` beside the caller, on a thread that takes no part in loops until it is done; without a
  /// second thread when the result is asked for. A pool that ends waits for tasks that have begun, and drops
  /// the others.
  template <class Task>
  auto run_beside(Task task) -> std::future<std::invoke_result_t<Task>> {
    if (workers_.empty()) return std::async(std::launch::deferred, std::move(task));
    using Packaged = std::packaged_task<std::invoke_result_t<Task>()>;
    const auto packaged = std::make_shared<Packaged>(std::move(task));
    auto result = packaged->get_future();
    add_task([packaged] { (*packaged)(); });
    return result;
  }

 private:
  struct Loop {
    std::int64_t size = 0;
    const std::function<void(std::int64_t)>* step = nullptr;
    std::int64_t next = 0;  ///< first step that is not handed out
    std::int64_t failed = INT64_MAX;
    std::exception_ptr failure;
  };

  void add_task(std::function<void()> task);
  void work();
  void run_steps(std::unique_lock<std::mutex>& lock);

  std::mutex turn_;  ///< held by the thread whose loop runs
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  Loop loop_;
  std::atomic<int> running_ = 0;          ///< threads inside the loop
  std::atomic<std::uint64_t> calls_ = 0;  ///< for threads that look out: how often there was something to do
  std::deque<std::function<void()>> tasks_;  ///< that no thread has taken yet
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

/// Runs `step` for chunks [begin, end) of 0..n, each of `chunk` elements but the last: for cheap steps.
void parallel_for_chunks(ThreadPool& pool, std::int64_t n, std::int64_t chunk,
                         const std::function<void(std::int64_t, std::int64_t)>& step);

/// Copies all bytes of `from`, large ranges in pieces.
void parallel_copy(ThreadPool& pool, std::span<const std::byte> from, std::byte* to);

}  // namespace dlasim::base
