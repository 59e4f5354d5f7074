#include "sim/memory/burst_walker.h"

namespace dlasim::sim::memory {

bool is_aligned(const arch::Region& region, std::uint64_t bytes) {
  const auto size = static_cast<std::int64_t>(bytes);
  return size > 0 && region.address % bytes == 0 && region.pixel_stride % size == 0 &&
         region.row_stride % size == 0;
}

BurstWalker::BurstWalker(const arch::Region& region, int burst_bytes)
    : burst_bytes_(static_cast<std::uint64_t>(burst_bytes)),
      run_bytes_(std::uint64_t{region.elements} * static_cast<std::uint64_t>(arch::bytes_of(region.element))),
      runs_(region.pixels),
      burst_(burst_bytes_),
      at_(region.address),
      rows_left_(region.rows) {
  if (run_bytes_ == 0 || runs_ == 0) rows_left_ = 0;
  const auto run_stride = static_cast<std::uint64_t>(region.pixel_stride);
  const auto row_stride = static_cast<std::uint64_t>(region.row_stride);
  if (run_stride == run_bytes_ || runs_ == 1) {
    run_bytes_ *= runs_;
    runs_ = 1;
    if (row_stride == run_bytes_ && rows_left_ > 1) {
      run_bytes_ *= rows_left_;
      rows_left_ = 1;
    }
  }
  aligned_runs_ = is_aligned(region, run_bytes_) && burst_bytes_ % run_bytes_ == 0;
  run_gap_ = run_stride - run_bytes_;
  row_gap_ = row_stride - (runs_ - 1) * run_stride - run_bytes_;
  left_in_run_ = run_bytes_;
  runs_left_ = runs_;
}

}  // namespace dlasim::sim::memory
