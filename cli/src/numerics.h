#pragma once
/// The section `numerics` of a configuration.

#include <string>

#include "base/yaml.h"
#include "quantize/lower.h"
#include "quantize/post_training.h"

namespace dlasim::cli {

/// How float tensors become integers.
struct Numerics {
  std::string name = "int8";
  quantize::Scheme scheme = quantize::int8_scheme();
  quantize::CalibrationMethod method;
  quantize::LowerOptions lowering;
};

/// For a float network.
Numerics read_numerics(const base::YamlNode& node);

/// For a network that brings its integers: only `name` and `rounding` mean anything there.
Numerics read_imported_numerics(const base::YamlNode& node);

}  // namespace dlasim::cli
