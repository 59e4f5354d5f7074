#pragma once
/// The accelerator as a netlist of SystemC modules: the model of record.

#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/blocks/handshake.h"
#include "sim/engine/run_counters.h"
#include "sim/netlist/block_factory.h"
#include "sim/netlist/dma_module.h"
#include "sim/netlist/handshake_state.h"
#include "sim/netlist/wires.h"

namespace dlasim::sim::netlist {

/// Builds every block by `factory` and binds them to each other. A test bench gives clock and reset, rings
/// the doorbell (start_i high for one edge, with address and length of a command stream), waits for
/// finished_o to rise, and binds `memory_socket()` to a TLM-2.0 target.
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
  const std::unique_ptr<WeightLoaderPorts> weight_loader;
  const std::unique_ptr<AddressGeneratorPorts> address_generator;
  const std::unique_ptr<ActivationBufferPorts> activation_buffer;
  const std::unique_ptr<PeArrayPorts> pe_array;
  const std::unique_ptr<AdderTreePorts> adder_tree;
  const std::unique_ptr<PartialSumBufferPorts> partial_sum_buffer;
  const std::unique_ptr<PostProcessorPorts> post_processor;
  const std::unique_ptr<OutputBufferPorts> output_buffer;

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
  /// A wire that a stall gate cuts has a second half on the producer's side.
  struct GatedWires {
    explicit GatedWires(const std::string& name)
        : valid((name + "_offered").c_str()), ready((name + "_granted").c_str()) {}
    sc_core::sc_signal<bool> valid, ready;
  };

  void clock(ClockedModule& module);
  void bind_control();
  void bind_datapath(const blocks::StallPlan& stalls);
  void bind_buses();
  template <class Data>
  void connect(blocks::Handshake handshake, const blocks::StallPlan& stalls, StreamOutput<Data>& producer,
               StreamInput<Data>& consumer, Stream<Data>& wires);
  template <class Data>
  static void show(HandshakeState& state, blocks::Handshake handshake, const StreamOutput<Data>& producer,
                   const StreamInput<Data>& consumer, BeatHash& hash);

  TileFork tile_fork_{"tile_fork"};
  std::vector<std::unique_ptr<StallGate>> gates_;
  std::vector<std::unique_ptr<GatedWires>> gated_wires_;

  Stream<blocks::TapRequest> requests_{"requests"};
  Stream<blocks::ActivationBeat> activations_{"activations"};
  Stream<blocks::LaneSums> lane_sums_{"lane_sums"};
  Stream<blocks::ChannelSums> channel_sums_{"channel_sums"}, totals_{"totals"};
  Stream<blocks::OutputWord> outputs_{"outputs"};
  Stream<CommandWords> words_{"words"};
  Stream<arch::Load> loads_{"loads"};
  Stream<arch::Store> stores_{"stores"};
  Stream<arch::RunTile> tiles_{"tiles"};
  sc_core::sc_signal<bool> forked_tile_valid_{"forked_tile_valid"};
  sc_core::sc_signal<bool> generator_ready_{"generator_tile_ready"}, loader_ready_{"loader_tile_ready"};
  Broadcast<arch::Configure> configure_{"configure"};
  Broadcast<arch::ConfigureStaged> staged_{"staged"};
  Broadcast<blocks::WeightRow> rows_{"rows"};
  Broadcast<std::uint32_t> reads_{"reads"};
  Broadcast<LaneValues> data_{"data"};
  sc_core::sc_signal<memory::LoadedWord> loaded_{"loaded"};
  sc_core::sc_signal<std::uint32_t> loads_done_{"loads_done"}, stores_done_{"stores_done"};
  sc_core::sc_signal<std::uint64_t> tiles_done_{"tiles_done"}, ic_tiles_loaded_{"ic_tiles_loaded"},
      ic_tiles_consumed_{"ic_tiles_consumed"};
};

}  // namespace dlasim::sim::netlist
