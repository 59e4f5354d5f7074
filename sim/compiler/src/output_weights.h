#pragma once
/// The trained weights of a layer, seen from its outputs.

#include <cstdint>
#include <vector>

#include "network/tensor.h"

namespace dlasim::sim::compiler {

/// Weights with their zero point subtracted, as (output channel, place in its sum).
struct OutputWeights {
  const network::Tensor* codes = nullptr;
  std::int64_t zero_point = 0;
  std::int64_t outputs = 0, places = 0;
  std::int64_t output_stride = 0, place_stride = 0;  ///< elements of `codes`

  std::int64_t at(std::int64_t output, std::int64_t place) const {
    return codes->integer(output * output_stride + place * place_stride) - zero_point;
  }
};

/// Codes whose first axis is the output channel: OHWI, OI.
OutputWeights output_first(const network::Tensor& codes, std::int64_t zero_point);
/// Codes whose last axis is the output channel: 1HWO of a depthwise convolution.
OutputWeights output_last(const network::Tensor& codes, std::int64_t zero_point);

/// Of each output channel: the sum of its weights, for the zero-point term, and of their magnitudes, for the
/// accumulator's width.
struct WeightSums {
  std::vector<std::int64_t> sum, magnitude;
};
WeightSums sum_weights(const OutputWeights& weights);

/// Whether a sum of inputs up to `largest_input` may leave 32 bits.
bool needs_wide(const WeightSums& sums, std::int64_t largest_input);

}  // namespace dlasim::sim::compiler
