#pragma once
/// Real factors as the integers that the datapath multiplies with. How a factor is computed, and in which
/// precision, is part of the bit-exact contract: spec/tflite_semantics.md sections 1 and 2.

#include <cstdint>

#include "network/quantized_graph.h"

namespace dlasim::quantize {

/// QM of section 1: `real` = mantissa * 2^(shift - 31) with 2^30 <= |mantissa| < 2^31; (0, 0) for 0 and for
/// factors below 2^-32. Throws base::InputError for a factor that is not finite or at least 2^30, which no
/// requantisation can run.
network::Multiplier multiplier_from(double real);

/// The multiplier rounded to `bits` significant bits (2..31), halves away from 0.
network::Multiplier with_precision(network::Multiplier multiplier, int bits);

/// The real value of a multiplier.
double real_value(const network::Multiplier& multiplier);

/// Convolutions, and fully connected layers with a scale a channel: all in double.
double conv_factor(float input_scale, float weight_scale, float output_scale);
/// Fully connected layers with one weight scale, and matrix products: the product in float32.
double fully_connected_factor(float input_scale, float weight_scale, float output_scale);
/// Element-wise product: all in double.
double product_factor(float scale1, float scale2, float output_scale);
/// Change of scale (QUANTIZE, MEAN, SUM): in double.
double rescale_factor(float input_scale, float output_scale);
/// RELU, and LEAKY_RELU's positive side: in float32.
double relu_factor(float input_scale, float output_scale);
/// LEAKY_RELU's negative side: two steps in float32.
double leaky_factor(float input_scale, float slope, float output_scale);

/// The three factors of a sum: inputs to the common scale, and from it to the output.
struct SumFactors {
  double input1 = 0.0, input2 = 0.0, output = 0.0;
};
/// ADD: in double. `left_shift` is the number of fraction bits of the common scale.
SumFactors add_factors(float scale1, float scale2, float output_scale, int left_shift);
/// SUB: every step in float32.
SumFactors sub_factors(float scale1, float scale2, float output_scale, int left_shift);

/// PyTorch's quantised convolution (RequantRule::kPytorch): M = (w * x) * (1 / y) in float32, in this order.
/// The mantissa holds M's bit pattern.
network::Multiplier pytorch_multiplier(float input_scale, float weight_scale, float output_scale);

}  // namespace dlasim::quantize
