#include "float/convolution.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace dlasim::network::float_kernels {
namespace {

// A compiler extension that GCC and Clang share: four floats as one value. Plain loops over a local
// accumulator array are not reliably kept in registers by g++ 12, and this one loop is the run time.
using Vector = float __attribute__((vector_size(16)));
constexpr std::int64_t kVectorWidth = 4;
constexpr std::int64_t kLanes = PackedWeights::kLanes;
constexpr std::int64_t kVectors = kLanes / kVectorWidth;
/// Output positions computed together: each weight that is loaded is used as often.
constexpr std::int64_t kPositions = 4;
static_assert(kLanes % kVectorWidth == 0);

using Tile = std::array<std::array<Vector, kVectors>, kPositions>;

Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

std::int64_t out_per_group(const ConvGeometry& g) {
  return g.out_channels / g.groups;
}
std::int64_t in_per_group(const ConvGeometry& g) {
  return g.in_channels / g.groups;
}
std::int64_t blocks_per_group(const ConvGeometry& g) {
  return (out_per_group(g) + kLanes - 1) / kLanes;
}

std::int64_t weights_of_channel(const ConvGeometry& g) {
  return g.kernel_height * g.kernel_width * in_per_group(g);
}
/// The first output channel of a block; of the block behind the last one, the number of channels.
std::int64_t first_channel(const ConvGeometry& g, std::int64_t block) {
  return block / blocks_per_group(g) * out_per_group(g) + block % blocks_per_group(g) * kLanes;
}

/// Adds `channels` products a position and lane to `sums`.
void accumulate(const std::array<const float*, kPositions>& rows, const float* weight, std::int64_t channels,
                Tile& sums) {
  Tile local = sums;
  for (std::int64_t i = 0; i < channels; ++i) {
    const float* w = weight + i * kLanes;
    const Vector w0 = load(w);
    const Vector w1 = load(w + kVectorWidth);
    for (std::size_t p = 0; p < kPositions; ++p) {
      const float x = rows[p][i];
      local[p][0] += x * w0;
      local[p][1] += x * w1;
    }
  }
  sums = local;
}

/// The input pixel that a tap of an output pixel reads, or the zero row outside the image.
class Taps {
 public:
  Taps(const ConvGeometry& geometry, const float* input)
      : g_(geometry), input_(input), zeros_(static_cast<std::size_t>(geometry.in_channels)) {}

  const float* pixel(std::int64_t n, std::int64_t oy, std::int64_t ox, std::int64_t ky,
                     std::int64_t kx) const {
    const std::int64_t y = oy * g_.stride[0] - g_.top + ky * g_.dilation[0];
    const std::int64_t x = ox * g_.stride[1] - g_.left + kx * g_.dilation[1];
    if (y < 0 || y >= g_.in_height || x < 0 || x >= g_.in_width) return zeros_.data();
    return input_ + ((n * g_.in_height + y) * g_.in_width + x) * g_.in_channels;
  }

 private:
  const ConvGeometry& g_;
  const float* input_;
  std::vector<float> zeros_;
};

/// One strip of up to kPositions output pixels of row (n, oy), one block of output channels.
struct Strip {
  std::int64_t n, oy, ox, positions;
};

Tile start(const float* bias, std::int64_t channels) {
  std::array<float, kLanes> lanes{};
  if (bias != nullptr) std::copy_n(bias, channels, lanes.begin());
  Tile sums;
  for (auto& row : sums) {
    for (std::int64_t v = 0; v < kVectors; ++v)
      row[static_cast<std::size_t>(v)] = load(lanes.data() + v * kVectorWidth);
  }
  return sums;
}

void run_strip(const ConvGeometry& g, const Taps& taps, const float* weight, std::int64_t first_channel,
               const Strip& strip, Tile& sums) {
  const std::int64_t channels = in_per_group(g);
  std::array<const float*, kPositions> rows{};
  for (std::int64_t ky = 0; ky < g.kernel_height; ++ky) {
    for (std::int64_t kx = 0; kx < g.kernel_width; ++kx) {
      for (std::int64_t p = 0; p < kPositions; ++p) {
        // Positions beyond the end repeat the last one; their sums are not stored.
        const std::int64_t ox = strip.ox + std::min(p, strip.positions - 1);
        rows[static_cast<std::size_t>(p)] = taps.pixel(strip.n, strip.oy, ox, ky, kx) + first_channel;
      }
      accumulate(rows, weight, channels, sums);
      weight += channels * kLanes;
    }
  }
}

}  // namespace

std::vector<ChannelSlice> channel_slices(const ConvGeometry& g, std::int64_t weights) {
  const std::int64_t of_block = std::max<std::int64_t>(1, weights_of_channel(g) * kLanes);
  const std::int64_t blocks = g.groups * blocks_per_group(g);
  const std::int64_t step = std::max<std::int64_t>(1, weights / of_block);
  std::vector<ChannelSlice> slices;
  for (std::int64_t block = 0; block < blocks; block += step) {
    const std::int64_t end = std::min(block + step, blocks);
    const std::int64_t first = first_channel(g, block);
    slices.push_back({block, end - block, first, first_channel(g, end) - first});
  }
  return slices;
}

PackedWeights pack(std::span<const float> rows, const ConvGeometry& g, const ChannelSlice& slice) {
  const std::int64_t length = weights_of_channel(g);
  PackedWeights packed{slice, std::vector<float>(static_cast<std::size_t>(slice.blocks * length * kLanes))};
  const float* row = rows.data();
  for (std::int64_t o = slice.first_channel; o < slice.first_channel + slice.channels; ++o, row += length) {
    const std::int64_t within = o % out_per_group(g);
    const std::int64_t block = o / out_per_group(g) * blocks_per_group(g) + within / kLanes;
    float* to = packed.data.data() + (block - slice.first_block) * length * kLanes + within % kLanes;
    for (std::int64_t k = 0; k < length; ++k) to[k * kLanes] = row[k];
  }
  return packed;
}

void convolve(const ConvGeometry& g, const float* input, const PackedWeights& weight, const float* bias,
              float* output) {
  const Taps taps(g, input);
  const std::int64_t block_size = weights_of_channel(g) * kLanes;
  const ChannelSlice& slice = weight.slice;
  for (std::int64_t row = 0; row < g.batch * g.out_height; ++row) {
    for (std::int64_t ox = 0; ox < g.out_width; ox += kPositions) {
      const Strip strip{row / g.out_height, row % g.out_height, ox, std::min(kPositions, g.out_width - ox)};
      for (std::int64_t b = 0; b < slice.blocks; ++b) {
        const std::int64_t block = slice.first_block + b;
        const std::int64_t group = block / blocks_per_group(g);
        const std::int64_t first_out = first_channel(g, block);
        const std::int64_t lanes = first_channel(g, block + 1) - first_out;
        Tile sums = start(bias == nullptr ? nullptr : bias + first_out, lanes);
        run_strip(g, taps, weight.data.data() + b * block_size, group * in_per_group(g), strip, sums);
        for (std::int64_t p = 0; p < strip.positions; ++p) {
          std::memcpy(output + (row * g.out_width + ox + p) * g.out_channels + first_out,
                      &sums[static_cast<std::size_t>(p)], static_cast<std::size_t>(lanes) * sizeof(float));
        }
      }
    }
  }
}

void convolve_depthwise(const ConvGeometry& g, const float* input, const float* weight, const float* bias,
                        float* output) {
  const Taps taps(g, input);
  const std::int64_t channels = g.out_channels;
  const std::int64_t multiplier = g.out_channels / g.in_channels;
  for (std::int64_t position = 0; position < g.batch * g.out_height * g.out_width; ++position) {
    const std::int64_t ox = position % g.out_width;
    const std::int64_t oy = position / g.out_width % g.out_height;
    const std::int64_t n = position / g.out_width / g.out_height;
    float* y = output + position * channels;
    if (bias != nullptr) {
      std::copy_n(bias, channels, y);
    } else {
      std::fill_n(y, channels, 0.0F);
    }
    for (std::int64_t ky = 0; ky < g.kernel_height; ++ky) {
      for (std::int64_t kx = 0; kx < g.kernel_width; ++kx) {
        const float* x = taps.pixel(n, oy, ox, ky, kx);
        const float* w = weight + (ky * g.kernel_width + kx) * channels;
        if (multiplier == 1) {
          for (std::int64_t o = 0; o < channels; ++o) y[o] += x[o] * w[o];
        } else {
          for (std::int64_t o = 0; o < channels; ++o) y[o] += x[o / multiplier] * w[o];
        }
      }
    }
  }
}

void convolve_transposed(const ConvGeometry& g, const float* input, const float* weight, const float* bias,
                         float* output) {
  const std::int64_t out = g.out_channels;
  const std::int64_t in = g.in_channels;
  const std::int64_t taps = g.kernel_height * g.kernel_width;
  std::vector<float> packed(static_cast<std::size_t>(taps * in * out));  // [tap][input][output channel]
  for (std::int64_t o = 0; o < out; ++o) {
    for (std::int64_t k = 0; k < taps * in; ++k)
      packed[static_cast<std::size_t>(k * out + o)] = weight[o * taps * in + k];
  }
  for (std::int64_t p = 0; p < g.batch * g.out_height * g.out_width; ++p) {
    for (std::int64_t o = 0; o < out; ++o) output[p * out + o] = bias == nullptr ? 0.0F : bias[o];
  }
  for (std::int64_t pixel = 0; pixel < g.batch * g.in_height * g.in_width; ++pixel) {
    const std::int64_t x = pixel % g.in_width;
    const std::int64_t y = pixel / g.in_width % g.in_height;
    const std::int64_t n = pixel / g.in_width / g.in_height;
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const std::int64_t oy = y * g.stride[0] - g.top + tap / g.kernel_width;
      const std::int64_t ox = x * g.stride[1] - g.left + tap % g.kernel_width;
      if (oy < 0 || oy >= g.out_height || ox < 0 || ox >= g.out_width) continue;
      float* to = output + ((n * g.out_height + oy) * g.out_width + ox) * out;
      for (std::int64_t i = 0; i < in; ++i) {
        const float value = input[pixel * in + i];
        const float* w = packed.data() + (tap * in + i) * out;
        for (std::int64_t o = 0; o < out; ++o) to[o] += value * w[o];
      }
    }
  }
}

}  // namespace dlasim::network::float_kernels
