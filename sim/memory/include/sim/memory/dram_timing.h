#pragma once
/// When a DRAM transfer is done: one channel, an open row a bank, in order.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/memory/divisor.h"

namespace dlasim::sim::memory {

/// Counts in accelerator cycles. A request occupies the bus for ceil(bytes / bus_bytes) cycles, `row_miss`
/// more if it opens another row of its bank; its data is there `latency` cycles after its last bus cycle.
class DramTiming {
 public:
  explicit DramTiming(const arch::Dram& dram)
      : bus_bytes_(static_cast<std::uint64_t>(dram.bus_bytes)),
        bus_(bus_bytes_),
        row_bytes_(static_cast<std::uint64_t>(dram.row_bytes)),
        row_(row_bytes_),
        banks_(static_cast<std::uint64_t>(dram.banks)),
        row_miss_(static_cast<std::uint64_t>(dram.row_miss)),
        latency_(static_cast<std::uint64_t>(dram.latency)),
        open_rows_(static_cast<std::size_t>(dram.banks), ~std::uint64_t{0}) {}

  /// Cycle at which a request made at `now` is complete. Requests are served in the order of the calls.
  std::uint64_t complete(std::uint64_t now, std::uint64_t address, std::uint32_t bytes) {
    const std::uint64_t row = row_.quotient(address);
    std::uint64_t& open_row = open_rows_[banks_.remainder(row)];
    const bool hit = row == open_row;
    open_row = row;
    const std::uint64_t cycles = bus_.quotient(bytes + bus_bytes_ - 1) + (hit ? 0 : row_miss_);
    bus_free_ = std::max(bus_free_, now) + cycles;
    ++counters_.requests;
    counters_.bytes += bytes;
    ++(hit ? counters_.row_hits : counters_.row_misses);
    counters_.busy_cycles += cycles;
    return bus_free_ + latency_;
  }

  /// complete() of `count` requests of `bytes` bytes each to the row of `address`, `spacing` cycles from one
  /// to the next; the last one's cycle.
  std::uint64_t complete_in_row(std::uint64_t now, std::uint64_t spacing, std::uint64_t address,
                                std::uint32_t bytes, std::uint64_t count) {
    const std::uint64_t first = complete(now, address, bytes);
    const std::uint64_t more = count - 1;
    if (more == 0) return first;
    // The bus goes on without a pause, or waits for the last request.
    const std::uint64_t cycles = bus_.quotient(bytes + bus_bytes_ - 1);
    bus_free_ = std::max(bus_free_ + more * cycles, now + more * spacing + cycles);
    counters_.requests += more;
    counters_.bytes += more * bytes;
    counters_.row_hits += more;
    counters_.busy_cycles += more * cycles;
    return bus_free_ + latency_;
  }
  /// Bytes from `address` to the end of its row.
  std::uint64_t left_in_row(std::uint64_t address) const { return row_bytes_ - row_.remainder(address); }

  struct Counters {
    std::uint64_t requests = 0, bytes = 0, row_hits = 0, row_misses = 0, busy_cycles = 0;
  };
  const Counters& counters() const { return counters_; }

 private:
  std::uint64_t bus_bytes_;
  Divisor bus_;
  std::uint64_t row_bytes_;
  Divisor row_, banks_;
  std::uint64_t row_miss_, latency_;
  std::uint64_t bus_free_ = 0;
  std::vector<std::uint64_t> open_rows_;  // by bank
  Counters counters_;
};

}  // namespace dlasim::sim::memory
