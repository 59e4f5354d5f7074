#pragma once
/// Float convolutions on plain buffers, blocked for the compiler's vector unit.

#include <cstdint>
#include <span>
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

/// Neighbouring output channels of a convolution: whole blocks of at most PackedWeights::kLanes channels, as
/// groups divide them.
struct ChannelSlice {
  std::int64_t first_block = 0, blocks = 0;
  std::int64_t first_channel = 0, channels = 0;
};

/// All output channels in order, in slices of about `weights` weights.
std::vector<ChannelSlice> channel_slices(const ConvGeometry& geometry, std::int64_t weights);

/// The weights of a slice with `kLanes` output channels side by side, so that one load serves as many sums:
/// [block of output channels][tap][input channel of the group][lane], zeros in unused lanes.
struct PackedWeights {
  static constexpr std::int64_t kLanes = 8;
  ChannelSlice slice;
  std::vector<float> data;
};

/// From the slice's rows of [O, KH, KW, I / groups].
PackedWeights pack(std::span<const float> rows, const ConvGeometry& geometry, const ChannelSlice& slice);

/// The slice's channels of output = bias + convolution; `bias` (of all channels) may be null.
void convolve(const ConvGeometry& geometry, const float* input, const PackedWeights& weight,
              const float* bias, float* output);

/// Weight [KH, KW, O]; output channel o reads input channel o / (O / in_channels).
void convolve_depthwise(const ConvGeometry& geometry, const float* input, const float* weight,
                        const float* bias, float* output);

/// Weight [O, KH, KW, I]: input pixel (y, x) adds into (y * stride - top + ky, x * stride - left + kx).
void convolve_transposed(const ConvGeometry& geometry, const float* input, const float* weight,
                         const float* bias, float* output);

}  // namespace dlasim::network::float_kernels
