#pragma once
/// Drives a model and its RTL with random beats and random stalls on both sides, block by block.
///
/// A driver builds the `In` of one cycle from the model's state; `run` steps both. Stalls come in phases, so
/// that full, empty and bursty pipelines all occur.

#include <memory>
#include <optional>

#include "sim/cosim/lockstep.h"
#include "staged_stimulus.h"
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
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s), staged_(h, s) {
    beat_.x.resize(static_cast<std::size_t>(h.pe_array.ic_lanes));
    row_.w.resize(static_cast<std::size_t>(h.pe_array.oc_lanes));
  }
  template <class Step>
  void cycle(const blocks::PeArray& model, bool offer, bool take, Step step) {
    // Weights become values when they are written: a staged layer begins with all of them.
    const bool loads = staged_.is_on() && row_count_ < all_rows();
    const bool row = loads || s_.chance(60);
    if (row) {
      s_.fill(row_.w,
              staged_.is_on() ? h_.truncation.weight.code_bits() : lane_bits(h_.pe_array.weight_bits));
      const std::uint32_t at = loads ? row_count_++ : s_.below(all_rows());
      const auto lanes = static_cast<std::uint32_t>(h_.pe_array.ic_lanes);
      row_.ic_lane = at % lanes, row_.bank = at / lanes % 2, row_.tap = at / lanes / 2;
    }
    const bool accepted = offer && !loads && model.ready();
    if (accepted) {
      next_tap(staged_.is_on() ? h_.truncation.input.code_bits() : lane_bits(h_.pe_array.activation_bits));
    }
    step({accepted ? &beat_ : nullptr, row ? &row_ : nullptr, take && model.valid()});
  }
  /// Without wide accumulators every sum fits 32 bits: that is what the setting says.
  int lane_bits(int bits) const { return wide_ ? bits : std::min(13, bits); }
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
  std::optional<arch::ConfigureStaged> staged() {
    row_count_ = 0;
    return staged_.choose(false);
  }

 private:
  std::uint32_t all_rows() const {
    return static_cast<std::uint32_t>(2 * h_.pe_array.max_taps * h_.pe_array.ic_lanes);
  }
  void next_tap(int bits) {
    blocks::TapRequest& r = beat_.request;
    const bool first = taps_left_ == 0;
    if (first) {
      taps_left_ = s_.between(1, 8);
      r = s_.request();
      r.position.taps_inside = 0;
      if (staged_.is_on()) r.position.element = staged_.element();
      if (staged_.is_on()) staged_.positions().order(r.position, r.lanes_active);
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
  StagedMode staged_;
  std::uint32_t row_count_ = 0;
  blocks::ActivationBeat beat_;
  blocks::WeightRow row_;
  std::uint32_t taps_left_ = 0;
  bool wide_ = false;
};

template <>
class Driver<blocks::AdderTree> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s), staged_(h, s) {
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
      if (staged_.is_on()) {
        staged_.fill(sums_.wide, StagedMode::Place::kLanes);
        sums_.position.element = staged_.element();
        staged_.positions().order(sums_.position, sums_.lanes_active);
      }
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
  std::optional<arch::ConfigureStaged> staged() { return staged_.choose(false); }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  StagedMode staged_;
  blocks::LaneSums sums_;
  int inside_ = 0;
};

template <>
class Driver<blocks::PartialSumBuffer> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : s_(s), staged_(h, s) {
    sums_.sum.resize(static_cast<std::size_t>(h.pe_array.oc_lanes));
  }
  template <class Step>
  void cycle(const blocks::PartialSumBuffer& model, bool offer, bool take, Step step) {
    const bool accepted = offer && model.ready();
    const bool taken = take && model.valid();
    s_.fill(sums_.sum, 36);
    sums_.position = s_.position();
    if (staged_.is_on()) staged_.fill(sums_.sum, StagedMode::Place::kChannels);
    if (accepted && staged_.has_units()) {
      // What another kind of layer has left behind is nobody's partial sum.
      sums_.position.element = staged_.element();
      std::uint32_t all_lanes = 1;
      staged_.positions().order(sums_.position, all_lanes);
    }
    const bool goes_on = sums_.position.last_sum || sums_.position.last_of_tile;
    inside_ += (accepted && goes_on ? 1 : 0) - (taken ? 1 : 0);
    step({accepted ? &sums_ : nullptr, taken});
  }
  bool may_stop() const { return true; }
  /// What is inside is told by the units in front.
  bool may_configure(const blocks::PartialSumBuffer& /*model*/) const { return inside_ == 0; }
  arch::Configure settings() { return {}; }
  std::optional<arch::ConfigureStaged> staged() { return staged_.choose(false); }

 private:
  Stimulus& s_;
  StagedMode staged_;
  int inside_ = 0;
  blocks::ChannelSums sums_;
};

template <>
class Driver<blocks::PostProcessor> {
 public:
  Driver(const arch::Hardware& h, Stimulus& s) : h_(h), s_(s), staged_(h, s) {
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
    if (staged_.is_on()) {
      parameter.parameters.bias = s_.number(h_.truncation.bias_operand.code_bits());
      sums_.position.element = staged_.element();
      if (staged_.carries_codes())
        staged_.fill(sums_.sum, StagedMode::Place::kTotals);
      else
        s_.fill(sums_.sum, h_.truncation.input.code_bits());
    }
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
  std::optional<arch::ConfigureStaged> staged() { return staged_.choose(true); }

 private:
  const arch::Hardware& h_;
  Stimulus& s_;
  StagedMode staged_;
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
  Driver(const arch::Hardware& h, Stimulus& s) : s_(s), staged_(h, s) {}
  template <class Step>
  void cycle(const blocks::AddressGenerator& model, bool offer, bool take, Step step) {
    arch::RunTile tile = s_.tile();
    if (staged_.is_on()) tile.output_element = staged_.element();
    const bool accepted = offer && model.can_accept_tile();
    if (accepted) loadable_ += tile.ic_tiles;
    const std::uint64_t loaded = loaded_;
    if (loaded_ < loadable_ && s_.chance(20)) ++loaded_;
    step({accepted ? &tile : nullptr, loaded, take && model.valid()});
  }
  bool may_stop() const { return true; }
  bool may_configure(const blocks::AddressGenerator& model) const { return model.idle(); }
  arch::Configure settings() { return s_.geometry(); }
  std::optional<arch::ConfigureStaged> staged() { return staged_.choose(false); }

 private:
  Stimulus& s_;
  StagedMode staged_;
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
    if constexpr (requires { driver.staged(); }) {
      const std::optional<arch::ConfigureStaged> staged = driver.staged();
      if (!staged) return;
      model.configure(*staged);
      lockstep.configure(*staged);
    }
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
