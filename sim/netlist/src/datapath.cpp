#include "sim/netlist/datapath.h"

#include "sim/netlist/block_factory.h"

namespace dlasim::sim::netlist {

using blocks::Handshake;

namespace {

template <class Data>
void show_stream(HandshakeState& state, Handshake handshake, const StreamOutput<Data>& producer,
                 const StreamInput<Data>& consumer, BeatHash& hash) {
  const auto h = static_cast<std::size_t>(handshake);
  state.valid[h] = producer.valid_o.read();
  state.ready[h] = consumer.ready_o.read();
  state.moves[h] = consumer.valid_i.read() && state.ready[h];
  if (state.valid[h]) hash.add(producer.data_o.read());
}

}  // namespace

BlockDatapath::BlockDatapath(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                             const blocks::StallPlan& stalls, const BlockFactory& factory)
    : DatapathPorts(name),
      weight_loader(factory.weight_loader(hardware)),
      address_generator(factory.address_generator(hardware)),
      activation_buffer(factory.activation_buffer(hardware)),
      pe_array(factory.pe_array(hardware)),
      adder_tree(factory.adder_tree(hardware)),
      partial_sum_buffer(factory.partial_sum_buffer(hardware)),
      post_processor(factory.post_processor(hardware)),
      output_buffer(factory.output_buffer(hardware)) {
  const std::array<ClockedModule*, 8> modules{
      weight_loader.get(), address_generator.get(),  activation_buffer.get(), pe_array.get(),
      adder_tree.get(),    partial_sum_buffer.get(), post_processor.get(),    output_buffer.get()};
  for (ClockedModule* module : modules) clock(*module);
  bind_control();
  bind_streams(stalls);
  bind_buses();
}

void BlockDatapath::clock(ClockedModule& module) {
  module.clk_i(clk_i);
  module.rst_ni(rst_ni);
}

void BlockDatapath::bind_control() {
  tile_fork_.valid_i(tile.valid_i), tile_fork_.ready_o(tile.ready_o);
  tile_fork_.first_ready_i(generator_ready_), tile_fork_.second_ready_i(loader_ready_);
  tile_fork_.valid_o(forked_tile_valid_);
  const auto take_tiles = [this](StreamInput<arch::RunTile>& input, sc_core::sc_signal<bool>& ready) {
    input.valid_i(forked_tile_valid_), input.ready_o(ready), input.data_i(tile.data_i);
  };
  take_tiles(address_generator->tile, generator_ready_);
  take_tiles(weight_loader->tile, loader_ready_);
  address_generator->idle_o(generator_idle_), weight_loader->idle_o(loader_idle_);

  const std::array<ConfigureInput*, 6> configured{
      &address_generator->configure, &activation_buffer->configure,  &pe_array->configure,
      &adder_tree->configure,        &partial_sum_buffer->configure, &post_processor->configure};
  for (ConfigureInput* input : configured) input->valid_i(configure.valid_i), input->data_i(configure.data_i);
  const std::array<StagedInput*, 5> with_units{&address_generator->staged, &pe_array->staged,
                                               &adder_tree->staged, &partial_sum_buffer->staged,
                                               &post_processor->staged};
  for (StagedInput* input : with_units) input->valid_i(staged.valid_i), input->data_i(staged.data_i);
}

void BlockDatapath::bind_streams(const blocks::StallPlan& stalls) {
  connect(Handshake::kTapRequest, stalls, address_generator->output, activation_buffer->input, requests_);
  connect(Handshake::kActivation, stalls, activation_buffer->output, pe_array->input, activations_);
  connect(Handshake::kLaneSums, stalls, pe_array->output, adder_tree->input, lane_sums_);
  connect(Handshake::kChannelSums, stalls, adder_tree->output, partial_sum_buffer->input, channel_sums_);
  connect(Handshake::kTotals, stalls, partial_sum_buffer->output, post_processor->input, totals_);
  connect(Handshake::kOutput, stalls, post_processor->output, output_buffer->input, outputs_);
}

template <class Data>
void BlockDatapath::connect(Handshake handshake, const blocks::StallPlan& stalls,
                            StreamOutput<Data>& producer, StreamInput<Data>& consumer, Stream<Data>& wires) {
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

void BlockDatapath::bind_buses() {
  weight_loader->loaded_i(loaded_i), activation_buffer->loaded_i(loaded_i),
      post_processor->loaded_i(loaded_i);
  rows_.from(weight_loader->row), rows_.to(pe_array->row);
  output_buffer->read.valid_i(read.valid_i), output_buffer->read.data_i(read.data_i);
  output_buffer->data.valid_o(data.valid_o), output_buffer->data.data_o(data.data_o);
  output_buffer->tiles_done_o(tiles_done_o);
  weight_loader->ic_tiles_loaded_o(ic_tiles_loaded_), address_generator->ic_tiles_loaded_i(ic_tiles_loaded_);
  pe_array->ic_tiles_consumed_o(ic_tiles_consumed_), weight_loader->ic_tiles_consumed_i(ic_tiles_consumed_);
}

void BlockDatapath::show(HandshakeState& s, BeatHash& hash) const {
  show_stream(s, Handshake::kTapRequest, address_generator->output, activation_buffer->input, hash);
  show_stream(s, Handshake::kActivation, activation_buffer->output, pe_array->input, hash);
  show_stream(s, Handshake::kLaneSums, pe_array->output, adder_tree->input, hash);
  show_stream(s, Handshake::kChannelSums, adder_tree->output, partial_sum_buffer->input, hash);
  show_stream(s, Handshake::kTotals, partial_sum_buffer->output, post_processor->input, hash);
  show_stream(s, Handshake::kOutput, post_processor->output, output_buffer->input, hash);
  s.idle = generator_idle_.read() && loader_idle_.read();
  s.row_valid = rows_.valid.read();
  s.ic_tiles_loaded = ic_tiles_loaded_.read(), s.ic_tiles_consumed = ic_tiles_consumed_.read();
  if (s.row_valid) hash.add(rows_.data.read());
}

DatapathActivity BlockDatapath::activity() const {
  return {{requests_.moves(), activations_.moves(), lane_sums_.moves(), channel_sums_.moves(),
           totals_.moves(), outputs_.moves()},
          activations_.data.read().request.position.layer,
          outputs_.data.read().layer};
}

void BlockDatapath::trace(sc_core::sc_trace_file* file) const {
  const auto stream = [file](const auto& wires) { trace_stream(file, wires); };
  stream(requests_), stream(activations_), stream(lane_sums_), stream(channel_sums_), stream(totals_);
  stream(outputs_);
  trace_broadcast(file, rows_);
  sc_core::sc_trace(file, ic_tiles_loaded_, ic_tiles_loaded_.name());
  sc_core::sc_trace(file, ic_tiles_consumed_, ic_tiles_consumed_.name());
}

}  // namespace dlasim::sim::netlist
