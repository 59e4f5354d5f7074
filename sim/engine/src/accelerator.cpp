#include "sim/engine/accelerator.h"

#include <array>
#include <utility>

#include "sim/engine/load_bus.h"

namespace dlasim::sim::engine {

Accelerator::Accelerator(const arch::Hardware& hardware, memory::MemoryPort& memory, std::size_t layers,
                         const StallPlan& stalls)
    : command_processor(hardware),
      fetch(hardware),
      load(hardware),
      store(hardware),
      weight_loader(hardware),
      address_generator(hardware),
      activation_buffer(hardware),
      pe_array(hardware),
      adder_tree(hardware),
      partial_sum_buffer(hardware),
      post_processor(hardware),
      output_buffer(hardware),
      hardware_(hardware),
      memory_(memory),
      stalls_(stalls),
      counters_(layers) {}

void Accelerator::start(std::uint64_t address, std::uint64_t bytes) {
  fetch.start(address, bytes);
  command_processor.start();
  counters_.restart();
}

void Accelerator::step() {
  if (fault_) hit();
  advance();
}

void Accelerator::step(trace::TraceSink& sink) {
  if (fault_) hit();
  const blocks::HandshakeFlags stalled = stalls_.stalled(cycle_);
  sink.sample(view(stalled));
  advance();
}

void Accelerator::advance() {
  sample_handshakes();
  count();
  step_datapath();
  step_control();
  ++cycle_;
}

void Accelerator::hit() {
  const blocks::HandshakeFlags none{};
  fault_->hit(view(none), pe_array, post_processor);
}

trace::AcceleratorView Accelerator::view(const blocks::HandshakeFlags& stalled) const {
  return {cycle_,         stalled,           command_processor, fetch,    load,       store,
          weight_loader,  address_generator, activation_buffer, pe_array, adder_tree, partial_sum_buffer,
          post_processor, output_buffer};
}

void Accelerator::sample_handshakes() {
  moves_ = {address_generator.valid() && activation_buffer.ready(),
            activation_buffer.valid() && pe_array.ready(),
            pe_array.valid() && adder_tree.ready(),
            adder_tree.valid() && partial_sum_buffer.ready(),
            partial_sum_buffer.valid() && post_processor.ready(),
            post_processor.valid() && output_buffer.ready()};
  if (stalls_.enabled()) {
    const blocks::HandshakeFlags stalled = stalls_.stalled(cycle_);
    for (std::size_t i = 0; i < kHandshakes; ++i) moves_[i] = moves_[i] && !stalled[i];
  }
  issued_load_ = load.can_accept() ? command_processor.load() : nullptr;
  issued_store_ = store.can_accept() ? command_processor.store() : nullptr;
  issued_compute_ = command_processor.compute();
  const bool is_tile = issued_compute_ != nullptr && std::holds_alternative<arch::RunTile>(*issued_compute_);
  if (is_tile && !(address_generator.can_accept_tile() && weight_loader.can_accept_tile()))
    issued_compute_ = nullptr;
  words_taken_ = fetch.valid() && command_processor.ready();
  loads_done_ = load.done();
  stores_done_ = store.done();
  tiles_done_ = output_buffer.tiles_done();
}

void Accelerator::count() {
  const bool control_moves = load.out().valid || store.read_valid() || words_taken_ ||
                             issued_load_ != nullptr || issued_compute_ != nullptr ||
                             issued_store_ != nullptr;
  counters_.count(
      {moves_, control_moves, activation_buffer.out().request.position.layer, post_processor.out().layer});
}

void Accelerator::step_datapath() {
  const LoadBus loaded(load.out());
  const arch::RunTile* tile =
      issued_compute_ != nullptr ? std::get_if<arch::RunTile>(issued_compute_) : nullptr;

  // The store channel samples the output buffer's registered answer, the buffer its registered request.
  const bool read = store.read_valid();
  const std::uint32_t read_word = store.read_word();
  store.step(cycle_, memory_, issued_store_, output_buffer.data_valid() ? &output_buffer.data() : nullptr);
  output_buffer.step({moves(Handshake::kOutput) ? &post_processor.out() : nullptr, read, read_word});
  post_processor.step({moves(Handshake::kTotals) ? &partial_sum_buffer.out() : nullptr,
                       loaded.buffer_write(arch::LoadTarget::kOperand), loaded.parameter_write(),
                       loaded.table_write(), moves(Handshake::kOutput)});
  partial_sum_buffer.step(
      {moves(Handshake::kChannelSums) ? &adder_tree.out() : nullptr, moves(Handshake::kTotals)});
  adder_tree.step({moves(Handshake::kLaneSums) ? &pe_array.out() : nullptr, moves(Handshake::kChannelSums)});
  const std::uint64_t consumed = pe_array.ic_tiles_consumed();
  const std::uint64_t loaded_tiles = weight_loader.ic_tiles_loaded();
  pe_array.step({moves(Handshake::kActivation) ? &activation_buffer.out() : nullptr,
                 weight_loader.out().valid ? &weight_loader.out() : nullptr, moves(Handshake::kLaneSums)});
  activation_buffer.step({moves(Handshake::kTapRequest) ? &address_generator.out() : nullptr,
                          loaded.buffer_write(arch::LoadTarget::kActivation), moves(Handshake::kActivation)});
  address_generator.step({tile, loaded_tiles, moves(Handshake::kTapRequest)});
  weight_loader.step({tile, consumed, loaded.buffer_write(arch::LoadTarget::kWeight)});
}

void Accelerator::step_control() {
  if (issued_compute_ != nullptr) {
    if (const auto* settings = std::get_if<arch::Configure>(issued_compute_)) configure(*settings);
    if (const auto* staged = std::get_if<arch::ConfigureStaged>(issued_compute_)) configure(*staged);
  }
  load.step(cycle_, memory_, issued_load_);
  command_processor.step({words_taken_ ? &fetch.out() : nullptr, loads_done_, stores_done_, tiles_done_,
                          issued_load_ != nullptr, issued_compute_ != nullptr, issued_store_ != nullptr});
  fetch.step(cycle_, memory_, words_taken_);
}

void Accelerator::configure(const arch::Configure& settings) {
  collect_events();
  address_generator.configure(settings);
  activation_buffer.configure(settings);
  pe_array.configure(settings);
  adder_tree.configure(settings);
  partial_sum_buffer.configure(settings);
  post_processor.configure(settings);
}

void Accelerator::configure(const arch::ConfigureStaged& settings) {
  address_generator.configure(settings);
  pe_array.configure(settings);
  adder_tree.configure(settings);
  partial_sum_buffer.configure(settings);
  post_processor.configure(settings);
  staged_layer_ = settings.layer;
}

void Accelerator::collect_events() {
  for (blocks::StagedBlock* block :
       {pe_array.staged(), adder_tree.staged(), partial_sum_buffer.staged(), post_processor.staged()}) {
    if (block != nullptr) counters_.add_events(staged_layer_, block->take_events());
  }
}

std::string Accelerator::describe_stall() const {
  const std::array<std::pair<bool, bool>, kHandshakes> state{{
      {address_generator.valid(), activation_buffer.ready()},
      {activation_buffer.valid(), pe_array.ready()},
      {pe_array.valid(), adder_tree.ready()},
      {adder_tree.valid(), partial_sum_buffer.ready()},
      {partial_sum_buffer.valid(), post_processor.ready()},
      {post_processor.valid(), output_buffer.ready()},
  }};
  std::string text = command_processor.describe();
  for (std::size_t i = 0; i < kHandshakes; ++i) {
    if (state[i].first && !state[i].second)
      text += std::string("; ") + blocks::kHandshakeNames[i] + ": valid without ready";
  }
  return text;
}

}  // namespace dlasim::sim::engine
