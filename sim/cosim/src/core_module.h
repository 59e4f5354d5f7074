#pragma once
/// rtl_models/core.sv in the netlist: alone, or beside the blocks and compared with them in every cycle.

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>

#include "sim/cosim/cosim_factory.h"
#include "sim/cosim/lockstep.h"
#include "sim/cosim/rtl_core.h"
#include "sim/netlist/datapath.h"

namespace dlasim::sim::cosim {

/// Makes a core at rest; called at elaboration and at every reset.
using CoreMaker = std::function<std::unique_ptr<RtlCore>()>;

/// The Verilated core as the datapath.
class CoreModule final : public netlist::DatapathPorts {
 public:
  SC_HAS_PROCESS(CoreModule);
  CoreModule(const sc_core::sc_module_name& name, const blocks::StallPlan& stalls, CoreMaker make);

  void show(netlist::HandshakeState& state, netlist::BeatHash& hash) const override;
  netlist::DatapathActivity activity() const override;

 private:
  void on_clock();
  void step();
  void drive();
  void follow_tiles(const arch::RunTile* accepted);

  const blocks::StallPlan stalls_;
  const CoreMaker make_;
  std::unique_ptr<RtlCore> core_;
  std::uint64_t cycle_ = 0;
  /// The core does not say for which layer the array works: the tiles that it was given, by their last ic
  /// tile.
  struct GivenTile {
    std::uint32_t layer, end;  ///< ic tiles consumed when it is done, modulo 2^32
  };
  std::queue<GivenTile> tiles_;
  std::uint32_t given_ic_tiles_ = 0;

  // What others look at in a cycle, whichever process runs first.
  sc_core::sc_signal<std::uint32_t> valid_{"valid"}, ready_{"ready"}, held_{"held"};
  sc_core::sc_signal<std::uint32_t> activation_layer_{"activation_layer"}, output_layer_{"output_layer"};
  sc_core::sc_signal<std::uint32_t> ic_tiles_loaded_{"ic_tiles_loaded"},
      ic_tiles_consumed_{"ic_tiles_consumed"};
  sc_core::sc_signal<bool> idle_{"idle"};
};

/// The blocks are the datapath; the core gets the same inputs and has to show the same outputs.
class CoreLockstepModule final : public netlist::BlockDatapath {
 public:
  SC_HAS_PROCESS(CoreLockstepModule);
  CoreLockstepModule(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                     const blocks::StallPlan& stalls, const netlist::BlockFactory& blocks, CoreMaker make,
                     LockstepResult& result);

 private:
  void on_clock();

  const blocks::StallPlan stalls_;
  const CoreMaker make_;
  std::unique_ptr<RtlCore> core_;
  Comparison comparison_;
  LockstepResult& result_;
};

}  // namespace dlasim::sim::cosim
