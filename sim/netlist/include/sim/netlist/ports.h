#pragma once
/// The ports of every block: what a SystemC module must have to stand in the netlist in that block's place.
///
/// A module that derives from one of these classes, drives every output and samples its inputs at the rising
/// edge of clk_i can replace the model of the block: a Verilated twin, a lockstep pair, somebody's own
/// design. `BlockFactory` (block_factory.h) is where it is put in. The rules:
///
///   - All outputs are registered: they change after a rising edge of clk_i, by what was sampled at it. The
///   order
///     in which SystemC runs the modules therefore does not matter.
///   - rst_ni low at a rising edge resets; the outputs then are those of a block at rest.
///   - A beat moves at a rising edge that samples valid and ready high. `data` counts only while valid is
///   high.
///   - `configure` is a broadcast: settings sampled with valid high are in force from the edge on, for beats
///     sampled at later edges.
///   - `loaded_i` is the DMA's write bus; each block takes the words for its own memories.

#include <cstdint>
#include <string>
#include <systemc>

#include "sim/netlist/beat_signals.h"

namespace dlasim::sim::netlist {

struct ClockedModule : sc_core::sc_module {
  explicit ClockedModule(const sc_core::sc_module_name& name) : sc_module(name) {}
  sc_core::sc_in<bool> clk_i{"clk_i"};
  sc_core::sc_in<bool> rst_ni{"rst_ni"};

  /// What the block waits for, in words: for the watchdog. Empty if it has nothing to say.
  virtual std::string waits_for() const { return {}; }
};

/// The consumer's end of a hand-shake. The ports' names are `prefix` and valid_i, ready_o, data_i.
template <class Data>
struct StreamInput {
  explicit StreamInput(const std::string& prefix)
      : valid_i((prefix + "valid_i").c_str()),
        ready_o((prefix + "ready_o").c_str()),
        data_i((prefix + "data_i").c_str()) {}
  sc_core::sc_in<bool> valid_i;
  sc_core::sc_out<bool> ready_o;
  sc_core::sc_in<Data> data_i;
  /// The beat that is offered in this cycle, or null.
  const Data* offered() const { return valid_i.read() ? &data_i.read() : nullptr; }
};

/// The producer's end.
template <class Data>
struct StreamOutput {
  explicit StreamOutput(const std::string& prefix)
      : valid_o((prefix + "valid_o").c_str()),
        ready_i((prefix + "ready_i").c_str()),
        data_o((prefix + "data_o").c_str()) {}
  sc_core::sc_out<bool> valid_o;
  sc_core::sc_in<bool> ready_i;
  sc_core::sc_out<Data> data_o;
  void drive(const Data* data) {
    valid_o.write(data != nullptr);
    if (data != nullptr) data_o.write(*data);
  }
};

/// A hand-shake without ready.
template <class Data>
struct BroadcastInput {
  explicit BroadcastInput(const std::string& prefix)
      : valid_i((prefix + "valid_i").c_str()), data_i((prefix + "data_i").c_str()) {}
  sc_core::sc_in<bool> valid_i;
  sc_core::sc_in<Data> data_i;
  const Data* offered() const { return valid_i.read() ? &data_i.read() : nullptr; }
};
template <class Data>
struct BroadcastOutput {
  explicit BroadcastOutput(const std::string& prefix)
      : valid_o((prefix + "valid_o").c_str()), data_o((prefix + "data_o").c_str()) {}
  sc_core::sc_out<bool> valid_o;
  sc_core::sc_out<Data> data_o;
  void drive(const Data* data) {
    valid_o.write(data != nullptr);
    if (data != nullptr) data_o.write(*data);
  }
};
using ConfigureInput = BroadcastInput<arch::Configure>;
using StagedInput = BroadcastInput<arch::ConfigureStaged>;  ///< for blocks with truncation units

struct CommandProcessorPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  sc_core::sc_in<bool> start_i{"start_i"};  ///< a new stream begins
  StreamInput<CommandWords> words{""};
  StreamOutput<arch::Load> load{"load_"};
  StreamOutput<arch::RunTile> tile{"tile_"};
  StreamOutput<arch::Store> store{"store_"};
  BroadcastOutput<arch::Configure> configure{"configure_"};
  BroadcastOutput<arch::ConfigureStaged> staged{"staged_"};
  sc_core::sc_in<std::uint32_t> loads_done_i{"loads_done_i"}, stores_done_i{"stores_done_i"};
  sc_core::sc_in<std::uint64_t> tiles_done_i{"tiles_done_i"};
  sc_core::sc_out<bool> finished_o{"finished_o"};
};

struct WeightLoaderPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  StreamInput<arch::RunTile> tile{"tile_"};
  sc_core::sc_in<std::uint64_t> ic_tiles_consumed_i{"ic_tiles_consumed_i"};
  sc_core::sc_in<memory::LoadedWord> loaded_i{"loaded_i"};
  BroadcastOutput<blocks::WeightRow> row{"row_"};
  sc_core::sc_out<bool> idle_o{"idle_o"};  ///< no tile waits or is walked
  sc_core::sc_out<std::uint64_t> ic_tiles_loaded_o{"ic_tiles_loaded_o"};
};

struct AddressGeneratorPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StagedInput staged{"staged_"};
  StreamInput<arch::RunTile> tile{"tile_"};
  sc_core::sc_in<std::uint64_t> ic_tiles_loaded_i{"ic_tiles_loaded_i"};
  StreamOutput<blocks::TapRequest> output{""};
  sc_core::sc_out<bool> idle_o{"idle_o"};  ///< no tile waits or is walked
};

struct ActivationBufferPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StreamInput<blocks::TapRequest> input{""};
  sc_core::sc_in<memory::LoadedWord> loaded_i{"loaded_i"};
  StreamOutput<blocks::ActivationBeat> output{""};
};

struct PeArrayPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StagedInput staged{"staged_"};
  StreamInput<blocks::ActivationBeat> input{""};
  BroadcastInput<blocks::WeightRow> row{"row_"};
  StreamOutput<blocks::LaneSums> output{""};
  sc_core::sc_out<std::uint64_t> ic_tiles_consumed_o{"ic_tiles_consumed_o"};
};

struct AdderTreePorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StagedInput staged{"staged_"};
  StreamInput<blocks::LaneSums> input{""};
  StreamOutput<blocks::ChannelSums> output{""};
};

struct PartialSumBufferPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StagedInput staged{"staged_"};
  StreamInput<blocks::ChannelSums> input{""};
  StreamOutput<blocks::ChannelSums> output{""};
};

struct PostProcessorPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  ConfigureInput configure{"configure_"};
  StagedInput staged{"staged_"};
  StreamInput<blocks::ChannelSums> input{""};
  sc_core::sc_in<memory::LoadedWord> loaded_i{"loaded_i"};
  StreamOutput<blocks::OutputWord> output{""};
};

struct OutputBufferPorts : ClockedModule {
  using ClockedModule::ClockedModule;
  StreamInput<blocks::OutputWord> input{""};
  BroadcastInput<std::uint32_t> read{"read_"};  ///< word to be read
  BroadcastOutput<LaneValues> data{"data_"};    ///< its values, a cycle later
  sc_core::sc_out<std::uint64_t> tiles_done_o{"tiles_done_o"};
};

}  // namespace dlasim::sim::netlist
