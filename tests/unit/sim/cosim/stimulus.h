#pragma once
/// Random inputs for the blocks, inside what the contract allows.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "sim/arch/command.h"
#include "sim/arch/hardware.h"
#include "sim/blocks/beats.h"
#include "sim/blocks/word_memory.h"

namespace dlasim::sim::cosim {

class Stimulus {
 public:
  Stimulus(const arch::Hardware& hardware, std::uint64_t seed) : h_(hardware), random_(seed) {}

  std::int64_t uniform(std::int64_t low, std::int64_t high) { return random_.integer(low, high); }
  bool chance(int per_cent) { return uniform(0, 99) < per_cent; }
  std::uint32_t below(std::int64_t count) { return static_cast<std::uint32_t>(uniform(0, count - 1)); }
  std::uint32_t between(std::int64_t low, std::int64_t high) {
    return static_cast<std::uint32_t>(uniform(low, high));
  }

  /// A signed number of at most `bits` bits: all magnitudes alike, the ends of the range now and then.
  std::int64_t number(int bits) {
    const std::int64_t low = -(std::int64_t{1} << (bits - 1)), high = -(low + 1);
    const auto kind = uniform(0, 19);
    if (kind == 0) return low;
    if (kind == 1) return high;
    const std::int64_t magnitude = uniform(0, (std::int64_t{1} << uniform(0, bits - 1)) - 1);
    return chance(50) ? magnitude : -magnitude;
  }
  template <class Value>
  void fill(std::vector<Value>& values, int bits) {
    for (Value& v : values) v = static_cast<Value>(number(bits));
  }

  blocks::Position position() {
    blocks::Position p;
    p.index = below(h_.buffers.partial_sum_depth);
    p.parameter_slot = below(h_.buffers.parameter_slots);
    p.operand_word = below(h_.operand_words());
    p.output_word = below(h_.output_words());
    p.taps_inside = between(1, h_.pe_array.max_taps);
    p.oc_active = between(1, h_.pe_array.oc_lanes);
    p.layer = below(1000);
    p.first_sum = chance(40);
    p.last_sum = chance(60);
    p.last_of_tile = chance(20);
    return p;
  }

  blocks::TapRequest request() {
    blocks::TapRequest r;
    r.word = below(h_.activation_words());
    r.tap = below(h_.pe_array.max_taps);
    r.lanes_active = between(1, h_.pe_array.ic_lanes);
    r.bank = below(2);
    r.padded = chance(25);
    r.first_tap = chance(20), r.last_tap = chance(20), r.last_of_ic_tile = chance(10);
    r.position = position();
    return r;
  }

  arch::RunTile tile() {
    arch::RunTile t;
    t.layer = below(1000);
    t.kernel_height = between(1, 3);
    t.kernel_width = between(1, std::min<std::int64_t>(4, h_.pe_array.max_taps / t.kernel_height));
    t.ic_tiles = between(1, 3);
    t.last_tile_lanes = between(1, h_.pe_array.ic_lanes);
    t.rows = between(1, 4);
    t.cols = between(1, std::min<std::int64_t>(6, h_.buffers.partial_sum_depth / t.rows));
    t.region_height = between(1, 6), t.region_width = between(1, 6);
    t.activation_word = below(h_.activation_words() - t.region_height * t.region_width * t.ic_tiles);
    t.y_start = static_cast<std::int32_t>(uniform(-3, 2)),
    t.x_start = static_cast<std::int32_t>(uniform(-3, 2));
    const std::int64_t rows =
        std::int64_t{t.ic_tiles} * t.kernel_height * t.kernel_width * h_.pe_array.ic_lanes;
    t.weight_word = below(h_.weight_words() - rows);
    t.parameter_slot = below(h_.buffers.parameter_slots);
    t.operand_word = below(h_.operand_words()), t.output_word = below(h_.output_words());
    t.oc_active = between(1, h_.pe_array.oc_lanes);
    t.continue_sum = below(2), t.hold_sum = below(2);
    return t;
  }

  arch::Configure geometry() {
    arch::Configure c;
    c.stride_y = between(1, 3), c.stride_x = between(1, 3);
    c.dilation_y = between(1, 3), c.dilation_x = between(1, 3);
    if (chance(40)) c.upsample_y = between(1, 3), c.upsample_x = between(1, 3);
    c.pad_value = static_cast<std::int32_t>(number(h_.pe_array.activation_bits));
    return c;
  }

  /// A mantissa of section 1: normalised, or 0, or that of a negative slope.
  std::int32_t mantissa(arch::Requant rule) {
    if (rule == arch::Requant::kPytorch) {
      // A factor of few bits and near 1: products that lie on a tie.
      if (chance(40)) return static_cast<std::int32_t>(between(120, 127) << 23 | below(4) << 21);
      const auto exponent = static_cast<std::uint32_t>(chance(90) ? uniform(85, 135) : uniform(0, 254));
      return static_cast<std::int32_t>(exponent << 23 | below(1 << 23));
    }
    constexpr std::int64_t kHalf = 1 << 30;
    const auto kind = uniform(0, 15);
    if (kind == 0) return 0;
    if (kind == 1) return static_cast<std::int32_t>(2 * kHalf - 1 - uniform(0, 70000));
    const std::int64_t m = kind == 2 ? kHalf : uniform(kHalf, 2 * kHalf - 1);
    return static_cast<std::int32_t>(kind == 3 ? -m : m);
  }
  std::int32_t shift(arch::Requant rule) {
    const std::int64_t highest = rule == arch::Requant::kInt64 ? 7 : 30;
    return static_cast<std::int32_t>(chance(70) ? uniform(-20, 2) : uniform(-31, highest));
  }
  arch::Scale scale(arch::Requant rule) {
    const std::int32_t m = mantissa(rule);
    return {m, shift(rule)};
  }

  arch::PostSettings post_settings() {
    using arch::Requant;
    arch::PostSettings s;
    s.requant = static_cast<Requant>(below(6));
    s.output_zero_point = static_cast<std::int32_t>(number(9));
    s.clamp_min = -uniform(1, 32768), s.clamp_max = uniform(0, 32767);
    const bool scales = s.requant != Requant::kNone && s.requant != Requant::kAverage;
    s.negative_enable = static_cast<std::uint32_t>(scales && chance(30));
    s.negative = scale(s.requant);
    s.lower = table_stage(), s.upper = table_stage();
    s.combine = static_cast<arch::Combine>(below(8));
    s.gate_offset = below(h_.pe_array.oc_lanes + 1);
    s.combine_rule = static_cast<Requant>(between(1, 4));
    s.left_shift = static_cast<std::int32_t>(uniform(0, 20));
    s.first_zero_point = static_cast<std::int32_t>(number(9));
    s.second_zero_point = static_cast<std::int32_t>(number(9));
    s.combine_zero_point = static_cast<std::int32_t>(number(9));
    s.first = scale(s.combine_rule), s.second = scale(s.combine_rule), s.combined = scale(s.combine_rule);
    s.combine_min = -uniform(1, 32768), s.combine_max = uniform(0, 32767);
    return s;
  }

 private:
  arch::TableStage table_stage() {
    arch::TableStage t;
    t.kind = static_cast<arch::Table>(below(6));
    t.bank = below(2);
    t.index_mask = 255;
    t.multiplier = static_cast<std::int32_t>(uniform(0, (std::int64_t{1} << 31) - 1));
    const bool tflite = t.kind == arch::Table::kSigmoid16Tflite || t.kind == arch::Table::kTanh16Tflite;
    t.shift = static_cast<std::int32_t>(tflite       ? uniform(0, 31)
                                        : chance(80) ? uniform(-6, 8)
                                                     : uniform(-31, 31));
    return t;
  }

  const arch::Hardware h_;
  base::Random random_;
};

/// A buffer word with its own storage.
struct Word {
  std::vector<std::int32_t> values;
  blocks::BufferWrite write;
  Word(Stimulus& s, int words, int lanes, int bits) : values(static_cast<std::size_t>(lanes)) {
    s.fill(values, bits);
    write = {s.below(words), values};
  }
  Word(const Word&) = delete;
  Word& operator=(const Word&) = delete;
};

}  // namespace dlasim::sim::cosim
