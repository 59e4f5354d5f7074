#pragma once
/// Float convolutions on plain buffers, blocked for the compiler's vector unit.

#include <cstdint>
#include <vector>

#include "network/graph.h"

namespace dlasim::network::float_kernels {

/// Sizes of one convolution. Activations are NHWC.
struct ConvGeometry {
  std::int64_t batch = 1, in_height = 1, in_width = 1, in_channels = 1;
  std::int64_t out_height = 1, out_width = 1, out_channels = 1;
  std::int64_t kernel_height = 1, kernel_width = 1;
  Pair stride{1, 1}, dilation{1, 1};
  std::int64_t top = 0, left = 0;
  std::int64_t groups = 1;
};

/// Weights with `kLanes` output channels side by side, so that one load serves as many sums:
/// [group][block of output channels][tap][input channel of the group][lane], zeros in unused lanes.
struct PackedWeights {
  static constexpr std::int64_t kLanes = 8;
  std::vector<float> data;
};

/// From [O, KH, KW, I / groups].
PackedWeights pack(const float* weight, const ConvGeometry& geometry);

/// output = bias + convolution; `bias` may be null.
void convolve(const ConvGeometry& geometry, const float* input, const PackedWeights& weight,
              const float* bias, float* output);

/// Weight [KH, KW, O]; output channel o reads input channel o / (O / in_channels).
void convolve_depthwise(const ConvGeometry& geometry, const float* input, const float* weight,
                        const float* bias, float* output);

/// Weight [O, KH, KW, I]: input pixel (y, x) adds into (y * stride - top + ky, x * stride - left + kx).
void convolve_transposed(const ConvGeometry& geometry, const float* input, const float* weight,
                         const float* bias, float* output);

}  // namespace dlasim::network::float_kernels
