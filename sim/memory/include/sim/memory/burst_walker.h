#pragma once
/// Cuts a strided region into bursts.

#include <cstdint>

#include "sim/arch/command.h"

namespace dlasim::sim::memory {

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
  bool done() const { return row_ == rows_; }
  Burst peek() const;
  void next();
  std::uint64_t total_bytes() const { return run_bytes_ * runs_ * rows_; }

 private:
  std::uint64_t address_ = 0, run_bytes_ = 0;
  std::uint64_t runs_ = 0, rows_ = 0;
  std::int64_t run_stride_ = 0, row_stride_ = 0;
  std::uint64_t burst_bytes_ = 1;
  std::uint64_t row_ = 0, run_ = 0, offset_ = 0;
};

}  // namespace dlasim::sim::memory
