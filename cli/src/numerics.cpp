#include "numerics.h"

#include <array>
#include <span>
#include <string>

#include "quantize/presets.h"

namespace dlasim::cli {
namespace {

using base::Choice;
using base::YamlNode;

template <class E, std::size_t kCount>
std::span<const Choice<E>> all(const std::array<Choice<E>, kCount>& choices) {
  return choices;
}

constexpr std::array kRules{Choice<network::RequantRule>{"pytorch", network::RequantRule::kPytorch},
                            Choice<network::RequantRule>{"double", network::RequantRule::kDouble},
                            Choice<network::RequantRule>{"single", network::RequantRule::kSingle}};
constexpr std::array kGranularities{
    Choice<quantize::WeightGranularity>{"per_channel", quantize::WeightGranularity::kPerChannel},
    Choice<quantize::WeightGranularity>{"per_tensor", quantize::WeightGranularity::kPerTensor}};
constexpr std::array kWeightCodes{
    Choice<quantize::WeightCodes>{"restricted", quantize::WeightCodes::kRestricted},
    Choice<quantize::WeightCodes>{"all", quantize::WeightCodes::kAll},
    Choice<quantize::WeightCodes>{"reduced", quantize::WeightCodes::kReduced}};
constexpr std::array kWeightZeroPoints{
    Choice<quantize::WeightZeroPoint>{"zero", quantize::WeightZeroPoint::kZero},
    Choice<quantize::WeightZeroPoint>{"free", quantize::WeightZeroPoint::kFree}};
constexpr std::array kActivationZeroPoints{
    Choice<quantize::ActivationZeroPoint>{"zero", quantize::ActivationZeroPoint::kZero},
    Choice<quantize::ActivationZeroPoint>{"free", quantize::ActivationZeroPoint::kFree}};
constexpr std::array kActivationCodes{
    Choice<quantize::ActivationCodes>{"all", quantize::ActivationCodes::kAll},
    Choice<quantize::ActivationCodes>{"reduced", quantize::ActivationCodes::kReduced}};
constexpr std::array kWeightTypes{Choice<network::DType>{"int8", network::DType::kInt8},
                                  Choice<network::DType>{"int4", network::DType::kInt4}};
enum class Scales { kReal, kPowerOfTwo };
constexpr std::array kScales{Choice<Scales>{"real", Scales::kReal},
                             Choice<Scales>{"power_of_two", Scales::kPowerOfTwo}};
using MethodKind = quantize::CalibrationMethod::Kind;
constexpr std::array kMethods{Choice<MethodKind>{"min_max", MethodKind::kMinMax},
                              Choice<MethodKind>{"moving_average", MethodKind::kMovingAverage},
                              Choice<MethodKind>{"percentile", MethodKind::kPercentile},
                              Choice<MethodKind>{"mse", MethodKind::kMse},
                              Choice<MethodKind>{"entropy", MethodKind::kEntropy}};

/// `int8`, `int16x8` or the name of a tool's preset.
Numerics scheme_numerics(const std::string& name, const YamlNode& place) {
  Numerics numerics;
  numerics.name = name;
  if (name == "int8") return numerics;
  if (name == "int16x8") {
    numerics.scheme = quantize::int16x8_scheme();
    numerics.method.bits = 16;
    return numerics;
  }
  for (const quantize::Preset& preset : quantize::presets()) {
    if (preset.name != name) continue;
    numerics.scheme = preset.scheme;
    numerics.method = preset.method;
    numerics.lowering = preset.lowering;
    return numerics;
  }
  std::string known = "int8, int16x8";
  for (const quantize::Preset& preset : quantize::presets()) known += ", " + std::string(preset.name);
  place.fail("'" + name + "' is not one of " + known);
}

void read_scheme(const YamlNode& node, quantize::Scheme& scheme) {
  scheme.weight = node.get_enum_or("weight_type", scheme.weight, all(kWeightTypes));
  scheme.granularity = node.get_enum_or("weights", scheme.granularity, all(kGranularities));
  scheme.weight_codes = node.get_enum_or("weight_codes", scheme.weight_codes, all(kWeightCodes));
  scheme.weight_zero_point =
      node.get_enum_or("weight_zero_point", scheme.weight_zero_point, all(kWeightZeroPoints));
  scheme.zero_point =
      node.get_enum_or("activation_zero_point", scheme.zero_point, all(kActivationZeroPoints));
  scheme.activation_codes =
      node.get_enum_or("activation_codes", scheme.activation_codes, all(kActivationCodes));
  const Scales scales =
      node.get_enum_or("scales", scheme.power_of_two ? Scales::kPowerOfTwo : Scales::kReal, all(kScales));
  if (scales == Scales::kReal) scheme.power_of_two.reset();
  if (scales == Scales::kPowerOfTwo && !scheme.power_of_two) scheme.power_of_two.emplace();
  if (node.has("bias_bits")) scheme.bias_bits = static_cast<int>(node.get_int("bias_bits", 2, 32));
  scheme.headroom = node.get_double_or("headroom", scheme.headroom, 1.0, 1024.0);
  scheme.tanh_clip = node.get_double_or("tanh_clip", scheme.tanh_clip, 0.1);
  scheme.sigmoid_clip = node.get_double_or("sigmoid_clip", scheme.sigmoid_clip, 0.1);
}

}  // namespace

Numerics read_numerics(const YamlNode& node) {
  Numerics numerics;
  if (node.has("defaults") || node.has("layers")) {
    numerics.name = node.get_string_or("name", "staged");
    numerics.staged = network::NumericsConfig::read(node);
    return numerics;
  }
  const YamlNode scheme_node = node.find("scheme").value_or(node);
  numerics = scheme_numerics(node.get_string_or("scheme", "int8"), scheme_node);
  numerics.name = node.get_string_or("name", numerics.name);
  read_scheme(node, numerics.scheme);
  numerics.lowering.rule = node.get_enum_or("rounding", numerics.lowering.rule, all(kRules));
  numerics.lowering.multiplier_bits =
      static_cast<int>(node.get_int_or("multiplier_bits", numerics.lowering.multiplier_bits, 2, 31));
  numerics.equalize = node.get_bool_or("equalize", false);
  numerics.bias_correction = node.get_bool_or("bias_correction", false);
  if (const auto calibration = node.find("calibration")) {
    numerics.method.kind = calibration->get_enum_or("method", numerics.method.kind, all(kMethods));
    numerics.method.percentile =
        calibration->get_double_or("percentile", numerics.method.percentile, 50.1, 100.0);
    numerics.method.momentum = calibration->get_double_or("momentum", numerics.method.momentum, 1e-6, 1.0);
  }
  return numerics;
}

Numerics read_imported_numerics(const YamlNode& node) {
  Numerics numerics;
  numerics.name = node.get_string_or("name", "as imported");
  numerics.lowering.rule = node.get_enum_or("rounding", numerics.lowering.rule, all(kRules));
  numerics.lowering.multiplier_bits =
      static_cast<int>(node.get_int_or("multiplier_bits", numerics.lowering.multiplier_bits, 2, 31));
  return numerics;
}

}  // namespace dlasim::cli
