#include "sim/memory/dram.h"

#include <span>
#include <utility>

namespace dlasim::sim::memory {

Dram::Dram(const sc_core::sc_module_name& name, const arch::Hardware& hardware, DramContents contents,
           sc_core::sc_time clock_period)
    : sc_module(name), contents_(std::move(contents)), clock_period_(clock_period), timing_(hardware.dram) {
  socket.register_b_transport(this, &Dram::b_transport);
  socket.register_transport_dbg(this, &Dram::transport_dbg);
}

void Dram::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (!access(payload)) return;
  const auto now = static_cast<std::uint64_t>((sc_core::sc_time_stamp() + delay) / clock_period_ + 0.5);
  const std::uint64_t done = timing_.complete(now, payload.get_address(), payload.get_data_length());
  delay += clock_period_ * static_cast<double>(done - now);
}

unsigned Dram::transport_dbg(tlm::tlm_generic_payload& payload) {
  return access(payload) ? payload.get_data_length() : 0;
}

bool Dram::access(tlm::tlm_generic_payload& payload) {
  const auto refuse = [&payload](tlm::tlm_response_status why) {
    payload.set_response_status(why);
    return false;
  };
  if (payload.get_byte_enable_ptr() != nullptr) return refuse(tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE);
  const std::uint64_t address = payload.get_address();
  const std::uint64_t length = payload.get_data_length();
  if (!contents_.holds(address, length)) return refuse(tlm::TLM_ADDRESS_ERROR_RESPONSE);
  const auto data = std::as_writable_bytes(std::span(payload.get_data_ptr(), length));
  if (payload.is_read()) contents_.read(address, data);
  if (payload.is_write()) contents_.write(address, data);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
  return true;
}

}  // namespace dlasim::sim::memory
