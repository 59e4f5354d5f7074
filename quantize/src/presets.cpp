#include "quantize/presets.h"

#include <limits>
#include <string>
#include <vector>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using MethodKind = CalibrationMethod::Kind;
using network::RequantRule;

/// No tool but this project clips before tanh.
Scheme plain() {
  Scheme scheme;
  scheme.tanh_clip = kNoClip;
  scheme.sigmoid_clip = kNoClip;
  return scheme;
}

Scheme pytorch() {
  Scheme scheme = plain();
  scheme.granularity = WeightGranularity::kPerTensor;
  scheme.weight_codes = WeightCodes::kAll;
  return scheme;
}

Scheme symmetric_scheme() {
  Scheme scheme = plain();
  scheme.zero_point = ActivationZeroPoint::kZero;
  return scheme;
}

Scheme power_of_two(FlMethod activation, FlMethod weight) {
  Scheme scheme = symmetric_scheme();
  scheme.granularity = WeightGranularity::kPerTensor;
  scheme.power_of_two = PowerOfTwoScales{activation, weight};
  return scheme;
}

const std::vector<Preset>& all_presets() {
  static const std::vector<Preset> kPresets{
      {"tflite", plain(), {.kind = MethodKind::kMinMax}, {RequantRule::kDouble}},
      {"pytorch", pytorch(), {.kind = MethodKind::kMse}, {RequantRule::kPytorch}},
      {"tensorrt", symmetric_scheme(), {.kind = MethodKind::kEntropy}, {RequantRule::kPytorch}},
      {"ncnn", symmetric_scheme(), {.kind = MethodKind::kEntropy}, {RequantRule::kPytorch}},
      {"amct", plain(), {.kind = MethodKind::kMse}, {RequantRule::kSingle}},
      {"tidl",
       power_of_two(FlMethod::kMax, FlMethod::kMax),
       {.kind = MethodKind::kMovingAverage},
       {RequantRule::kSingle}},
      {"ristretto",
       power_of_two(FlMethod::kRistrettoActivation, FlMethod::kRistrettoParameter),
       {.kind = MethodKind::kMinMax},
       {RequantRule::kSingle}},
  };
  return kPresets;
}

}  // namespace

std::span<const Preset> presets() {
  return all_presets();
}

const Preset& preset_from_name(std::string_view name) {
  std::string names;
  for (const Preset& preset : all_presets()) {
    if (preset.name == name) return preset;
    names += (names.empty() ? "" : ", ") + std::string(preset.name);
  }
  throw base::InputError("no scheme is called '" + std::string(name) + "'; " + names + " are known");
}

}  // namespace dlasim::quantize
