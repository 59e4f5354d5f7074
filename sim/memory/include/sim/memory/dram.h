#pragma once
/// The DRAM as a TLM-2.0 target.

#include <tlm_utils/simple_target_socket.h>

#include <cstddef>
#include <cstdint>
#include <systemc>
#include <tlm>

#include "sim/arch/hardware.h"
#include "sim/memory/dram_contents.h"
#include "sim/memory/dram_timing.h"

namespace dlasim::sim::memory {

/// Loosely timed: b_transport moves the bytes at once and adds the time until the transfer is complete to
/// the delay, as DramTiming says. Storage knows no time, timing knows no bytes. Byte enables and addresses
/// outside the memory are answered with the error responses of the standard.
class Dram final : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Dram> socket{"socket"};

  Dram(const sc_core::sc_module_name& name, const arch::Hardware& hardware, DramContents contents,
       sc_core::sc_time clock_period);

  DramContents& contents() { return contents_; }
  const DramTiming& timing() const { return timing_; }

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  bool access(tlm::tlm_generic_payload& payload);

  DramContents contents_;
  const sc_core::sc_time clock_period_;
  DramTiming timing_;
};

}  // namespace dlasim::sim::memory
