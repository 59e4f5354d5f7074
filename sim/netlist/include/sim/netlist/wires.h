#pragma once
/// The signals between the modules, and the little logic that stands between two of them.

#include <cstdint>
#include <string>
#include <systemc>

#include "sim/blocks/handshake.h"
#include "sim/netlist/ports.h"

namespace dlasim::sim::netlist {

/// The wires of a hand-shake between a producer and a consumer.
template <class Data>
struct Stream {
  explicit Stream(const std::string& name)
      : valid((name + "_valid").c_str()), ready((name + "_ready").c_str()), data((name + "_data").c_str()) {}
  void from(StreamOutput<Data>& producer) {
    producer.valid_o(valid), producer.ready_i(ready), producer.data_o(data);
  }
  void to(StreamInput<Data>& consumer) {
    consumer.valid_i(valid), consumer.ready_o(ready), consumer.data_i(data);
  }
  bool moves() const { return valid.read() && ready.read(); }
  sc_core::sc_signal<bool> valid, ready;
  sc_core::sc_signal<Data> data;
};

template <class Data>
struct Broadcast {
  explicit Broadcast(const std::string& name)
      : valid((name + "_valid").c_str()), data((name + "_data").c_str()) {}
  void from(BroadcastOutput<Data>& producer) { producer.valid_o(valid), producer.data_o(data); }
  void to(BroadcastInput<Data>& consumer) { consumer.valid_i(valid), consumer.data_i(data); }
  sc_core::sc_signal<bool> valid;
  sc_core::sc_signal<Data> data;
};

/// Adds the wires to a SystemC trace file, beats field by field but without their lanes.
template <class Data>
void trace_stream(sc_core::sc_trace_file* file, const Stream<Data>& wires) {
  sc_core::sc_trace(file, wires.valid, wires.valid.name());
  sc_core::sc_trace(file, wires.ready, wires.ready.name());
  sc_core::sc_trace(file, wires.data, wires.data.name());
}
template <class Data>
void trace_broadcast(sc_core::sc_trace_file* file, const Broadcast<Data>& wires) {
  sc_core::sc_trace(file, wires.valid, wires.valid.name());
  sc_core::sc_trace(file, wires.data, wires.data.name());
}

/// Holds a hand-shake back in the cycles of the stall plan: the consumer sees no valid, the producer no
/// ready.
class StallGate final : public ClockedModule {
 public:
  SC_HAS_PROCESS(StallGate);
  StallGate(const sc_core::sc_module_name& name, const blocks::StallPlan& plan, blocks::Handshake handshake)
      : ClockedModule(name), plan_(plan), handshake_(static_cast<std::size_t>(handshake)) {
    SC_METHOD(on_clock);
    sensitive << clk_i.pos();
    dont_initialize();
    SC_METHOD(gate);
    sensitive << valid_i << ready_i << stalled_;
  }
  sc_core::sc_in<bool> valid_i{"valid_i"}, ready_i{"ready_i"};
  sc_core::sc_out<bool> valid_o{"valid_o"}, ready_o{"ready_o"};

 private:
  void on_clock() {
    cycle_ = rst_ni.read() ? cycle_ + 1 : 0;
    stalled_.write(plan_.stalled(cycle_)[handshake_]);
  }
  void gate() {
    valid_o.write(valid_i.read() && !stalled_.read());
    ready_o.write(ready_i.read() && !stalled_.read());
  }

  const blocks::StallPlan plan_;
  const std::size_t handshake_;
  std::uint64_t cycle_ = 0;
  sc_core::sc_signal<bool> stalled_{"stalled"};
};

/// Gives each tile to two blocks in the same cycle, when both are ready. Combinational.
class TileFork final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(TileFork);
  explicit TileFork(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_METHOD(fork);
    sensitive << valid_i << first_ready_i << second_ready_i;
  }
  sc_core::sc_in<bool> valid_i{"valid_i"}, first_ready_i{"first_ready_i"}, second_ready_i{"second_ready_i"};
  sc_core::sc_out<bool> ready_o{"ready_o"}, valid_o{"valid_o"};

 private:
  void fork() {
    const bool ready = first_ready_i.read() && second_ready_i.read();
    ready_o.write(ready);
    valid_o.write(valid_i.read() && ready);
  }
};

}  // namespace dlasim::sim::netlist
