#include "sim/netlist/dma_module.h"

namespace dlasim::sim::netlist {

DmaModule::DmaModule(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                     sc_core::sc_time period)
    : ClockedModule(name),
      memory_port("socket", period),
      hardware_(hardware),
      period_(period),
      channels_(std::in_place, hardware_) {
  SC_METHOD(on_clock);
  sensitive << clk_i.pos();
  dont_initialize();
}

void DmaModule::on_clock() {
  rst_ni.read() ? step() : reset();
  drive();
}

void DmaModule::reset() {
  channels_.emplace(hardware_);
  cycle_ = 0;
  memory_port.set_origin(sc_core::sc_time_stamp() + period_);
}

void DmaModule::step() {
  Channels& c = *channels_;
  if (start_i.read()) c.fetch.start(start_address_i.read(), start_bytes_i.read());
  const LaneValues* answer = data.offered();
  c.store.step(cycle_, memory_port, c.store.can_accept() ? store.offered() : nullptr,
               answer == nullptr ? nullptr : &answer->values);
  c.load.step(cycle_, memory_port, c.load.can_accept() ? load.offered() : nullptr);
  c.fetch.step(cycle_, memory_port, c.fetch.valid() && words.ready_i.read());
  ++cycle_;
}

void DmaModule::drive() {
  const Channels& c = *channels_;
  words.valid_o.write(c.fetch.valid());
  if (c.fetch.valid()) words.data_o.write(CommandWords{c.fetch.out()});
  load.ready_o.write(c.load.can_accept());
  store.ready_o.write(c.store.can_accept());
  loads_done_o.write(c.load.done());
  stores_done_o.write(c.store.done());
  loaded_o.write(c.load.out());
  const std::uint32_t word = c.store.read_word();
  read.drive(c.store.read_valid() ? &word : nullptr);
}

}  // namespace dlasim::sim::netlist
