#pragma once
/// The blocks' adapters: model structs to ports and back. Templates on the Verilated class, which differs for
/// each hardware configuration.

#include <algorithm>
#include <utility>

#include "ports.h"
#include "sim/cosim/rtl_block.h"
#include "verilated_block.h"

namespace dlasim::sim::cosim {

/// Layouts and lane widths of one hardware.
struct Layouts {
  explicit Layouts(const arch::Hardware& h)
      : ic_lanes(static_cast<std::size_t>(h.pe_array.ic_lanes)),
        oc_lanes(static_cast<std::size_t>(h.pe_array.oc_lanes)),
        activation_bits(h.pe_array.activation_bits),
        weight_bits(h.pe_array.weight_bits),
        sum_bits(arch::sum_bits(h)),
        position(arch::position_struct(h)),
        tap_request(arch::tap_request_struct(h)),
        run_tile(arch::run_tile_struct(h)),
        geometry(arch::geometry_struct(h)),
        post_settings(arch::post_settings_struct(h)) {
    // `fields` of a request goes on with those of its position.
    tap_request.fields.pop_back();
    tap_request.fields.insert(tap_request.fields.end(), position.fields.begin(), position.fields.end());
  }
  std::size_t ic_lanes, oc_lanes;
  int activation_bits, weight_bits, sum_bits;
  arch::RtlStruct position, tap_request, run_tile, geometry, post_settings;
};

/// This side of a hand-shake as the RTL sees it. The models are told of what moves only; the RTL is also
/// offered what it is not ready for (see `set_struct`) and asked for what it does not have, neither of which
/// may change anything.
inline bool offered(bool moves, bool other_side) {
  return moves || !other_side;
}

/// The struct that moves, or, where none does, the last one with all bits inverted: nobody may look at it.
template <class Port, class Struct>
void set_struct(Port& port, const arch::RtlStruct& layout, const Struct* value) {
  if (value != nullptr) {
    write_struct(port, layout, *value);
  } else {
    invert_bits(port, layout.bits());
  }
}

/// The address generator's part of Configure, in the order of geometry_t.
struct Geometry {
  std::uint32_t stride_y, stride_x, dilation_y, dilation_x, upsample_y, upsample_x;
  explicit Geometry(const arch::Configure& c)
      : stride_y(c.stride_y),
        stride_x(c.stride_x),
        dilation_y(c.dilation_y),
        dilation_x(c.dilation_x),
        upsample_y(c.upsample_y),
        upsample_x(c.upsample_x) {}
  template <class Visitor>
  void fields(Visitor& v) const {
    v("stride_y", stride_y), v("stride_x", stride_x), v("dilation_y", dilation_y);
    v("dilation_x", dilation_x), v("upsample_y", upsample_y), v("upsample_x", upsample_x);
  }
};

template <class Top>
class ActivationBufferTwin final : public RtlBlock<blocks::ActivationBuffer> {
 public:
  explicit ActivationBufferTwin(const arch::Hardware& h) : layouts_(h) { out_.x.resize(layouts_.ic_lanes); }
  void configure(const arch::Configure& c) override {
    top_->pad_value_i = static_cast<std::uint32_t>(c.pad_value);
  }
  bool ready() const override { return top_->ready_o != 0; }
  bool valid() const override { return top_->valid_o != 0; }
  void step(const In& in) override {
    top_->valid_i = offered(in.request != nullptr, ready());
    set_struct(top_->request_i, layouts_.tap_request, in.request);
    top_->write_valid_i = in.write != nullptr;
    if (in.write != nullptr) {
      set_bits(top_->write_word_i, 0, 32, in.write->word);
      set_lanes(top_->write_values_i, in.write->values, layouts_.activation_bits);
    }
    top_->ready_i = offered(in.out_taken, valid());
    top_.edge();
    if (!valid()) return;
    get_lanes(top_->x_o, out_.x, layouts_.activation_bits);
    read_struct(top_->request_o, layouts_.tap_request, out_.request);
  }

 private:
  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

template <class Top>
class PeArrayTwin final : public RtlBlock<blocks::PeArray> {
 public:
  explicit PeArrayTwin(const arch::Hardware& h) : layouts_(h) {
    out_.narrow.resize(layouts_.ic_lanes * layouts_.oc_lanes);
    out_.wide.resize(layouts_.ic_lanes * layouts_.oc_lanes);
  }
  void configure(const arch::Configure& c) override {
    top_->maximum_i = c.mode == arch::PeMode::kMaximum;
    top_->wide_i = c.wide_accumulator != 0;
  }
  bool ready() const override { return top_->ready_o != 0; }
  bool valid() const override { return top_->valid_o != 0; }
  std::uint64_t ic_tiles_consumed() const override { return top_->ic_tiles_consumed_o; }
  void step(const In& in) override {
    top_->valid_i = offered(in.beat != nullptr, ready());
    if (in.beat != nullptr) {
      set_lanes(top_->x_i, std::span<const std::int32_t>(in.beat->x), layouts_.activation_bits);
    }
    set_struct(top_->request_i, layouts_.tap_request, in.beat == nullptr ? nullptr : &in.beat->request);
    top_->row_valid_i = in.row != nullptr;
    if (in.row != nullptr) {
      set_bits(top_->row_bank_i, 0, 1, in.row->bank);
      set_bits(top_->row_tap_i, 0, 32, in.row->tap);
      set_bits(top_->row_ic_lane_i, 0, 32, in.row->ic_lane);
      set_lanes(top_->row_w_i, std::span<const std::int32_t>(in.row->w), layouts_.weight_bits);
    }
    top_->ready_i = offered(in.out_taken, valid());
    top_.edge();
    if (!valid()) return;
    get_lanes(top_->sum_o, out_.wide, layouts_.sum_bits);
    std::ranges::transform(out_.wide, out_.narrow.begin(),
                           [](std::int64_t v) { return static_cast<std::int32_t>(v); });
    out_.lanes_active = top_->lanes_active_o;
    read_struct(top_->position_o, layouts_.position, out_.position);
  }

 private:
  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

template <class Top>
class AdderTreeTwin final : public RtlBlock<blocks::AdderTree> {
 public:
  explicit AdderTreeTwin(const arch::Hardware& h) : layouts_(h) { out_.sum.resize(layouts_.oc_lanes); }
  void configure(const arch::Configure& c) override {
    wide_ = c.wide_accumulator != 0;
    top_->wide_i = wide_;
  }
  bool ready() const override { return top_->ready_o != 0; }
  bool valid() const override { return top_->valid_o != 0; }
  void step(const In& in) override {
    top_->valid_i = offered(in.sums != nullptr, ready());
    if (in.sums != nullptr) {
      if (wide_) {
        set_lanes(top_->sum_i, std::span<const std::int64_t>(in.sums->wide), layouts_.sum_bits);
      } else {
        set_lanes(top_->sum_i, std::span<const std::int32_t>(in.sums->narrow), layouts_.sum_bits);
      }
      set_bits(top_->lanes_active_i, 0, 32, in.sums->lanes_active);
    }
    set_struct(top_->position_i, layouts_.position, in.sums == nullptr ? nullptr : &in.sums->position);
    top_->ready_i = offered(in.out_taken, valid());
    top_.edge();
    if (!valid()) return;
    get_lanes(top_->sum_o, out_.sum, layouts_.sum_bits);
    read_struct(top_->position_o, layouts_.position, out_.position);
  }

 private:
  Layouts layouts_;
  bool wide_ = false;
  VerilatedBlock<Top> top_;
};

template <class Top>
class PartialSumBufferTwin final : public RtlBlock<blocks::PartialSumBuffer> {
 public:
  explicit PartialSumBufferTwin(const arch::Hardware& h) : layouts_(h) { out_.sum.resize(layouts_.oc_lanes); }
  bool ready() const override { return top_->ready_o != 0; }
  bool valid() const override { return top_->valid_o != 0; }
  void step(const In& in) override {
    top_->valid_i = offered(in.sums != nullptr, ready());
    if (in.sums != nullptr) {
      set_lanes(top_->sum_i, std::span<const std::int64_t>(in.sums->sum), layouts_.sum_bits);
    }
    set_struct(top_->position_i, layouts_.position, in.sums == nullptr ? nullptr : &in.sums->position);
    top_->ready_i = offered(in.out_taken, valid());
    top_.edge();
    if (!valid()) return;
    get_lanes(top_->sum_o, out_.sum, layouts_.sum_bits);
    read_struct(top_->position_o, layouts_.position, out_.position);
  }

 private:
  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

template <class Top>
class PostProcessorTwin final : public RtlBlock<blocks::PostProcessor> {
 public:
  explicit PostProcessorTwin(const arch::Hardware& h) : layouts_(h) { out_.value.resize(layouts_.oc_lanes); }
  void configure(const arch::Configure& c) override {
    write_struct(top_->settings_i, layouts_.post_settings, c.post);
  }
  bool ready() const override { return top_->ready_o != 0; }
  bool valid() const override { return top_->valid_o != 0; }
  void step(const In& in) override {
    top_->valid_i = offered(in.sums != nullptr, ready());
    if (in.sums != nullptr) {
      set_lanes(top_->sum_i, std::span<const std::int64_t>(in.sums->sum), layouts_.sum_bits);
    }
    write_memories(in);
    set_struct(top_->position_i, layouts_.position, in.sums == nullptr ? nullptr : &in.sums->position);
    top_->ready_i = offered(in.out_taken, valid());
    top_.edge();
    if (!valid()) return;
    get_lanes(top_->value_o, out_.value, layouts_.activation_bits);
    out_.word = top_->word_o;
    out_.layer = top_->layer_o;
    out_.write = top_->write_o != 0;
    out_.last_of_tile = top_->last_of_tile_o != 0;
  }

 private:
  void write_memories(const In& in) {
    top_->operand_valid_i = in.operand != nullptr;
    if (in.operand != nullptr) {
      set_bits(top_->operand_word_i, 0, 32, in.operand->word);
      set_lanes(top_->operand_values_i, in.operand->values, layouts_.activation_bits);
    }
    top_->parameter_valid_i = in.parameter != nullptr;
    if (in.parameter != nullptr) {
      set_bits(top_->parameter_slot_i, 0, 32, in.parameter->slot);
      set_bits(top_->parameter_oc_lane_i, 0, 32, in.parameter->oc_lane);
      top_->parameter_bias_i =
          static_cast<std::uint64_t>(in.parameter->parameters.bias) & mask(layouts_.sum_bits);
      top_->parameter_mantissa_i = static_cast<std::uint32_t>(in.parameter->parameters.mantissa);
      top_->parameter_shift_i = static_cast<std::uint32_t>(in.parameter->parameters.shift);
    }
    top_->table_valid_i = in.table != nullptr;
    if (in.table != nullptr) {
      set_bits(top_->table_bank_i, 0, 1, in.table->bank);
      set_bits(top_->table_entry_i, 0, 32, in.table->entry);
      set_bits(top_->table_count_i, 0, 32, in.table->values.size());
      set_lanes(top_->table_values_i, in.table->values, layouts_.activation_bits);
    }
  }

  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

template <class Top>
class AddressGeneratorTwin final : public RtlBlock<blocks::AddressGenerator> {
 public:
  explicit AddressGeneratorTwin(const arch::Hardware& h) : layouts_(h) {}
  void configure(const arch::Configure& c) override {
    write_struct(top_->geometry_i, layouts_.geometry, Geometry(c));
  }
  bool can_accept_tile() const override { return top_->tile_ready_o != 0; }
  bool idle() const override { return top_->idle_o != 0; }
  bool valid() const override { return top_->valid_o != 0; }
  void step(const In& in) override {
    top_->tile_valid_i = offered(in.tile != nullptr, can_accept_tile());
    set_struct(top_->tile_i, layouts_.run_tile, in.tile);
    top_->ic_tiles_loaded_i = static_cast<std::uint32_t>(in.ic_tiles_loaded);
    top_->ready_i = offered(in.out_taken, valid());
    top_.edge();
    if (valid()) read_struct(top_->request_o, layouts_.tap_request, out_);
  }

 private:
  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

template <class Top>
class WeightLoaderTwin final : public RtlBlock<blocks::WeightLoader> {
 public:
  explicit WeightLoaderTwin(const arch::Hardware& h) : layouts_(h) { out_.w.resize(layouts_.oc_lanes); }
  bool can_accept_tile() const override { return top_->tile_ready_o != 0; }
  bool idle() const override { return top_->idle_o != 0; }
  std::uint64_t ic_tiles_loaded() const override { return top_->ic_tiles_loaded_o; }
  void step(const In& in) override {
    top_->tile_valid_i = offered(in.tile != nullptr, can_accept_tile());
    set_struct(top_->tile_i, layouts_.run_tile, in.tile);
    top_->ic_tiles_consumed_i = static_cast<std::uint32_t>(in.ic_tiles_consumed);
    top_->write_valid_i = in.write != nullptr;
    if (in.write != nullptr) {
      set_bits(top_->write_word_i, 0, 32, in.write->word);
      set_lanes(top_->write_values_i, in.write->values, layouts_.weight_bits);
    }
    top_.edge();
    out_.valid = top_->row_valid_o != 0;
    out_.bank = top_->row_bank_o;
    out_.tap = top_->row_tap_o;
    out_.ic_lane = top_->row_ic_lane_o;
    get_lanes(top_->row_w_o, out_.w, layouts_.weight_bits);
  }

 private:
  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

template <class Top>
class OutputBufferTwin final : public RtlBlock<blocks::OutputBuffer> {
 public:
  explicit OutputBufferTwin(const arch::Hardware& h) : layouts_(h) { data_.resize(layouts_.oc_lanes); }
  bool ready() const override { return top_->ready_o != 0; }
  bool data_valid() const override { return top_->data_valid_o != 0; }
  std::uint64_t tiles_done() const override { return top_->tiles_done_o; }
  void step(const In& in) override {
    top_->valid_i = in.write != nullptr;
    if (in.write != nullptr) {
      set_lanes(top_->value_i, std::span<const std::int32_t>(in.write->value), layouts_.activation_bits);
      set_bits(top_->word_i, 0, 32, in.write->word);
      top_->write_i = in.write->write;
      top_->last_of_tile_i = in.write->last_of_tile;
    }
    top_->read_i = in.read;
    set_bits(top_->read_word_i, 0, 32, in.read_word);
    top_.edge();
    get_lanes(top_->data_o, data_, layouts_.activation_bits);
  }

 private:
  Layouts layouts_;
  VerilatedBlock<Top> top_;
};

}  // namespace dlasim::sim::cosim
