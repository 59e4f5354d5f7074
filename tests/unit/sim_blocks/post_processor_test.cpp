// The post-processor against its stages written out, with the arithmetic of fixed_point.

#include "sim/blocks/post_processor.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "block_bench.h"
#include "fixed_point/activation_table.h"
#include "fixed_point/requantize.h"

namespace dlasim::sim::blocks {
namespace {

constexpr std::size_t kLanes = 6;
using arch::Combine;
using arch::Requant;
using arch::Table;

arch::Scale random_scale(base::Random& r, Requant rule, int low_shift, int high_shift) {
  if (rule == Requant::kPytorch) {
    const float m = static_cast<float>(r.uniform(0.5, 1.0)) * std::bit_cast<float>((127 + low_shift) << 23);
    return {std::bit_cast<std::int32_t>(m), 0};
  }
  return {static_cast<std::int32_t>(r.integer(1 << 30, 0x7FFFFFFF)),
          static_cast<std::int32_t>(r.integer(low_shift, high_shift))};
}

std::int64_t scaled(Requant rule, std::int64_t v, const arch::Scale& s) {
  using R = fixed_point::RequantizeRule;
  const R r = rule == Requant::kDouble   ? R::kDouble
              : rule == Requant::kSingle ? R::kSingle
              : rule == Requant::kInt64  ? R::kInt64
                                         : R::kPytorch;
  return fixed_point::requantize(r, v, {s.mantissa, s.shift});
}

/// A post-processor with random parameters, operands and tables, and a copy of them.
struct Bench {
  explicit Bench(const arch::PostSettings& settings, std::uint64_t seed) : random(seed), post(hardware()) {
    arch::Configure configure;
    configure.post = settings;
    post.configure(configure);
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
      for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
        const arch::Scale s = random_scale(random, settings.requant, -9, -5);
        const arch::ChannelParameters p{random.integer(-5000, 5000), s.mantissa, s.shift};
        const ParameterWrite write{slot, lane, p};
        post.step({nullptr, nullptr, &write, nullptr, false});
        parameters.push_back(p);
      }
    }
    for (std::uint32_t word = 0; word < 20; ++word) {
      operands.push_back(random_values<std::int32_t>(random, kLanes, -128, 127));
      const BufferWrite write{word, operands.back()};
      post.step({nullptr, &write, nullptr, nullptr, false});
    }
    for (std::uint32_t bank = 0; bank < 2; ++bank) {
      tables.push_back(random_values<std::int32_t>(random, 256, -128, 127));
      for (std::uint32_t entry = 0; entry < 256; entry += 64) {
        const TableWrite write{bank, entry, std::span(tables.back()).subspan(entry, 64)};
        post.step({nullptr, nullptr, nullptr, &write, false});
      }
    }
  }

  static arch::Hardware hardware() {
    arch::Hardware h = lanes(4, static_cast<int>(kLanes));
    h.post_processor.latency = 5;
    return h;
  }

  std::vector<ChannelSums> sums(std::size_t count) {
    std::vector<ChannelSums> beats(count);
    for (ChannelSums& s : beats) {
      s.sum = random_values<std::int64_t>(random, kLanes, -30000, 30000);
      s.position.parameter_slot = static_cast<std::uint32_t>(random.integer(0, 1));
      s.position.operand_word = static_cast<std::uint32_t>(random.integer(0, 19));
      s.position.output_word = static_cast<std::uint32_t>(random.integer(0, 99));
      s.position.taps_inside = static_cast<std::uint32_t>(random.integer(1, 12));
      s.position.oc_active = static_cast<std::uint32_t>(random.integer(least_active, kLanes));
      s.position.last_sum = random.integer(0, 9) != 0;
      s.position.last_of_tile = random.integer(0, 4) == 0;
      s.position.layer = 2;
    }
    return beats;
  }

  /// Runs random sums under all stall patterns; `expected(sums, lane)` is each lane's value.
  template <class Expected>
  void check(Expected expected) {
    for (const Stalls& stalls : kStallPatterns) {
      const auto in = sums(150);
      const auto outcome = drive(post, in, in.size(), stalls, random, [&](const ChannelSums* s, bool taken) {
        post.step({s, nullptr, nullptr, nullptr, taken});
      });
      ASSERT_EQ(outcome.out.size(), in.size());
      for (std::size_t i = 0; i < in.size(); ++i) {
        const OutputWord& word = outcome.out[i].beat;
        const Position& p = in[i].position;
        ASSERT_EQ(word.write, p.last_sum);
        ASSERT_EQ(word.word, p.output_word);
        ASSERT_EQ(word.layer, p.layer);
        ASSERT_EQ(word.last_of_tile, p.last_of_tile);
        for (std::uint32_t lane = 0; word.write && lane < p.oc_active; ++lane)
          ASSERT_EQ(word.value[lane], expected(in[i], lane)) << "beat " << i << ", lane " << lane;
        if (stalls.sink == 0) {
          ASSERT_EQ(outcome.out[i].taken, outcome.accepted[i] + 5);
        }
      }
    }
  }

  std::int64_t biased(const ChannelSums& s, std::uint32_t lane) const {
    return s.sum[lane] + parameter(s, lane).bias;
  }
  const arch::ChannelParameters& parameter(const ChannelSums& s, std::uint32_t lane) const {
    return parameters[s.position.parameter_slot * kLanes + lane];
  }

  base::Random random;
  PostProcessor post;
  std::int64_t least_active = 1;  // lanes with a channel
  std::vector<arch::ChannelParameters> parameters;
  std::vector<std::vector<std::int32_t>> operands, tables;
};

arch::PostSettings settings_with(Requant rule) {
  arch::PostSettings s;
  s.requant = rule;
  s.output_zero_point = 7;
  s.clamp_min = -100;
  s.clamp_max = 110;
  return s;
}

class PostRules : public testing::TestWithParam<Requant> {};

TEST_P(PostRules, RequantiseBiasedSums) {
  const arch::PostSettings s = settings_with(GetParam());
  Bench bench(s, 61);
  bench.check([&](const ChannelSums& sums, std::uint32_t lane) {
    const auto& p = bench.parameter(sums, lane);
    const std::int64_t v = scaled(GetParam(), bench.biased(sums, lane), {p.mantissa, p.shift});
    return std::clamp<std::int64_t>(v + 7, -100, 110);
  });
}

TEST_P(PostRules, ScaleNegativeSumsApart) {
  for (const bool below_zero : {false, true}) {
    arch::PostSettings s = settings_with(GetParam());
    base::Random random(62);
    s.negative_enable = 1;
    s.negative = random_scale(random, GetParam(), -11, -9);
    const arch::Scale magnitude = s.negative;
    if (below_zero) {
      s.negative.mantissa = GetParam() == Requant::kPytorch
                                ? magnitude.mantissa | std::numeric_limits<std::int32_t>::min()
                                : -magnitude.mantissa;
    }
    Bench bench(s, 63);
    bench.check([&](const ChannelSums& sums, std::uint32_t lane) {
      const auto& p = bench.parameter(sums, lane);
      const std::int64_t b = bench.biased(sums, lane);
      std::int64_t v = 0;
      if (b >= 0) {
        v = scaled(GetParam(), b, {p.mantissa, p.shift});
      } else {
        v = scaled(GetParam(), b, magnitude) * (below_zero ? -1 : 1);
      }
      return std::clamp<std::int64_t>(v + 7, -100, 110);
    });
  }
}

TEST_P(PostRules, AddSubtractAndMultiplyWithOperands) {
  for (const Combine combine :
       {Combine::kAdd, Combine::kSubtract, Combine::kSubtractFrom, Combine::kMultiply}) {
    arch::PostSettings s;
    base::Random random(64);
    s.clamp_min = -128;
    s.clamp_max = 127;
    s.combine = combine;
    s.combine_rule = GetParam();
    s.left_shift = 10;
    s.first_zero_point = 3;
    s.second_zero_point = -4;
    s.combine_zero_point = 5;
    s.first = random_scale(random, GetParam(), -2, -1);
    s.second = random_scale(random, GetParam(), -2, -1);
    s.combined = random_scale(random, GetParam(), -8, -8);
    s.combine_min = -90;
    s.combine_max = 100;
    Bench bench(s, 65);
    bench.check([&](const ChannelSums& sums, std::uint32_t lane) {
      const std::int64_t first = std::clamp<std::int64_t>(bench.biased(sums, lane), -128, 127) - 3;
      const std::int64_t second = bench.operands[sums.position.operand_word][lane] + 4;
      const std::int64_t x = scaled(GetParam(), first * 1024, s.first);
      const std::int64_t y = scaled(GetParam(), second * 1024, s.second);
      const std::int64_t value = combine == Combine::kAdd        ? x + y
                                 : combine == Combine::kSubtract ? x - y
                                 : combine == Combine::kMultiply ? first * second
                                                                 : y - x;
      return std::clamp<std::int64_t>(scaled(GetParam(), value, s.combined) + 5, -90, 100);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Rules, PostRules,
                         testing::Values(Requant::kDouble, Requant::kSingle, Requant::kInt64,
                                         Requant::kPytorch));

TEST(PostProcessor, PassesSumsThroughAndAverages) {
  arch::PostSettings s = settings_with(Requant::kNone);
  Bench none(s, 66);
  none.check([&](const ChannelSums& sums, std::uint32_t lane) {
    return std::clamp<std::int64_t>(none.biased(sums, lane) + 7, -100, 110);
  });
  s = settings_with(Requant::kAverage);
  s.clamp_min = -30000;
  s.clamp_max = 30000;
  Bench average(s, 67);
  average.check([&](const ChannelSums& sums, std::uint32_t lane) {
    const std::int64_t sum = average.biased(sums, lane);
    const auto n = static_cast<std::int64_t>(sums.position.taps_inside);
    const std::int64_t magnitude = (std::abs(sum) + n / 2) / n;  // halves away from zero
    return std::clamp<std::int64_t>((sum < 0 ? -magnitude : magnitude) + 7, -30000, 30000);
  });
}

TEST(PostProcessor, RefusesTheAverageOfNothing) {
  Bench bench(settings_with(Requant::kAverage), 68);
  ChannelSums s = bench.sums(1).front();
  s.position.last_sum = true;
  s.position.taps_inside = 0;
  EXPECT_THROW(bench.post.step({&s, nullptr, nullptr, nullptr, false}), base::SimulationError);
}

TEST(PostProcessor, TakesMinimaAndMaxima) {
  for (const bool maximum : {false, true}) {
    arch::PostSettings s;
    s.clamp_min = -128;
    s.clamp_max = 127;
    s.combine = maximum ? Combine::kMaximum : Combine::kMinimum;
    Bench bench(s, 69);
    bench.check([&](const ChannelSums& sums, std::uint32_t lane) {
      const std::int64_t v = std::clamp<std::int64_t>(bench.biased(sums, lane), -128, 127);
      const std::int64_t o = bench.operands[sums.position.operand_word][lane];
      return maximum ? std::max(v, o) : std::min(v, o);
    });
  }
}

class PostTables : public testing::TestWithParam<Table> {};

TEST_P(PostTables, MapTheRequantisedValue) {
  arch::PostSettings s;
  const bool look_up = GetParam() == Table::kLookup;
  s.clamp_min = look_up ? -128 : -32768;
  s.clamp_max = look_up ? 127 : 32767;
  s.lower = {GetParam(), 1, 255, 30000, 14};
  if (GetParam() == Table::kSigmoid16 || GetParam() == Table::kTanh16) s.lower.shift = 2;
  const bool sigmoid = GetParam() == Table::kSigmoid16 || GetParam() == Table::kSigmoid16Tflite;
  const fixed_point::Int16Curve curve(sigmoid ? fixed_point::Curve::kSigmoid : fixed_point::Curve::kTanh);
  const bool tflite = GetParam() == Table::kSigmoid16Tflite || GetParam() == Table::kTanh16Tflite;
  Bench bench(s, 70);
  bench.check([&](const ChannelSums& sums, std::uint32_t lane) -> std::int64_t {
    const std::int64_t v = std::clamp(bench.biased(sums, lane), s.clamp_min, s.clamp_max);
    if (look_up) return bench.tables[1][static_cast<std::size_t>(v & 255)];
    const auto x = static_cast<std::int16_t>(v);
    return tflite ? curve.tflite(x, 30000, 14) : curve.cmsis(x, 2);
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, PostTables,
                         testing::Values(Table::kLookup, Table::kSigmoid16, Table::kTanh16,
                                         Table::kSigmoid16Tflite, Table::kTanh16Tflite));

TEST(PostProcessor, GatesLanesWithTheirPartners) {
  arch::PostSettings s;
  s.clamp_min = -128;
  s.clamp_max = 127;
  s.lower = {Table::kLookup, 0, 255, 0, 0};
  s.upper = {Table::kLookup, 1, 255, 0, 0};
  s.combine = Combine::kGate;
  s.gate_offset = 3;
  s.combined = {1 << 30, -6};
  s.combine_min = -128;
  s.combine_max = 127;
  s.second_zero_point = -128;
  Bench bench(s, 71);
  const auto table = [&](const ChannelSums& sums, std::uint32_t lane) {
    const std::int64_t v = std::clamp<std::int64_t>(bench.biased(sums, lane), -128, 127);
    return std::int64_t{bench.tables[lane < 3 ? 0 : 1][static_cast<std::size_t>(v & 255)]};
  };
  bench.check([&](const ChannelSums& sums, std::uint32_t lane) {
    if (lane >= 3 || lane + 3 >= sums.position.oc_active) return table(sums, lane);
    const std::int64_t product = table(sums, lane) * (table(sums, lane + 3) + 128);
    return std::clamp<std::int64_t>(scaled(Requant::kDouble, product, s.combined), -128, 127);
  });
}

TEST(PostProcessor, RequantisesWithTheRegistersAsTheyAreWhenAPositionComes) {
  arch::PostSettings s = settings_with(Requant::kDouble);
  Bench bench(s, 73);
  bench.least_active = kLanes;
  const auto check = [&] {
    bench.check([&](const ChannelSums& sums, std::uint32_t lane) {
      const auto& p = bench.parameter(sums, lane);
      const std::int64_t v = scaled(Requant::kDouble, bench.biased(sums, lane), {p.mantissa, p.shift});
      return std::clamp<std::int64_t>(v + s.output_zero_point, -100, 110);
    });
  };
  check();

  arch::ChannelParameters& written = bench.parameters[kLanes];  // slot 1, lane 0
  written = {12'345, 1 << 30, -7};
  const ParameterWrite write{1, 0, written};
  bench.post.step({nullptr, nullptr, &write, nullptr, false});
  check();

  bench.parameters[0].mantissa ^= 1 << 29;
  bench.post.parameter_registers()[0].mantissa ^= 1 << 29;  // as a fault does
  check();

  s.output_zero_point = -50;
  arch::Configure configure;
  configure.post = s;
  bench.post.configure(configure);
  check();
}

TEST(PostProcessor, RefusesWritesBeyondItsMemories) {
  Bench bench(settings_with(Requant::kNone), 72);
  const ParameterWrite parameter{16, 0, {}};
  EXPECT_THROW(bench.post.step({nullptr, nullptr, &parameter, nullptr, false}), base::SimulationError);
  const std::vector<std::int32_t> values(8);
  const TableWrite table{0, 250, values};
  EXPECT_THROW(bench.post.step({nullptr, nullptr, nullptr, &table, false}), base::SimulationError);
}

}  // namespace
}  // namespace dlasim::sim::blocks
