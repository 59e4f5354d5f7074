#pragma once
/// Fractional lengths that the numerics leave open, chosen.

#include <span>

#include "network/numerics_yaml.h"
#include "network/tensor.h"

namespace dlasim::quantize {

/// Sets `format.fl` by the rule from values; does nothing without a rule.
void choose_open_fl(const std::optional<network::FlRule>& rule, std::span<const float> values,
                    network::NumberFormat* format);

/// What bounds the sums of a multiply-accumulate layer.
struct SumBounds {
  double product = 0.0;              ///< largest |x * w|
  double sum = 0.0;                  ///< largest sum of |x * w|, and |b|
  std::optional<int> exact_product;  ///< fl at which a product of DFP operands is exact
};

/// `input_amax` is the largest |x|; `weight` and `bias` (may be null) are float; `channel_axis` is that of
/// the output channels in `weight`.
SumBounds sum_bounds(double input_amax, const network::Tensor& weight, const network::Tensor* bias,
                     std::size_t channel_axis);

/// Sets the fl of all points between operands and output that are open. Throws base::InputError for a
/// method that needs values, and at product and tree in mx_mode block, whose values no bound is known of.
void choose_inner_fl(const SumBounds& bounds, network::LayerNumerics* layer);

}  // namespace dlasim::quantize
