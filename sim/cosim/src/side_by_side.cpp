// Both sides of a window as waves.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>

#include "base/file.h"
#include "sim/cosim/divergence.h"
#include "sim/trace/gtkwave_layout.h"
#include "sim/trace/vcd_writer.h"

namespace dlasim::sim::cosim {
namespace {

using trace::Radix;
using trace::Role;
using trace::SignalTable;

/// A port or lane of a block on both sides.
struct Pair {
  std::string block, name;
  int width = 1;
  bool is_negative = false;
  std::size_t expected = 0, got = 0;  ///< ids
};

std::string name_of(const PortValue& v) {
  std::string name = v.port;
  return v.lane < 0 ? name : fmt::format("{}_{}", name, v.lane);
}

/// Every signal that the window has, in the order in which they are met; wide enough for its values.
std::vector<Pair> pairs_of(const std::vector<PairedCycle>& cycles) {
  std::vector<Pair> pairs;
  std::map<std::pair<std::string, std::string>, std::size_t> known;
  for (const PairedCycle& cycle : cycles) {
    for (const BlockView& view : cycle.blocks) {
      for (const Observation* side : {&view.expected, &view.got}) {
        for (const PortValue& v : side->values()) {
          const auto [at, is_new] =
              known.emplace(std::pair(std::string(view.block), name_of(v)), pairs.size());
          if (is_new) pairs.push_back({view.block, name_of(v), 1, false, 0, 0});
          Pair& pair = pairs[at->second];
          const auto bits = static_cast<std::uint64_t>(v.value < 0 ? ~v.value : v.value);
          pair.is_negative = pair.is_negative || v.value < 0;
          pair.width = std::max(pair.width, static_cast<int>(std::bit_width(bits)) + (v.value < 0 ? 1 : 0));
        }
      }
    }
  }
  for (Pair& pair : pairs) {
    if (pair.width > 1 || pair.is_negative) pair.width = std::min(64, (pair.width + 1 + 7) / 8 * 8);
  }
  std::ranges::stable_sort(pairs, {}, &Pair::block);
  return pairs;
}

SignalTable table_of(std::vector<Pair>& pairs, const std::string& side) {
  SignalTable table("dla");
  table.enter("");
  const auto add_side = [&](const std::string& name, std::size_t Pair::*id) {
    std::string block;
    for (Pair& pair : pairs) {
      if (pair.block != block) table.enter(name + "." + (block = pair.block));
      const Radix radix = pair.width == 1 ? Radix::kBinary : Radix::kSigned;
      pair.*id = table.add(pair.name, pair.width, radix, Role::kPort);
    }
  };
  add_side("model", &Pair::expected);
  add_side(side, &Pair::got);
  return table;
}

/// The values of one side of a cycle; those of beats that are not there are unknown.
void write_side(trace::VcdWriter& writer, const std::vector<Pair>& pairs, std::size_t Pair::*id,
                const PairedCycle& cycle, const Observation BlockView::*side) {
  std::map<std::pair<std::string, std::string>, std::int64_t> values;
  for (const BlockView& view : cycle.blocks) {
    for (const PortValue& v : (view.*side).values()) values[{view.block, name_of(v)}] = v.value;
  }
  for (const Pair& pair : pairs) {
    const auto found = values.find({pair.block, pair.name});
    if (found == values.end()) {
      writer.change_to_unknown(pair.*id);
    } else {
      const std::uint64_t ones = pair.width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << pair.width) - 1;
      writer.change(pair.*id, static_cast<std::uint64_t>(found->second) & ones);
    }
  }
}

/// The differing pair first, then its block, then the others.
std::vector<trace::SignalPair> shown_pairs(std::vector<Pair> pairs, const std::string& side,
                                           const Divergence& d) {
  const std::string name = d.lane < 0 ? d.port : fmt::format("{}_{}", d.port, d.lane);
  const auto rank = [&](const Pair& p) {
    const bool named = p.name == name && (p.block == d.block || p.block == d.port);
    return named ? 0 : p.block == d.block ? 1 : 2;
  };
  std::ranges::stable_sort(pairs, {}, rank);
  std::vector<trace::SignalPair> shown;
  for (const Pair& p : pairs) {
    const auto path = [&](const std::string& of) {
      return fmt::format("dla.{}.{}.{}{}", of, p.block, p.name,
                         p.width == 1 ? "" : fmt::format("[{}:0]", p.width - 1));
    };
    shown.push_back({path("model"), path(side), p.width == 1 ? Radix::kBinary : Radix::kSigned});
  }
  return shown;
}

}  // namespace

void write_side_by_side(const std::filesystem::path& vcd, const std::vector<PairedCycle>& cycles,
                        const std::string& side, const Divergence& divergence, double clock_mhz) {
  std::vector<Pair> pairs = pairs_of(cycles);
  SignalTable table = table_of(pairs, side);
  const std::size_t clock = table.add_to_root("clk_i", 1, Radix::kBinary, Role::kPort);
  const std::size_t number = table.add_to_root("cycle", 64, Radix::kUnsigned, Role::kRegister);
  const auto period = static_cast<std::uint64_t>(std::llround(1e6 / clock_mhz));
  trace::VcdWriter writer(vcd, table);
  for (const PairedCycle& cycle : cycles) {
    writer.at(cycle.cycle * period);
    if (&cycle == &cycles.front()) writer.begin_recording();
    writer.change(clock, 1);
    writer.change(number, cycle.cycle);
    write_side(writer, pairs, &Pair::expected, cycle, &BlockView::expected);
    write_side(writer, pairs, &Pair::got, cycle, &BlockView::got);
    if (&cycle == &cycles.front()) writer.end_initial_values();
    writer.at(cycle.cycle * period + period / 2);
    writer.change(clock, 0);
  }
  writer.at((cycles.back().cycle + 1) * period);
  writer.change(clock, 1);
  writer.close();
  std::filesystem::path layout = vcd;
  base::write_file_atomically(layout.replace_extension(".gtkw"),
                              trace::gtkwave_pairs(shown_pairs(std::move(pairs), side, divergence),
                                                   {vcd.filename().string(), cycles.front().cycle * period,
                                                    (cycles.back().cycle + 1) * period},
                                                   divergence.cycle * period));
}

}  // namespace dlasim::sim::cosim
