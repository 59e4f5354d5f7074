#pragma once
/// The DMA's way to the memory: a TLM-2.0 initiator socket.

#include <tlm_utils/simple_initiator_socket.h>

#include <cstdint>
#include <systemc>
#include <tlm>

#include "sim/memory/memory_port.h"

namespace dlasim::sim::memory {

/// Turns cycles into SystemC time and back. `now` may run ahead of SystemC's time, never behind it; the
/// difference is the delay of the transaction (temporal decoupling). To be made inside a module.
class TlmMemoryPort final : public MemoryPort {
 public:
  TlmMemoryPort(const char* name, sc_core::sc_time clock_period) : socket(name), period_(clock_period) {}

  tlm_utils::simple_initiator_socket<TlmMemoryPort> socket;

  /// Cycle 0 is at `time`.
  void set_origin(sc_core::sc_time time) { origin_ = time; }

  /// Throws base::SimulationError for an answer that is not TLM_OK_RESPONSE.
  std::uint64_t read(std::uint64_t now, std::uint64_t address, std::span<std::byte> to) override;
  std::uint64_t write(std::uint64_t now, std::uint64_t address, std::span<const std::byte> from) override;

 private:
  std::uint64_t transport(tlm::tlm_command command, std::uint64_t now, std::uint64_t address, std::byte* data,
                          std::size_t bytes);

  const sc_core::sc_time period_;
  sc_core::sc_time origin_ = sc_core::SC_ZERO_TIME;
  tlm::tlm_generic_payload payload_;
};

}  // namespace dlasim::sim::memory
