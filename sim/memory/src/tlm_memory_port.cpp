#include "sim/memory/tlm_memory_port.h"

#include <fmt/format.h>

#include "base/error.h"

namespace dlasim::sim::memory {

std::uint64_t TlmMemoryPort::read(std::uint64_t now, std::uint64_t address, std::span<std::byte> to) {
  return transport(tlm::TLM_READ_COMMAND, now, address, to.data(), to.size());
}

std::uint64_t TlmMemoryPort::write(std::uint64_t now, std::uint64_t address,
                                   std::span<const std::byte> from) {
  // TLM's payload has one data pointer for both directions; a write only reads through it.
  return transport(tlm::TLM_WRITE_COMMAND, now, address, const_cast<std::byte*>(from.data()), from.size());
}

std::uint64_t TlmMemoryPort::transport(tlm::tlm_command command, std::uint64_t now, std::uint64_t address,
                                       std::byte* data, std::size_t bytes) {
  payload_.set_command(command);
  payload_.set_address(address);
  payload_.set_data_ptr(reinterpret_cast<unsigned char*>(data));
  payload_.set_data_length(static_cast<unsigned>(bytes));
  payload_.set_streaming_width(static_cast<unsigned>(bytes));
  payload_.set_byte_enable_ptr(nullptr);
  payload_.set_dmi_allowed(false);
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  const sc_core::sc_time begin = origin_ + period_ * static_cast<double>(now) - sc_core::sc_time_stamp();
  sc_core::sc_time delay = begin;
  socket->b_transport(payload_, delay);
  if (!payload_.is_response_ok()) {
    throw base::SimulationError(fmt::format("dma: {} of {} bytes at {:#x}: {}",
                                            command == tlm::TLM_READ_COMMAND ? "read" : "write", bytes,
                                            address, payload_.get_response_string()));
  }
  return now + static_cast<std::uint64_t>((delay - begin) / period_ + 0.5);
}

}  // namespace dlasim::sim::memory
