// The core's adapter.

#include <memory>
#include <span>

#include "sim/cosim/rtl_core.h"
#include "staged_port.h"
#include "twin.h"

namespace dlasim::sim::cosim {
namespace {

class CoreTwin final : public RtlCore, Twin {
 public:
  CoreTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin("core", h, toolchain), hardware_(h) {
    data_.resize(layouts_.oc_lanes);
  }

  bool tile_ready() const override { return tile_ready_o.is_high(); }
  bool idle() const override { return idle_o.is_high(); }
  bool valid(blocks::Handshake h) const override { return valid_o.get(bit(h), 1) != 0; }
  bool ready(blocks::Handshake h) const override { return ready_o.get(bit(h), 1) != 0; }
  std::uint32_t layer() const override { return layer_o.count(); }
  bool data_valid() const override { return data_valid_o.is_high(); }
  std::uint32_t tiles_done() const override { return tiles_done_o.count(); }
  std::uint32_t ic_tiles_loaded() const override { return ic_tiles_loaded_o.count(); }
  std::uint32_t ic_tiles_consumed() const override { return ic_tiles_consumed_o.count(); }

  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    set_configuration(in.configure);
    configure_staged_valid_i.set(in.configure_staged != nullptr);
    if (in.configure_staged != nullptr)
      write_staged_settings(staged_settings_i, hardware_, in.configure_staged->staged);
    tile_valid_i.set(offered(in.tile != nullptr, tile_ready()));
    set_struct(tile_i, layouts_.run_tile, in.tile);
    set_load(in.load);
    read_i.set(in.read);
    read_word_i.set(in.read_word);
    for (std::size_t i = 0; i < blocks::kHandshakes; ++i)
      hold_i.set(static_cast<int>(i), 1, static_cast<std::uint64_t>(in.hold[i]));
    rtl_.edge();
    data_o.get_lanes(data_, layouts_.activation_bits);
  }

 private:
  static int bit(blocks::Handshake h) { return static_cast<int>(h); }

  void set_configuration(const arch::Configure* c) {
    configure_valid_i.set(c != nullptr);
    if (c == nullptr) return;
    maximum_i.set(c->mode == arch::PeMode::kMaximum);
    wide_i.set(c->wide_accumulator != 0);
    pad_value_i.set(static_cast<std::uint32_t>(c->pad_value));
    write_struct(geometry_i, layouts_.geometry, Geometry(*c));
    write_struct(settings_i, layouts_.post_settings, c->post);
  }

  void set_load(const memory::LoadedWord* load) {
    load_valid_i.set(load != nullptr);
    if (load == nullptr) return;
    load_target_i.set(static_cast<std::uint32_t>(load->target));
    load_word_i.set(load->word);
    load_entry_i.set(load->entry);
    load_count_i.set(load->count);
    load_values_i.set_lanes(std::span<const std::int32_t>(load->values), 32);
    load_bias_i.set(static_cast<std::uint64_t>(load->parameters.bias));
    load_mantissa_i.set(static_cast<std::uint32_t>(load->parameters.mantissa));
    load_shift_i.set(static_cast<std::uint32_t>(load->parameters.shift));
  }

  const arch::Hardware hardware_;
  Pin configure_staged_valid_i = pin("configure_staged_valid_i"),
      staged_settings_i = pin("staged_settings_i");
  Pin tile_ready_o = pin("tile_ready_o"), idle_o = pin("idle_o"), valid_o = pin("valid_o"),
      ready_o = pin("ready_o"), layer_o = pin("layer_o"), data_valid_o = pin("data_valid_o"),
      tiles_done_o = pin("tiles_done_o"), ic_tiles_loaded_o = pin("ic_tiles_loaded_o"),
      ic_tiles_consumed_o = pin("ic_tiles_consumed_o"), tile_valid_i = pin("tile_valid_i"),
      tile_i = pin("tile_i"), read_i = pin("read_i"), read_word_i = pin("read_word_i"),
      hold_i = pin("hold_i"), data_o = pin("data_o"), configure_valid_i = pin("configure_valid_i"),
      maximum_i = pin("maximum_i"), wide_i = pin("wide_i"), pad_value_i = pin("pad_value_i"),
      geometry_i = pin("geometry_i"), settings_i = pin("settings_i"), load_valid_i = pin("load_valid_i"),
      load_target_i = pin("load_target_i"), load_word_i = pin("load_word_i"),
      load_entry_i = pin("load_entry_i"), load_count_i = pin("load_count_i"),
      load_values_i = pin("load_values_i"), load_bias_i = pin("load_bias_i"),
      load_mantissa_i = pin("load_mantissa_i"), load_shift_i = pin("load_shift_i");
};

}  // namespace

std::unique_ptr<RtlCore> make_rtl_core(const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<CoreTwin>(h, toolchain);
}

}  // namespace dlasim::sim::cosim
