#pragma once
/// Everything between the DMA's words and the DMA's reads as one module, and the one that is joined from
/// blocks.

#include <array>
#include <memory>
#include <string>
#include <systemc>
#include <vector>

#include "sim/arch/hardware.h"
#include "sim/blocks/handshake.h"
#include "sim/netlist/handshake_state.h"
#include "sim/netlist/ports.h"
#include "sim/netlist/wires.h"

namespace dlasim::sim::netlist {

class BlockFactory;

/// What moves in a datapath, and for which layers.
struct DatapathActivity {
  blocks::HandshakeFlags moves{};
  std::uint32_t activation_layer = 0;  ///< of the beat that the PE array is offered
  std::uint32_t output_layer = 0;      ///< of the word that the output buffer is offered
};

/// What stands in the netlist as the datapath: the rules of ports.h hold.
struct DatapathPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StagedInput staged{"staged_"};
  StreamInput<arch::RunTile> tile{"tile_"};
  sc_core::sc_in<memory::LoadedWord> loaded_i{"loaded_i"};
  BroadcastInput<std::uint32_t> read{"read_"};
  BroadcastOutput<LaneValues> data{"data_"};
  sc_core::sc_out<std::uint64_t> tiles_done_o{"tiles_done_o"};

  /// Fills in what the six hand-shakes and the counters inside show now; beats that are to be seen go to
  /// `hash`.
  virtual void show(HandshakeState& state, BeatHash& hash) const = 0;
  virtual DatapathActivity activity() const = 0;
  /// Adds every wire inside to a SystemC trace file.
  virtual void trace(sc_core::sc_trace_file* /*file*/) const {}
};

/// Builds the blocks by a factory and binds them to each other.
class BlockDatapath : public DatapathPorts {
 public:
  BlockDatapath(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                const blocks::StallPlan& stalls, const BlockFactory& factory);

  void show(HandshakeState& state, BeatHash& hash) const override;
  DatapathActivity activity() const override;
  void trace(sc_core::sc_trace_file* file) const override;

  const std::unique_ptr<WeightLoaderPorts> weight_loader;
  const std::unique_ptr<AddressGeneratorPorts> address_generator;
  const std::unique_ptr<ActivationBufferPorts> activation_buffer;
  const std::unique_ptr<PeArrayPorts> pe_array;
  const std::unique_ptr<AdderTreePorts> adder_tree;
  const std::unique_ptr<PartialSumBufferPorts> partial_sum_buffer;
  const std::unique_ptr<PostProcessorPorts> post_processor;
  const std::unique_ptr<OutputBufferPorts> output_buffer;

 private:
  /// A wire that a stall gate cuts has a second half on the producer's side.
  struct GatedWires {
    explicit GatedWires(const std::string& name)
        : valid((name + "_offered").c_str()), ready((name + "_granted").c_str()) {}
    sc_core::sc_signal<bool> valid, ready;
  };

  void clock(ClockedModule& module);
  void bind_control();
  void bind_streams(const blocks::StallPlan& stalls);
  void bind_buses();
  template <class Data>
  void connect(blocks::Handshake handshake, const blocks::StallPlan& stalls, StreamOutput<Data>& producer,
               StreamInput<Data>& consumer, Stream<Data>& wires);

  TileFork tile_fork_{"tile_fork"};
  std::vector<std::unique_ptr<StallGate>> gates_;
  std::vector<std::unique_ptr<GatedWires>> gated_wires_;

  Stream<blocks::TapRequest> requests_{"requests"};
  Stream<blocks::ActivationBeat> activations_{"activations"};
  Stream<blocks::LaneSums> lane_sums_{"lane_sums"};
  Stream<blocks::ChannelSums> channel_sums_{"channel_sums"}, totals_{"totals"};
  Stream<blocks::OutputWord> outputs_{"outputs"};
  sc_core::sc_signal<bool> forked_tile_valid_{"forked_tile_valid"};
  sc_core::sc_signal<bool> generator_ready_{"generator_tile_ready"}, loader_ready_{"loader_tile_ready"};
  sc_core::sc_signal<bool> generator_idle_{"generator_idle"}, loader_idle_{"loader_idle"};
  Broadcast<blocks::WeightRow> rows_{"rows"};
  sc_core::sc_signal<std::uint64_t> ic_tiles_loaded_{"ic_tiles_loaded"},
      ic_tiles_consumed_{"ic_tiles_consumed"};
};

}  // namespace dlasim::sim::netlist
