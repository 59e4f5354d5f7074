#include "scheme_affine.h"

#include <cmath>

namespace dlasim::quantize {
namespace {

using network::Affine;

/// Scale 2^-fl with zero point 0. A magnitude of 0 has no scale of its own: 1, as everywhere.
float power_of_two_scale(FlMethod method, int bits, double magnitude) {
  if (magnitude == 0.0) return 1.0F;
  const FlFormat format{bits, true, network::Rounding::kNearestAway};
  return static_cast<float>(std::ldexp(1.0, -choose_fl(method, format, magnitude)));
}

int bits_of(network::DType dtype) {
  if (dtype == network::DType::kInt4) return 4;
  return dtype == network::DType::kInt16 ? 16 : 8;
}

}  // namespace

Affine activation_affine(const Range& range, const Scheme& scheme) {
  if (scheme.power_of_two) {
    const int bits = bits_of(scheme.activation);
    return {{power_of_two_scale(scheme.power_of_two->activation, bits, range.magnitude())}, {0}, -1};
  }
  if (scheme.zero_point == ActivationZeroPoint::kZero) return symmetric(range.magnitude(), scheme.activation);
  if (scheme.activation_codes == ActivationCodes::kReduced) return asymmetric(range, CodeSpan{-64, 63});
  return activation_affine(range, scheme.activation);
}

namespace {

/// The codes of an asymmetric weight, as uint8 less 128.
CodeSpan asymmetric_codes(WeightCodes codes) {
  switch (codes) {
    case WeightCodes::kRestricted:
      return {-127, 127};
    case WeightCodes::kReduced:
      return {-128, -1};
    case WeightCodes::kAll:
      break;
  }
  return {-128, 127};
}

/// What a symmetric weight's magnitude is divided by.
double highest_code(const Scheme& scheme) {
  const auto highest = static_cast<double>(network::highest(scheme.weight));
  if (scheme.weight_codes == WeightCodes::kReduced) return std::floor(highest / 2.0);
  return scheme.weight_codes == WeightCodes::kAll ? highest + 0.5 : highest;
}

}  // namespace

Affine weight_affine(const network::Tensor& weight, int axis, const Scheme& scheme) {
  if (scheme.weight_zero_point == WeightZeroPoint::kFree) {
    return asymmetric(range_of(weight.data<float>()), asymmetric_codes(scheme.weight_codes));
  }
  Affine affine = axis >= 0 ? symmetric_per_channel(weight, axis, scheme.weight)
                            : symmetric(range_of(weight.data<float>()).magnitude(), scheme.weight);
  const auto highest = static_cast<double>(network::highest(scheme.weight));
  for (float& scale : affine.scale) {
    // The magnitude that this scale came from; float32 of it is exact enough for a choice of scale.
    const double magnitude = static_cast<double>(scale) * highest;
    if (scheme.power_of_two) {
      scale = power_of_two_scale(scheme.power_of_two->weight, bits_of(scheme.weight), magnitude);
    } else if (scheme.weight_codes != WeightCodes::kRestricted) {
      scale = static_cast<float>(magnitude / highest_code(scheme));
    }
  }
  return affine;
}

double allowed_scale(double scale, const Scheme& scheme) {
  return scheme.power_of_two ? std::exp2(std::ceil(std::log2(scale))) : scale;
}

}  // namespace dlasim::quantize
