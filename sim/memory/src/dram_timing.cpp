#include "sim/memory/dram_timing.h"

#include <algorithm>

namespace dlasim::sim::memory {

std::uint64_t DramTiming::complete(std::uint64_t now, std::uint64_t address, std::uint32_t bytes) {
  const std::uint64_t row = address / static_cast<std::uint64_t>(dram_.row_bytes);
  std::uint64_t& open_row = open_rows_[row % open_rows_.size()];
  const bool hit = row == open_row;
  open_row = row;
  const auto bus_bytes = static_cast<std::uint64_t>(dram_.bus_bytes);
  const std::uint64_t cycles =
      (bytes + bus_bytes - 1) / bus_bytes + (hit ? 0 : static_cast<std::uint64_t>(dram_.row_miss));
  bus_free_ = std::max(bus_free_, now) + cycles;
  ++counters_.requests;
  counters_.bytes += bytes;
  ++(hit ? counters_.row_hits : counters_.row_misses);
  counters_.busy_cycles += cycles;
  return bus_free_ + static_cast<std::uint64_t>(dram_.latency);
}

}  // namespace dlasim::sim::memory
