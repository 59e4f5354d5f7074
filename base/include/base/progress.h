#pragma once
/// A progress bar for people who wait. It appears only where stderr is a terminal.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

namespace dlasim::base {

/// "layer 12/40 [======>             ] 30 %, 1 min 20 s left", at most `width` characters. `seconds` have
/// gone by; the time left is left out while it cannot be known.
std::string format_progress(std::string_view label, std::int64_t done, std::int64_t total, double seconds,
                            int width);

/// One line that is redrawn in place at most ten times a second. `advance` may be called by any thread; where
/// there is nothing to draw it costs one atomic addition and one atomic read.
class Progress {
 public:
  /// Draws on stderr if that is a terminal, else nowhere.
  Progress(std::string label, std::int64_t total);
  /// Draws on `out`, at least `interval` apart.
  Progress(std::string label, std::int64_t total, std::ostream& out, std::chrono::milliseconds interval);
  /// Erases the line, so that what is printed next starts on a clean one.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::int64_t steps = 1);
  std::int64_t done() const { return done_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  const std::string label_;
  const std::int64_t total_;
  std::ostream* const out_;  ///< nullptr: quiet
  const Clock::duration interval_;
  const Clock::time_point start_;
  std::atomic<std::int64_t> done_{0};
  std::atomic<Clock::rep> next_draw_;
  std::mutex drawing_;
  std::size_t drawn_ = 0;  ///< length of the line on the terminal
};

}  // namespace dlasim::base
