// A strip of positions gives what lanes, tree and partial sums give one position after the other: sums bit
// for bit, signs of zeros among them, and the units' events.

#include "sim/blocks/staged_strip.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "fixed_point/presets.h"

namespace dlasim::sim::blocks {
namespace {

using fixed_point::Format;

Format dfp(int bits, int fl, fixed_point::Rounding rounding) {
  Format f;
  f.kind = fixed_point::Kind::kDfp;
  f.bits = bits;
  f.fl = fl;
  f.is_signed = true;
  f.rounding = rounding;
  return f;
}

/// Output and bias units do not matter here.
arch::StagedSettings settings_of(const Format& operand, const Format& product, const Format& accumulator,
                                 const Format& tree, const Format& partial_sum, int ic_lanes) {
  arch::StagedSettings s;
  s.input = s.weight = operand;
  s.product = product;
  s.accumulator = accumulator;
  s.tree.fill(fixed_point::exact_format());
  for (std::size_t level = 0; (1 << level) < ic_lanes; ++level) s.tree[level] = tree;
  s.partial_sum = partial_sum;
  s.bias = s.bias_operand = s.output = tree;
  s.activation = fixed_point::exact_format();
  return s;
}

struct StripCase {
  std::string name;
  Format operand, product, accumulator, tree, partial_sum;
  bool has_totals = true;
};

std::vector<StripCase> cases() {
  using fixed_point::Rounding;
  const auto preset = [](const char* name) { return fixed_point::preset(name).value(); };
  const Format exact = fixed_point::exact_format();
  return {
      {"truncating_dfp", dfp(8, 5, Rounding::kNearestEven), dfp(12, 7, Rounding::kFloor),
       dfp(11, 6, Rounding::kNearestAway), dfp(12, 6, Rounding::kNearestUp), dfp(12, 4, Rounding::kTrunc)},
      {"wide_dfp", dfp(8, 5, Rounding::kNearestEven), dfp(16, 10, Rounding::kNearestEven),
       dfp(24, 10, Rounding::kNearestEven), dfp(28, 10, Rounding::kNearestEven),
       dfp(32, 10, Rounding::kNearestEven), false},
      // Products far below the accumulator's smallest number leave -0 behind; codes of infinity and nan.
      {"fp8_e5m2", preset("fp8_e5m2"), exact, preset("fp16"), preset("fp16"), preset("fp16")},
      {"fp8_e4m3", preset("fp8_e4m3"), preset("fp8_e5m2"), preset("fp16"), preset("fp16"), preset("fp32")},
  };
}

/// An ic tile: some lanes without a channel, some taps of some positions padded.
class StripBench {
 public:
  StripBench(const StripCase& c, int ic_lanes, int oc_lanes, std::uint64_t seed)
      : random_(seed),
        ic_(static_cast<std::size_t>(ic_lanes)),
        oc_(static_cast<std::size_t>(oc_lanes)),
        settings_(settings_of(c.operand, c.product, c.accumulator, c.tree, c.partial_sum, ic_lanes)),
        sizes_(ic_, oc_, kTaps),
        lanes_(make_staged_lanes(settings_, sizes_)),
        tree_(make_staged_tree(settings_, sizes_)),
        totals_(make_staged_totals(settings_, sizes_)),
        strip_(make_staged_strip(settings_, sizes_)),
        registers_(kTaps * ic_ * oc_) {}

  bool has_strip() const { return strip_ != nullptr; }
  bool has_totals() const { return strip_->has_totals(); }
  std::size_t positions() const { return strip_->positions(); }

  void run_ic_tile(std::size_t positions) {
    choose_oc_active();
    accumulate(positions);
    std::vector<std::int64_t> sums(positions * oc_);
    strip_->reduce(positions, oc_active_, sums.data());
    for (std::size_t p = 0; p < positions; ++p) {
      const std::vector<std::int64_t> one = one_by_one(p);
      for (std::size_t oc = 0; oc < oc_active_; ++oc) {
        ASSERT_EQ(sums[p * oc_ + oc], one[oc]) << "position " << p << " lane " << oc;
        is_zero_ &= one[oc] == 0;
      }
    }
    expect_events();
  }

  void run_totals(std::size_t positions, std::size_t ic_tiles) {
    choose_oc_active();
    std::vector<std::int32_t> totals(positions * oc_, 12'345);  // of another tile
    std::vector<std::int64_t> expected(positions * oc_);
    for (std::size_t t = 0; t < ic_tiles; ++t) {
      accumulate(positions);
      strip_->reduce_into_totals(positions, oc_active_, t == 0, totals.data());
      Position position;
      position.first_sum = t == 0;
      position.oc_active = oc_active_;
      for (std::size_t p = 0; p < positions; ++p) {
        std::int64_t* entry = expected.data() + p * oc_;
        totals_->add(position, entry, one_by_one(p).data(), entry);
      }
    }
    std::vector<std::int64_t> wide(oc_);
    for (std::size_t p = 0; p < positions; ++p) {
      strip_->widen_totals(totals.data() + p * oc_, oc_active_, wide.data());
      for (std::size_t oc = 0; oc < oc_active_; ++oc) {
        ASSERT_EQ(wide[oc], expected[p * oc_ + oc]) << "position " << p << " lane " << oc;
        is_zero_ &= wide[oc] == 0;
      }
    }
    expect_events();
  }
  bool has_only_seen_zeros() const { return is_zero_; }

 private:
  static constexpr std::size_t kTaps = 3;

  void choose_oc_active() {
    oc_active_ = static_cast<std::uint32_t>(random_.integer(1, static_cast<std::int64_t>(oc_)));
  }

  void accumulate(std::size_t positions) {
    lanes_active_ = static_cast<std::uint32_t>(random_.integer(1, static_cast<std::int64_t>(ic_)));
    has_small_codes_ = random_.integer(0, 1) == 0;
    set_weights();
    choose_inputs(positions);
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      std::vector<const std::int32_t*> words(positions);
      for (std::size_t p = 0; p < positions; ++p) words[p] = input(tap, p) ? input(tap, p)->data() : nullptr;
      strip_->accumulate(static_cast<std::uint32_t>(tap), words, lanes_active_, oc_active_);
    }
  }

  void expect_events() {
    fixed_point::PointEvents expected{};
    for (StagedBlock* block : std::initializer_list<StagedBlock*>{lanes_.get(), tree_.get(), totals_.get()}) {
      const fixed_point::PointEvents events = block->take_events();
      for (std::size_t i = 0; i < expected.size(); ++i) expected[i] += events[i];
    }
    EXPECT_EQ(strip_->take_events(), expected);
  }

  /// Any; in every second tile the smallest numbers of a minifloat, of both signs.
  std::int32_t code() {
    const std::int64_t any = random_.integer(-128, 127);
    return static_cast<std::int32_t>(has_small_codes_ ? (any < 0 ? -128 : 0) + (any & 7) : any);
  }

  void set_weights() {
    WeightRow row;
    row.valid = true;
    for (std::uint32_t tap = 0; tap < kTaps; ++tap) {
      for (std::uint32_t ic = 0; ic < ic_; ++ic) {
        row.tap = tap;
        row.ic_lane = ic;
        row.w.assign(oc_, 0);
        for (auto& w : row.w) w = ic < lanes_active_ ? code() : 0;
        std::copy(row.w.begin(), row.w.end(),
                  registers_.begin() + static_cast<std::ptrdiff_t>((tap * ic_ + ic) * oc_));
        lanes_->set_weights(row);
        strip_->set_weights(row);
      }
    }
  }

  void choose_inputs(std::size_t positions) {
    inputs_.assign(kTaps * positions, std::nullopt);
    positions_ = positions;
    for (auto& word : inputs_) {
      if (random_.integer(0, 3) == 0) continue;
      word.emplace(ic_);
      for (auto& x : *word) x = code();
    }
  }
  const std::optional<std::vector<std::int32_t>>& input(std::size_t tap, std::size_t p) const {
    return inputs_[tap * positions_ + p];
  }

  std::vector<std::int64_t> one_by_one(std::size_t p) {
    LaneSums sums;
    sums.narrow.resize(ic_ * oc_);
    sums.wide.resize(ic_ * oc_);
    for (std::size_t tap = 0; tap < kTaps; ++tap) {
      ActivationBeat beat;
      beat.x = input(tap, p).value_or(std::vector<std::int32_t>(ic_, 0));
      TapRequest& r = beat.request;
      r.tap = static_cast<std::uint32_t>(tap);
      r.lanes_active = lanes_active_;
      r.padded = !input(tap, p);
      r.first_tap = tap == 0;
      r.last_tap = tap + 1 == kTaps;
      r.position.oc_active = oc_active_;
      lanes_->accumulate(beat, registers_.data() + tap * ic_ * oc_, sums);
      sums.lanes_active = lanes_active_;
      sums.position = r.position;
    }
    std::vector<std::int64_t> sum(oc_);
    tree_->reduce(sums, sum.data());
    return sum;
  }

  base::Random random_;
  const std::size_t ic_, oc_;
  const arch::StagedSettings settings_;
  const StagedSizes sizes_;
  std::unique_ptr<StagedLanes> lanes_;
  std::unique_ptr<StagedTree> tree_;
  std::unique_ptr<StagedTotals> totals_;
  std::unique_ptr<StagedStrip> strip_;
  std::vector<std::int32_t> registers_;
  std::uint32_t lanes_active_ = 0, oc_active_ = 0;
  std::size_t positions_ = 0;
  std::vector<std::optional<std::vector<std::int32_t>>> inputs_;
  bool has_small_codes_ = false, is_zero_ = true;
};

class StagedStrips : public testing::TestWithParam<StripCase> {};

TEST_P(StagedStrips, EqualLanesAndTreeOnePositionAtATime) {
  for (const auto& [ic, oc] : {std::pair{1, 3}, {3, 5}, {4, 8}, {7, 16}, {8, 1}, {16, 16}}) {
    StripBench bench(GetParam(), ic, oc, static_cast<std::uint64_t>(100 * ic + oc));
    ASSERT_TRUE(bench.has_strip()) << ic << " x " << oc;
    ASSERT_GT(bench.positions(), 1U);
    for (std::size_t tile = 0; tile < 30; ++tile) {
      const std::size_t positions = 1 + tile % std::min<std::size_t>(bench.positions(), 9);
      ASSERT_NO_FATAL_FAILURE(bench.run_ic_tile(positions)) << ic << " x " << oc << ", tile " << tile;
    }
    EXPECT_FALSE(bench.has_only_seen_zeros());
  }
}

TEST_P(StagedStrips, AddUpTotalsAsThePartialSumsDo) {
  for (const auto& [ic, oc] : {std::pair{1, 3}, {3, 5}, {4, 8}, {7, 16}, {8, 1}, {16, 16}}) {
    StripBench bench(GetParam(), ic, oc, static_cast<std::uint64_t>(100 * ic + oc));
    ASSERT_EQ(bench.has_totals(), GetParam().has_totals);
    if (!bench.has_totals()) continue;
    for (std::size_t tile = 0; tile < 30; ++tile) {
      const std::size_t positions = 1 + tile % std::min<std::size_t>(bench.positions(), 9);
      ASSERT_NO_FATAL_FAILURE(bench.run_totals(positions, 1 + tile % 4)) << ic << " x " << oc << ", " << tile;
    }
    EXPECT_FALSE(bench.has_only_seen_zeros());
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, StagedStrips, testing::ValuesIn(cases()),
                         [](const auto& strip) { return strip.param.name; });

TEST(StagedStrips, AreNotForUnitsWithAState) {
  Format stochastic = dfp(12, 7, fixed_point::Rounding::kStochastic);
  stochastic.lfsr = {16, 1};
  const Format wide = dfp(24, 10, fixed_point::Rounding::kNearestEven);
  const auto settings =
      settings_of(dfp(8, 5, fixed_point::Rounding::kNearestEven), stochastic, wide, wide, wide, 4);
  EXPECT_EQ(make_staged_strip(settings, {4, 4, 2}), nullptr);
}

}  // namespace
}  // namespace dlasim::sim::blocks
