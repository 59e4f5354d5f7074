// Units on 32-bit carriers against the scalar units: values with the sign of zero, and the events of every
// point.
#include "fixed_point/narrow_kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>
#include <type_traits>
#include <utility>

#include "fixed_point/presets.h"
#include "kernel_test.h"

namespace dlasim::fixed_point {
namespace {

/// Formats of a layer up to the tree, which is what the narrow kernels run.
struct Numerics {
  OperandFormats operands;
  StagedFormats formats;
};

Numerics numerics(const Format& input, const Format& weight, const Format& product, const Format& accumulator,
                  const Format& tree) {
  Numerics n;
  n.operands = {input, weight, input};
  n.formats.product = product;
  n.formats.accumulator = accumulator;
  n.formats.tree = {tree};
  n.formats.partial_sum = n.formats.bias = n.formats.output = tree;
  return n;
}

/// The value of a carrier: codes are counted in the format's last place.
double value_of(float carrier, const Format&) {
  return static_cast<double>(carrier);
}
double value_of(std::int32_t carrier, const Format& f) {
  return std::ldexp(carrier, -f.fl);
}
template <class Carrier>
Carrier carrier_of(double value, const Format& f) {
  return static_cast<Carrier>(std::is_same_v<Carrier, float> ? value : std::ldexp(value, f.fl));
}

/// Random operands of one position, through both.
template <class Carrier>
class Position {
 public:
  Position(const Numerics& n, int lanes, std::size_t length, std::size_t padding, std::uint64_t seed)
      : n_(n), lanes_(lanes), random_(seed) {
    block_ = {static_cast<std::size_t>(lanes), length, length + padding};
    nodes_.assign(block_.rows * block_.stride, Carrier{0});
    for (int lane = 0; lane < lanes; ++lane)
      units_.insert(units_.end(), length, LaneUnits(n.formats, static_cast<std::uint32_t>(lane)));
    trees_.assign(length, AdderTree(n.formats.tree, lanes));
  }

  void tap(const NarrowKernels<Carrier>& kernels) {
    const bool is_first = std::exchange(is_first_, false);
    if (random_() % 5 == 0) {
      kernels.accumulate_padding(nodes_.data(), block_.rows * block_.stride);
      for (LaneUnits& unit : units_) unit.accumulate(unit.padded_product().value);
      return;
    }
    std::vector<std::int32_t> x_codes(block_.rows), w_codes(block_.rows * block_.stride);
    std::vector<Carrier> x(x_codes.size()), w(w_codes.size());
    for (std::size_t r = 0; r < block_.rows; ++r) {
      x_codes[r] = static_cast<std::int32_t>(random_());
      const auto x_code = static_cast<std::uint32_t>(x_codes[r]);
      for (std::size_t i = 0; i < block_.length; ++i) {
        const std::size_t at = r * block_.stride + i;
        w_codes[at] = static_cast<std::int32_t>(random_());
        const auto w_code = static_cast<std::uint32_t>(w_codes[at]);
        LaneUnits& unit = units_[r * block_.length + i];
        unit.accumulate(
            unit.product(decode(x_code, n_.operands.input), decode(w_code, n_.operands.weight)).value);
      }
    }
    kernels.decode_inputs(x_codes.data(), x.data(), x.size());
    kernels.decode_weights(w_codes.data(), w.data(), w.size());
    if (is_first) {
      kernels.multiply(x.data(), w.data(), nodes_.data(), block_, events_);
    } else {
      kernels.multiply_accumulate(x.data(), w.data(), nodes_.data(), block_, events_);
    }
  }

  void expect_equal_sums() const {
    for (std::size_t r = 0; r < block_.rows; ++r)
      for (std::size_t i = 0; i < block_.stride; ++i) {
        const double want = i < block_.length ? units_[r * block_.length + i].sum().to_double() : 0.0;
        const double got = value_of(nodes_[r * block_.stride + i], n_.formats.accumulator);
        ASSERT_TRUE(same_value(got, want)) << "lane " << r << ", " << i << " got " << got << " want " << want;
      }
  }

  void reduce(const NarrowKernels<Carrier>& kernels) {
    std::size_t rows = block_.rows;
    for (int level = 0; level < kernels.tree_levels(); ++level) {
      kernels.add_level(level, nodes_.data(), nodes_.data(), {rows, block_.length, block_.stride}, events_);
      rows = (rows + 1) / 2;
    }
    std::vector<std::int64_t> root(block_.length);
    kernels.widen(nodes_.data(), root.data(), root.size());
    for (std::size_t i = 0; i < block_.length; ++i) {
      std::vector<Exact> leaves;
      for (std::size_t r = 0; r < block_.rows; ++r) leaves.push_back(units_[r * block_.length + i].sum());
      const double want = trees_[i].sum(leaves, {}, nullptr).to_double();
      const auto got = std::bit_cast<double>(root[i]);
      ASSERT_TRUE(same_value(got, want)) << "root " << i << " got " << got << " want " << want;
    }
  }

  void expect_equal_events() const {
    PointEvents want{};
    for (const LaneUnits& unit : units_) {
      want[static_cast<std::size_t>(Point::kProduct)] += unit.product_events();
      want[static_cast<std::size_t>(Point::kAccumulator)] += unit.accumulator_events();
    }
    for (const AdderTree& tree : trees_) want[static_cast<std::size_t>(Point::kTree)] += tree.events();
    for (std::size_t p = 0; p < want.size(); ++p) ASSERT_EQ(events_[p], want[p]) << "point " << p;
  }

 private:
  const Numerics& n_;
  int lanes_;
  bool is_first_ = true;
  std::mt19937_64 random_;
  LaneBlock block_;
  std::vector<Carrier> nodes_;
  std::vector<LaneUnits> units_;
  std::vector<AdderTree> trees_;
  PointEvents events_{};
};

Format random_dfp(std::mt19937_64& random, int least, int most) {
  Format f = dfp(least + static_cast<int>(uniform(random, static_cast<std::uint64_t>(most - least + 1))),
                 static_cast<int>(uniform(random, 12)) - 2, uniform(random, 4) != 0);
  f.rounding = static_cast<Rounding>(uniform(random, 5));
  f.overflow = static_cast<Overflow>(uniform(random, 3));
  return f;
}

Format random_minifloat(std::mt19937_64& random) {
  constexpr const char* kNames[] = {"fp16", "bf16", "fp32", "fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "tf32"};
  Format f = uniform(random, 3) == 0 ? minifloat(3 + static_cast<int>(uniform(random, 4)),
                                                 1 + static_cast<int>(uniform(random, 10)))
                                     : preset(kNames[uniform(random, 7)]).value();
  if (uniform(random, 3) == 0) f.rounding = static_cast<Rounding>(uniform(random, 5));
  if (uniform(random, 4) == 0) f.exp_zero = static_cast<ExpZero>(uniform(random, 3));
  if (f.specials != Specials::kNone && uniform(random, 4) == 0) f.overflow = Overflow::kSaturate;
  return f;
}

Numerics random_fixed(std::mt19937_64& random) {
  const Format product = uniform(random, 4) == 0 ? exact_format() : random_dfp(random, 6, 26);
  return numerics(random_dfp(random, 2, 10), random_dfp(random, 2, 10), product, random_dfp(random, 6, 30),
                  random_dfp(random, 6, 31));
}

Numerics random_float(std::mt19937_64& random) {
  constexpr const char* kOperands[] = {"fp8_e4m3", "fp8_e5m2",       "fp6_e2m3",
                                       "fp4_e2m1", "ristretto_e5m2", "int8"};
  const Format in = preset(kOperands[uniform(random, 6)]).value();
  const Format weight = uniform(random, 2) == 0 ? in : preset(kOperands[uniform(random, 6)]).value();
  const Format product = uniform(random, 3) == 0 ? exact_format() : random_minifloat(random);
  const Format sum = random_minifloat(random);
  return numerics(in, weight, product, sum, uniform(random, 2) == 0 ? sum : random_minifloat(random));
}

template <class Carrier>
struct Narrow : testing::Test {
  static Numerics random_numerics(std::mt19937_64& random) {
    return std::is_same_v<Carrier, float> ? random_float(random) : random_fixed(random);
  }
};
using Carriers = testing::Types<std::int32_t, float>;
TYPED_TEST_SUITE(Narrow, Carriers);

TYPED_TEST(Narrow, EqualsTheScalarUnitsInValuesAndEvents) {
  std::mt19937_64 random(3);
  int narrow = 0;
  for (int i = 0; i < 3000; ++i) {
    const Numerics n = this->random_numerics(random);
    const int lanes = 1 + static_cast<int>(uniform(random, 9));
    const int taps = 1 + static_cast<int>(uniform(random, 6));
    const auto kernels = NarrowKernels<TypeParam>::make(n.formats, n.operands, lanes, taps);
    if (!kernels) continue;
    ++narrow;
    Position<TypeParam> position(n, lanes, 1 + uniform(random, 19), uniform(random, 2) * 3, random());
    for (int tap = 0; tap < taps; ++tap) position.tap(*kernels);
    ASSERT_NO_FATAL_FAILURE(position.expect_equal_sums()) << "layer " << i;
    ASSERT_NO_FATAL_FAILURE(position.reduce(*kernels)) << "layer " << i;
    ASSERT_NO_FATAL_FAILURE(position.expect_equal_events()) << "layer " << i;
  }
  EXPECT_GT(narrow, 600);
}

/// Every product of two codes into accumulators that hold `held`, 256 x 256 lanes at once.
template <class Carrier>
void check_all_products(const Numerics& n, double held) {
  const auto kernels = NarrowKernels<Carrier>::make(n.formats, n.operands, 1, 2);
  ASSERT_TRUE(kernels);
  const LaneBlock block{256, 256, 256};
  std::vector<std::int32_t> codes(65536);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::int32_t>(i % 256);
  std::vector<Carrier> x(256), w(65536), acc(65536, carrier_of<Carrier>(held, n.formats.accumulator));
  kernels->decode_inputs(codes.data(), x.data(), x.size());
  kernels->decode_weights(codes.data(), w.data(), w.size());
  PointEvents events{};
  kernels->multiply_accumulate(x.data(), w.data(), acc.data(), block, events);
  EventCounts of_products, of_sums;
  for (std::size_t i = 0; i < acc.size(); ++i) {
    const Converted p =
        multiply(decode(i / 256, n.operands.input), decode(i % 256, n.operands.weight), n.formats.product);
    const Converted sum = add(Exact::from_double(held), p.value, n.formats.accumulator);
    of_products.count(p.flags);
    of_sums.count(sum.flags);
    const double got = value_of(acc[i], n.formats.accumulator);
    ASSERT_TRUE(same_value(got, sum.value.to_double()))
        << "codes " << i / 256 << ", " << i % 256 << " got " << got << " want " << sum.value.to_double();
  }
  ASSERT_EQ(events[static_cast<std::size_t>(Point::kProduct)], of_products);
  ASSERT_EQ(events[static_cast<std::size_t>(Point::kAccumulator)], of_sums);
}

Format rounding(Format f, Rounding mode) {
  f.rounding = mode;
  return f;
}

TEST(FloatKernels, EqualTheScalarForAllPairsOfCodes) {
  const Format fp16 = preset("fp16").value();
  for (const char* operand : {"fp8_e4m3", "fp8_e5m2", "ristretto_e4m3"}) {
    const Format in = preset(operand).value();
    for (const char* product : {"exact", "fp8_e4m3", "fp8_e5m2", "bf16", "fp6_e3m2", "ristretto_e5m2"}) {
      for (const Rounding mode : kDeterministic) {
        Format p = preset(product).value();
        if (p.kind != Kind::kExact) p.rounding = mode;
        if (p.kind == Kind::kExact && mode != Rounding::kNearestEven) continue;
        for (const double held : {0.0, -0.3125})
          ASSERT_NO_FATAL_FAILURE(check_all_products<float>(numerics(in, in, p, fp16, fp16), held))
              << operand << " into " << product << " rounding " << static_cast<int>(mode);
      }
    }
  }
}

TEST(FixedKernels, EqualTheScalarForAllPairsOfCodes) {
  for (const bool is_signed : {true, false}) {
    for (const Rounding mode : kDeterministic) {
      for (const Overflow overflow : {Overflow::kSaturate, Overflow::kSaturateSymmetric, Overflow::kWrap}) {
        Format product = rounding(dfp(11, 9, true), mode);
        Format sum = rounding(dfp(10, 6, is_signed), mode);
        product.overflow = sum.overflow = overflow;
        for (const double held : {0.0, 3.25})
          ASSERT_NO_FATAL_FAILURE(check_all_products<std::int32_t>(
              numerics(dfp(8, 5, is_signed), dfp(8, 7), product, sum, sum), held))
              << "rounding " << static_cast<int>(mode) << " overflow " << static_cast<int>(overflow);
      }
    }
  }
}

/// Sums of fp16 and smaller formats of any distance, most of them near ties: what a float has to round twice.
TEST(FloatKernels, RoundSumsOnce) {
  std::mt19937_64 random(7);
  const Format one = dfp(2, 0);
  for (const Format& base : {preset("fp16").value(), preset("fp8_e5m2").value(), preset("fp32").value(),
                             minifloat(6, 7), minifloat(6, 9)}) {
    for (const Rounding mode : {Rounding::kNearestEven, Rounding::kNearestUp, Rounding::kNearestAway}) {
      const Format f = rounding(base, mode);
      if (f.man == 23 && mode != Rounding::kNearestEven) continue;  // not what a float does
      const Numerics n = numerics(one, f.man == 23 ? minifloat(6, 9) : f, exact_format(), f, f);
      const auto kernels = FloatKernels::make(n.formats, n.operands, 1, 2);
      ASSERT_TRUE(kernels) << "mantissa " << f.man;
      const CarrierCodec codec(f), weights(n.operands.weight);
      constexpr std::size_t kSums = 200'000;
      std::vector<float> w(kSums), acc(kSums);
      std::vector<double> held(kSums), term(kSums);
      for (std::size_t i = 0; i < kSums; ++i) {
        held[i] = codec.decode(random() & low_mask(f.code_bits()));
        term[i] = weights.decode(random() & low_mask(n.operands.weight.code_bits()));
        w[i] = static_cast<float>(term[i]);
        acc[i] = static_cast<float>(held[i]);
      }
      const float x = 1;
      PointEvents events{};
      kernels->multiply_accumulate(&x, w.data(), acc.data(), {1, kSums, kSums}, events);
      EventCounts want;
      for (std::size_t i = 0; i < kSums; ++i) {
        if (held[i] == 0 && std::signbit(held[i])) held[i] = 0;  // no accumulator begins as -0
        const Converted c = add(Exact::from_double(held[i]), Exact::from_double(term[i]), f);
        want.count(c.flags);
        if (!(acc[i] == 0 && c.value.is_zero())) {
          ASSERT_TRUE(same_value(static_cast<double>(acc[i]), c.value.to_double()))
              << "mantissa " << f.man << ": " << held[i] << " + " << term[i] << " got " << acc[i];
        }
      }
      EXPECT_EQ(events[static_cast<std::size_t>(Point::kAccumulator)], want) << "mantissa " << f.man;
    }
  }
}

TEST(FloatKernels, RunTheFormatsTheyAreMeantFor) {
  const Format fp8 = preset("fp8_e4m3").value(), fp16 = preset("fp16").value(), fp32 = preset("fp32").value();
  const auto runs = [](const Numerics& n) {
    return FloatKernels::make(n.formats, n.operands, 16, 9).has_value();
  };
  EXPECT_TRUE(runs(numerics(fp8, fp8, exact_format(), fp16, fp16)));
  EXPECT_TRUE(runs(numerics(fp8, fp8, minifloat(5, 4), fp16, fp16)));
  EXPECT_TRUE(runs(numerics(fp8, fp8, exact_format(), fp32, fp32)));
  const Format e5m2 = preset("fp8_e5m2").value();
  EXPECT_TRUE(runs(numerics(e5m2, e5m2, exact_format(), fp16, fp16)));
  // A sum that a float rounds first, and a mode that would notice.
  EXPECT_FALSE(runs(numerics(fp8, fp8, exact_format(), rounding(fp16, Rounding::kTrunc), fp16)));
  // Terms with more bits than the target.
  EXPECT_FALSE(runs(numerics(fp8, fp8, exact_format(), e5m2, fp16)));
  EXPECT_FALSE(runs(numerics(fp32, fp32, exact_format(), fp32, fp32)));
  EXPECT_FALSE(runs(numerics(fp8, fp8, exact_format(), dfp(16, 8), fp16)));
}

TEST(FixedKernels, RefuseWhatMayLeave32Bits) {
  const auto runs = [](const Format& product, const Format& accumulator, const Format& tree) {
    const Numerics n = numerics(dfp(8, 5), dfp(8, 7), product, accumulator, tree);
    return FixedKernels::make(n.formats, n.operands, 16, 64).has_value();
  };
  EXPECT_TRUE(runs(dfp(16, 12), dfp(24, 12), dfp(28, 12)));
  EXPECT_TRUE(runs(exact_format(), dfp(30, 12), dfp(31, 10)));
  EXPECT_FALSE(runs(dfp(16, 12), dfp(32, 30), dfp(32, 12)));
  EXPECT_FALSE(runs(dfp(40, -8), dfp(24, 24), dfp(28, 12)));
  EXPECT_FALSE(runs(dfp(16, 12), preset("fp16").value(), dfp(28, 12)));
  Format stochastic = dfp(24, 12);
  stochastic.rounding = Rounding::kStochastic;
  stochastic.lfsr = {16, 1};
  EXPECT_FALSE(runs(dfp(16, 12), stochastic, dfp(28, 12)));
}

}  // namespace
}  // namespace dlasim::fixed_point
