#pragma once
/// Choosing scale and zero point, and rounding reals to integers with them.

#include <span>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::quantize {

/// Smallest and largest value of a tensor.
struct Range {
  double min = 0.0, max = 0.0;

  /// The larger magnitude of the two ends.
  double magnitude() const;
  /// The smallest range that holds both.
  Range united(const Range& other) const;
  friend bool operator==(const Range&, const Range&) = default;
};

/// The exact range of float data; {0, 0} if empty. Throws base::InputError on inf and nan.
Range range_of(std::span<const float> values);

/// TFLite's rule: the range is widened to hold 0; the zero point is taken from the end with the smaller
/// rounding error and nudged to an integer, so that 0 has a code. A range of width 0 gives scale 1.
network::Affine asymmetric(const Range& range, network::DType dtype);

/// The codes that a rule spreads a range over, both ends included.
struct CodeSpan {
  std::int64_t min = -128, max = 127;
};
/// The same rule over other codes than the type's, as frameworks do that spare a bit.
network::Affine asymmetric(const Range& range, const CodeSpan& codes);

/// Zero point 0 and scale = magnitude / highest(dtype): -highest .. highest are used. Magnitude 0 gives 1.
network::Affine symmetric(double magnitude, network::DType dtype);

/// A symmetric scale for each slice of `axis` of a float tensor.
network::Affine symmetric_per_channel(const network::Tensor& weight, int axis, network::DType dtype);

/// The affine of an activation tensor: asymmetric for int8 and uint8, symmetric for int16 (whose kernels
/// know no zero point).
network::Affine activation_affine(const Range& range, network::DType dtype);

/// clamp(round_half_away(f32(x / scale)) + zero_point) of every element: what QUANTIZE computes.
network::Tensor quantize(const network::Tensor& real, const network::Affine& affine, network::DType dtype);

/// Bias integers: round(bias / (input_scale * weight_scale[c])) in double, saturated to +-(2^31 - 1)
/// for int32 and +-2^46 for int64 (a requantisation takes 48 bits).
network::Tensor quantize_bias(const network::Tensor& bias, float input_scale,
                              std::span<const float> weight_scale, network::DType dtype);

/// Outputs whose scale the operator fixes: tanh 1/128 (int8) or 1/32768 (int16), zero point 0.
network::Affine tanh_affine(network::DType dtype);
/// sigmoid and softmax of int8: 1/256, zero point -128; of int16: 1/32768, 0.
network::Affine sigmoid_affine(network::DType dtype);

}  // namespace dlasim::quantize
