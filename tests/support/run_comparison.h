#pragma once
/// Two engines' answers to the same program.

#include <optional>
#include <string>

#include "sim/engine/run.h"

namespace dlasim::testing {

/// The first thing in which `actual` is not `expected`, or nothing: tensors, cycles of each layer, DRAM
/// transfers, busy cycles of the channels, events.
inline std::optional<std::string> run_difference(const sim::engine::RunResult& expected,
                                                 const sim::engine::RunResult& actual) {
  const auto differs = [](const std::string& what, std::uint64_t wanted, std::uint64_t got) {
    return what + ": expected " + std::to_string(wanted) + ", got " + std::to_string(got);
  };
  for (std::size_t t = 0; t < expected.tensors.size(); ++t) {
    if (!(expected.tensors[t] == actual.tensors.at(t))) return "tensor " + std::to_string(t) + " differs";
  }
  for (std::size_t i = 0; i < expected.layers.size(); ++i) {
    const auto& e = expected.layers[i];
    const auto& a = actual.layers.at(i);
    const std::string layer = "layer " + std::to_string(i);
    if (e.cycles != a.cycles) return differs(layer + ", cycles", e.cycles, a.cycles);
    if (e.beats != a.beats) return differs(layer + ", beats", e.beats, a.beats);
    if (!(e.events == a.events)) return layer + ": events differ";
  }
  if (expected.cycles != actual.cycles) return differs("cycles", expected.cycles, actual.cycles);
  const auto& d = expected.dram;
  const auto& g = actual.dram;
  if (d.requests != g.requests) return differs("DRAM requests", d.requests, g.requests);
  if (d.bytes != g.bytes) return differs("DRAM bytes", d.bytes, g.bytes);
  if (d.row_hits != g.row_hits) return differs("DRAM row hits", d.row_hits, g.row_hits);
  if (d.row_misses != g.row_misses) return differs("DRAM row misses", d.row_misses, g.row_misses);
  if (d.busy_cycles != g.busy_cycles) return differs("DRAM busy cycles", d.busy_cycles, g.busy_cycles);
  if (expected.load_busy_cycles != actual.load_busy_cycles)
    return differs("load busy cycles", expected.load_busy_cycles, actual.load_busy_cycles);
  if (expected.store_busy_cycles != actual.store_busy_cycles)
    return differs("store busy cycles", expected.store_busy_cycles, actual.store_busy_cycles);
  return std::nullopt;
}

}  // namespace dlasim::testing
