#pragma once
/// The multiply-accumulate operators seen as one direct convolution over groups of channels.

#include <cstdint>

#include "network/quantized_graph.h"

namespace dlasim::golden {

/// Sizes and index rules. Convolution, depthwise, transposed and fully connected differ only here.
struct Geometry {
  enum class WeightLayout { kOhwi, kHwo };

  std::int64_t batch = 1, in_h = 1, in_w = 1, in_c = 1;
  std::int64_t out_h = 1, out_w = 1, out_c = 1;
  std::int64_t kernel_h = 1, kernel_w = 1;
  network::Pair stride{1, 1};  ///< of the direct convolution
  network::Pair dilation{1, 1};
  network::Pair up{1, 1};      ///< zeros put between input elements: up - 1
  network::Pair before{0, 0};  ///< padding at the top and the left of the (upsampled) input
  bool flipped = false;       ///< the stored kernel is that of the direct convolution, rotated by 180 degrees
  std::int64_t channels = 1;  ///< C of section 5: input channels of an element's group
  std::int64_t outputs_per_group = 1;
  WeightLayout layout = WeightLayout::kOhwi;

  std::int64_t taps() const { return kernel_h * kernel_w; }
  std::int64_t positions() const { return batch * out_h * out_w; }
  /// First input channel of the group of output channel `o`.
  std::int64_t first_channel(std::int64_t o) const { return o / outputs_per_group * channels; }
  /// Flat index of channel 0 of the input pixel under tap (ky, kx) at output (n, y, x); -1: padded.
  std::int64_t input_pixel(std::int64_t n, std::int64_t y, std::int64_t x, std::int64_t ky,
                           std::int64_t kx) const;
  /// Flat index of the weight of output channel o, tap (ky, kx), channel c of its group.
  std::int64_t weight_index(std::int64_t o, std::int64_t ky, std::int64_t kx, std::int64_t c) const;
};

/// Throws base::InputError where the shapes do not fit the operator, base::UnsupportedError for an operator
/// that is no convolution and not fully connected.
Geometry make_geometry(const network::QuantizedOperation& operation, const network::Shape& input,
                       const network::Shape& weight, const network::Shape& output);

/// The integer parameters of the same operators; null for others.
const network::qop::MacParameters* mac_parameters(const network::QuantizedOperation& operation);

}  // namespace dlasim::golden
