#include "base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <utility>

namespace dlasim::base {
namespace {

constexpr int kTerminalWidth = 79;

std::string format_time_left(double seconds) {
  const auto s = static_cast<std::int64_t>(std::ceil(seconds));
  if (s >= 3600) return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
  if (s >= 60) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} s", s);
}

}  // namespace

std::string format_progress(std::string_view label, std::int64_t done, std::int64_t total, double seconds,
                            int width) {
  constexpr int kBar = 20;
  total = std::max<std::int64_t>(1, total);
  done = std::clamp<std::int64_t>(done, 0, total);
  const double part = static_cast<double>(done) / static_cast<double>(total);
  const int full = static_cast<int>(part * kBar);
  std::string bar(static_cast<std::size_t>(full), '=');
  if (full < kBar) bar += '>';
  bar.resize(kBar, ' ');
  std::string line = fmt::format("{} {}/{} [{}] {:.0f} %", label, done, total, bar, std::floor(part * 100.0));
  if (done > 0 && done < total) line += ", " + format_time_left(seconds / part - seconds) + " left";
  return line.substr(0, static_cast<std::size_t>(std::max(0, width)));
}

Progress::Progress(std::string label, std::int64_t total, std::ostream& out,
                   std::chrono::milliseconds interval)
    : label_(std::move(label)),
      total_(total),
      out_(&out),
      interval_(interval),
      start_(Clock::now()),
      next_draw_((start_ + interval_).time_since_epoch().count()) {}

Progress::Progress(std::string label, std::int64_t total)
    : label_(std::move(label)),
      total_(total),
      out_(isatty(STDERR_FILENO) == 1 ? &std::cerr : nullptr),
      interval_(std::chrono::milliseconds(100)),
      start_(Clock::now()),
      next_draw_((start_ + interval_).time_since_epoch().count()) {}

Progress::~Progress() {
  if (out_ == nullptr || drawn_ == 0) return;
  *out_ << '\r' << std::string(drawn_, ' ') << '\r' << std::flush;
}

void Progress::advance(std::int64_t steps) {
  done_.fetch_add(steps, std::memory_order_relaxed);
  if (out_ == nullptr) return;
  const Clock::time_point now = Clock::now();
  Clock::rep due = next_draw_.load(std::memory_order_relaxed);
  if (now.time_since_epoch().count() < due) return;
  // One thread wins the right to draw; the others go on with their work.
  if (next_draw_.compare_exchange_strong(due, (now + interval_).time_since_epoch().count())) draw(now);
}

void Progress::draw(Clock::time_point now) {
  const std::lock_guard lock(drawing_);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  std::string line = format_progress(label_, done(), total_, seconds, kTerminalWidth);
  const std::size_t length = line.size();
  line.resize(std::max(length, drawn_), ' ');  // covers what the line before left
  *out_ << '\r' << line << std::flush;
  drawn_ = length;
}

}  // namespace dlasim::base
