#pragma once
/// Folding the input's zero point into the bias, as hardware does that multiplies raw codes.

#include <cstdint>

#include "network/tensor.h"

namespace dlasim::quantize {

/// With weights whose zero point is 0,
///
///     bias[o] + sum w[o, i] * (x[i] - z)  =  (bias[o] - z * sum w[o, i]) + sum w[o, i] * x[i]
///
/// so that the array multiplies the codes as they are. Returns the int64 bias' = bias - z * sum(w), one an
/// output channel, which lies on `channel_axis` of `weight` (0 for convolutions, 3 for depthwise). `bias` may
/// be null. The identity needs every tap to take part: a padded tap has to read the code z, not 0.
network::Tensor fold_zero_point(const network::Tensor& weight, int channel_axis, const network::Tensor* bias,
                                std::int64_t input_zero_point);

}  // namespace dlasim::quantize
