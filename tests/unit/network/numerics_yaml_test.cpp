#include "network/numerics_yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "network/number_format_presets.h"

namespace dlasim::network {
namespace {

using testing::HasSubstr;

constexpr std::string_view kDefaults = R"(
defaults:
  operands: {input: fp8_e4m3, weight: fp8_e4m3, bias: fp16}
  points: {product: fp16, accumulator: fp16, tree: fp16, partial_sum: fp16, bias: fp16, output: fp8_e4m3}
)";

NumericsConfig config_of(const std::string& text) {
  const auto document = base::YamlDocument::from_string(text, "n.yaml");
  NumericsConfig config = NumericsConfig::read(document.root());
  document.finish();
  return config;
}

StagedNumerics layer(const std::string& text, const NumericsLayer& which = {"conv1", true, 16}) {
  return config_of(text).for_layer(which).value();
}

/// The message of the InputError that reading and resolving `text` gives; "" if there is none.
std::string error_of(const std::string& text, const NumericsLayer& which = {"conv1", true, 16}) {
  try {
    (void)config_of(text).for_layer(which);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return {};
}

/// Reading one format at `output` of conv1.
std::string error_of_output(const std::string& format) {
  return error_of(std::string(kDefaults) + "layers: {conv1: {points: {output: " + format + "}}}");
}
NumberFormat output(const std::string& format) {
  return layer(std::string(kDefaults) + "layers: {conv1: {points: {output: " + format + "}}}").output;
}

TEST(NumericsYaml, ReadsTheContractsIntegerExample) {
  const StagedNumerics n = layer(R"(
layers:
  conv1:
    operands: {input: int8, weight: int8, bias: int32}
    points:
      product:     int16
      accumulator: {preset: int24, overflow: wrap}
      tree:        int24
      partial_sum: int32
      bias:        int32
      output:      {kind: dfp, bits: 8, fl: -7, rounding: nearest_even, overflow: saturate}
    activation: {type: relu}
)");
  EXPECT_EQ(n.input.element, *number_format_preset("int8"));
  EXPECT_EQ(n.accumulator.bits, 24);
  EXPECT_EQ(n.accumulator.overflow, Overflow::kWrap);
  EXPECT_EQ(n.tree.size(), 1U);
  EXPECT_EQ(n.output.fl, -7);
  EXPECT_EQ(n.activation.kind, NumberFormat::Kind::kExact);
  EXPECT_EQ(n.function.type, StagedActivation::Type::kRelu);
}

TEST(NumericsYaml, ReadsMxInBlockMode) {
  const StagedNumerics n = layer(R"(
layers:
  fc4:
    operands: {input: {kind: mx, element: fp8_e4m3, block: 32}, weight: {kind: mx, element: int8}, bias: fp32}
    mx_mode: block
    points: {product: fp16, tree: fp16, block: fp32, partial_sum: fp32, bias: fp32, output: bf16}
)",
                                 {"fc4", true, 16});
  EXPECT_EQ(n.mx_mode, MxMode::kBlock);
  EXPECT_EQ(n.input.mx_block, 32);
  EXPECT_EQ(n.weight.element.fl, 6);
  EXPECT_EQ(n.weight.element.overflow, Overflow::kSaturateSymmetric);
  EXPECT_EQ(n.block, *number_format_preset("fp32"));
}

TEST(NumericsYaml, MinifloatDefaultsAndOverrides) {
  const NumberFormat plain = output("{kind: minifloat, exp: 5, man: 7}");
  EXPECT_EQ(plain.bias, 15);
  EXPECT_EQ(plain.specials, Specials::kIeee);
  EXPECT_EQ(plain.overflow, Overflow::kInf);
  EXPECT_EQ(output("{preset: fp16, exp: 6}").bias, 31);
  EXPECT_EQ(output("{preset: fp16, exp: 6, bias: 15}").bias, 15);
  const NumberFormat ristretto = output("ristretto_e4m3");
  EXPECT_EQ(ristretto.exp_zero, ExpZero::kNormal);
  EXPECT_EQ(ristretto.rounding, Rounding::kNearestAway);
  const NumberFormat random =
      output("{preset: bf16, rounding: stochastic, lfsr: {bits: 32, seed: 0xffffffff}}");
  EXPECT_EQ(random.lfsr->bits, 32);
  EXPECT_EQ(random.lfsr->seed, 0xFFFFFFFFU);
}

TEST(NumericsYaml, RefusesImpossibleFormats) {
  EXPECT_THAT(error_of_output("{kind: minifloat, exp: 4, man: 3, specials: none}"),
              HasSubstr("overflow: inf"));
  EXPECT_THAT(error_of_output("{preset: fp6_e3m2, overflow: inf}"), HasSubstr("specials: none"));
  EXPECT_THAT(error_of_output("{kind: minifloat, exp: 4, man: 0}"), HasSubstr("mantissa bit"));
  EXPECT_THAT(error_of_output("{preset: fp16, rounding: stochastic}"), HasSubstr("lfsr"));
  EXPECT_THAT(error_of_output("{preset: fp16, lfsr: {bits: 16, seed: 1}}"), HasSubstr("stochastic"));
  EXPECT_THAT(error_of_output("{preset: fp16, rounding: stochastic, lfsr: {bits: 24, seed: 1}}"),
              HasSubstr("16 or 32"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 8}"), HasSubstr("fl"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 65, fl: 0}"), HasSubstr("bits"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 8, fl: 0, overflow: inf}"), HasSubstr("overflow"));
  EXPECT_THAT(error_of_output("{kind: mx, element: int8}"), HasSubstr("operands only"));
  EXPECT_THAT(error_of_output("exact"), HasSubstr("product and activation only"));
  EXPECT_THAT(error_of_output("fp8_e4m33"), HasSubstr("did you mean 'fp8_e4m3'?"));
  EXPECT_THAT(error_of_output("{preset: fp16, exq: 3}"), HasSubstr("did you mean"));
}

TEST(NumericsYaml, ErrorsNameThePlace) {
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 65, fl: 0}"), testing::StartsWith("n.yaml:5:"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 65, fl: 0}"), HasSubstr("layers.conv1.points.output.bits"));
}

TEST(NumericsYaml, RefusesPointsThatTheModeDoesNotHave) {
  const std::string defaults(kDefaults);
  EXPECT_THAT(error_of(defaults + "layers: {conv1: {points: {block: fp32}}}"), HasSubstr("storage"));
  EXPECT_THAT(error_of(defaults + "layers: {conv1: {mx_mode: block, points: {block: fp32}}}"),
              HasSubstr("needs an mx operand"));
  const std::string mx = "operands: {input: {kind: mx, element: int8}, weight: {kind: mx, element: int8}}";
  EXPECT_THAT(error_of(defaults + "layers: {conv1: {mx_mode: block, " + mx +
                       ", points: {block: fp32, accumulator: fp16}}}"),
              HasSubstr("which has no accumulator"));
  // The defaults' accumulator is for the layers in storage mode.
  EXPECT_EQ(error_of(defaults + "layers: {conv1: {mx_mode: block, " + mx + ", points: {block: fp32}}}"), "");
}

TEST(NumericsYaml, AsksForEveryPointButActivation) {
  EXPECT_EQ(error_of(std::string(kDefaults)), "");
  for (const char* point : {"product", "accumulator", "tree", "partial_sum", "bias", "output"}) {
    std::string text(kDefaults);
    const std::size_t at = text.find(std::string(point) + ": fp", text.find("points"));
    text.replace(at, std::string(point).size(), "activation");
    EXPECT_THAT(error_of(text), HasSubstr(std::string("points.") + point)) << text;
  }
  std::string no_bias(kDefaults);
  no_bias.replace(no_bias.find(", bias: fp16"), 12, "");
  EXPECT_THAT(error_of(no_bias), HasSubstr("operands.bias"));
  EXPECT_EQ(error_of(no_bias, {"conv1", false, 16}), "");
}

TEST(NumericsYaml, TreeListsFitTheLevels) {
  const std::string text = std::string(kDefaults) + "layers: {conv1: {points: {tree: [fp16, fp32]}}}";
  EXPECT_EQ(layer(text, {"conv1", true, 3}).tree.size(), 2U);
  EXPECT_EQ(layer(text, {"conv1", true, 4}).tree[1], *number_format_preset("fp32"));
  EXPECT_THAT(error_of(text, {"conv1", true, 16}), HasSubstr("2 formats for the 4 levels"));
  EXPECT_THAT(error_of(text, {"conv1", true, 1}), HasSubstr("0 levels"));
}

TEST(NumericsYaml, MergesDefaultsPatternsAndNames) {
  const NumericsConfig config = config_of(std::string(kDefaults) + R"(
layers:
  conv2: {activation: {type: leaky_relu, slope: 0.125}, points: {output: bf16}}
  "conv?": {points: {output: fp32}}
  "*3": {activation: {type: clamp, min: 0, max: 6}}
  head: integer
)");
  EXPECT_EQ(config.for_layer({"other", true, 16})->output, *number_format_preset("fp8_e4m3"));
  EXPECT_EQ(config.for_layer({"conv1", true, 16})->output, *number_format_preset("fp32"));
  const StagedNumerics two = *config.for_layer({"conv2", true, 16});
  EXPECT_EQ(two.output, *number_format_preset("bf16"));
  EXPECT_EQ(two.function.slope, 0.125);
  const StagedNumerics three = *config.for_layer({"conv3", true, 16});
  EXPECT_EQ(three.output, *number_format_preset("fp32"));
  EXPECT_EQ(three.function.max, 6.0);
  EXPECT_FALSE(config.for_layer({"head", true, 16}));
}

TEST(NumericsYaml, LayersWithoutAnEntryHaveNoFormats) {
  EXPECT_FALSE(config_of("layers: {a: integer}").for_layer({"b", false, 16}));
}

TEST(NumericsYaml, NamesThatNoLayerHasAreRefused) {
  const std::vector<std::string> layers = {"conv1", "conv2", "head"};
  EXPECT_NO_THROW(config_of("layers: {conv1: integer, 'c*': integer}").check_names(layers));
  const auto message = [&](const std::string& text) {
    try {
      config_of(text).check_names(layers);
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(message("layers: {conv11: integer}"), HasSubstr("did you mean 'conv1'?"));
  EXPECT_THAT(message("layers: {'x*': integer}"), HasSubstr("no layer matches"));
}

TEST(NumericsYaml, LeavesFractionalLengthsOpen) {
  const NumericsConfig config = config_of(std::string(kDefaults) + R"(
layers:
  conv1:
    operands:
      input: {kind: dfp, bits: 8, fl: auto}
      weight: {preset: int6, fl: auto, fl_method: percentile, percentile: 99.5, fl_margin: -2}
    points: {tree: [{kind: dfp, bits: 8, fl: 3}, {kind: dfp, bits: 9, fl: auto, fl_method: mse}]}
)");
  EXPECT_TRUE(config.needs_values());
  const LayerNumerics n = config.open_layer({"conv1", true, 4}).value();
  EXPECT_EQ(n.open.input, FlRule{});
  EXPECT_EQ(n.formats.input.element.fl, 0);
  EXPECT_EQ(n.open.weight, (FlRule{FlMethod::kPercentile, 99.5, -2}));
  EXPECT_EQ(n.formats.weight.element.bits, 6);
  EXPECT_FALSE(n.open.bias_operand);
  EXPECT_FALSE(n.open.output);
  ASSERT_EQ(n.open.tree.size(), 2U);
  EXPECT_FALSE(n.open.tree[0]);
  EXPECT_EQ(n.open.tree[1]->method, FlMethod::kMse);
  EXPECT_THROW((void)config.for_layer({"conv1", true, 4}), base::InputError);
  EXPECT_NO_THROW((void)config.for_layer({"conv2", true, 4}));
  EXPECT_FALSE(config_of(std::string(kDefaults)).needs_values());
}

TEST(NumericsYaml, RefusesAnOpenFractionalLengthWhereItMeansNothing) {
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 8, fl: automatic}"), HasSubstr("fl"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 8, fl: 3, fl_margin: 1}"), HasSubstr("`fl: auto` only"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 8, fl: auto, percentile: 99}"),
              HasSubstr("`fl_method: percentile` only"));
  EXPECT_THAT(error_of_output("{kind: dfp, bits: 8, fl: auto, fl_method: kl}"), HasSubstr("kl"));
}

TEST(NumericsYaml, Globs) {
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("a*b*c", "axxbyybzc"));
  EXPECT_TRUE(matches_glob("conv?", "conv1"));
  EXPECT_TRUE(matches_glob("conv1", "conv1"));
  EXPECT_FALSE(matches_glob("conv?", "conv"));
  EXPECT_FALSE(matches_glob("a*b", "abc"));
  EXPECT_FALSE(matches_glob("", "a"));
}

TEST(NumberFormatPresets, AreTheContractsTable) {
  const auto fp8 = *number_format_preset("fp8_e4m3");
  EXPECT_EQ(fp8.bias, 7);
  EXPECT_EQ(fp8.specials, Specials::kFn);
  EXPECT_EQ(fp8.overflow, Overflow::kSaturate);
  EXPECT_EQ(number_format_preset("tf32")->code_bits(), 19);
  EXPECT_EQ(number_format_preset("uint12")->bits, 12);
  EXPECT_FALSE(number_format_preset("uint12")->is_signed);
  for (const char* wrong :
       {"int0", "int65", "int08", "int", "uint-3", "ristretto_e9m1", "ristretto_e4m", "fp9", ""}) {
    EXPECT_FALSE(number_format_preset(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace dlasim::network
