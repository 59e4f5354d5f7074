#include "core_module.h"

#include <utility>

#include "base/error.h"
#include "sim/cosim/core_outputs.h"

namespace dlasim::sim::cosim {
namespace {

using blocks::Handshake;

/// What reaches the datapath at this clock edge.
RtlCore::In inputs_of(const netlist::DatapathPorts& ports, const blocks::HandshakeFlags& hold) {
  RtlCore::In in;
  in.configure = ports.configure.offered(), in.configure_staged = ports.staged.offered();
  if (ports.tile.ready_o.read()) in.tile = ports.tile.offered();
  if (ports.loaded_i.read().valid) in.load = &ports.loaded_i.read();
  if (const std::uint32_t* word = ports.read.offered()) in.read = true, in.read_word = *word;
  in.hold = hold;
  return in;
}

std::uint32_t bits_of(const blocks::HandshakeFlags& flags) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < flags.size(); ++i) bits |= static_cast<std::uint32_t>(flags[i]) << i;
  return bits;
}

blocks::HandshakeFlags flags_of(std::uint32_t bits) {
  blocks::HandshakeFlags flags{};
  for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = (bits >> i & 1U) != 0;
  return flags;
}

}  // namespace

CoreModule::CoreModule(const sc_core::sc_module_name& name, const blocks::StallPlan& stalls, CoreMaker make)
    : DatapathPorts(name), stalls_(stalls), make_(std::move(make)), core_(make_()) {
  SC_METHOD(on_clock);
  sensitive << clk_i.pos();
  dont_initialize();
}

void CoreModule::on_clock() {
  if (rst_ni.read()) {
    step();
  } else {
    core_ = make_();
    cycle_ = 0, given_ic_tiles_ = 0, tiles_ = {};
  }
  drive();
}

void CoreModule::step() {
  const RtlCore::In in = inputs_of(*this, stalls_.stalled(cycle_));
  core_->step(in);
  follow_tiles(in.tile);
  ++cycle_;
}

void CoreModule::follow_tiles(const arch::RunTile* accepted) {
  if (accepted != nullptr) {
    given_ic_tiles_ += accepted->ic_tiles;
    tiles_.push({accepted->layer, given_ic_tiles_});
  }
  while (tiles_.size() > 1 && tiles_.front().end == core_->ic_tiles_consumed()) tiles_.pop();
}

void CoreModule::drive() {
  blocks::HandshakeFlags valid{}, ready{};
  for (std::size_t i = 0; i < blocks::kHandshakes; ++i) {
    valid[i] = core_->valid(static_cast<Handshake>(i));
    ready[i] = core_->ready(static_cast<Handshake>(i));
  }
  valid_.write(bits_of(valid)), ready_.write(bits_of(ready)), held_.write(bits_of(stalls_.stalled(cycle_)));
  activation_layer_.write(tiles_.empty() ? 0 : tiles_.front().layer), output_layer_.write(core_->layer());
  ic_tiles_loaded_.write(core_->ic_tiles_loaded()), ic_tiles_consumed_.write(core_->ic_tiles_consumed());
  idle_.write(core_->idle());
  tile.ready_o.write(core_->tile_ready());
  data.valid_o.write(core_->data_valid());
  if (core_->data_valid()) data.data_o.write(netlist::LaneValues{core_->data()});
  tiles_done_o.write(core_->tiles_done());
}

void CoreModule::show(netlist::HandshakeState& s, netlist::BeatHash& /*beats stay inside*/) const {
  s.valid = flags_of(valid_.read()), s.ready = flags_of(ready_.read()), s.moves = activity().moves;
  s.idle = idle_.read();
  s.ic_tiles_loaded = ic_tiles_loaded_.read(), s.ic_tiles_consumed = ic_tiles_consumed_.read();
}

netlist::DatapathActivity CoreModule::activity() const {
  return {flags_of(valid_.read() & ready_.read() & ~held_.read()), activation_layer_.read(),
          output_layer_.read()};
}

CoreLockstepModule::CoreLockstepModule(const sc_core::sc_module_name& name, const arch::Hardware& hardware,
                                       const blocks::StallPlan& stalls, const netlist::BlockFactory& blocks,
                                       CoreMaker make, LockstepResult& result)
    : BlockDatapath(name, hardware, stalls, blocks),
      stalls_(stalls),
      make_(std::move(make)),
      core_(make_()),
      result_(result) {
  result_ = {};
  SC_METHOD(on_clock);
  sensitive << clk_i.pos();
  dont_initialize();
}

void CoreLockstepModule::on_clock() {
  if (!rst_ni.read()) {
    core_ = make_();
    result_ = {};
    return;
  }
  netlist::HandshakeState state;
  netlist::BeatHash ignored;
  show(state, ignored);
  CoreOutputs expected;
  expected.valid = state.valid, expected.ready = state.ready;
  expected.tile_ready = tile.ready_o.read(), expected.idle = state.idle;
  expected.ic_tiles_loaded = static_cast<std::uint32_t>(state.ic_tiles_loaded);
  expected.ic_tiles_consumed = static_cast<std::uint32_t>(state.ic_tiles_consumed);
  expected.tiles_done = static_cast<std::uint32_t>(tiles_done_o.read());
  if (data.valid_o.read()) expected.data = &data.data_o.read().values;
  expected.layer = post_processor->output.data_o.read().layer;
  expected.word = post_processor->output.data_o.read().word;
  compare_core(expected, *core_, result_.cycles, comparison_);
  core_->step(inputs_of(*this, stalls_.stalled(result_.cycles)));
  ++result_.cycles;
  result_.values = comparison_.values();
  result_.difference = comparison_.difference();
  if (result_.difference) throw base::SimulationError("lockstep: " + to_string(*result_.difference));
}

}  // namespace dlasim::sim::cosim
