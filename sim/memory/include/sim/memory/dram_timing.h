#pragma once
/// When a DRAM transfer is done: one channel, an open row a bank, in order.

#include <cstdint>
#include <vector>

#include "sim/arch/hardware.h"

namespace dlasim::sim::memory {

/// Counts in accelerator cycles. A request occupies the bus for ceil(bytes / bus_bytes) cycles, `row_miss`
/// more if it opens another row of its bank; its data is there `latency` cycles after its last bus cycle.
class DramTiming {
 public:
  explicit DramTiming(const arch::Dram& dram)
      : dram_(dram), open_rows_(static_cast<std::size_t>(dram.banks), ~std::uint64_t{0}) {}

  /// Cycle at which a request made at `now` is complete. Requests are served in the order of the calls.
  std::uint64_t complete(std::uint64_t now, std::uint64_t address, std::uint32_t bytes);

  struct Counters {
    std::uint64_t requests = 0, bytes = 0, row_hits = 0, row_misses = 0, busy_cycles = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  const arch::Dram dram_;
  std::uint64_t bus_free_ = 0;
  std::vector<std::uint64_t> open_rows_;  // by bank
  Counters counters_;
};

}  // namespace dlasim::sim::memory
