#include "sim/arch/hardware.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.h"
#include "hardware_fields.h"
#include "sim/arch/rtl_package.h"

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

void require_lane_width(std::string_view key, int bits, std::initializer_list<int> widths) {
  if (std::ranges::find(widths, bits) != widths.end()) return;
  std::string known;
  for (const int width : widths) known += (known.empty() ? "" : ", ") + std::to_string(width);
  throw base::InputError("hardware.pe_array." + std::string(key) + ": " + std::to_string(bits) +
                         " is not one of " + known);
}

/// What a lane, a register or a wire of the datapath holds of each format.
int bits_available(const Hardware& h, std::string_view key) {
  if (key == "operands.input" || key == "points.output") return h.pe_array.activation_bits;
  return key == "operands.weight" ? h.pe_array.weight_bits : sum_bits(h);
}

void check_truncation(const Hardware& h) {
  const Truncation& t = h.truncation;
  if (t.lfsr_bits != 0 && t.lfsr_bits != 16 && t.lfsr_bits != 32) {
    throw base::InputError("hardware.truncation.lfsr_bits: " + std::to_string(t.lfsr_bits) +
                           " is not one of 0, 16, 32");
  }
  if (!t.has_units()) return;
  using fixed_point::Kind;
  const Kind kind = t.kind == TruncationKind::kDfp ? Kind::kDfp : Kind::kMinifloat;
  visit_formats(t, [&](std::string_view key, const fixed_point::Format& f) {
    const std::string place = "hardware.truncation." + std::string(key);
    const bool exact = f.kind == Kind::kExact && key == "points.product";
    if (!exact && (f.kind != kind || !fixed_point::is_valid(f)))
      throw base::InputError(place + ": " + silicon_name(f) + " is no format of this kind of arithmetic");
    if (const int most = bits_available(h, key); f.code_bits() > most) {
      throw base::InputError(place + ": " + silicon_name(f) + " has more than the " + std::to_string(most) +
                             " bits of its lanes");
    }
  });
}

}  // namespace

int Hardware::activation_words() const {
  return buffers.activation_kib * kKib / (pe_array.ic_lanes * activation_bytes());
}
int Hardware::weight_words() const {
  return buffers.weight_kib * kKib / ((pe_array.oc_lanes * pe_array.weight_bits + 7) / 8);
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
  require_lane_width("activation_bits", h.pe_array.activation_bits, {8, 16, 32});
  require_lane_width("weight_bits", h.pe_array.weight_bits, {4, 8, 16, 32});
  if (!(h.clock_mhz > 0.0 && h.clock_mhz <= 100000.0)) {
    throw base::InputError("hardware.clock_mhz: " + std::to_string(h.clock_mhz) +
                           " is not between 0 and 100000");
  }
  require({"dram.burst_bytes", h.dram.burst_bytes, h.dram.bus_bytes, h.dram.row_bytes});
  require_two_words("activation_kib", h.buffers.activation_kib, h.activation_words());
  require_two_words("weight_kib", h.buffers.weight_kib, h.weight_words());
  require_two_words("operand_kib", h.buffers.operand_kib, h.operand_words());
  require_two_words("output_kib", h.buffers.output_kib, h.output_words());
  check_truncation(h);
}

}  // namespace dlasim::sim::arch
