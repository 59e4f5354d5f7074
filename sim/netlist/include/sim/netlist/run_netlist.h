#pragma once
/// The cycle engine on the netlist: slower than engine::run_cycle and equal to it in every cycle, with every
/// block replaceable.

#include <filesystem>
#include <functional>
#include <span>

#include "sim/engine/run.h"
#include "sim/netlist/block_factory.h"
#include "sim/netlist/handshake_state.h"

namespace dlasim::sim::netlist {

struct NetlistOptions {
  /// Makes the blocks; null: the models of all of them. Not owned.
  const BlockFactory* factory = nullptr;
  /// Sees what each clock edge samples.
  std::function<void(const HandshakeState&)> observer;
  /// SystemC's own trace of all wires, a VCD file; empty: none. Slow: RunOptions::trace of the stepped engine
  /// is the fast way.
  std::filesystem::path systemc_trace;
};

/// As engine::run_cycle, whose errors it shares. Throws base::UnsupportedError for RunOptions::trace, which
/// looks into models that need not be there.
engine::RunResult run_netlist(const compiler::Program& program, const network::QuantizedGraph& graph,
                              const arch::Hardware& hardware, std::span<const network::Tensor> inputs,
                              const engine::RunOptions& options = {},
                              const NetlistOptions& netlist_options = {});

}  // namespace dlasim::sim::netlist
