// The PE array and the adder tree against sums in the order of the page.

#include "sim/blocks/pe_array.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "block_bench.h"
#include "sim/blocks/adder_tree.h"

namespace dlasim::sim::blocks {
namespace {

struct ArrayCase {
  int ic, oc;
  arch::PeMode mode;
  bool wide;
};

class PeArrays : public testing::TestWithParam<ArrayCase> {};

/// Positions of random length, and the sums that they must give.
struct ArrayBeats {
  std::vector<ActivationBeat> in;
  std::vector<LaneSums> expected;  // `wide` only
};

ArrayBeats random_beats(base::Random& random, const ArrayCase& c, const std::vector<std::int32_t>& weights,
                        int max_taps) {
  ArrayBeats beats;
  const std::int64_t most = c.wide ? 1 << 15 : 127;
  for (int position = 0; position < 120; ++position) {
    const auto taps = static_cast<std::uint32_t>(random.integer(1, max_taps));
    const auto active = static_cast<std::uint32_t>(random.integer(1, c.ic));
    const auto bank = static_cast<std::uint32_t>(random.integer(0, 1));
    LaneSums sums;
    sums.wide.assign(static_cast<std::size_t>(c.ic * c.oc), 0);
    std::uint32_t inside = 0;
    for (std::uint32_t tap = 0; tap < taps; ++tap) {
      ActivationBeat b{random_values<std::int32_t>(random, static_cast<std::size_t>(c.ic), -most, most), {}};
      b.request.tap = tap;
      b.request.bank = bank;
      b.request.lanes_active = active;
      b.request.first_tap = tap == 0;
      b.request.last_tap = tap + 1 == taps;
      b.request.padded = random.integer(0, 2) == 0;
      b.request.last_of_ic_tile = b.request.last_tap && random.integer(0, 5) == 0;
      inside += b.request.padded ? 0U : 1U;
      b.request.position.taps_inside = inside;
      b.request.position.index = static_cast<std::uint32_t>(position);
      for (std::size_t ic = 0; ic < active; ++ic) {
        for (std::size_t oc = 0; oc < static_cast<std::size_t>(c.oc); ++oc) {
          const auto lane = ic * static_cast<std::size_t>(c.oc) + oc;
          const std::size_t row =
              (bank * static_cast<std::size_t>(max_taps) + tap) * static_cast<std::size_t>(c.ic) + ic;
          const std::int64_t product =
              std::int64_t{b.x[ic]} * weights[row * static_cast<std::size_t>(c.oc) + oc];
          if (c.mode == arch::PeMode::kMultiplyAccumulate) {
            sums.wide[lane] += product;  // padding is the pad value, which counts
          } else if (!b.request.padded) {
            sums.wide[lane] = inside == 1 ? product : std::max(sums.wide[lane], product);
          }
        }
      }
      if (b.request.last_tap) {
        sums.lanes_active = active;
        sums.position = b.request.position;
        beats.expected.push_back(sums);
      }
      beats.in.push_back(std::move(b));
    }
  }
  return beats;
}

/// Writes every weight register through the row port.
std::vector<std::int32_t> write_weights(PeArray& array, const ArrayCase& c, int max_taps,
                                        base::Random& random) {
  std::vector<std::int32_t> all;
  for (std::uint32_t bank = 0; bank < 2; ++bank) {
    for (int tap = 0; tap < max_taps; ++tap) {
      for (int ic = 0; ic < c.ic; ++ic) {
        const WeightRow row{random_values<std::int32_t>(random, static_cast<std::size_t>(c.oc), -128, 127),
                            bank, static_cast<std::uint32_t>(tap), static_cast<std::uint32_t>(ic), true};
        array.step({nullptr, &row, false});
        all.insert(all.end(), row.w.begin(), row.w.end());
      }
    }
  }
  return all;
}

TEST_P(PeArrays, SumTheirTapsUnderStalls) {
  const ArrayCase c = GetParam();
  const arch::Hardware h = lanes(c.ic, c.oc);
  arch::Configure settings;
  settings.mode = c.mode;
  settings.wide_accumulator = c.wide ? 1 : 0;
  for (const Stalls& stalls : kStallPatterns) {
    base::Random random(41);
    PeArray array(h);
    array.configure(settings);
    const auto weights = write_weights(array, c, h.pe_array.max_taps, random);
    const ArrayBeats beats = random_beats(random, c, weights, h.pe_array.max_taps);
    const auto outcome = drive(array, beats.in, beats.expected.size(), stalls, random,
                               [&](const ActivationBeat* in, bool taken) {
                                 array.step({in, nullptr, taken});
                               });
    ASSERT_EQ(outcome.out.size(), beats.expected.size());
    for (std::size_t i = 0; i < beats.expected.size(); ++i) {
      const LaneSums& got = outcome.out[i].beat;
      const LaneSums& want = beats.expected[i];
      ASSERT_EQ(got.position, want.position);
      ASSERT_EQ(got.lanes_active, want.lanes_active);
      // Lanes without a channel hold what was there before; the tree does not read them.
      for (std::size_t lane = 0; lane < want.lanes_active * static_cast<std::size_t>(c.oc); ++lane)
        ASSERT_EQ(c.wide ? got.wide[lane] : got.narrow[lane], want.wide[lane]) << "position " << i;
    }
    const auto ends =
        std::ranges::count_if(beats.in, [](const auto& b) { return b.request.last_of_ic_tile; });
    EXPECT_EQ(array.ic_tiles_consumed(), static_cast<std::uint64_t>(ends));
  }
}

constexpr auto kMac = arch::PeMode::kMultiplyAccumulate;
constexpr auto kMax = arch::PeMode::kMaximum;
INSTANTIATE_TEST_SUITE_P(Shapes, PeArrays,
                         testing::Values(ArrayCase{1, 1, kMac, false}, ArrayCase{3, 5, kMac, false},
                                         ArrayCase{16, 16, kMac, false}, ArrayCase{2, 61, kMac, false},
                                         ArrayCase{3, 125, kMac, false}, ArrayCase{5, 33, kMac, true},
                                         ArrayCase{1, 7, kMax, false}, ArrayCase{9, 9, kMax, false},
                                         ArrayCase{4, 3, kMax, true}));

TEST(PeArray, UsesTheWeightsFromBeforeTheEdgeOfTheirWrite) {
  PeArray array(lanes(1, 1));
  const WeightRow old{{5}, 0, 0, 0, true}, young{{9}, 0, 0, 0, true};
  array.step({nullptr, &old, false});
  ActivationBeat beat{{2}, {}};
  beat.request.lanes_active = 1;
  beat.request.first_tap = beat.request.last_tap = true;
  array.step({&beat, &young, false});
  EXPECT_EQ(array.out().narrow[0], 10);
  array.step({&beat, nullptr, true});
  EXPECT_EQ(array.out().narrow[0], 18);
}

/// A beat of one ic lane for tap `tap` of `taps`.
ActivationBeat tap_beat(std::int32_t x, std::uint32_t tap, std::uint32_t taps) {
  ActivationBeat beat{{x}, {}};
  beat.request.tap = tap;
  beat.request.lanes_active = 1;
  beat.request.first_tap = tap == 0;
  beat.request.last_tap = tap + 1 == taps;
  return beat;
}

void set_weights(PeArray& array, const std::vector<std::int32_t>& of_taps) {
  for (std::uint32_t tap = 0; tap < of_taps.size(); ++tap) {
    const WeightRow row{{of_taps[tap]}, 0, tap, 0, true};
    array.step({nullptr, &row, false});
  }
}

TEST(PeArray, ATapHasTheWeightOfItsCycleHoweverWeightsChangeMeanwhile) {
  const std::vector<std::int32_t> weights{1, 10, 100, 1000, 10'000};
  for (std::uint32_t taps = 1; taps <= 5; ++taps) {
    for (std::uint32_t before = 0; before < taps; ++before) {  // the beat that a write comes before
      for (std::uint32_t written = 0; written < taps; ++written) {
        for (const bool by_port : {true, false}) {
          PeArray array(lanes(1, 1));
          set_weights(array, weights);
          std::int32_t expected = 0;
          for (std::uint32_t tap = 0; tap < taps; ++tap) {
            if (tap == before && by_port) {
              const WeightRow row{{7}, 0, written, 0, true};
              array.step({nullptr, &row, false});
            } else if (tap == before) {
              array.set_weight_register(written, 7);
            }
            expected += 3 * (tap == written && tap >= before ? 7 : weights[tap]);
            const ActivationBeat beat = tap_beat(3, tap, taps);
            array.step({&beat, nullptr, false});
          }
          ASSERT_TRUE(array.valid());
          EXPECT_EQ(array.out().narrow[0], expected)
              << taps << " taps, tap " << written << " written before tap " << before
              << (by_port ? " by the port" : " by a fault");
        }
      }
    }
  }
}

/// As a fault makes them: any tap behind any other, first and last ones anywhere, weights written in between.
TEST(PeArray, GivesWhatTapByTapWouldInAnyOrder) {
  constexpr std::size_t kIc = 3, kOc = 9, kTaps = 4;
  base::Random random(43);
  arch::Hardware hardware = lanes(kIc, kOc);
  hardware.pe_array.max_taps = kTaps;
  PeArray array(hardware);
  std::vector<std::int32_t> weights(2 * kTaps * kIc * kOc);
  std::vector<std::int32_t> sums(kIc * kOc);
  bool has_begun = false;
  for (int step = 0; step < 20'000; ++step) {
    WeightRow row{random_values<std::int32_t>(random, kOc, -128, 127),
                  static_cast<std::uint32_t>(random.integer(0, 1)),
                  static_cast<std::uint32_t>(random.integer(0, kTaps - 1)),
                  static_cast<std::uint32_t>(random.integer(0, kIc - 1)), true};
    ActivationBeat beat{random_values<std::int32_t>(random, kIc, -128, 127), {}};
    TapRequest& r = beat.request;
    r.tap = static_cast<std::uint32_t>(random.integer(0, kTaps - 1));
    r.bank = static_cast<std::uint32_t>(random.integer(0, 1));
    r.lanes_active = random.integer(0, 3) == 0 ? 2 : kIc;
    r.first_tap = !has_begun || random.integer(0, 5) == 0;
    r.last_tap = random.integer(0, 3) == 0;
    if (!has_begun) r.lanes_active = kIc;  // every accumulator has a first tap
    has_begun = !r.last_tap;
    const std::size_t tap = (r.bank * kTaps + r.tap) * kIc * kOc;
    for (std::size_t lane = 0; lane < r.lanes_active * kOc; ++lane) {
      const std::int32_t product = beat.x[lane / kOc] * weights[tap + lane];
      sums[lane] = r.first_tap ? product : sums[lane] + product;
    }
    const bool writes = random.integer(0, 2) == 0;
    array.step({&beat, writes ? &row : nullptr, array.valid()});
    if (writes) {
      std::ranges::copy(
          row.w, weights.begin() +
                     static_cast<std::ptrdiff_t>(((row.bank * kTaps + row.tap) * kIc + row.ic_lane) * kOc));
    }
    ASSERT_EQ(array.valid(), r.last_tap);
    if (!r.last_tap) continue;
    for (std::size_t lane = 0; lane < r.lanes_active * kOc; ++lane)
      ASSERT_EQ(array.out().narrow[lane], sums[lane]) << "step " << step << ", lane " << lane;
  }
}

TEST(PeArray, LargestProductsWrapInNarrowAccumulators) {
  for (const std::uint32_t taps : {1U, 2U, 3U}) {
    PeArray array(lanes(1, 1));
    set_weights(array, {-32768, -32768, -32768});
    for (std::uint32_t tap = 0; tap < taps; ++tap) {
      const ActivationBeat beat = tap_beat(-32768, tap, taps);
      array.step({&beat, nullptr, false});
    }
    EXPECT_EQ(array.out().narrow[0], static_cast<std::int32_t>(taps << 30));
  }
}

TEST(PeArray, MultipliesOperandsOfMoreThanSixteenBits) {
  arch::Hardware hardware = lanes(1, 1);
  hardware.pe_array.activation_bits = hardware.pe_array.weight_bits = 32;
  PeArray array(hardware);
  set_weights(array, {70'000, 3});
  for (std::uint32_t tap = 0; tap < 2; ++tap) {
    const ActivationBeat beat = tap_beat(-10'001, tap, 2);
    array.step({&beat, nullptr, false});
  }
  EXPECT_EQ(array.out().narrow[0], -10'001 * 70'003);
}

TEST(PeArray, RefusesATapBeyondItsRegisters) {
  PeArray array(lanes(2, 2));
  const WeightRow row{{1, 1}, 0, 12, 0, true};
  EXPECT_THROW(array.step({nullptr, &row, false}), base::SimulationError);
}

class AdderTrees : public testing::TestWithParam<int> {};

TEST_P(AdderTrees, SumRandomLanesUnderStalls) {
  const int ic = GetParam();
  for (const bool wide : {false, true}) {
    for (const Stalls& stalls : kStallPatterns) {
      base::Random random(51);
      AdderTree tree(lanes(ic, 7));
      arch::Configure settings;
      settings.wide_accumulator = wide ? 1 : 0;
      tree.configure(settings);
      std::vector<LaneSums> in(200);
      std::vector<std::vector<std::int64_t>> expected;
      const std::int64_t most = wide ? 1LL << 50 : 1LL << 24;
      for (LaneSums& s : in) {
        const auto size = static_cast<std::size_t>(ic) * 7;
        s.narrow = random_values<std::int32_t>(random, size, -(1 << 24), 1 << 24);
        s.wide = random_values<std::int64_t>(random, size, -most, most);
        s.lanes_active = static_cast<std::uint32_t>(random.integer(1, ic));
        s.position.index = static_cast<std::uint32_t>(random.integer(0, 99));
        std::vector<std::int64_t> sum(7);
        for (std::size_t i = 0; i < s.lanes_active * std::size_t{7}; ++i)
          sum[i % 7] += wide ? s.wide[i] : s.narrow[i];
        expected.push_back(sum);
      }
      const auto outcome = drive(tree, in, in.size(), stalls, random, [&](const LaneSums* sums, bool taken) {
        tree.step({sums, taken});
      });
      ASSERT_EQ(outcome.out.size(), in.size());
      std::uint64_t levels = 1;
      while ((1 << levels) < ic) ++levels;
      for (std::size_t i = 0; i < in.size(); ++i) {
        ASSERT_EQ(outcome.out[i].beat.sum, expected[i]);
        ASSERT_EQ(outcome.out[i].beat.position, in[i].position);
        if (stalls.sink == 0) {
          ASSERT_EQ(outcome.out[i].taken, outcome.accepted[i] + levels);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Lanes, AdderTrees, testing::Values(1, 2, 3, 5, 16, 31, 64));

}  // namespace
}  // namespace dlasim::sim::blocks
