#pragma once
/// Scales as a scheme wants them.

#include "network/graph.h"
#include "quantize/affine.h"
#include "quantize/post_training.h"

namespace dlasim::quantize {

/// The affine of an activation that takes `range`.
network::Affine activation_affine(const Range& range, const Scheme& scheme);

/// The symmetric affine of a weight, per slice of `axis`; axis -1: one for the tensor.
network::Affine weight_affine(const network::Tensor& weight, int axis, const Scheme& scheme);

/// `scale`, or where the scheme wants powers of two the next one above.
double allowed_scale(double scale, const Scheme& scheme);

}  // namespace dlasim::quantize
