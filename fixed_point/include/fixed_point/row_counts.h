#pragma once
/// The counters that kernels of every instruction set write to: plain data, see src/isa.h.

#include <cstdint>

namespace dlasim::fixed_point {

struct RowCounts {
  std::uint64_t inexact = 0, overflow = 0, underflow = 0, invalid = 0;
};

}  // namespace dlasim::fixed_point
