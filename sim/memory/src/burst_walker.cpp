#include "sim/memory/burst_walker.h"

#include <algorithm>

namespace dlasim::sim::memory {

BurstWalker::BurstWalker(const arch::Region& region, int burst_bytes)
    : address_(region.address),
      run_bytes_(std::uint64_t{region.elements} * static_cast<std::uint64_t>(arch::bytes_of(region.element))),
      runs_(region.pixels),
      rows_(region.rows),
      run_stride_(region.pixel_stride),
      row_stride_(region.row_stride),
      burst_bytes_(static_cast<std::uint64_t>(burst_bytes)) {
  if (run_bytes_ == 0 || runs_ == 0) rows_ = 0;
  if (run_stride_ == static_cast<std::int64_t>(run_bytes_) || runs_ == 1) {
    run_bytes_ *= runs_;
    runs_ = 1;
    if (row_stride_ == static_cast<std::int64_t>(run_bytes_) && rows_ > 1) {
      run_bytes_ *= rows_;
      rows_ = 1;
    }
  }
}

BurstWalker::Burst BurstWalker::peek() const {
  const auto at = static_cast<std::uint64_t>(static_cast<std::int64_t>(address_) +
                                             static_cast<std::int64_t>(row_) * row_stride_ +
                                             static_cast<std::int64_t>(run_) * run_stride_) +
                  offset_;
  const std::uint64_t to_boundary = burst_bytes_ - at % burst_bytes_;
  return {at, static_cast<std::uint32_t>(std::min(run_bytes_ - offset_, to_boundary))};
}

void BurstWalker::next() {
  offset_ += peek().bytes;
  if (offset_ < run_bytes_) return;
  offset_ = 0;
  if (++run_ < runs_) return;
  run_ = 0;
  ++row_;
}

}  // namespace dlasim::sim::memory
