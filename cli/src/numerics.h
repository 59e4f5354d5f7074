#pragma once
/// The section `numerics` of a configuration.

#include <optional>
#include <string>

#include "base/yaml.h"
#include "network/numerics_yaml.h"
#include "quantize/lower.h"
#include "quantize/post_training.h"

namespace dlasim::cli {

/// How float tensors become integers: by a scheme with scales and zero points, or by number formats.
struct Numerics {
  std::string name = "int8";
  quantize::Scheme scheme = quantize::int8_scheme();
  quantize::CalibrationMethod method;
  quantize::LowerOptions lowering;
  bool equalize = false;         ///< across layers, before calibration (quantize/equalization.h)
  bool bias_correction = false;  ///< on the calibration clip (quantize/bias_correction.h)
  /// Number formats of every layer's truncation units. Present: the members above but `name` are not used.
  std::optional<network::NumericsConfig> staged;
};

/// For a float network: number formats if the section has `defaults` or `layers`, else a scheme.
Numerics read_numerics(const base::YamlNode& node);

/// For a network that brings its integers: only `name` and `rounding` mean anything there.
Numerics read_imported_numerics(const base::YamlNode& node);

}  // namespace dlasim::cli
