#pragma once
/// Every block's signals, told to a visitor: once to collect their names, then each cycle to sample them.
///
/// A port is named as in the RTL twin: the beat's field with _o or _i; `valid` and `ready` likewise. A second
/// interface of a block has its name before the field's (row_w_i). The visitor has
///   enter(scope)                     the block that follows
///   signal(Name, value, Role)        an integer, a bool, an enum or a vector of lanes
///   held(valid, fields)              a beat: calls fields(visitor); its values count only while valid
///   connect(producer, prefix)        the producer's outputs are this block's inputs
/// All calls are inlined and the names are constants, so that sampling costs loads and comparisons only.

#include "sim/trace/accelerator_view.h"
#include "sim/trace/signal_table.h"

namespace dlasim::sim::trace {

struct Name {
  const char* prefix;
  const char* field;
  const char* suffix;
};

/// A visitor of fields that makes ports or registers of them.
template <class Visitor>
struct Named {
  Visitor& v;
  const char* prefix;
  const char* suffix;
  Role role;
  template <class Value>
  void operator()(const char* field, const Value& value) const {
    v.signal(Name{prefix, field, suffix}, value, role);
  }
};
template <class Visitor>
Named<Visitor> outputs(Visitor& v, const char* prefix = "") {
  return {v, prefix, "_o", Role::kPort};
}
template <class Visitor>
Named<Visitor> inputs(Visitor& v, const char* prefix = "") {
  return {v, prefix, "_i", Role::kPort};
}
template <class Visitor, class Block>
void registers(Visitor& v, const Block& block, const char* prefix = "") {
  block.registers(Named<Visitor>{v, prefix, "", Role::kRegister});
}

/// The producer's end of a hand-shake.
template <class Visitor, class Block>
void offer(Visitor& v, const Block& block, bool ready) {
  outputs(v)("valid", block.valid());
  inputs(v)("ready", ready);
  v.held(block.valid(), [&block](auto& h) { block.out().fields(outputs(h)); });
}

/// The consumer's end.
template <class Visitor, class Block>
void accept(Visitor& v, bool valid, const Block& block, const char* producer) {
  inputs(v)("valid", valid);
  outputs(v)("ready", block.ready());
  v.connect(producer, "");
}

template <class Visitor>
void command_processor_signals(const AcceleratorView& a, Visitor& v) {
  const blocks::CommandProcessor& c = a.command_processor;
  v.enter("command_processor");
  outputs(v)("ready", c.ready()), inputs(v)("valid", a.fetch.valid());
  outputs(v)("finished", c.finished()), outputs(v)("datapath_empty", c.datapath_empty());
  const arch::Load* load = c.load();
  outputs(v, "load_")("valid", load != nullptr), inputs(v, "load_")("ready", a.load.can_accept());
  v.held(load != nullptr, [load](auto& h) {
    const auto out = outputs(h, "load_");
    out("layer", load->layer), out("target", load->target), out("word", load->word);
    out("address", load->region.address);
  });
  const arch::Command* compute = c.compute();
  const auto* tile = compute == nullptr ? nullptr : std::get_if<arch::RunTile>(compute);
  const auto* settings = compute == nullptr ? nullptr : std::get_if<arch::Configure>(compute);
  outputs(v, "configure_")("valid", settings != nullptr);
  v.held(settings != nullptr, [settings](auto& h) { outputs(h, "configure_")("layer", settings->layer); });
  outputs(v, "tile_")("valid", tile != nullptr);
  inputs(v, "tile_")("ready", a.address_generator.can_accept_tile() && a.weight_loader.can_accept_tile());
  v.held(tile != nullptr, [tile](auto& h) {
    const auto out = outputs(h, "tile_");
    out("layer", tile->layer), out("activation_word", tile->activation_word);
    out("weight_word", tile->weight_word), out("operand_word", tile->operand_word);
    out("output_word", tile->output_word), out("rows", tile->rows), out("cols", tile->cols);
    out("ic_tiles", tile->ic_tiles);
  });
  const arch::Store* store = c.store();
  outputs(v, "store_")("valid", store != nullptr), inputs(v, "store_")("ready", a.store.can_accept());
  v.held(store != nullptr, [store](auto& h) {
    const auto out = outputs(h, "store_");
    out("layer", store->layer), out("word", store->word), out("address", store->region.address);
  });
  inputs(v)("loads_done", a.load.done()), inputs(v)("stores_done", a.store.done());
  inputs(v)("tiles_done", a.output_buffer.tiles_done());
  registers(v, c);
}

template <class Visitor>
void dma_signals(const AcceleratorView& a, Visitor& v) {
  v.enter("dma");
  outputs(v, "fetch_")("valid", a.fetch.valid());
  inputs(v, "fetch_")("ready", a.command_processor.ready());
  registers(v, a.fetch, "fetch_");
  outputs(v, "loaded_")("valid", a.load.out().valid);
  v.held(a.load.out().valid, [&a](auto& h) { a.load.out().fields(outputs(h, "loaded_")); });
  outputs(v)("loads_done", a.load.done());
  registers(v, a.load, "load_");
  outputs(v, "read_")("valid", a.store.read_valid());
  v.held(a.store.read_valid(), [&a](auto& h) { outputs(h, "read_")("word", a.store.read_word()); });
  outputs(v)("stores_done", a.store.done());
  registers(v, a.store, "store_");
}

template <class Visitor>
void weight_loader_signals(const AcceleratorView& a, Visitor& v) {
  const blocks::WeightLoader& w = a.weight_loader;
  v.enter("weight_loader");
  outputs(v, "tile_")("ready", w.can_accept_tile());
  inputs(v)("ic_tiles_consumed", a.pe_array.ic_tiles_consumed());
  outputs(v)("ic_tiles_loaded", w.ic_tiles_loaded());
  outputs(v, "row_")("valid", w.out().valid);
  v.held(w.out().valid, [&w](auto& h) {
    const auto out = outputs(h, "row_");
    out("bank", w.out().bank), out("tap", w.out().tap), out("ic_lane", w.out().ic_lane), out("w", w.out().w);
  });
  registers(v, w);
}

template <class Visitor>
void address_generator_signals(const AcceleratorView& a, Visitor& v) {
  v.enter("address_generator");
  outputs(v, "tile_")("ready", a.address_generator.can_accept_tile());
  inputs(v)("ic_tiles_loaded", a.weight_loader.ic_tiles_loaded());
  offer(v, a.address_generator, a.activation_buffer.ready() && !a.is_stalled(blocks::Handshake::kTapRequest));
  registers(v, a.address_generator);
}

template <class Visitor>
void datapath_signals(const AcceleratorView& a, Visitor& v) {
  using blocks::Handshake;
  const auto flows = [&a](bool flag, Handshake h) { return flag && !a.is_stalled(h); };

  v.enter("activation_buffer");
  accept(v, flows(a.address_generator.valid(), Handshake::kTapRequest), a.activation_buffer,
         "address_generator");
  offer(v, a.activation_buffer, flows(a.pe_array.ready(), Handshake::kActivation));
  registers(v, a.activation_buffer);

  v.enter("pe_array");
  accept(v, flows(a.activation_buffer.valid(), Handshake::kActivation), a.pe_array, "activation_buffer");
  inputs(v, "row_")("valid", a.weight_loader.out().valid);
  v.connect("weight_loader", "row_");
  offer(v, a.pe_array, flows(a.adder_tree.ready(), Handshake::kLaneSums));
  outputs(v)("ic_tiles_consumed", a.pe_array.ic_tiles_consumed());
  registers(v, a.pe_array);

  v.enter("adder_tree");
  accept(v, flows(a.pe_array.valid(), Handshake::kLaneSums), a.adder_tree, "pe_array");
  offer(v, a.adder_tree, flows(a.partial_sum_buffer.ready(), Handshake::kChannelSums));
  registers(v, a.adder_tree);

  v.enter("partial_sum_buffer");
  accept(v, flows(a.adder_tree.valid(), Handshake::kChannelSums), a.partial_sum_buffer, "adder_tree");
  offer(v, a.partial_sum_buffer, flows(a.post_processor.ready(), Handshake::kTotals));
  registers(v, a.partial_sum_buffer);

  v.enter("post_processor");
  accept(v, flows(a.partial_sum_buffer.valid(), Handshake::kTotals), a.post_processor, "partial_sum_buffer");
  offer(v, a.post_processor, flows(a.output_buffer.ready(), Handshake::kOutput));
  registers(v, a.post_processor);

  v.enter("output_buffer");
  accept(v, flows(a.post_processor.valid(), Handshake::kOutput), a.output_buffer, "post_processor");
  inputs(v, "read_")("valid", a.store.read_valid());
  v.connect("dma", "read_");
  outputs(v, "data_")("valid", a.output_buffer.data_valid());
  v.held(a.output_buffer.data_valid(), [&a](auto& h) { outputs(h)("data", a.output_buffer.data()); });
  registers(v, a.output_buffer);
}

/// All of them, in the order of the data.
template <class Visitor>
void accelerator_signals(const AcceleratorView& a, Visitor& v) {
  v.enter("");
  v.signal(Name{"", "cycle", ""}, a.cycle, Role::kRegister);
  command_processor_signals(a, v);
  dma_signals(a, v);
  weight_loader_signals(a, v);
  address_generator_signals(a, v);
  datapath_signals(a, v);
}

}  // namespace dlasim::sim::trace
