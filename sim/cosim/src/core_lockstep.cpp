#include "sim/cosim/core_lockstep.h"

#include <span>
#include <variant>

namespace dlasim::sim::cosim {
namespace {

using blocks::Handshake;
using trace::AcceleratorView;

blocks::HandshakeFlags valid_flags(const AcceleratorView& v) {
  return {v.address_generator.valid(), v.activation_buffer.valid(),  v.pe_array.valid(),
          v.adder_tree.valid(),        v.partial_sum_buffer.valid(), v.post_processor.valid()};
}

blocks::HandshakeFlags ready_flags(const AcceleratorView& v) {
  return {v.activation_buffer.ready(),  v.pe_array.ready(),       v.adder_tree.ready(),
          v.partial_sum_buffer.ready(), v.post_processor.ready(), v.output_buffer.ready()};
}

bool moves(const DatapathInputs& in, Handshake h) {
  return in.moves[static_cast<std::size_t>(h)];
}

CoreOutputs outputs_of(const AcceleratorView& v) {
  CoreOutputs o;
  o.valid = valid_flags(v), o.ready = ready_flags(v);
  o.tile_ready = v.address_generator.can_accept_tile() && v.weight_loader.can_accept_tile();
  o.idle = v.address_generator.idle() && v.weight_loader.idle();
  o.ic_tiles_loaded = static_cast<std::uint32_t>(v.weight_loader.ic_tiles_loaded());
  o.ic_tiles_consumed = static_cast<std::uint32_t>(v.pe_array.ic_tiles_consumed());
  o.tiles_done = static_cast<std::uint32_t>(v.output_buffer.tiles_done());
  if (v.output_buffer.data_valid()) o.data = &v.output_buffer.data();
  if (v.post_processor.valid()) o.layer = v.post_processor.out().layer, o.word = v.post_processor.out().word;
  return o;
}

}  // namespace

DatapathInputs::DatapathInputs(const AcceleratorView& v) {
  if (const arch::Command* command = v.command_processor.compute()) {
    configure = std::get_if<arch::Configure>(command);
    configure_staged = std::get_if<arch::ConfigureStaged>(command);
    const bool accepts = v.address_generator.can_accept_tile() && v.weight_loader.can_accept_tile();
    if (accepts) tile = std::get_if<arch::RunTile>(command);
  }
  if (v.load.out().valid) load = &v.load.out();
  const auto valid = valid_flags(v), ready = ready_flags(v);
  for (std::size_t i = 0; i < blocks::kHandshakes; ++i) moves[i] = valid[i] && ready[i] && !v.stalled[i];
}

void CoreLockstep::sample(const AcceleratorView& v) {
  last_ = compare_core(outputs_of(v), *core_, cycles_, comparison_);

  const DatapathInputs in(v);
  core_->step({in.configure, in.configure_staged, in.tile, in.load, v.store.read_valid(), v.store.read_word(),
               v.stalled});
  ++cycles_;
}

BlocksLockstep::BlocksLockstep(const arch::Hardware& h, const RtlToolchain& t)
    : weight_loader_(h, make_rtl<blocks::WeightLoader>(h, t)),
      address_generator_(h, make_rtl<blocks::AddressGenerator>(h, t)),
      activation_buffer_(h, make_rtl<blocks::ActivationBuffer>(h, t)),
      pe_array_(h, make_rtl<blocks::PeArray>(h, t)),
      adder_tree_(h, make_rtl<blocks::AdderTree>(h, t)),
      partial_sum_buffer_(h, make_rtl<blocks::PartialSumBuffer>(h, t)),
      post_processor_(h, make_rtl<blocks::PostProcessor>(h, t)),
      output_buffer_(h, make_rtl<blocks::OutputBuffer>(h, t)) {}

void BlocksLockstep::sample(const AcceleratorView& v) {
  const DatapathInputs in(v);
  const auto beat = [&in](Handshake h, const auto& producer) {
    return moves(in, h) ? &producer.out() : nullptr;
  };
  blocks::BufferWrite write;
  blocks::ParameterWrite parameter;
  blocks::TableWrite table;
  if (in.load != nullptr) {
    const std::span<const std::int32_t> values(in.load->values.data(), in.load->count);
    write = {in.load->word, values};
    parameter = {in.load->word, in.load->entry, in.load->parameters};
    table = {in.load->word, in.load->entry, values};
  }
  const auto is = [&in](arch::LoadTarget target) { return in.load != nullptr && in.load->target == target; };
  const auto writes = [&](arch::LoadTarget target) { return is(target) ? &write : nullptr; };

  weight_loader_.step(v.weight_loader,
                      {in.tile, v.pe_array.ic_tiles_consumed(), writes(arch::LoadTarget::kWeight)});
  address_generator_.step(v.address_generator,
                          {in.tile, v.weight_loader.ic_tiles_loaded(), moves(in, Handshake::kTapRequest)});
  activation_buffer_.step(v.activation_buffer,
                          {beat(Handshake::kTapRequest, v.address_generator),
                           writes(arch::LoadTarget::kActivation), moves(in, Handshake::kActivation)});
  pe_array_.step(v.pe_array, {beat(Handshake::kActivation, v.activation_buffer),
                              v.weight_loader.out().valid ? &v.weight_loader.out() : nullptr,
                              moves(in, Handshake::kLaneSums)});
  adder_tree_.step(v.adder_tree,
                   {beat(Handshake::kLaneSums, v.pe_array), moves(in, Handshake::kChannelSums)});
  partial_sum_buffer_.step(v.partial_sum_buffer,
                           {beat(Handshake::kChannelSums, v.adder_tree), moves(in, Handshake::kTotals)});
  post_processor_.step(v.post_processor,
                       {beat(Handshake::kTotals, v.partial_sum_buffer), writes(arch::LoadTarget::kOperand),
                        is(arch::LoadTarget::kParameter) ? &parameter : nullptr,
                        is(arch::LoadTarget::kTable) ? &table : nullptr, moves(in, Handshake::kOutput)});
  output_buffer_.step(v.output_buffer, {beat(Handshake::kOutput, v.post_processor), v.store.read_valid(),
                                        v.store.read_word()});
  if (in.configure != nullptr) configure(*in.configure);
  if (in.configure_staged != nullptr) configure(*in.configure_staged);
  ++cycles_;
}

void BlocksLockstep::configure(const arch::Configure& settings) {
  address_generator_.configure(settings);
  activation_buffer_.configure(settings);
  pe_array_.configure(settings);
  adder_tree_.configure(settings);
  partial_sum_buffer_.configure(settings);
  post_processor_.configure(settings);
}

void BlocksLockstep::configure(const arch::ConfigureStaged& settings) {
  address_generator_.configure(settings);
  pe_array_.configure(settings);
  adder_tree_.configure(settings);
  partial_sum_buffer_.configure(settings);
  post_processor_.configure(settings);
}

void BlocksLockstep::inject(const arch::Fault& fault) {
  const auto to = [&fault](auto& lockstep) {
    if (fault.block == lockstep.kName) lockstep.rtl().module()->inject(fault);
  };
  to(weight_loader_), to(address_generator_), to(activation_buffer_), to(pe_array_), to(adder_tree_);
  to(partial_sum_buffer_), to(post_processor_), to(output_buffer_);
}

std::vector<BlocksLockstep::Result> BlocksLockstep::results() const {
  const auto result = [](const auto& block) {
    return Result{std::decay_t<decltype(block)>::kName, &block.comparison(), &block.expected(), &block.got(),
                  block.place()};
  };
  return {result(weight_loader_),  result(address_generator_), result(activation_buffer_),
          result(pe_array_),       result(adder_tree_),        result(partial_sum_buffer_),
          result(post_processor_), result(output_buffer_)};
}

}  // namespace dlasim::sim::cosim
