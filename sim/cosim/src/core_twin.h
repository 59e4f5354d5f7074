#pragma once
/// The core's adapter.

#include "sim/cosim/rtl_core.h"
#include "twins.h"

namespace dlasim::sim::cosim {

template <class Top>
class CoreTwin final : public RtlCore {
 public:
  explicit CoreTwin(const arch::Hardware& h) : layouts_(h) { data_.resize(layouts_.oc_lanes); }

  bool tile_ready() const override { return top_->tile_ready_o != 0; }
  bool idle() const override { return top_->idle_o != 0; }
  bool valid(blocks::Handshake h) const override { return get_bits(top_->valid_o, bit(h), 1) != 0; }
  bool ready(blocks::Handshake h) const override { return get_bits(top_->ready_o, bit(h), 1) != 0; }
  std::uint32_t layer() const override { return top_->layer_o; }
  bool data_valid() const override { return top_->data_valid_o != 0; }
  std::uint32_t tiles_done() const override { return top_->tiles_done_o; }
  std::uint32_t ic_tiles_loaded() const override { return top_->ic_tiles_loaded_o; }
  std::uint32_t ic_tiles_consumed() const override { return top_->ic_tiles_consumed_o; }

  void step(const In& in) override {
    set_configuration(in.configure);
    top_->tile_valid_i = offered(in.tile != nullptr, tile_ready());
    set_struct(top_->tile_i, layouts_.run_tile, in.tile);
    set_load(in.load);
    top_->read_i = in.read;
    set_bits(top_->read_word_i, 0, 32, in.read_word);
    for (std::size_t i = 0; i < blocks::kHandshakes; ++i)
      set_bits(top_->hold_i, static_cast<int>(i), 1, static_cast<std::uint64_t>(in.hold[i]));
    top_.edge();
    get_lanes(top_->data_o, data_, layouts_.activation_bits);
  }

 private:
  static int bit(blocks::Handshake h) { return static_cast<int>(h); }

  void set_configuration(const arch::Configure* c) {
    top_->configure_valid_i = c != nullptr;
    if (c == nullptr) return;
    top_->maximum_i = c->mode == arch::PeMode::kMaximum;
    top_->wide_i = c->wide_accumulator != 0;
    top_->pad_value_i = static_cast<std::uint32_t>(c->pad_value);
    write_struct(top_->geometry_i, layouts_.geometry, Geometry(*c));
    write_struct(top_->settings_i, layouts_.post_settings, c->post);
  }

  void set_load(const memory::LoadedWord* load) {
    top_->load_valid_i = load != nullptr;
    if (load == nullptr) return;
    top_->load_target_i = static_cast<std::uint32_t>(load->target);
    top_->load_word_i = load->word;
    top_->load_entry_i = load->entry;
    top_->load_count_i = load->count;
    set_lanes(top_->load_values_i, std::span<const std::int32_t>(load->values), 32);
    top_->load_bias_i = static_cast<std::uint64_t>(load->parameters.bias);
    top_->load_mantissa_i = static_cast<std::uint32_t>(load->parameters.mantissa);
    top_->load_shift_i = static_cast<std::uint32_t>(load->parameters.shift);
  }

  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

}  // namespace dlasim::sim::cosim
