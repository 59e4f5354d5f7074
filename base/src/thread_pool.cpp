#include "base/thread_pool.h"

#include <algorithm>
#include <chrono>

namespace dlasim::base {
namespace {

/// Whether this thread is inside a step: a nested loop must not wait for the pool it is part of.
thread_local bool inside_step = false;

/// Waking a thread takes about 60 us, longer than many a loop: one that has just had work looks out for more
/// for a while before it sleeps, and lets others run meanwhile.
template <class Condition>
void look_out_for(const Condition& condition) {
  constexpr std::chrono::microseconds kWhile{200};
  const auto end = std::chrono::steady_clock::now() + kWhile;
  while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  if (threads <= 0) threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    ++calls_;
  }
  wake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(std::int64_t n, const std::function<void(std::int64_t)>& step) {
  if (n <= 0) return;
  if (inside_step || workers_.empty() || n == 1) {
    for (std::int64_t i = 0; i < n; ++i) step(i);
    return;
  }
  const std::lock_guard turn(turn_);
  std::unique_lock lock(mutex_);
  loop_ = Loop{};
  loop_.size = n;
  loop_.step = &step;
  ++calls_;
  wake_.notify_all();
  run_steps(lock);
  if (running_ > 0) {
    lock.unlock();
    look_out_for([this] { return running_ == 0; });
    lock.lock();
    done_.wait(lock, [this] { return running_ == 0; });
  }
  const std::exception_ptr failure = loop_.failure;
  loop_ = Loop{};
  if (failure) std::rethrow_exception(failure);
}

void ThreadPool::add_task(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    ++calls_;
  }
  wake_.notify_one();
}

void ThreadPool::run_steps(std::unique_lock<std::mutex>& lock) {
  ++running_;
  while (loop_.next < loop_.size) {
    const std::int64_t i = loop_.next++;
    lock.unlock();
    std::exception_ptr failure;
    inside_step = true;
    try {
      (*loop_.step)(i);
    } catch (...) {
      failure = std::current_exception();
    }
    inside_step = false;
    lock.lock();
    if (!failure) continue;
    // Steps are handed out in order: all lower ones have been started and will report themselves.
    loop_.next = loop_.size;
    if (i < loop_.failed) {
      loop_.failed = i;
      loop_.failure = failure;
    }
  }
  if (--running_ == 0) done_.notify_all();
}

void ThreadPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_work = [this] { return stop_ || !tasks_.empty() || loop_.next < loop_.size; };
    if (!has_work()) {
      const std::uint64_t calls = calls_;
      lock.unlock();
      look_out_for([this, calls] { return calls_ != calls; });
      lock.lock();
    }
    wake_.wait(lock, has_work);
    if (stop_) return;
    if (tasks_.empty()) {
      run_steps(lock);
      continue;
    }
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

void parallel_for_chunks(ThreadPool& pool, std::int64_t n, std::int64_t chunk,
                         const std::function<void(std::int64_t, std::int64_t)>& step) {
  chunk = std::max<std::int64_t>(1, chunk);
  const std::int64_t chunks = n <= 0 ? 0 : (n - 1) / chunk + 1;
  pool.parallel_for(chunks, [&](std::int64_t i) { step(i * chunk, std::min(n, (i + 1) * chunk)); });
}

void parallel_copy(ThreadPool& pool, std::span<const std::byte> from, std::byte* to) {
  constexpr std::int64_t kPiece = 32'768;
  parallel_for_chunks(pool, static_cast<std::int64_t>(from.size()), kPiece,
                      [&](std::int64_t begin, std::int64_t end) {
                        std::copy(from.begin() + begin, from.begin() + end, to + begin);
                      });
}

}  // namespace dlasim::base
