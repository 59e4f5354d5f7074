#include "sim/netlist/netlist.h"

#include <array>

namespace dlasim::sim::netlist {

Netlist::Netlist(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                 sc_core::sc_time clock_period, const blocks::StallPlan& stalls, const BlockFactory& factory)
    : sc_module(name),
      dma("dma", hardware, clock_period),
      command_processor(factory.command_processor(hardware)),
      datapath(factory.datapath(hardware, stalls)) {
  const std::array<ClockedModule*, 3> modules{&dma, command_processor.get(), datapath.get()};
  for (ClockedModule* module : modules) {
    module->clk_i(clk_i);
    module->rst_ni(rst_ni);
  }
  bind_control();
  bind_datapath();
}

void Netlist::bind_control() {
  CommandProcessorPorts& processor = *command_processor;
  processor.start_i(start_i);
  processor.finished_o(finished_o);
  dma.start_i(start_i);
  dma.start_address_i(start_address_i);
  dma.start_bytes_i(start_bytes_i);
  words_.from(dma.words), words_.to(processor.words);
  loads_.from(processor.load), loads_.to(dma.load);
  stores_.from(processor.store), stores_.to(dma.store);
  dma.loads_done_o(loads_done_), processor.loads_done_i(loads_done_);
  dma.stores_done_o(stores_done_), processor.stores_done_i(stores_done_);
}

void Netlist::bind_datapath() {
  tiles_.from(command_processor->tile), tiles_.to(datapath->tile);
  configure_.from(command_processor->configure), configure_.to(datapath->configure);
  staged_.from(command_processor->staged), staged_.to(datapath->staged);
  dma.loaded_o(loaded_), datapath->loaded_i(loaded_);
  reads_.from(dma.read), reads_.to(datapath->read);
  data_.from(datapath->data), data_.to(dma.data);
  datapath->tiles_done_o(tiles_done_), command_processor->tiles_done_i(tiles_done_);
}

HandshakeState Netlist::state(std::uint64_t cycle) const {
  HandshakeState s;
  s.cycle = cycle;
  BeatHash hash;
  datapath->show(s, hash);
  s.words_valid = words_.valid.read(), s.words_ready = words_.ready.read();
  s.load_valid = loads_.valid.read(), s.load_ready = loads_.ready.read();
  s.store_valid = stores_.valid.read(), s.store_ready = stores_.ready.read();
  s.tile_valid = tiles_.valid.read(), s.tile_ready = tiles_.ready.read();
  s.configure_valid = configure_.valid.read() || staged_.valid.read();
  s.loaded_valid = loaded_.read().valid;
  s.read_valid = reads_.valid.read(), s.data_valid = data_.valid.read();
  s.loads_done = loads_done_.read(), s.stores_done = stores_done_.read(), s.tiles_done = tiles_done_.read();
  if (s.loaded_valid) hash.add(loaded_.read());
  if (s.words_valid) hash.add(words_.data.read());
  if (s.read_valid) hash("read_word", reads_.data.read());
  if (s.data_valid) hash.add(data_.data.read());
  s.beats = hash.value();
  return s;
}

engine::CycleActivity Netlist::activity() const {
  const bool control_moves = loaded_.read().valid || reads_.valid.read() || words_.moves() ||
                             loads_.moves() || tiles_.moves() || stores_.moves() || configure_.valid.read() ||
                             staged_.valid.read();
  const DatapathActivity activity = datapath->activity();
  return {activity.moves, control_moves, activity.activation_layer, activity.output_layer};
}

std::string Netlist::describe_stall() const {
  std::string text = command_processor->waits_for();
  const HandshakeState s = state(0);
  for (std::size_t h = 0; h < blocks::kHandshakes; ++h) {
    if (s.valid[h] && !s.ready[h])
      text += std::string(text.empty() ? "" : "; ") + blocks::kHandshakeNames[h] + ": valid without ready";
  }
  return text;
}

void Netlist::trace(sc_core::sc_trace_file* file) const {
  const auto signal = [file](const auto& wire) { sc_core::sc_trace(file, wire, wire.name()); };
  sc_core::sc_trace(file, clk_i, clk_i.name());
  sc_core::sc_trace(file, rst_ni, rst_ni.name());
  datapath->trace(file);
  trace_stream(file, words_), trace_stream(file, loads_), trace_stream(file, stores_),
      trace_stream(file, tiles_);
  trace_broadcast(file, configure_), trace_broadcast(file, staged_), trace_broadcast(file, reads_);
  trace_broadcast(file, data_);
  signal(loaded_), signal(loads_done_), signal(stores_done_), signal(tiles_done_);
}

}  // namespace dlasim::sim::netlist
