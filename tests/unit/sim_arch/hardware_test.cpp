// The hardware description: sizes in words, and the messages for what no hardware can be.

#include "sim/arch/hardware.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/yaml.h"
#include "fixed_point/presets.h"
#include "sim/arch/hardware_yaml.h"
#include "support/test_support.h"

namespace dlasim::sim::arch {
namespace {

template <class Change>
std::string refusal(Change change) {
  Hardware h;
  change(h);
  return base::error_of([&] { check(h); });
}

TEST(Hardware, TheDefaultIsValid) {
  EXPECT_NO_THROW(check(Hardware{}));
}

TEST(Hardware, CountsWordsAndLevels) {
  Hardware h;
  h.pe_array.ic_lanes = 3;
  h.pe_array.oc_lanes = 5;
  h.pe_array.activation_bits = 16;
  h.pe_array.weight_bits = 8;
  h.buffers.activation_kib = h.buffers.weight_kib = h.buffers.operand_kib = h.buffers.output_kib = 1;
  EXPECT_EQ(h.activation_words(), 1024 / 6);
  EXPECT_EQ(h.weight_words(), 1024 / 5);
  EXPECT_EQ(h.operand_words(), 1024 / 10);
  EXPECT_EQ(h.output_words(), 1024 / 10);
  for (const auto& [lanes, levels] : {std::pair{1, 0}, {2, 1}, {3, 2}, {16, 4}, {17, 5}, {1024, 10}}) {
    h.pe_array.ic_lanes = lanes;
    EXPECT_EQ(h.tree_levels(), levels) << lanes;
  }
}

TEST(Hardware, NamesTheKeyWhatItIsAndWhatIsAllowed) {
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.ic_lanes = 0; }),
            "hardware.pe_array.ic_lanes: 0 is not between 1 and 1024");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.oc_lanes = 1025; }),
            "hardware.pe_array.oc_lanes: 1025 is not between 1 and 1024");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.max_taps = 5000; }),
            "hardware.pe_array.max_taps: 5000 is not between 1 and 4096");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.activation_bits = 12; }),
            "hardware.pe_array.activation_bits: 12 is not one of 8, 16, 32");
  EXPECT_EQ(refusal([](Hardware& h) { h.pe_array.weight_bits = 24; }),
            "hardware.pe_array.weight_bits: 24 is not one of 4, 8, 16, 32");
  EXPECT_EQ(refusal([](Hardware& h) { h.buffers.parameter_slots = 1; }),
            "hardware.buffers.parameter_slots: 1 is not between 2 and 65536");
  EXPECT_EQ(refusal([](Hardware& h) { h.post_processor.latency = 33; }),
            "hardware.post_processor.latency: 33 is not between 1 and 32");
  EXPECT_EQ(refusal([](Hardware& h) { h.control.command_queue_depth = 0; }),
            "hardware.control.command_queue_depth: 0 is not between 1 and 1024");
  EXPECT_EQ(refusal([](Hardware& h) { h.dram.burst_bytes = 16; }),
            "hardware.dram.burst_bytes: 16 is not between 32 and 2048");
}

TEST(Hardware, RefusesClocksThatAreNone) {
  for (const double mhz :
       {0.0, -1.0, 2e5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_TRUE(refusal([&](Hardware& h) { h.clock_mhz = mhz; }).starts_with("hardware.clock_mhz: ")) << mhz;
  }
}

constexpr const char* kDfp = R"(truncation:
  kind: dfp
  operands: {input: 8, weight: 6, bias: 16}
  points: {product: exact, accumulator: 24, tree: 28, partial_sum: 32, bias: 31, output: 7}
  alignment: 12
  lfsr_bits: 16
)";

constexpr const char* kMinifloat = R"(truncation:
  kind: minifloat
  operands: {input: fp8_e4m3, weight: {exp: 3, man: 4, bias: 5, exp_zero: normal, specials: none}, bias: fp16}
  points: {product: exact, accumulator: fp16, tree: fp16, partial_sum: bf16, bias: fp16, output: fp8_e5m2}
)";

Hardware read(const std::string& text) {
  const auto document = base::YamlDocument::from_string(text, "h.yaml");
  const Hardware h = read_hardware(document.root());
  document.finish();
  return h;
}

/// `kDfp` with a change.
std::string dfp_with(const std::string& from, const std::string& to) {
  std::string text = kDfp;
  const std::size_t at = text.find(from);
  return text.replace(at, from.size(), to);
}

TEST(HardwareTruncation, AnyFormatIsModelledWhereNoSiliconIsDescribed) {
  EXPECT_EQ(read("name: x\n").truncation.kind, TruncationKind::kAny);
  EXPECT_EQ(read("truncation: {kind: none}\n").truncation.kind, TruncationKind::kNone);
}

TEST(HardwareTruncation, ReadsWidthsOfFixedPoint) {
  const Truncation t = read(kDfp).truncation;
  EXPECT_EQ(t.kind, TruncationKind::kDfp);
  EXPECT_EQ(t.input, fixed_point::dfp(8, 0));
  EXPECT_EQ(t.weight.bits, 6);
  EXPECT_EQ(t.product.kind, fixed_point::Kind::kExact);
  EXPECT_EQ(t.bias.bits, 31);
  EXPECT_EQ(t.output.bits, 7);
  EXPECT_EQ(t.alignment, 12);
  EXPECT_EQ(t.slope_bits, 24);
  EXPECT_EQ(t.lfsr_bits, 16);
}

TEST(HardwareTruncation, ReadsFormatsOfMinifloat) {
  const Truncation t = read(kMinifloat).truncation;
  EXPECT_EQ(t.input, *fixed_point::preset("fp8_e4m3"));
  EXPECT_EQ(silicon_name(t.weight), "E3M4 (bias 5, exp_zero normal, specials none)");
  EXPECT_EQ(t.partial_sum, *fixed_point::preset("bf16"));
  EXPECT_TRUE(t.has_units());
}

TEST(HardwareTruncation, RefusesWhatNoSiliconCanBeWithPlaceAndKey) {
  const auto error = [](const std::string& text) { return base::error_of([&] { read(text); }); };
  EXPECT_EQ(error(dfp_with("bias: 16", "bias: 65")),
            "h.yaml:3:41: truncation.operands.bias: 65 is not between 1 and 64");
  EXPECT_EQ(error(dfp_with("lfsr_bits: 16", "lfsr_bits: 17")),
            "h.yaml:1:1: hardware.truncation.lfsr_bits: 17 is not one of 0, 16, 32");
  EXPECT_EQ(
      error(dfp_with("output: 7", "output: 17")),
      "h.yaml:1:1: hardware.truncation.points.output: DFP of 17 bits has more than the 16 bits of its lanes");
  EXPECT_EQ(
      error(dfp_with("accumulator: 24", "accumulator: 49")),
      "h.yaml:1:1: hardware.truncation.points.accumulator: DFP of 49 bits has more than the 48 bits of its "
      "lanes");
  EXPECT_NE(error(dfp_with("tree: 28, ", "")).find("tree"), std::string::npos);
  EXPECT_NE(error("truncation: {kind: minfloat}").find("did you mean 'minifloat'"), std::string::npos);
  std::string minifloat = kMinifloat;
  minifloat.replace(minifloat.find("fp8_e5m2"), 8, "fp9");
  EXPECT_NE(error(minifloat).find("'fp9' is no minifloat format"), std::string::npos);
}

TEST(HardwareTruncation, TheSameCodesAreTheSameWhateverRoundsThem) {
  fixed_point::Format f = *fixed_point::preset("fp8_e4m3"), g = f;
  g.rounding = fixed_point::Rounding::kFloor;
  g.overflow = fixed_point::Overflow::kInf;
  EXPECT_TRUE(same_codes(f, g));
  g.specials = fixed_point::Specials::kNone;
  EXPECT_FALSE(same_codes(f, g));
  EXPECT_TRUE(same_codes(fixed_point::dfp(8, 3), fixed_point::dfp(8, -3)));
  EXPECT_FALSE(same_codes(fixed_point::dfp(8, 3), fixed_point::dfp(8, 3, false)));
}

TEST(Hardware, RefusesBuffersOfLessThanTwoWords) {
  EXPECT_EQ(refusal([](Hardware& h) {
              h.pe_array.ic_lanes = 1024;
              h.buffers.activation_kib = 1;
            }),
            "hardware.buffers.activation_kib: 1 KiB is less than two words of all lanes");
}

}  // namespace
}  // namespace dlasim::sim::arch
