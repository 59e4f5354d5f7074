#pragma once
/// Drives a model and its RTL with random beats and random stalls on both sides, block by block.
///
/// A driver builds the `In` of one cycle from the model's state; `run` steps both. Stalls come in phases, so
/// that full, empty and bursty pipelines all occur.

#include <memory>
#include <optional>

#include "sim/cosim/lockstep.h"
#include "stimulus.h"

namespace dlasim::sim::cosim {

/// Chance in per cent that a side is willing; changes every hundred cycles.
class Willingness {
 public:
  void advance(Stimulus& s, std::uint64_t cycle) {
    if (cycle % 100 == 0) input_ = level(s), output_ = level(s);
  }
  bool input(Stimulus& s) const { return s.chance(input_); }
  bool output(Stimulus& s) const { return s.chance(output_); }

 private:
  static int level(Stimulus& s) {
    constexpr int kLevels[] = {100, 90, 50, 10};
    return kLevels[s.below(4)];
  }
  int input_ = 100, output_ = 100;
};

template <class Model>
class Driver;

template <>
class Driver<blocks::ActivationBuffer> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {}
  template <class Step>
  void cycle(const blocks::ActivationBuffer& model, bool offer, bool take, Step step) {
    const Word word(s_, h_.activation_words(), h_.pe_array.ic_lanes, h_.pe_array.activation_bits);
    blocks::TapRequest request = s_.request();
    if (s_.chance(10)) request.word = word.write.word;  // read and written in one cycle
    step({offer && model.ready() ? &request : nullptr, s_.chance(50) ? &word.write : nullptr,
          take && model.valid()});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::ActivationBuffer& /*model*/) const { return true; }
  arch::Configure settings() { return s_.geometry(); }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
};

template <>
class Driver<blocks::PeArray> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {
    beat_.x.resize(static_cast<std::size_t>(h.pe_array.ic_lanes));
    row_.w.resize(static_cast<std::size_t>(h.pe_array.oc_lanes));
  }
  template <class Step>
  void cycle(const blocks::PeArray& model, bool offer, bool take, Step step) {
    // Without wide accumulators every sum fits 32 bits: that is what the setting says.
    const int narrow = 13;
    const bool row = s_.chance(60);
    if (row) {
      s_.fill(row_.w, wide_ ? h_.pe_array.weight_bits : std::min(narrow, h_.pe_array.weight_bits));
      row_.bank = s_.below(2), row_.tap = s_.below(h_.pe_array.max_taps);
      row_.ic_lane = s_.below(h_.pe_array.ic_lanes);
    }
    const bool accepted = offer && model.ready();
    if (accepted) next_tap(wide_ ? h_.pe_array.activation_bits : narrow);
    step({accepted ? &beat_ : nullptr, row ? &row_ : nullptr, take && model.valid()});
  }
  bool may_stop() const { return taps_left_ == 0; }  // not within a position
  /// Between positions, and with nothing inside.
  bool may_configure(const blocks::PeArray& model) const { return taps_left_ == 0 && !model.valid(); }
  arch::Configure settings() {
    arch::Configure c;
    c.mode = s_.chance(30) ? arch::PeMode::kMaximum : arch::PeMode::kMultiplyAccumulate;
    wide_ = s_.chance(50);
    c.wide_accumulator = static_cast<std::uint32_t>(wide_);
    return c;
  }

 private:
  void next_tap(int bits) {
    blocks::TapRequest& r = beat_.request;
    const bool first = taps_left_ == 0;
    if (first) {
      taps_left_ = s_.between(1, 8);
      r = s_.request();
      r.position.taps_inside = 0;
    }
    r.first_tap = first, r.last_tap = --taps_left_ == 0;
    r.last_of_ic_tile = r.last_tap && s_.chance(30);
    r.tap = s_.below(h_.pe_array.max_taps);
    r.padded = s_.chance(30);
    r.position.taps_inside += r.padded ? 0 : 1;
    s_.fill(beat_.x, bits);
  }

  const arch::Hardware& h_;
  Stimulus& s_;
  blocks::ActivationBeat beat_;
  blocks::WeightRow row_;
  std::uint32_t taps_left_ = 0;
  bool wide_ = false;
};

template <>
class Driver<blocks::AdderTree> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {
    const auto pes = static_cast<std::size_t>(h.pe_array.ic_lanes * h.pe_array.oc_lanes);
    sums_.narrow.resize(pes), sums_.wide.resize(pes);
  }
  template <class Step>
  void cycle(const blocks::AdderTree& model, bool offer, bool take, Step step) {
    const bool accepted = offer && model.ready();
    if (accepted) {
      s_.fill(sums_.narrow, 29), s_.fill(sums_.wide, 44);
      sums_.lanes_active = s_.between(1, h_.pe_array.ic_lanes);
      sums_.position = s_.position();
    }
    inside_ += accepted ? 1 : 0;
    const bool taken = take && model.valid();
    inside_ -= taken ? 1 : 0;
    step({accepted ? &sums_ : nullptr, taken});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::AdderTree& /*model*/) const { return inside_ == 0; }
  arch::Configure settings() {
    arch::Configure c;
    c.wide_accumulator = s_.below(2);
    return c;
  }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  blocks::LaneSums sums_;
  int inside_ = 0;
};

template <>
class Driver<blocks::PartialSumBuffer> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : s_(s) {
    sums_.sum.resize(static_cast<std::size_t>(h.pe_array.oc_lanes));
  }
  template <class Step>
  void cycle(const blocks::PartialSumBuffer& model, bool offer, bool take, Step step) {
    s_.fill(sums_.sum, 36);
    sums_.position = s_.position();
    step({offer && model.ready() ? &sums_ : nullptr, take && model.valid()});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::PartialSumBuffer& /*model*/) const { return true; }
  arch::Configure settings() { return {}; }

 private:
  Stimulus& s_;
  blocks::ChannelSums sums_;
};

template <>
class Driver<blocks::PostProcessor> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {
    sums_.sum.resize(static_cast<std::size_t>(h.pe_array.oc_lanes));
  }
  template <class Step>
  void cycle(const blocks::PostProcessor& model, bool offer, bool take, Step step) {
    const Word operand(s_, h_.operand_words(), h_.pe_array.oc_lanes, h_.pe_array.activation_bits);
    const Word table(s_, 2, h_.pe_array.oc_lanes, h_.pe_array.activation_bits);
    const std::span<const std::int32_t> values(table.values.data(), s_.between(1, h_.pe_array.oc_lanes));
    const blocks::TableWrite table_write{
        table.write.word, s_.below(h_.post_processor.table_entries - static_cast<int>(values.size()) + 1),
        values};
    blocks::ParameterWrite parameter;
    parameter.slot = s_.below(h_.buffers.parameter_slots), parameter.oc_lane = s_.below(h_.pe_array.oc_lanes);
    parameter.parameters = {s_.number(40), s_.mantissa(rule_), s_.shift(rule_)};
    s_.fill(sums_.sum, s_.chance(50) ? 46 : 31);
    sums_.position = s_.position();
    // Parameters belong to a rule: until each slot has them, none of its sums is sent.
    const std::size_t slot =
        parameter.slot * static_cast<std::size_t>(h_.pe_array.oc_lanes) + parameter.oc_lane;
    const bool known = std::ranges::find(known_, false) == known_.end();
    const bool write_parameter = !known || s_.chance(20);
    if (!known) {
      const auto next = static_cast<std::size_t>(std::ranges::find(known_, false) - known_.begin());
      parameter.slot = static_cast<std::uint32_t>(next / static_cast<std::size_t>(h_.pe_array.oc_lanes));
      parameter.oc_lane = static_cast<std::uint32_t>(next % static_cast<std::size_t>(h_.pe_array.oc_lanes));
      known_[next] = true;
    } else if (write_parameter) {
      known_[slot] = true;
    }
    step({offer && known && model.ready() ? &sums_ : nullptr, s_.chance(50) ? &operand.write : nullptr,
          write_parameter ? &parameter : nullptr, s_.chance(80) ? &table_write : nullptr,
          take && model.valid()});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::PostProcessor& /*model*/) const { return true; }
  arch::Configure settings() {
    arch::Configure c;
    c.post = s_.post_settings();
    rule_ = c.post.requant;
    known_.assign(static_cast<std::size_t>(h_.buffers.parameter_slots * h_.pe_array.oc_lanes), false);
    return c;
  }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  blocks::ChannelSums sums_;
  arch::Requant rule_ = arch::Requant::kNone;
  std::vector<bool> known_;
};

template <>
class Driver<blocks::OutputBuffer> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {
    word_.value.resize(static_cast<std::size_t>(h.pe_array.oc_lanes));
  }
  template <class Step>
  void cycle(const blocks::OutputBuffer& /*model*/, bool offer, bool take, Step step) {
    s_.fill(word_.value, h_.pe_array.activation_bits);
    word_.word = s_.below(h_.output_words());
    word_.write = s_.chance(80), word_.last_of_tile = s_.chance(20);
    const std::uint32_t read = s_.chance(10) ? word_.word : s_.below(h_.output_words());
    step({offer ? &word_ : nullptr, take, read});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::OutputBuffer& /*model*/) const { return true; }
  arch::Configure settings() { return {}; }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  blocks::OutputWord word_;
};

template <>
class Driver<blocks::AddressGenerator> {
 public:
  Driver(const arch::Hardware& /*h*/, Stimulus& s) : s_(s) {}
  template <class Step>
  void cycle(const blocks::AddressGenerator& model, bool offer, bool take, Step step) {
    const arch::RunTile tile = s_.tile();
    const bool accepted = offer && model.can_accept_tile();
    if (accepted) loadable_ += tile.ic_tiles;
    const std::uint64_t loaded = loaded_;
    if (loaded_ < loadable_ && s_.chance(20)) ++loaded_;
    step({accepted ? &tile : nullptr, loaded, take && model.valid()});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::AddressGenerator& model) const { return model.idle(); }
  arch::Configure settings() { return s_.geometry(); }

 private:
  Stimulus& s_;
  std::uint64_t loadable_ = 0, loaded_ = 0;
};

template <>
class Driver<blocks::WeightLoader> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s) {}
  template <class Step>
  void cycle(const blocks::WeightLoader& model, bool offer, bool take, Step step) {
    const Word word(s_, h_.weight_words(), h_.pe_array.oc_lanes, h_.pe_array.weight_bits);
    const arch::RunTile tile = s_.tile();
    const std::uint64_t consumed = consumed_;
    if (take && consumed_ < model.ic_tiles_loaded()) ++consumed_;
    step({offer && model.can_accept_tile() ? &tile : nullptr, consumed,
          s_.chance(60) ? &word.write : nullptr});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::WeightLoader& /*model*/) const { return true; }
  arch::Configure settings() { return {}; }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  std::uint64_t consumed_ = 0;
};

/// Runs `cycles` cycles, or to the first difference, and returns what was compared.
template <class Model>
Comparison run(const arch::Hardware& hardware, std::unique_ptr<RtlBlock<Model>> rtl, std::uint64_t seed,
               std::uint64_t cycles) {
  Stimulus stimulus(hardware, seed);
  Driver<Model> driver(hardware, stimulus);
  Model model(hardware);
  Lockstep<Model> lockstep(hardware, std::move(rtl));
  Willingness willing;
  const auto configure = [&] {
    const arch::Configure settings = driver.settings();
    if constexpr (requires { model.configure(settings); }) model.configure(settings);
    lockstep.configure(settings);
  };
  configure();
  bool wants_configure = false;
  for (std::uint64_t cycle = 0; cycle < cycles && !lockstep.comparison().difference(); ++cycle) {
    willing.advance(stimulus, cycle);
    wants_configure = wants_configure || stimulus.below(200) == 0;
    if (wants_configure && driver.may_configure(model)) configure(), wants_configure = false;
    const bool stops = wants_configure && driver.may_stop();
    const bool offer = willing.input(stimulus) && !stops;
    driver.cycle(model, offer, willing.output(stimulus), [&](const typename Model::In& in) {
      lockstep.step(model, in);
      model.step(in);
    });
  }
  lockstep.check(model);
  return lockstep.comparison();
}

}  // namespace dlasim::sim::cosim
