#pragma once
/// The accelerator as a netlist of SystemC modules: the model of record.

#include <memory>
#include <string>
#include <systemc>

#include "sim/arch/hardware.h"
#include "sim/blocks/handshake.h"
#include "sim/engine/run_counters.h"
#include "sim/netlist/block_factory.h"
#include "sim/netlist/datapath.h"
#include "sim/netlist/dma_module.h"
#include "sim/netlist/handshake_state.h"
#include "sim/netlist/wires.h"

namespace dlasim::sim::netlist {

/// Builds command processor and datapath by `factory` and binds them and the DMA to each other. A test bench
/// gives clock and reset, rings the doorbell (start_i high for one edge, with address and length of a command
/// stream), waits for finished_o to rise, and binds `memory_socket()` to a TLM-2.0 target.
class Netlist final : public sc_core::sc_module {
 public:
  Netlist(const sc_core::sc_module_name& name, const arch::Hardware& hardware, sc_core::sc_time clock_period,
          const blocks::StallPlan& stalls = {}, const BlockFactory& factory = {});

  sc_core::sc_in<bool> clk_i{"clk_i"}, rst_ni{"rst_ni"};
  sc_core::sc_in<bool> start_i{"start_i"};
  sc_core::sc_in<std::uint64_t> start_address_i{"start_address_i"}, start_bytes_i{"start_bytes_i"};
  sc_core::sc_out<bool> finished_o{"finished_o"};
  auto& memory_socket() { return dma.memory_port.socket; }

  DmaModule dma;
  const std::unique_ptr<CommandProcessorPorts> command_processor;
  const std::unique_ptr<DatapathPorts> datapath;

  /// What the ports show now; at a rising edge, what the edge samples.
  HandshakeState state(std::uint64_t cycle) const;
  engine::CycleActivity activity() const;
  /// Tiles completed since reset.
  std::uint64_t tiles_done() const { return tiles_done_.read(); }
  /// What each block and each hand-shake waits for.
  std::string describe_stall() const;
  /// Adds every wire between the blocks, beats field by field but without their lanes, to a SystemC trace
  /// file.
  void trace(sc_core::sc_trace_file* file) const;

 private:
  void bind_control();
  void bind_datapath();

  Stream<CommandWords> words_{"words"};
  Stream<arch::Load> loads_{"loads"};
  Stream<arch::Store> stores_{"stores"};
  Stream<arch::RunTile> tiles_{"tiles"};
  Broadcast<arch::Configure> configure_{"configure"};
  Broadcast<arch::ConfigureStaged> staged_{"staged"};
  Broadcast<std::uint32_t> reads_{"reads"};
  Broadcast<LaneValues> data_{"data"};
  sc_core::sc_signal<memory::LoadedWord> loaded_{"loaded"};
  sc_core::sc_signal<std::uint32_t> loads_done_{"loads_done"}, stores_done_{"stores_done"};
  sc_core::sc_signal<std::uint64_t> tiles_done_{"tiles_done"};
};

}  // namespace dlasim::sim::netlist
