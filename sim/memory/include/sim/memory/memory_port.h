#pragma once
/// What the DMA sees of the memory: a transfer and the cycle at which it is complete.

#include <cstddef>
#include <cstdint>
#include <span>

namespace dlasim::sim::memory {

class MemoryPort {
 public:
  virtual ~MemoryPort() = default;
  /// Moves the bytes at once; returns the cycle, at least `now`, at which the transfer is complete. Requests
  /// are served in the order of the calls. Throws base::SimulationError for an address outside the memory.
  virtual std::uint64_t read(std::uint64_t now, std::uint64_t address, std::span<std::byte> to) = 0;
  virtual std::uint64_t write(std::uint64_t now, std::uint64_t address, std::span<const std::byte> from) = 0;
};

}  // namespace dlasim::sim::memory
