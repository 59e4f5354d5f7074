#include "sim/netlist/netlist.h"

#include <array>

namespace dlasim::sim::netlist {

using blocks::Handshake;

Netlist::Netlist(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                 sc_core::sc_time clock_period, const blocks::StallPlan& stalls, const BlockFactory& factory)
    : sc_module(name),
      dma("dma", hardware, clock_period),
      command_processor(factory.command_processor(hardware)),
      weight_loader(factory.weight_loader(hardware)),
      address_generator(factory.address_generator(hardware)),
      activation_buffer(factory.activation_buffer(hardware)),
      pe_array(factory.pe_array(hardware)),
      adder_tree(factory.adder_tree(hardware)),
      partial_sum_buffer(factory.partial_sum_buffer(hardware)),
      post_processor(factory.post_processor(hardware)),
      output_buffer(factory.output_buffer(hardware)) {
  const std::array<ClockedModule*, 10> modules{&dma,
                                               command_processor.get(),
                                               weight_loader.get(),
                                               address_generator.get(),
                                               activation_buffer.get(),
                                               pe_array.get(),
                                               adder_tree.get(),
                                               partial_sum_buffer.get(),
                                               post_processor.get(),
                                               output_buffer.get()};
  for (ClockedModule* module : modules) clock(*module);
  bind_control();
  bind_datapath(stalls);
  bind_buses();
}

void Netlist::clock(ClockedModule& module) {
  module.clk_i(clk_i);
  module.rst_ni(rst_ni);
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

  tiles_.from(processor.tile);
  tile_fork_.valid_i(tiles_.valid), tile_fork_.ready_o(tiles_.ready);
  tile_fork_.first_ready_i(generator_ready_), tile_fork_.second_ready_i(loader_ready_);
  tile_fork_.valid_o(forked_tile_valid_);
  const auto take_tiles = [this](StreamInput<arch::RunTile>& tile, sc_core::sc_signal<bool>& ready) {
    tile.valid_i(forked_tile_valid_), tile.ready_o(ready), tile.data_i(tiles_.data);
  };
  take_tiles(address_generator->tile, generator_ready_);
  take_tiles(weight_loader->tile, loader_ready_);

  configure_.from(processor.configure);
  const std::array<ConfigureInput*, 6> configured{
      &address_generator->configure, &activation_buffer->configure,  &pe_array->configure,
      &adder_tree->configure,        &partial_sum_buffer->configure, &post_processor->configure};
  for (ConfigureInput* input : configured) configure_.to(*input);
  staged_.from(processor.staged);
  const std::array<StagedInput*, 5> staged{&address_generator->staged, &pe_array->staged, &adder_tree->staged,
                                           &partial_sum_buffer->staged, &post_processor->staged};
  for (StagedInput* input : staged) staged_.to(*input);
}

void Netlist::bind_datapath(const blocks::StallPlan& stalls) {
  connect(Handshake::kTapRequest, stalls, address_generator->output, activation_buffer->input, requests_);
  connect(Handshake::kActivation, stalls, activation_buffer->output, pe_array->input, activations_);
  connect(Handshake::kLaneSums, stalls, pe_array->output, adder_tree->input, lane_sums_);
  connect(Handshake::kChannelSums, stalls, adder_tree->output, partial_sum_buffer->input, channel_sums_);
  connect(Handshake::kTotals, stalls, partial_sum_buffer->output, post_processor->input, totals_);
  connect(Handshake::kOutput, stalls, post_processor->output, output_buffer->input, outputs_);
}

template <class Data>
void Netlist::connect(Handshake handshake, const blocks::StallPlan& stalls, StreamOutput<Data>& producer,
                      StreamInput<Data>& consumer, Stream<Data>& wires) {
  wires.to(consumer);
  if (!stalls.enabled()) {
    wires.from(producer);
    return;
  }
  const std::string name = std::string("stall_") + wires.valid.basename();
  auto& cut = *gated_wires_.emplace_back(std::make_unique<GatedWires>(name));
  producer.valid_o(cut.valid), producer.ready_i(cut.ready), producer.data_o(wires.data);
  auto& gate = *gates_.emplace_back(std::make_unique<StallGate>(name.c_str(), stalls, handshake));
  clock(gate);
  gate.valid_i(cut.valid), gate.ready_o(cut.ready);
  gate.valid_o(wires.valid), gate.ready_i(wires.ready);
}

void Netlist::bind_buses() {
  dma.loaded_o(loaded_);
  weight_loader->loaded_i(loaded_), activation_buffer->loaded_i(loaded_), post_processor->loaded_i(loaded_);
  rows_.from(weight_loader->row), rows_.to(pe_array->row);
  reads_.from(dma.read), reads_.to(output_buffer->read);
  data_.from(output_buffer->data), data_.to(dma.data);
  dma.loads_done_o(loads_done_), command_processor->loads_done_i(loads_done_);
  dma.stores_done_o(stores_done_), command_processor->stores_done_i(stores_done_);
  output_buffer->tiles_done_o(tiles_done_), command_processor->tiles_done_i(tiles_done_);
  weight_loader->ic_tiles_loaded_o(ic_tiles_loaded_), address_generator->ic_tiles_loaded_i(ic_tiles_loaded_);
  pe_array->ic_tiles_consumed_o(ic_tiles_consumed_), weight_loader->ic_tiles_consumed_i(ic_tiles_consumed_);
}

template <class Data>
void Netlist::show(HandshakeState& state, Handshake handshake, const StreamOutput<Data>& producer,
                   const StreamInput<Data>& consumer, BeatHash& hash) {
  const auto h = static_cast<std::size_t>(handshake);
  state.valid[h] = producer.valid_o.read();
  state.ready[h] = consumer.ready_o.read();
  state.moves[h] = consumer.valid_i.read() && state.ready[h];
  if (state.valid[h]) hash.add(producer.data_o.read());
}

HandshakeState Netlist::state(std::uint64_t cycle) const {
  HandshakeState s;
  s.cycle = cycle;
  BeatHash hash;
  show(s, Handshake::kTapRequest, address_generator->output, activation_buffer->input, hash);
  show(s, Handshake::kActivation, activation_buffer->output, pe_array->input, hash);
  show(s, Handshake::kLaneSums, pe_array->output, adder_tree->input, hash);
  show(s, Handshake::kChannelSums, adder_tree->output, partial_sum_buffer->input, hash);
  show(s, Handshake::kTotals, partial_sum_buffer->output, post_processor->input, hash);
  show(s, Handshake::kOutput, post_processor->output, output_buffer->input, hash);
  s.words_valid = words_.valid.read(), s.words_ready = words_.ready.read();
  s.load_valid = loads_.valid.read(), s.load_ready = loads_.ready.read();
  s.store_valid = stores_.valid.read(), s.store_ready = stores_.ready.read();
  s.tile_valid = tiles_.valid.read(), s.tile_ready = tiles_.ready.read();
  s.configure_valid = configure_.valid.read() || staged_.valid.read();
  s.loaded_valid = loaded_.read().valid, s.row_valid = rows_.valid.read();
  s.read_valid = reads_.valid.read(), s.data_valid = data_.valid.read();
  s.loads_done = loads_done_.read(), s.stores_done = stores_done_.read(), s.tiles_done = tiles_done_.read();
  s.ic_tiles_loaded = ic_tiles_loaded_.read(), s.ic_tiles_consumed = ic_tiles_consumed_.read();
  if (s.loaded_valid) hash.add(loaded_.read());
  if (s.row_valid) hash.add(rows_.data.read());
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
  return {{requests_.moves(), activations_.moves(), lane_sums_.moves(), channel_sums_.moves(),
           totals_.moves(), outputs_.moves()},
          control_moves,
          activations_.data.read().request.position.layer,
          outputs_.data.read().layer};
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
  const auto stream = [file](const auto& wires) {
    sc_core::sc_trace(file, wires.valid, wires.valid.name());
    sc_core::sc_trace(file, wires.ready, wires.ready.name());
    sc_core::sc_trace(file, wires.data, wires.data.name());
  };
  const auto broadcast = [file](const auto& wires) {
    sc_core::sc_trace(file, wires.valid, wires.valid.name());
    sc_core::sc_trace(file, wires.data, wires.data.name());
  };
  const auto signal = [file](const auto& wire) { sc_core::sc_trace(file, wire, wire.name()); };
  sc_core::sc_trace(file, clk_i, clk_i.name());
  sc_core::sc_trace(file, rst_ni, rst_ni.name());
  stream(requests_), stream(activations_), stream(lane_sums_), stream(channel_sums_), stream(totals_);
  stream(outputs_), stream(words_), stream(loads_), stream(stores_), stream(tiles_);
  broadcast(configure_), broadcast(staged_), broadcast(rows_), broadcast(reads_), broadcast(data_);
  signal(loaded_), signal(loads_done_), signal(stores_done_), signal(tiles_done_);
  signal(ic_tiles_loaded_), signal(ic_tiles_consumed_);
}

}  // namespace dlasim::sim::netlist
