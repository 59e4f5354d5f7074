#include "sim/netlist/handshake_state.h"

namespace dlasim::sim::netlist {

HandshakeState handshake_state(const trace::AcceleratorView& a) {
  HandshakeState s;
  s.cycle = a.cycle;
  s.valid = {a.address_generator.valid(), a.activation_buffer.valid(),  a.pe_array.valid(),
             a.adder_tree.valid(),        a.partial_sum_buffer.valid(), a.post_processor.valid()};
  s.ready = {a.activation_buffer.ready(),  a.pe_array.ready(),       a.adder_tree.ready(),
             a.partial_sum_buffer.ready(), a.post_processor.ready(), a.output_buffer.ready()};
  for (std::size_t h = 0; h < blocks::kHandshakes; ++h)
    s.moves[h] = s.valid[h] && s.ready[h] && !a.stalled[h];
  const arch::Command* compute = a.command_processor.compute();
  s.words_valid = a.fetch.valid();
  s.words_ready = a.command_processor.ready();
  s.load_valid = a.command_processor.load() != nullptr;
  s.load_ready = a.load.can_accept();
  s.store_valid = a.command_processor.store() != nullptr;
  s.store_ready = a.store.can_accept();
  s.tile_valid = compute != nullptr && std::holds_alternative<arch::RunTile>(*compute);
  s.tile_ready = a.address_generator.can_accept_tile() && a.weight_loader.can_accept_tile();
  s.configure_valid = compute != nullptr && (std::holds_alternative<arch::Configure>(*compute) ||
                                             std::holds_alternative<arch::ConfigureStaged>(*compute));
  s.idle = a.address_generator.idle() && a.weight_loader.idle();
  s.loaded_valid = a.load.out().valid;
  s.row_valid = a.weight_loader.out().valid;
  s.read_valid = a.store.read_valid();
  s.data_valid = a.output_buffer.data_valid();
  s.loads_done = a.load.done();
  s.stores_done = a.store.done();
  s.tiles_done = a.output_buffer.tiles_done();
  s.ic_tiles_loaded = a.weight_loader.ic_tiles_loaded();
  s.ic_tiles_consumed = a.pe_array.ic_tiles_consumed();

  BeatHash hash;  // datapath first, as Netlist::state
  const auto add = [&hash](bool valid, const auto& beat) {
    if (valid) hash.add(beat);
  };
  add(s.valid[0], a.address_generator.out());
  add(s.valid[1], a.activation_buffer.out());
  add(s.valid[2], a.pe_array.out());
  add(s.valid[3], a.adder_tree.out());
  add(s.valid[4], a.partial_sum_buffer.out());
  add(s.valid[5], a.post_processor.out());
  add(s.row_valid, a.weight_loader.out());
  add(s.loaded_valid, a.load.out());
  if (s.words_valid) hash("words", a.fetch.out());
  if (s.read_valid) hash("read_word", a.store.read_word());
  if (s.data_valid) hash("data", a.output_buffer.data());
  s.beats = hash.value();
  return s;
}

}  // namespace dlasim::sim::netlist
