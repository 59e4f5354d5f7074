#pragma once
/// How close a quantised result is to the float one.

#include <cstdint>
#include <span>

#include "network/graph.h"
#include "network/tensor.h"

namespace dlasim::quantize {

/// 10 log10(sum reference^2 / sum (reference - actual)^2) in dB. Infinity where they are equal; 0 or less
/// where the error is as large as the signal. Throws base::InputError for different or empty sizes.
double sqnr_db(std::span<const float> reference, std::span<const float> actual);

/// The same for integers that read as reals through `affine`.
double sqnr_db(const network::Tensor& reference, const network::Tensor& codes, const network::Affine& affine);

/// The error-to-signal ratio, by which models of amplifiers are judged: sum (reference - actual)^2 / sum
/// reference^2. 0 where they are equal, infinity where only the reference is silent. Throws base::InputError
/// for different or empty sizes.
double error_to_signal(std::span<const float> reference, std::span<const float> actual);

/// Mean of -ln softmax(row)[label] over the rows, in nats, computed in double. `logits` has shape
/// [..., classes] and is float32; dequantise integer logits before. Throws base::InputError for labels
/// outside the classes or a count other than the rows'.
double cross_entropy(const network::Tensor& logits, std::span<const std::int64_t> labels);

}  // namespace dlasim::quantize
