#include "sim/arch/hardware.h"

#include <array>
#include <string>
#include <string_view>

#include "base/error.h"

namespace dlasim::sim::arch {
namespace {

constexpr int kKib = 1024;

struct Range {
  std::string_view key;
  std::int64_t value, low, high;
};

void require(const Range& r) {
  if (r.value >= r.low && r.value <= r.high) return;
  throw base::InputError("hardware." + std::string(r.key) + ": " + std::to_string(r.value) +
                         " is not between " + std::to_string(r.low) + " and " + std::to_string(r.high));
}

void require_lane_width(std::string_view key, int bits) {
  if (bits == 8 || bits == 16 || bits == 32) return;
  throw base::InputError("hardware.pe_array." + std::string(key) + ": " + std::to_string(bits) +
                         " is not one of 8, 16, 32");
}

}  // namespace

int Hardware::activation_words() const {
  return buffers.activation_kib * kKib / (pe_array.ic_lanes * activation_bytes());
}
int Hardware::weight_words() const {
  return buffers.weight_kib * kKib / (pe_array.oc_lanes * weight_bytes());
}
int Hardware::operand_words() const {
  return buffers.operand_kib * kKib / (pe_array.oc_lanes * activation_bytes());
}
int Hardware::output_words() const {
  return buffers.output_kib * kKib / (pe_array.oc_lanes * activation_bytes());
}

int Hardware::tree_levels() const {
  int levels = 0;
  while ((1 << levels) < pe_array.ic_lanes) ++levels;
  return levels;
}

void check(const Hardware& h) {
  const std::array ranges{
      Range{"pe_array.ic_lanes", h.pe_array.ic_lanes, 1, 1024},
      Range{"pe_array.oc_lanes", h.pe_array.oc_lanes, 1, 1024},
      Range{"pe_array.max_taps", h.pe_array.max_taps, 1, 4096},
      Range{"buffers.activation_kib", h.buffers.activation_kib, 1, 1 << 20},
      Range{"buffers.weight_kib", h.buffers.weight_kib, 1, 1 << 20},
      Range{"buffers.operand_kib", h.buffers.operand_kib, 1, 1 << 20},
      Range{"buffers.output_kib", h.buffers.output_kib, 1, 1 << 20},
      Range{"buffers.parameter_slots", h.buffers.parameter_slots, 2, 1 << 16},
      Range{"buffers.partial_sum_depth", h.buffers.partial_sum_depth, 1, 1 << 20},
      Range{"post_processor.table_entries", h.post_processor.table_entries, 256, 65536},
      Range{"post_processor.latency", h.post_processor.latency, 1, 32},
      Range{"dram.bus_bytes", h.dram.bus_bytes, 1, 1024},
      Range{"dram.burst_bytes", h.dram.burst_bytes, h.dram.bus_bytes, 4096},
      Range{"dram.latency", h.dram.latency, 0, 100000},
      Range{"dram.row_bytes", h.dram.row_bytes, h.dram.burst_bytes, 1 << 20},
      Range{"dram.row_miss", h.dram.row_miss, 0, 100000},
      Range{"dram.outstanding", h.dram.outstanding, 1, 1024},
      Range{"control.command_queue_depth", h.control.command_queue_depth, 1, 1024},
      Range{"control.watchdog_cycles", h.control.watchdog_cycles, 100, std::int64_t{1} << 40},
  };
  for (const Range& r : ranges) require(r);
  require_lane_width("activation_bits", h.pe_array.activation_bits);
  require_lane_width("weight_bits", h.pe_array.weight_bits);
  if (!(h.clock_mhz > 0.0 && h.clock_mhz <= 100000.0)) {
    throw base::InputError("hardware.clock_mhz: " + std::to_string(h.clock_mhz) +
                           " is not between 0 and 100000");
  }
  // Two halves of each buffer must hold at least one word each.
  const std::array capacities{
      Range{"buffers.activation_kib (in words of ic_lanes activations)", h.activation_words(), 2, 1LL << 40},
      Range{"buffers.weight_kib (in words of oc_lanes weights)", h.weight_words(), 2, 1LL << 40},
      Range{"buffers.operand_kib (in words of oc_lanes activations)", h.operand_words(), 2, 1LL << 40},
      Range{"buffers.output_kib (in words of oc_lanes activations)", h.output_words(), 2, 1LL << 40},
  };
  for (const Range& r : capacities) require(r);
}

}  // namespace dlasim::sim::arch
