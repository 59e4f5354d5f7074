// The blocks' adapters: model structs to ports and back.

#include <algorithm>
#include <memory>
#include <span>

#include "sim/cosim/observation.h"
#include "staged_port.h"
#include "twin.h"

namespace dlasim::sim::cosim {
namespace {

class ActivationBufferTwin final : public RtlBlock<blocks::ActivationBuffer>, Twin {
 public:
  ActivationBufferTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::ActivationBuffer>::kName, h, toolchain) {
    out_.x.resize(layouts_.ic_lanes);
  }
  void configure(const arch::Configure& c) override {
    pad_value_i.set(static_cast<std::uint32_t>(c.pad_value));
  }
  bool ready() const override { return ready_o.is_high(); }
  bool valid() const override { return valid_o.is_high(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    valid_i.set(offered(in.request != nullptr, ready()));
    set_struct(request_i, layouts_.tap_request, in.request);
    write_valid_i.set(in.write != nullptr);
    if (in.write != nullptr) {
      write_word_i.set(in.write->word);
      write_values_i.set_lanes(in.write->values, layouts_.activation_bits);
    }
    ready_i.set(offered(in.out_taken, valid()));
    rtl_.edge();
    if (!valid()) return;
    x_o.get_lanes(out_.x, layouts_.activation_bits);
    read_struct(request_o, layouts_.tap_request, out_.request);
  }

 private:
  Pin pad_value_i = pin("pad_value_i"), ready_o = pin("ready_o"), valid_o = pin("valid_o"),
      valid_i = pin("valid_i"), request_i = pin("request_i"), write_valid_i = pin("write_valid_i"),
      write_word_i = pin("write_word_i"), write_values_i = pin("write_values_i"), ready_i = pin("ready_i"),
      x_o = pin("x_o"), request_o = pin("request_o");
};

class PeArrayTwin final : public RtlBlock<blocks::PeArray>, Twin {
 public:
  PeArrayTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::PeArray>::kName, h, toolchain), staged_(pin("staged_settings_i"), h) {
    out_.narrow.resize(layouts_.ic_lanes * layouts_.oc_lanes);
    out_.wide.resize(layouts_.ic_lanes * layouts_.oc_lanes);
  }
  void configure(const arch::Configure& c) override {
    maximum_i.set(c.mode == arch::PeMode::kMaximum);
    wide_i.set(c.wide_accumulator != 0);
    staged_.clear();
  }
  void configure(const arch::ConfigureStaged& c) override { staged_.write(c.staged); }
  bool ready() const override { return ready_o.is_high(); }
  bool valid() const override { return valid_o.is_high(); }
  std::uint64_t ic_tiles_consumed() const override { return ic_tiles_consumed_o.count(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    valid_i.set(offered(in.beat != nullptr, ready()));
    if (in.beat != nullptr) {
      x_i.set_lanes(std::span<const std::int32_t>(in.beat->x), layouts_.activation_bits);
    }
    set_struct(request_i, layouts_.tap_request, in.beat == nullptr ? nullptr : &in.beat->request);
    row_valid_i.set(in.row != nullptr);
    if (in.row != nullptr) {
      row_bank_i.set(in.row->bank);
      row_tap_i.set(in.row->tap);
      row_ic_lane_i.set(in.row->ic_lane);
      row_w_i.set_lanes(std::span<const std::int32_t>(in.row->w), layouts_.weight_bits);
    }
    ready_i.set(offered(in.out_taken, valid()));
    rtl_.edge();
    if (!valid()) return;
    sum_o.get_lanes(out_.wide, layouts_.sum_bits);
    std::ranges::transform(out_.wide, out_.narrow.begin(),
                           [](std::int64_t v) { return static_cast<std::int32_t>(v); });
    staged_.read(StagedPort::Place::kLanes, out_.wide, codes_);
    out_.lanes_active = lanes_active_o.count();
    read_struct(position_o, layouts_.position, out_.position);
  }

 private:
  StagedPort staged_;
  Pin maximum_i = pin("maximum_i"), wide_i = pin("wide_i"), ready_o = pin("ready_o"),
      valid_o = pin("valid_o"), ic_tiles_consumed_o = pin("ic_tiles_consumed_o"), valid_i = pin("valid_i"),
      x_i = pin("x_i"), request_i = pin("request_i"), row_valid_i = pin("row_valid_i"),
      row_bank_i = pin("row_bank_i"), row_tap_i = pin("row_tap_i"), row_ic_lane_i = pin("row_ic_lane_i"),
      row_w_i = pin("row_w_i"), ready_i = pin("ready_i"), sum_o = pin("sum_o"),
      lanes_active_o = pin("lanes_active_o"), position_o = pin("position_o");
};

class AdderTreeTwin final : public RtlBlock<blocks::AdderTree>, Twin {
 public:
  AdderTreeTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::AdderTree>::kName, h, toolchain), staged_(pin("staged_settings_i"), h) {
    out_.sum.resize(layouts_.oc_lanes);
  }
  void configure(const arch::Configure& c) override {
    wide_ = c.wide_accumulator != 0;
    wide_i.set(wide_);
    staged_.clear();
  }
  void configure(const arch::ConfigureStaged& c) override { staged_.write(c.staged); }
  bool ready() const override { return ready_o.is_high(); }
  bool valid() const override { return valid_o.is_high(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    valid_i.set(offered(in.sums != nullptr, ready()));
    if (in.sums != nullptr) {
      if (wide_ || staged_.carries_codes()) {
        sum_i.set_lanes(staged_.codes(StagedPort::Place::kLanes, in.sums->wide), layouts_.sum_bits);
      } else {
        sum_i.set_lanes(std::span<const std::int32_t>(in.sums->narrow), layouts_.sum_bits);
      }
      lanes_active_i.set(in.sums->lanes_active);
    }
    set_struct(position_i, layouts_.position, in.sums == nullptr ? nullptr : &in.sums->position);
    ready_i.set(offered(in.out_taken, valid()));
    rtl_.edge();
    if (!valid()) return;
    sum_o.get_lanes(out_.sum, layouts_.sum_bits);
    staged_.read(StagedPort::Place::kChannels, out_.sum, codes_);
    read_struct(position_o, layouts_.position, out_.position);
  }

 private:
  StagedPort staged_;
  bool wide_ = false;
  Pin wide_i = pin("wide_i"), ready_o = pin("ready_o"), valid_o = pin("valid_o"), valid_i = pin("valid_i"),
      sum_i = pin("sum_i"), lanes_active_i = pin("lanes_active_i"), position_i = pin("position_i"),
      ready_i = pin("ready_i"), sum_o = pin("sum_o"), position_o = pin("position_o");
};

class PartialSumBufferTwin final : public RtlBlock<blocks::PartialSumBuffer>, Twin {
 public:
  PartialSumBufferTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::PartialSumBuffer>::kName, h, toolchain), staged_(pin("staged_settings_i"), h) {
    out_.sum.resize(layouts_.oc_lanes);
  }
  void configure(const arch::Configure& /*settings*/) override { staged_.clear(); }
  void configure(const arch::ConfigureStaged& c) override { staged_.write(c.staged); }
  bool ready() const override { return ready_o.is_high(); }
  bool valid() const override { return valid_o.is_high(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    valid_i.set(offered(in.sums != nullptr, ready()));
    if (in.sums != nullptr) {
      sum_i.set_lanes(staged_.codes(StagedPort::Place::kChannels, in.sums->sum), layouts_.sum_bits);
    }
    set_struct(position_i, layouts_.position, in.sums == nullptr ? nullptr : &in.sums->position);
    ready_i.set(offered(in.out_taken, valid()));
    rtl_.edge();
    if (!valid()) return;
    sum_o.get_lanes(out_.sum, layouts_.sum_bits);
    staged_.read(StagedPort::Place::kTotals, out_.sum, codes_);
    read_struct(position_o, layouts_.position, out_.position);
  }

 private:
  StagedPort staged_;
  Pin ready_o = pin("ready_o"), valid_o = pin("valid_o"), valid_i = pin("valid_i"), sum_i = pin("sum_i"),
      position_i = pin("position_i"), ready_i = pin("ready_i"), sum_o = pin("sum_o"),
      position_o = pin("position_o");
};

class PostProcessorTwin final : public RtlBlock<blocks::PostProcessor>, Twin {
 public:
  PostProcessorTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::PostProcessor>::kName, h, toolchain), staged_(pin("staged_settings_i"), h) {
    out_.value.resize(layouts_.oc_lanes);
  }
  void configure(const arch::Configure& c) override {
    write_struct(settings_i, layouts_.post_settings, c.post);
    staged_.clear();
  }
  void configure(const arch::ConfigureStaged& c) override { staged_.write(c.staged); }
  bool ready() const override { return ready_o.is_high(); }
  bool valid() const override { return valid_o.is_high(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    valid_i.set(offered(in.sums != nullptr, ready()));
    if (in.sums != nullptr) {
      sum_i.set_lanes(staged_.codes(StagedPort::Place::kTotals, in.sums->sum), layouts_.sum_bits);
    }
    write_memories(in);
    set_struct(position_i, layouts_.position, in.sums == nullptr ? nullptr : &in.sums->position);
    ready_i.set(offered(in.out_taken, valid()));
    rtl_.edge();
    if (!valid()) return;
    value_o.get_lanes(out_.value, layouts_.activation_bits);
    out_.word = word_o.count();
    out_.layer = layer_o.count();
    out_.write = write_o.is_high();
    out_.last_of_tile = last_of_tile_o.is_high();
  }

 private:
  StagedPort staged_;
  void write_memories(const In& in) {
    operand_valid_i.set(in.operand != nullptr);
    if (in.operand != nullptr) {
      operand_word_i.set(in.operand->word);
      operand_values_i.set_lanes(in.operand->values, layouts_.activation_bits);
    }
    parameter_valid_i.set(in.parameter != nullptr);
    if (in.parameter != nullptr) {
      parameter_slot_i.set(in.parameter->slot);
      parameter_oc_lane_i.set(in.parameter->oc_lane);
      parameter_bias_i.set(static_cast<std::uint64_t>(in.parameter->parameters.bias) &
                           mask(layouts_.sum_bits));
      parameter_mantissa_i.set(static_cast<std::uint32_t>(in.parameter->parameters.mantissa));
      parameter_shift_i.set(static_cast<std::uint32_t>(in.parameter->parameters.shift));
    }
    table_valid_i.set(in.table != nullptr);
    if (in.table != nullptr) {
      table_bank_i.set(in.table->bank);
      table_entry_i.set(in.table->entry);
      table_count_i.set(in.table->values.size());
      table_values_i.set_lanes(in.table->values, layouts_.activation_bits);
    }
  }

  Pin settings_i = pin("settings_i"), ready_o = pin("ready_o"), valid_o = pin("valid_o"),
      valid_i = pin("valid_i"), sum_i = pin("sum_i"), position_i = pin("position_i"),
      ready_i = pin("ready_i"), value_o = pin("value_o"), word_o = pin("word_o"), layer_o = pin("layer_o"),
      write_o = pin("write_o"), last_of_tile_o = pin("last_of_tile_o"),
      operand_valid_i = pin("operand_valid_i"), operand_word_i = pin("operand_word_i"),
      operand_values_i = pin("operand_values_i"), parameter_valid_i = pin("parameter_valid_i"),
      parameter_slot_i = pin("parameter_slot_i"), parameter_oc_lane_i = pin("parameter_oc_lane_i"),
      parameter_bias_i = pin("parameter_bias_i"), parameter_mantissa_i = pin("parameter_mantissa_i"),
      parameter_shift_i = pin("parameter_shift_i"), table_valid_i = pin("table_valid_i"),
      table_bank_i = pin("table_bank_i"), table_entry_i = pin("table_entry_i"),
      table_count_i = pin("table_count_i"), table_values_i = pin("table_values_i");
};

class AddressGeneratorTwin final : public RtlBlock<blocks::AddressGenerator>, Twin {
 public:
  AddressGeneratorTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::AddressGenerator>::kName, h, toolchain), staged_(pin("staged_settings_i"), h) {}
  void configure(const arch::Configure& c) override {
    write_struct(geometry_i, layouts_.geometry, Geometry(c));
    staged_.clear();
  }
  void configure(const arch::ConfigureStaged& c) override { staged_.write(c.staged); }
  bool can_accept_tile() const override { return tile_ready_o.is_high(); }
  bool idle() const override { return idle_o.is_high(); }
  bool valid() const override { return valid_o.is_high(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    tile_valid_i.set(offered(in.tile != nullptr, can_accept_tile()));
    set_struct(tile_i, layouts_.run_tile, in.tile);
    ic_tiles_loaded_i.set(static_cast<std::uint32_t>(in.ic_tiles_loaded));
    ready_i.set(offered(in.out_taken, valid()));
    rtl_.edge();
    if (valid()) read_struct(request_o, layouts_.tap_request, out_);
  }

 private:
  StagedPort staged_;
  Pin geometry_i = pin("geometry_i"), tile_ready_o = pin("tile_ready_o"), idle_o = pin("idle_o"),
      valid_o = pin("valid_o"), tile_valid_i = pin("tile_valid_i"), tile_i = pin("tile_i"),
      ic_tiles_loaded_i = pin("ic_tiles_loaded_i"), ready_i = pin("ready_i"), request_o = pin("request_o");
};

class WeightLoaderTwin final : public RtlBlock<blocks::WeightLoader>, Twin {
 public:
  WeightLoaderTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::WeightLoader>::kName, h, toolchain) {
    out_.w.resize(layouts_.oc_lanes);
  }
  bool can_accept_tile() const override { return tile_ready_o.is_high(); }
  bool idle() const override { return idle_o.is_high(); }
  std::uint64_t ic_tiles_loaded() const override { return ic_tiles_loaded_o.count(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    tile_valid_i.set(offered(in.tile != nullptr, can_accept_tile()));
    set_struct(tile_i, layouts_.run_tile, in.tile);
    ic_tiles_consumed_i.set(static_cast<std::uint32_t>(in.ic_tiles_consumed));
    write_valid_i.set(in.write != nullptr);
    if (in.write != nullptr) {
      write_word_i.set(in.write->word);
      write_values_i.set_lanes(in.write->values, layouts_.weight_bits);
    }
    rtl_.edge();
    out_.valid = row_valid_o.is_high();
    out_.bank = row_bank_o.count();
    out_.tap = row_tap_o.count();
    out_.ic_lane = row_ic_lane_o.count();
    row_w_o.get_lanes(out_.w, layouts_.weight_bits);
  }

 private:
  Pin tile_ready_o = pin("tile_ready_o"), idle_o = pin("idle_o"),
      ic_tiles_loaded_o = pin("ic_tiles_loaded_o"), tile_valid_i = pin("tile_valid_i"),
      tile_i = pin("tile_i"), ic_tiles_consumed_i = pin("ic_tiles_consumed_i"),
      write_valid_i = pin("write_valid_i"), write_word_i = pin("write_word_i"),
      write_values_i = pin("write_values_i"), row_valid_o = pin("row_valid_o"),
      row_bank_o = pin("row_bank_o"), row_tap_o = pin("row_tap_o"), row_ic_lane_o = pin("row_ic_lane_o"),
      row_w_o = pin("row_w_o");
};

class OutputBufferTwin final : public RtlBlock<blocks::OutputBuffer>, Twin {
 public:
  OutputBufferTwin(const arch::Hardware& h, const RtlToolchain& toolchain)
      : Twin(Observer<blocks::OutputBuffer>::kName, h, toolchain) {
    data_.resize(layouts_.oc_lanes);
  }
  bool ready() const override { return ready_o.is_high(); }
  bool data_valid() const override { return data_valid_o.is_high(); }
  std::uint64_t tiles_done() const override { return tiles_done_o.count(); }
  VerilatedModule* module() override { return &rtl_; }
  void step(const In& in) override {
    valid_i.set(in.write != nullptr);
    if (in.write != nullptr) {
      value_i.set_lanes(std::span<const std::int32_t>(in.write->value), layouts_.activation_bits);
      word_i.set(in.write->word);
      write_i.set(in.write->write);
      last_of_tile_i.set(in.write->last_of_tile);
    }
    read_i.set(in.read);
    read_word_i.set(in.read_word);
    rtl_.edge();
    data_o.get_lanes(data_, layouts_.activation_bits);
  }

 private:
  Pin ready_o = pin("ready_o"), data_valid_o = pin("data_valid_o"), tiles_done_o = pin("tiles_done_o"),
      valid_i = pin("valid_i"), value_i = pin("value_i"), word_i = pin("word_i"), write_i = pin("write_i"),
      last_of_tile_i = pin("last_of_tile_i"), read_i = pin("read_i"), read_word_i = pin("read_word_i"),
      data_o = pin("data_o");
};

}  // namespace

template <>
std::unique_ptr<RtlBlock<blocks::ActivationBuffer>> make_rtl<blocks::ActivationBuffer>(
    const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<ActivationBufferTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::PeArray>> make_rtl<blocks::PeArray>(const arch::Hardware& h,
                                                                     const RtlToolchain& toolchain) {
  return std::make_unique<PeArrayTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::AdderTree>> make_rtl<blocks::AdderTree>(const arch::Hardware& h,
                                                                         const RtlToolchain& toolchain) {
  return std::make_unique<AdderTreeTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::PartialSumBuffer>> make_rtl<blocks::PartialSumBuffer>(
    const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<PartialSumBufferTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::PostProcessor>> make_rtl<blocks::PostProcessor>(
    const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<PostProcessorTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::AddressGenerator>> make_rtl<blocks::AddressGenerator>(
    const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<AddressGeneratorTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::WeightLoader>> make_rtl<blocks::WeightLoader>(
    const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<WeightLoaderTwin>(h, toolchain);
}
template <>
std::unique_ptr<RtlBlock<blocks::OutputBuffer>> make_rtl<blocks::OutputBuffer>(
    const arch::Hardware& h, const RtlToolchain& toolchain) {
  return std::make_unique<OutputBufferTwin>(h, toolchain);
}

}  // namespace dlasim::sim::cosim
