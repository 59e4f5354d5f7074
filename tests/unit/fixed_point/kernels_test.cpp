// Row units against the scalar units: values with the sign of zero, and event counts, must be equal.
#include "fixed_point/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "fixed_point/presets.h"
#include "format_vectors.h"
#include "kernel_test.h"

namespace dlasim::fixed_point {
namespace {

std::string describe(const Format& f) {
  std::string text =
      f.kind == Kind::kDfp
          ? "dfp " + std::to_string(f.bits) + " fl " + std::to_string(f.fl) + (f.is_signed ? "" : " unsigned")
          : "e" + std::to_string(f.exp) + "m" + std::to_string(f.man) + " bias " + std::to_string(f.bias);
  return text + " exp_zero " + std::to_string(static_cast<int>(f.exp_zero)) + " specials " +
         std::to_string(static_cast<int>(f.specials)) + " rounding " +
         std::to_string(static_cast<int>(f.rounding)) + " overflow " +
         std::to_string(static_cast<int>(f.overflow));
}

std::vector<double> all_values(const Format& f) {
  const CarrierCodec codec(f);
  std::vector<double> values;
  for (std::uint64_t code = 0; code <= low_mask(f.code_bits()); ++code) values.push_back(codec.decode(code));
  return values;
}

/// The format with each rounding and overflow mode, and for minifloats each meaning of exponent field 0.
std::vector<Format> with_all_modes(const Format& base) {
  std::vector<Format> formats;
  const std::vector<Overflow> overflows =
      base.kind == Kind::kDfp
          ? std::vector{Overflow::kSaturate, Overflow::kSaturateSymmetric, Overflow::kWrap}
          : std::vector{Overflow::kSaturate, Overflow::kInf};
  const std::vector<ExpZero> exp_zeros =
      base.kind == Kind::kDfp ? std::vector{ExpZero::kSubnormal}
                              : std::vector{ExpZero::kSubnormal, ExpZero::kZero, ExpZero::kNormal};
  for (const Rounding rounding : kDeterministic)
    for (const Overflow overflow : overflows)
      for (const ExpZero exp_zero : exp_zeros) {
        Format f = base;
        f.rounding = rounding;
        f.overflow = overflow;
        f.exp_zero = exp_zero;
        if (is_valid(f)) formats.push_back(f);
      }
  return formats;
}

std::vector<Format> targets() {
  std::vector<Format> formats;
  for (const char* name : {"fp16", "bf16", "fp32", "tf32", "fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "fp4_e2m1"})
    for (const Format& f : with_all_modes(preset(name).value())) formats.push_back(f);
  Format odd_bias = minifloat(4, 0);
  odd_bias.specials = Specials::kFn;
  odd_bias.bias = -3;
  for (const Format& base : {minifloat(5, 7), odd_bias, dfp(8, 5), dfp(16, 10), dfp(24, -3),
                             dfp(12, 4, false), dfp(1, 0), dfp(32, 20), dfp(50, 25)})
    for (const Format& f : with_all_modes(base)) formats.push_back(f);
  return formats;
}

/// Reference of one operation on a row.
template <typename Operation>
void expect_row(const Format& target, const std::vector<double>& got, const EventCounts& got_events,
                const Operation& operation) {
  EventCounts events;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const Converted c = operation(i);
    events.count(c.flags);
    ASSERT_TRUE(same_value(got[i], c.value.to_double()))
        << describe(target) << " entry " << i << " got " << got[i] << " expected " << c.value.to_double();
  }
  ASSERT_EQ(got_events.inexact, events.inexact) << describe(target);
  ASSERT_EQ(got_events.overflow, events.overflow) << describe(target);
  ASSERT_EQ(got_events.underflow, events.underflow) << describe(target);
  ASSERT_EQ(got_events.invalid, events.invalid) << describe(target);
}

/// Two rows of operands of given sets, as doubles and exactly.
struct Rows {
  std::vector<double> a, b;
  std::vector<Exact> exact_a, exact_b;
  void push(double x, double y) {
    a.push_back(x), b.push_back(y);
    exact_a.push_back(Exact::from_double(x)), exact_b.push_back(Exact::from_double(y));
  }
};

void check_multiply(const Format& target, const ValueSet& a, const ValueSet& b, const Rows& rows) {
  const RowUnit unit = RowUnit::multiplier(target, a, b);
  std::vector<double> out(rows.a.size());
  EventCounts events;
  unit.multiply(rows.a.data(), rows.b.data(), out.data(), out.size(), events);
  expect_row(target, out, events,
             [&](std::size_t i) { return multiply(rows.exact_a[i], rows.exact_b[i], target); });
}

void check_add(const Format& target, const ValueSet& a, const ValueSet& b, const Rows& rows) {
  const RowUnit unit = RowUnit::adder(target, a, b);
  std::vector<double> out(rows.a.size());
  EventCounts events;
  unit.add(rows.a.data(), rows.b.data(), out.data(), out.size(), events);
  expect_row(target, out, events,
             [&](std::size_t i) { return add(rows.exact_a[i], rows.exact_b[i], target); });

  std::vector<double> interleaved;
  for (std::size_t i = 0; i < rows.a.size(); ++i) {
    interleaved.push_back(rows.a[i]);
    interleaved.push_back(rows.b[i]);
  }
  std::vector<double> from_pairs(out.size());
  EventCounts pair_events;
  unit.add_pairs(interleaved.data(), from_pairs.data(), out.size(), pair_events);
  ASSERT_EQ(events, pair_events);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_TRUE(same_value(out[i], from_pairs[i]));
}

std::vector<Format> presets(std::initializer_list<const char*> names) {
  std::vector<Format> formats;
  for (const char* name : names) formats.push_back(preset(name).value());
  return formats;
}

/// Products and sums commute: each pair once, with every preset as the target, and with nine of the other
/// targets and modes, all of which come up over the pairs.
TEST(RowUnit, EqualsTheScalarForAllPairsOfSmallFormats) {
  std::vector<Format> small = presets({"fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "fp6_e2m3", "fp4_e2m1",
                                       "ristretto_e4m3", "ristretto_e5m2", "int8"});
  std::vector<Format> own_modes = small;
  small.push_back(dfp(8, 5, false));
  for (const Format& f : presets({"exact", "fp32", "tf32", "bf16", "fp16", "int16"})) own_modes.push_back(f);
  const std::vector<Format> all_targets = targets();
  std::size_t next = 0;
  for (std::size_t a = 0; a < small.size(); ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      const Format &fa = small[a], &fb = small[b];
      Rows rows;
      for (const double x : all_values(fa))
        for (const double y : all_values(fb)) rows.push(x, y);
      std::vector<Format> pair_targets = own_modes;
      for (int i = 0; i < 9; ++i) pair_targets.push_back(all_targets[next++ % all_targets.size()]);
      for (const Format& target : pair_targets) {
        ASSERT_NO_FATAL_FAILURE(check_multiply(target, ValueSet::of(fa), ValueSet::of(fb), rows))
            << describe(fa) << " * " << describe(fb);
        ASSERT_NO_FATAL_FAILURE(check_add(target, ValueSet::of(fa), ValueSet::of(fb), rows))
            << describe(fa) << " + " << describe(fb);
      }
    }
  }
  EXPECT_GE(next, all_targets.size());
}

/// Seeded codes of a format: uniform, so that all binades and specials come up.
class Values {
 public:
  Values(const Format& f, std::uint64_t seed) : codec_(f), random_(seed) {}
  double operator()() {
    const std::uint64_t code = random_();
    if (codec_.format().kind == Kind::kMinifloat && code % 16 == 0) return near_one(code);
    return codec_.decode(code & low_mask(codec_.format().code_bits()));
  }

 private:
  /// Operands of like magnitude, for sums that cancel or tie.
  double near_one(std::uint64_t code) {
    const Format& f = codec_.format();
    return codec_.decode((static_cast<std::uint64_t>(f.bias) << f.man) ^ (code >> 20 & low_mask(f.man + 1)));
  }
  CarrierCodec codec_;
  std::mt19937_64 random_;
};

TEST(RowUnit, EqualsTheScalarForWideFormats) {
  std::vector<Format> operands;
  for (const char* name : {"fp16", "bf16", "fp32", "tf32", "int16", "int24"})
    operands.push_back(*preset(name));
  operands.push_back(dfp(32, 20));
  operands.push_back(dfp(40, -8));
  std::uint64_t seed = 1;
  for (const Format& fa : operands) {
    for (const Format& fb : operands) {
      Values va(fa, ++seed), vb(fb, ++seed);
      Rows rows;
      for (int i = 0; i < 300; ++i) rows.push(va(), vb());
      for (const Format& target : targets()) {
        ASSERT_NO_FATAL_FAILURE(check_multiply(target, ValueSet::of(fa), ValueSet::of(fb), rows));
        ASSERT_NO_FATAL_FAILURE(check_add(target, ValueSet::of(fa), ValueSet::of(fb), rows));
      }
    }
  }
}

TEST(RowUnit, RoundsInexactSumsOnce) {
  // Ties of the target that a far smaller term decides: a double rounding would lose it.
  const Format fp32 = preset("fp32").value();
  for (const char* name : {"fp32", "bf16", "fp16", "tf32"}) {
    for (const Format& target : with_all_modes(preset(name).value())) {
      Rows rows;
      for (const double sign : {1.0, -1.0})
        for (const double tiny : {0x1p-149, 0x1p-100, 0x1p-60, 0x1p-53, 0x1p-30}) {
          for (int man : {7, 10, 22, 23}) {
            const double tie = 1.0 + std::ldexp(1.0, -man) + std::ldexp(1.0, -man - 1);
            rows.push(sign * static_cast<float>(tie), tiny);
            rows.push(sign * static_cast<float>(tie), -tiny);
            rows.push(tiny, sign * static_cast<float>(1.0 + std::ldexp(1.0, -man - 1)));
          }
        }
      ASSERT_FALSE(rows.a.empty());
      ASSERT_TRUE(RowUnit::adder(target, ValueSet::of(fp32), ValueSet::of(fp32)).is_fast());
      ASSERT_NO_FATAL_FAILURE(check_add(target, ValueSet::of(fp32), ValueSet::of(fp32), rows));
    }
  }
}

TEST(CarrierCodec, EncodesWhatItDecodes) {
  for (const char* name :
       {"fp16", "bf16", "fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "ristretto_e4m3", "int8", "uint12"}) {
    const Format f = preset(name).value();
    const CarrierCodec codec(f);
    for (std::uint64_t code = 0; code <= low_mask(f.code_bits()); ++code) {
      const double v = codec.decode(code);
      const std::uint64_t canonical = convert(Exact::from_double(v), f).code;
      if (f.kind == Kind::kMinifloat && std::isinf(v)) {
        ASSERT_EQ(codec.encode(v), code) << name;
      } else {
        ASSERT_EQ(codec.encode(v), canonical) << name << " code " << code;
      }
    }
  }
  std::mt19937_64 random(5);
  for (const Format& f : {preset("fp32").value(), dfp(50, 70), dfp(33, -5, false)}) {
    const CarrierCodec codec(f);
    for (int i = 0; i < 100'000; ++i) {
      const std::uint64_t code = random() & low_mask(f.code_bits());
      const double v = codec.decode(code);
      if (!std::isnan(v)) {
        ASSERT_EQ(codec.encode(v), code);
      }
    }
  }
}

TEST(CarrierCodec, SignExtendsDfpRows) {
  const CarrierCodec codec(dfp(6, 2));
  const std::vector<std::int8_t> codes{-32, -1, 0, 31};
  std::vector<double> values(4);
  codec.decode_row(codes.data(), values.data(), 4);
  EXPECT_EQ(values, (std::vector<double>{-8, -0.25, 0, 7.75}));
  std::vector<std::int8_t> back(4);
  codec.encode_row(values.data(), back.data(), 4);
  EXPECT_EQ(back, codes);
}

TEST(Carriers, RefuseWhatADoubleDoesNotHold) {
  EXPECT_FALSE(carries(exact_format()));
  EXPECT_FALSE(carries(dfp(51, 0)));
  EXPECT_FALSE(carries(dfp(8, 400)));
  Format stochastic = dfp(8, 0);
  stochastic.rounding = Rounding::kStochastic;
  stochastic.lfsr = {16, 1};
  EXPECT_FALSE(carries(stochastic));
  EXPECT_TRUE(carries(dfp(50, 0)));
}

TEST(RowUnit, RunsValueByValueWhereNothingIsProven) {
  Format wrap = dfp(20, 10);
  wrap.overflow = Overflow::kWrap;
  const ValueSet fp32 = ValueSet::of(preset("fp32").value());
  EXPECT_FALSE(RowUnit::adder(wrap, fp32, fp32).is_fast());
  EXPECT_FALSE(RowUnit::multiplier(dfp(8, 0), ValueSet::of(dfp(40, 0)), ValueSet::of(dfp(40, 0))).is_fast());
  EXPECT_TRUE(RowUnit::adder(wrap, ValueSet::of(dfp(16, 10)), ValueSet::of(dfp(20, 10))).is_fast());
}

}  // namespace
}  // namespace dlasim::fixed_point
