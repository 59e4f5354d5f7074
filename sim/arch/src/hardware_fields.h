#pragma once
/// Every integer of the hardware description with its section, key and range, in one place: the YAML reader
/// and the check of settings made in code use the same list.

#include <cstdint>

#include "sim/arch/hardware.h"

namespace dlasim::sim::arch {

/// visit(section, key, member, low, high)
template <class HardwareRef, class Visitor>
void visit_integers(HardwareRef& h, Visitor&& visit) {
  constexpr std::int64_t kMostKib = 1 << 20;
  visit("pe_array", "ic_lanes", h.pe_array.ic_lanes, 1, 1024);
  visit("pe_array", "oc_lanes", h.pe_array.oc_lanes, 1, 1024);
  visit("pe_array", "max_taps", h.pe_array.max_taps, 1, 4096);
  visit("pe_array", "activation_bits", h.pe_array.activation_bits, 8, 32);
  visit("pe_array", "weight_bits", h.pe_array.weight_bits, 4, 32);
  visit("buffers", "activation_kib", h.buffers.activation_kib, 1, kMostKib);
  visit("buffers", "weight_kib", h.buffers.weight_kib, 1, kMostKib);
  visit("buffers", "operand_kib", h.buffers.operand_kib, 1, kMostKib);
  visit("buffers", "output_kib", h.buffers.output_kib, 1, kMostKib);
  visit("buffers", "parameter_slots", h.buffers.parameter_slots, 2, 1 << 16);
  visit("buffers", "partial_sum_depth", h.buffers.partial_sum_depth, 1, 1 << 20);
  visit("post_processor", "table_entries", h.post_processor.table_entries, 256, 65536);
  visit("post_processor", "latency", h.post_processor.latency, 1, 32);
  visit("dram", "bus_bytes", h.dram.bus_bytes, 4, 1024);
  visit("dram", "burst_bytes", h.dram.burst_bytes, 4, 4096);
  visit("dram", "latency", h.dram.latency, 0, 100000);
  visit("dram", "row_bytes", h.dram.row_bytes, 64, 1 << 20);
  visit("dram", "banks", h.dram.banks, 1, 1024);
  visit("dram", "row_miss", h.dram.row_miss, 0, 100000);
  visit("dram", "outstanding", h.dram.outstanding, 1, 1024);
  visit("control", "command_queue_depth", h.control.command_queue_depth, 1, 1024);
  visit("control", "watchdog_cycles", h.control.watchdog_cycles, 100, std::int64_t{1} << 40);
  visit("truncation", "alignment", h.truncation.alignment, 0, 64);
  visit("truncation", "slope_bits", h.truncation.slope_bits, 1, 53);
  visit("truncation", "lfsr_bits", h.truncation.lfsr_bits, 0, 32);
}

}  // namespace dlasim::sim::arch
