#pragma once
/// The DMA as a SystemC module: three channels behind one TLM-2.0 initiator socket.

#include <optional>

#include "sim/arch/hardware.h"
#include "sim/memory/dma.h"
#include "sim/memory/tlm_memory_port.h"
#include "sim/netlist/ports.h"

namespace dlasim::sim::netlist {

/// One module, because the channels share the socket: in each cycle store, load and fetch ask the memory in
/// this order.
class DmaModule final : public ClockedModule {
 public:
  SC_HAS_PROCESS(DmaModule);
  DmaModule(const sc_core::sc_module_name& name, const arch::Hardware& hardware, sc_core::sc_time period);

  memory::TlmMemoryPort memory_port;
  sc_core::sc_in<bool> start_i{"start_i"};  ///< fetch the stream of `start_bytes_i` at `start_address_i`
  sc_core::sc_in<std::uint64_t> start_address_i{"start_address_i"}, start_bytes_i{"start_bytes_i"};
  StreamOutput<CommandWords> words{"fetch_"};
  StreamInput<arch::Load> load{"load_"};
  StreamInput<arch::Store> store{"store_"};
  sc_core::sc_out<std::uint32_t> loads_done_o{"loads_done_o"}, stores_done_o{"stores_done_o"};
  sc_core::sc_out<memory::LoadedWord> loaded_o{"loaded_o"};
  BroadcastOutput<std::uint32_t> read{"read_"};  ///< word of the output buffer
  BroadcastInput<LaneValues> data{"data_"};      ///< its values

  std::uint64_t load_busy_cycles() const { return channels_->load.busy_cycles(); }
  std::uint64_t store_busy_cycles() const { return channels_->store.busy_cycles(); }

 private:
  struct Channels {
    explicit Channels(const arch::Hardware& h) : fetch(h), load(h), store(h) {}
    memory::FetchChannel fetch;
    memory::LoadChannel load;
    memory::StoreChannel store;
  };
  void on_clock();
  void reset();
  void step();
  void drive();

  const arch::Hardware hardware_;
  const sc_core::sc_time period_;
  std::optional<Channels> channels_;
  std::uint64_t cycle_ = 0;
};

}  // namespace dlasim::sim::netlist
