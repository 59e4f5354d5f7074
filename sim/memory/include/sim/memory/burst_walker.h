#pragma once
/// Cuts a strided region into bursts.

#include <algorithm>
#include <cstdint>

#include "sim/arch/command.h"
#include "sim/memory/divisor.h"

namespace dlasim::sim::memory {

/// Whether all pixels of a region begin at multiples of `bytes`.
bool is_aligned(const arch::Region& region, std::uint64_t bytes);

/// Pixels that lie one behind the other form one run, and so do rows; a run is cut at multiples of
/// `burst_bytes`.
class BurstWalker {
 public:
  BurstWalker() = default;
  BurstWalker(const arch::Region& region, int burst_bytes);

  struct Burst {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
  };
  bool done() const { return rows_left_ == 0; }
  Burst peek() const {
    const std::uint64_t to_boundary = burst_bytes_ - burst_.remainder(at_);
    return {at_, static_cast<std::uint32_t>(std::min(left_in_run_, to_boundary))};
  }
  /// Goes on behind `burst`, which peek() has returned.
  void next(const Burst& burst) {
    at_ += burst.bytes;
    left_in_run_ -= burst.bytes;
    if (left_in_run_ == 0) next_run();
  }
  void next() { next(peek()); }

  /// Bursts of the same size, `step` bytes from one to the next.
  struct Series {
    Burst first;
    std::uint64_t count = 1, step = 0;
  };
  /// The longest series that begins with the next burst and is known without looking further.
  Series peek_series() const {
    const Burst burst = peek();
    if (burst.bytes == run_bytes_) return {burst, aligned_runs_ ? runs_left_ : 1, run_bytes_ + run_gap_};
    if (burst.bytes == burst_bytes_) return {burst, left_in_run_ / burst_bytes_, burst_bytes_};
    return {burst, 1, 0};
  }
  /// Goes on behind `count` bursts of `series`, which peek_series() has returned.
  void next(const Series& series, std::uint64_t count) {
    if (count == 0) return;
    if (series.first.bytes == run_bytes_) {
      at_ += (count - 1) * series.step;
      runs_left_ -= count - 1;
    } else {
      at_ += (count - 1) * series.first.bytes;
      left_in_run_ -= (count - 1) * series.first.bytes;
    }
    next(series.first);
  }

 private:
  void next_run() {
    left_in_run_ = run_bytes_;
    if (--runs_left_ > 0) {
      at_ += run_gap_;
      return;
    }
    runs_left_ = runs_;
    --rows_left_;
    at_ += row_gap_;
  }

  std::uint64_t burst_bytes_ = 1, run_bytes_ = 0, runs_ = 0;
  bool aligned_runs_ = false;  ///< no run of a row is cut, if its first one is not
  Divisor burst_;
  /// From the end of a run to the next one's begin, and from that of a row; addresses wrap.
  std::uint64_t run_gap_ = 0, row_gap_ = 0;
  std::uint64_t at_ = 0, left_in_run_ = 0, runs_left_ = 0, rows_left_ = 0;
};

}  // namespace dlasim::sim::memory
