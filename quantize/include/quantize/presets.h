#pragma once
/// The quantisation of well-known tools, as far as a Scheme can express it. docs/quantisation.md has each
/// tool's formula, its source and what is left out.

#include <span>
#include <string_view>

#include "quantize/lower.h"
#include "quantize/post_training.h"

namespace dlasim::quantize {

struct Preset {
  std::string_view name;
  Scheme scheme;
  CalibrationMethod method;
  LowerOptions lowering;
};

/// tflite, pytorch, tensorrt, ncnn, amct, tidl, ristretto.
std::span<const Preset> presets();

/// Throws base::InputError that lists the names.
const Preset& preset_from_name(std::string_view name);

}  // namespace dlasim::quantize
