#include "sim/engine/fault.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "base/edit_distance.h"
#include "base/error.h"
#include "sim/arch/rtl_package.h"
#include "sim/trace/signal_change.h"

namespace dlasim::sim::engine {
namespace {

using arch::bits_for;
using arch::Hardware;

/// Collects the sites of one block.
class Sites {
 public:
  explicit Sites(std::vector<FaultSite>& all) : all_(all) {}
  void enter(std::string block) { block_ = std::move(block); }
  void add(const std::string& signal, int bits) { all_.push_back({block_, signal, bits, 0}); }
  /// Numbers 0 .. count-1.
  void add_index(const std::string& signal, std::int64_t count) {
    all_.push_back({block_, signal, bits_for(count), static_cast<std::uint64_t>(count)});
  }
  void add_lanes(const std::string& signal, std::int64_t lanes, int bits) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) add(fmt::format("{}_{}", signal, lane), bits);
  }

 private:
  std::vector<FaultSite>& all_;
  std::string block_;
};

/// The fields that say where a sum belongs; what serves traces and averages alone is left out.
void add_position(Sites& s, const Hardware& h) {
  s.add_index("position_index_o", h.buffers.partial_sum_depth);
  s.add_index("parameter_slot_o", h.buffers.parameter_slots);
  s.add_index("operand_word_o", h.operand_words());
  s.add_index("output_word_o", h.output_words());
  s.add_index("oc_active_o", h.pe_array.oc_lanes + 1);
  for (const char* flag : {"first_sum_o", "last_sum_o", "last_of_tile_o"}) s.add(flag, 1);
}

void add_request(Sites& s, const Hardware& h) {
  s.add_index("word_o", h.activation_words());
  s.add_index("tap_o", h.pe_array.max_taps);
  s.add_index("lanes_active_o", h.pe_array.ic_lanes + 1);
  for (const char* flag : {"bank_o", "padded_o", "first_tap_o", "last_tap_o", "last_of_ic_tile_o"})
    s.add(flag, 1);
  add_position(s, h);
}

template <class Value>
std::int64_t sign_extended(Value value, int bits) {
  const int unused = 64 - bits;
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << unused) >> unused;
}

}  // namespace

std::vector<FaultSite> fault_sites(const Hardware& h) {
  const std::int64_t ic = h.pe_array.ic_lanes, oc = h.pe_array.oc_lanes;
  const int x_bits = h.pe_array.activation_bits, w_bits = h.pe_array.weight_bits,
            sum_bits = arch::sum_bits(h);
  constexpr int kMantissaBits = 32, kNarrowBits = 32;
  std::vector<FaultSite> all;
  Sites s(all);
  s.enter("dma");
  s.add_lanes("loaded_values_o", std::max(ic, oc), std::min(x_bits, w_bits));
  s.enter("weight_loader");
  s.add("row_bank_o", 1), s.add_index("row_tap_o", h.pe_array.max_taps), s.add_index("row_ic_lane_o", ic);
  s.add_lanes("row_w_o", oc, w_bits);
  s.enter("address_generator");
  add_request(s, h);
  s.enter("activation_buffer");
  s.add_lanes("x_o", ic, x_bits), add_request(s, h);
  s.enter("pe_array");
  s.add_lanes("weight", 2 * std::int64_t{h.pe_array.max_taps} * ic * oc, w_bits);
  s.add_lanes("narrow_o", ic * oc, kNarrowBits), s.add_lanes("wide_o", ic * oc, sum_bits);
  s.add_index("lanes_active_o", ic + 1), add_position(s, h);
  for (const char* block : {"adder_tree", "partial_sum_buffer"}) {
    s.enter(block);
    s.add_lanes("sum_o", oc, sum_bits), add_position(s, h);
  }
  s.enter("post_processor");
  s.add_lanes("mantissa", h.buffers.parameter_slots * oc, kMantissaBits);
  s.add_lanes("bias", h.buffers.parameter_slots * oc, sum_bits);
  s.add_lanes("value_o", oc, x_bits), s.add_index("word_o", h.output_words());
  s.add("write_o", 1), s.add("last_of_tile_o", 1);
  s.enter("output_buffer");
  s.add_lanes("data_o", oc, x_bits);
  return all;
}

const FaultSite& find_site(const std::vector<FaultSite>& sites, const arch::Fault& fault) {
  std::vector<std::string> blocks, signals;
  for (const FaultSite& site : sites) {
    if (blocks.empty() || blocks.back() != site.block) blocks.push_back(site.block);
    if (site.block != fault.block) continue;
    signals.push_back(site.signal);
    if (site.signal != fault.signal) continue;
    if (fault.bit >= site.bits)
      throw base::InputError(fmt::format("--fault: {}.{} has the bits 0 to {}, not {}", site.block,
                                         site.signal, site.bits - 1, fault.bit));
    return site;
  }
  const bool has_block = !signals.empty();
  const std::string& word = has_block ? fault.signal : fault.block;
  const std::string nearest = base::nearest_name(word, has_block ? signals : blocks);
  constexpr std::size_t kShown = 24;  // of the lanes, the first will do
  const std::vector<std::string>& known = has_block ? signals : blocks;
  const std::vector<std::string> shown(
      known.begin(), known.begin() + static_cast<std::ptrdiff_t>(std::min(known.size(), kShown)));
  throw base::InputError(fmt::format("--fault: {} '{}'{}; there are {}{}",
                                     has_block ? fault.block + " has no signal" : "there is no block", word,
                                     nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest),
                                     fmt::join(shown, ", "), shown.size() < known.size() ? ", ..." : ""));
}

FaultInjector::FaultInjector(const arch::Fault& fault, const Hardware& hardware)
    : fault_(fault), site_(find_site(fault_sites(hardware), fault)) {}

std::uint64_t FaultInjector::disturbed(std::uint64_t bits) const {
  const std::uint64_t bit = std::uint64_t{1} << fault_.bit;
  switch (fault_.kind) {
    case arch::FaultKind::kFlip:
      return bits ^ bit;
    case arch::FaultKind::kStuck0:
      return bits & ~bit;
    case arch::FaultKind::kStuck1:
      break;
  }
  return bits | bit;
}

/// The variable is wider than the hardware: its sign bit is the hardware's, and an index stays inside.
template <class Value>
void FaultInjector::disturb(Value& value) const {
  const std::uint64_t bits = disturbed(static_cast<std::uint64_t>(value));
  if (site_.count != 0) {
    value = static_cast<Value>(bits % site_.count);
  } else {
    value = static_cast<Value>(sign_extended(bits, site_.bits));
  }
}

void FaultInjector::hit(const trace::AcceleratorView& view, blocks::PeArray& pe_array,
                        blocks::PostProcessor& post_processor) const {
  const bool now =
      fault_.kind == arch::FaultKind::kFlip ? view.cycle == fault_.cycle : view.cycle >= fault_.cycle;
  if (!now) return;
  const auto index_after = [this](const char* name) {
    return std::stoul(fault_.signal.substr(std::string(name).size()));
  };
  if (fault_.signal.starts_with("weight_")) {
    const std::size_t index = index_after("weight_");
    std::int32_t weight = pe_array.weight_registers().at(index);
    disturb(weight);
    pe_array.set_weight_register(index, weight);
  } else if (fault_.signal.starts_with("mantissa_")) {
    disturb(post_processor.parameter_registers().at(index_after("mantissa_")).mantissa);
  } else if (fault_.signal.starts_with("bias_")) {
    disturb(post_processor.parameter_registers().at(index_after("bias_")).bias);
  } else {
    const bool flag = site_.bits == 1;
    trace::change_signal(view, fault_.block, fault_.signal, [this, flag](std::int64_t value) {
      if (flag) return static_cast<std::int64_t>(disturbed(static_cast<std::uint64_t>(value)) & 1);
      disturb(value);
      return value;
    });
  }
}

}  // namespace dlasim::sim::engine
