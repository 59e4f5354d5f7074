/// Convolutions: spec/integer_semantics.md section 2. Positions outside the input read as the input's zero
/// point, so they add nothing.

#include <algorithm>
#include <vector>

#include "dot.h"
#include "elements.h"
#include "golden/operators.h"
#include "golden/requantize.h"

namespace dlasim::golden {
namespace {

using network::Pair;
using network::Tensor;

/// Sizes of one convolution. Checked, so that no coordinate overflows.
struct Geometry {
  std::int64_t batch, in_h, in_w, in_c, out_h, out_w, out_c, kernel_h, kernel_w;
  Pair stride, dilation;
  std::int64_t top, left;
};

constexpr std::int64_t kMostGeometry = std::int64_t{1} << 24;

void check_step(const Pair& pair, std::string_view what) {
  for (const std::int64_t v : pair)
    require(v >= 1 && v <= kMostGeometry, "{} {} is not between 1 and {}", what, v, kMostGeometry);
}

Geometry geometry(const Tensor& input, const Tensor& weight, const Tensor& output, const Pair& stride,
                  const Pair& dilation, const network::Padding& padding) {
  require_rank(input, 4, "input");
  require_rank(weight, 4, "weight");
  require_rank(output, 4, "output");
  check_step(stride, "stride");
  check_step(dilation, "dilation");
  for (const std::int64_t v : {padding.top, padding.left})
    require(v >= -kMostGeometry && v <= kMostGeometry, "padding {} is out of range", v);
  const auto& in = input.shape();
  const auto& out = output.shape();
  for (const std::int64_t v : {in[1], in[2], out[1], out[2], weight.shape()[1], weight.shape()[2]})
    require(v <= kMostGeometry, "image or kernel side {} is above {}", v, kMostGeometry);
  require(in[0] == out[0], "batch {} becomes {}", in[0], out[0]);
  return {in[0],
          in[1],
          in[2],
          in[3],
          out[1],
          out[2],
          out[3],
          weight.shape()[1],
          weight.shape()[2],
          stride,
          dilation,
          padding.top,
          padding.left};
}

/// The input under the kernel at one output position and group, zero outside the image.
template <class T>
void gather_patch(const Geometry& g, const std::vector<T>& x, std::int64_t n, std::int64_t oy,
                  std::int64_t ox, std::int64_t first_channel, std::int64_t channels, std::vector<T>& patch) {
  T* target = patch.data();
  for (std::int64_t ky = 0; ky < g.kernel_h; ++ky) {
    const std::int64_t iy = oy * g.stride[0] - g.top + ky * g.dilation[0];
    for (std::int64_t kx = 0; kx < g.kernel_w; ++kx, target += channels) {
      const std::int64_t ix = ox * g.stride[1] - g.left + kx * g.dilation[1];
      if (iy < 0 || iy >= g.in_h || ix < 0 || ix >= g.in_w) {
        std::fill_n(target, channels, T{0});
      } else {
        std::copy_n(x.data() + ((n * g.in_h + iy) * g.in_w + ix) * g.in_c + first_channel, channels, target);
      }
    }
  }
}

/// Output channels from `first` on, as many as `w` has weights for.
template <class T>
void convolve(const Geometry& g, std::int64_t groups, const std::vector<T>& x, std::int64_t first,
              const std::vector<T>& w, const std::vector<std::int64_t>& bias, const OutputStage& stage,
              Tensor& output) {
  const std::int64_t group_in = g.in_c / groups;
  const std::int64_t group_out = g.out_c / groups;
  const std::int64_t taps = g.kernel_h * g.kernel_w * group_in;
  std::vector<T> patch(index(taps));
  const std::int64_t channels = taps == 0 ? 0 : static_cast<std::int64_t>(w.size()) / taps;
  std::vector<std::int64_t> pixel(index(channels));
  std::int64_t position = 0;
  for (std::int64_t n = 0; n < g.batch; ++n) {
    for (std::int64_t oy = 0; oy < g.out_h; ++oy) {
      for (std::int64_t ox = 0; ox < g.out_w; ++ox, ++position) {
        for (std::int64_t i = 0; i < channels; ++i) {
          const std::int64_t o = first + i;
          const bool is_new_group = i == 0 || o % group_out == 0;
          if (is_new_group) gather_patch(g, x, n, oy, ox, o / group_out * group_in, group_in, patch);
          pixel[index(i)] = stage(bias[index(o)] + dot(patch.data(), w.data() + i * taps, taps), o);
        }
        store(output, position * g.out_c + first, pixel);
      }
    }
  }
}

/// One depthwise output pixel's accumulators: output channel o reads input channel o / multiplier.
template <class T>
void accumulate_depthwise(const Geometry& g, std::int64_t multiplier, const std::vector<T>& x,
                          const std::vector<T>& w, std::int64_t n, std::int64_t oy, std::int64_t ox,
                          std::vector<std::int64_t>& pixel) {
  for (std::int64_t ky = 0; ky < g.kernel_h; ++ky) {
    const std::int64_t iy = oy * g.stride[0] - g.top + ky * g.dilation[0];
    if (iy < 0 || iy >= g.in_h) continue;
    for (std::int64_t kx = 0; kx < g.kernel_w; ++kx) {
      const std::int64_t ix = ox * g.stride[1] - g.left + kx * g.dilation[1];
      if (ix < 0 || ix >= g.in_w) continue;
      const T* in = x.data() + ((n * g.in_h + iy) * g.in_w + ix) * g.in_c;
      const T* tap = w.data() + (ky * g.kernel_w + kx) * g.out_c;
      std::int64_t o = 0;
      for (std::int64_t c = 0; c < g.in_c; ++c) {
        for (std::int64_t m = 0; m < multiplier; ++m, ++o)
          pixel[index(o)] += std::int64_t{in[c]} * std::int64_t{tap[o]};
      }
    }
  }
}

template <class T>
void convolve_depthwise(const Geometry& g, std::int64_t multiplier, const std::vector<T>& x,
                        const std::vector<T>& w, const std::vector<std::int64_t>& bias,
                        const OutputStage& stage, Tensor& output) {
  std::vector<std::int64_t> pixel;
  std::int64_t position = 0;
  for (std::int64_t n = 0; n < g.batch; ++n) {
    for (std::int64_t oy = 0; oy < g.out_h; ++oy) {
      for (std::int64_t ox = 0; ox < g.out_w; ++ox, ++position) {
        pixel = bias;
        accumulate_depthwise(g, multiplier, x, w, n, oy, ox, pixel);
        for (std::int64_t o = 0; o < g.out_c; ++o) pixel[index(o)] = stage(pixel[index(o)], o);
        store(output, position * g.out_c, pixel);
      }
    }
  }
}

/// Adds what one input pixel contributes to the output image's accumulators.
template <class T>
void scatter_pixel(const Geometry& g, const T* x, const std::vector<T>& w, std::int64_t iy, std::int64_t ix,
                   std::vector<std::int64_t>& image) {
  for (std::int64_t ky = 0; ky < g.kernel_h; ++ky) {
    const std::int64_t oy = iy * g.stride[0] - g.top + ky * g.dilation[0];
    if (oy < 0 || oy >= g.out_h) continue;
    for (std::int64_t kx = 0; kx < g.kernel_w; ++kx) {
      const std::int64_t ox = ix * g.stride[1] - g.left + kx * g.dilation[1];
      if (ox < 0 || ox >= g.out_w) continue;
      for (std::int64_t o = 0; o < g.out_c; ++o) {
        const T* tap = w.data() + ((o * g.kernel_h + ky) * g.kernel_w + kx) * g.in_c;
        image[index((oy * g.out_w + ox) * g.out_c + o)] += dot(x, tap, g.in_c);
      }
    }
  }
}

template <class T>
void convolve_transposed(const Geometry& g, const std::vector<T>& x, const std::vector<T>& w,
                         const std::vector<std::int64_t>& bias, const OutputStage& stage, Tensor& output) {
  const std::int64_t pixels = g.out_h * g.out_w;
  std::vector<std::int64_t> image(index(pixels * g.out_c));
  for (std::int64_t n = 0; n < g.batch; ++n) {
    for (std::int64_t p = 0; p < pixels; ++p)
      std::copy(bias.begin(), bias.end(), image.begin() + p * g.out_c);
    for (std::int64_t iy = 0; iy < g.in_h; ++iy) {
      for (std::int64_t ix = 0; ix < g.in_w; ++ix)
        scatter_pixel(g, x.data() + ((n * g.in_h + iy) * g.in_w + ix) * g.in_c, w, iy, ix, image);
    }
    for (std::int64_t i = 0; i < pixels * g.out_c; ++i) image[index(i)] = stage(image[index(i)], i % g.out_c);
    store(output, n * pixels * g.out_c, image);
  }
}

OutputStage output_stage(const network::qop::MacParameters& mac, const Tensor& output) {
  return {mac.multiplier, mac.rule, mac.output_zero_point, mac.clamp, output.dtype(), output.shape()[3]};
}

}  // namespace

void evaluate(const network::qop::Conv2d& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Tensor& weight = inputs.required(1, "weight");
  const Geometry g = geometry(input, weight, output, op.stride, op.dilation, op.padding);
  require(op.groups >= 1 && g.out_c % op.groups == 0 && g.in_c % op.groups == 0,
          "{} groups do not divide {} input and {} output channels", op.groups, g.in_c, g.out_c);
  require(weight.shape()[0] == g.out_c && weight.shape()[3] * op.groups == g.in_c,
          "weight {} does not fit {} input channels, {} groups and {} output channels",
          network::to_string(weight.shape()), g.in_c, op.groups, g.out_c);
  const auto bias = bias_or_zeros(inputs.optional(2), g.out_c);
  const OutputStage stage = output_stage(op.mac, output);
  with_dot_type(input, op.mac.input_zero_point, weight, op.mac.weight_zero_point, [&](auto type) {
    using T = decltype(type);
    const auto x = centred<T>(input, op.mac.input_zero_point);
    for_each_slice<T>(weight, op.mac.weight_zero_point, [&](std::int64_t first, const std::vector<T>& w) {
      convolve<T>(g, op.groups, x, first, w, bias, stage, output);
    });
  });
}

void evaluate(const network::qop::DepthwiseConv2d& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Tensor& weight = inputs.required(1, "weight");
  const Geometry g = geometry(input, weight, output, op.stride, op.dilation, op.padding);
  require(op.channel_multiplier >= 1 && op.channel_multiplier <= g.out_c &&
              g.in_c * op.channel_multiplier == g.out_c,
          "{} input channels times {} are not {} output channels", g.in_c, op.channel_multiplier, g.out_c);
  require(weight.shape()[0] == 1 && weight.shape()[3] == g.out_c, "weight {} does not fit {} output channels",
          network::to_string(weight.shape()), g.out_c);
  const auto bias = bias_or_zeros(inputs.optional(2), g.out_c);
  const OutputStage stage = output_stage(op.mac, output);
  with_dot_type(input, op.mac.input_zero_point, weight, op.mac.weight_zero_point, [&](auto type) {
    using T = decltype(type);
    convolve_depthwise<T>(g, op.channel_multiplier, centred<T>(input, op.mac.input_zero_point),
                          centred<T>(weight, op.mac.weight_zero_point), bias, stage, output);
  });
}

void evaluate(const network::qop::TransposeConv2d& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Tensor& weight = inputs.required(1, "weight");
  const Geometry g = geometry(input, weight, output, op.stride, op.dilation, op.padding);
  require(weight.shape()[0] == g.out_c && weight.shape()[3] == g.in_c,
          "weight {} does not fit {} input and {} output channels", network::to_string(weight.shape()),
          g.in_c, g.out_c);
  const auto bias = bias_or_zeros(inputs.optional(2), g.out_c);
  const OutputStage stage = output_stage(op.mac, output);
  with_dot_type(input, op.mac.input_zero_point, weight, op.mac.weight_zero_point, [&](auto type) {
    using T = decltype(type);
    convolve_transposed<T>(g, centred<T>(input, op.mac.input_zero_point),
                           centred<T>(weight, op.mac.weight_zero_point), bias, stage, output);
  });
}

}  // namespace dlasim::golden
