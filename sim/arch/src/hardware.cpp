#include "sim/arch/hardware.h"

#include <array>
#include <string>
#include <string_view>

#include "base/error.h"
#include "hardware_fields.h"

namespace dlasim::sim::arch {
namespace {

constexpr int kKib = 1024;

struct Range {
  std::string key;
  std::int64_t value, low, high;
};

void require(const Range& r) {
  if (r.value >= r.low && r.value <= r.high) return;
  throw base::InputError("hardware." + r.key + ": " + std::to_string(r.value) + " is not between " +
                         std::to_string(r.low) + " and " + std::to_string(r.high));
}

/// Each half of a buffer must hold at least one word of all lanes.
void require_two_words(std::string_view key, int kib, int words) {
  if (words >= 2) return;
  throw base::InputError("hardware.buffers." + std::string(key) + ": " + std::to_string(kib) +
                         " KiB is less than two words of all lanes");
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
  visit_integers(h,
                 [](const char* section, const char* key, auto value, std::int64_t low, std::int64_t high) {
                   require({std::string(section) + "." + key, value, low, high});
                 });
  require_lane_width("activation_bits", h.pe_array.activation_bits);
  require_lane_width("weight_bits", h.pe_array.weight_bits);
  if (!(h.clock_mhz > 0.0 && h.clock_mhz <= 100000.0)) {
    throw base::InputError("hardware.clock_mhz: " + std::to_string(h.clock_mhz) +
                           " is not between 0 and 100000");
  }
  require({"dram.burst_bytes", h.dram.burst_bytes, h.dram.bus_bytes, h.dram.row_bytes});
  require_two_words("activation_kib", h.buffers.activation_kib, h.activation_words());
  require_two_words("weight_kib", h.buffers.weight_kib, h.weight_words());
  require_two_words("operand_kib", h.buffers.operand_kib, h.operand_words());
  require_two_words("output_kib", h.buffers.output_kib, h.output_words());
}

}  // namespace dlasim::sim::arch
