#pragma once
/// The order of section 5 and of section 6's block mode, once, for plain runs and for traces.

#include <fmt/core.h>

#include "base/error.h"
#include "staged_function.h"
#include "staged_layer.h"

namespace dlasim::golden {

/// v as an integer, for affine layers. Throws base::InputError if it is none, or beyond 64 bits.
std::int64_t integer_total(const Value& v);

template <class Recorder>
std::int64_t ElementEngine::run(const ElementContext& context, Recorder& recorder) {
  start_element(context.index);
  const Value total =
      layer_.block_mode() ? reduce_blocks(context, recorder) : reduce_tiles(context, recorder);
  return finish(context, total, recorder);
}

template <class Recorder>
Value ElementEngine::reduce_tiles(const ElementContext& context, Recorder& recorder) {
  const std::int64_t channels = layer_.geometry().channels;
  const std::int64_t lanes = layer_.lanes();
  Value total = Value::zero();
  for (std::int64_t t = 0; t < channels; t += lanes) {
    recorder.start_tile();
    for (std::int64_t lane = 0; lane < width_; ++lane) {
      const bool has_channel = lane < lanes && t + lane < channels;
      nodes_[static_cast<std::size_t>(lane)] =
          has_channel ? reduce_lane(context, lane, t + lane, recorder) : Value::zero();
    }
    const Converted sum = partial_sum_.convert_sum(0, total, reduce_tree(recorder));
    recorder.partial_sum(sum);
    total = sum.value;
  }
  return total;
}

template <class Recorder>
Value ElementEngine::reduce_lane(const ElementContext& context, std::int64_t lane, std::int64_t channel,
                                 Recorder& recorder) {
  recorder.start_lane();
  const auto taps = static_cast<std::int64_t>(context.pixels.size());
  Value acc = Value::zero();
  for (std::int64_t tap = 0; tap < taps; ++tap) {
    const std::int64_t pixel = context.pixels[static_cast<std::size_t>(tap)];
    const Value& w = context.weights[channel * taps + tap];
    const Value x = pixel < 0 ? Value::zero() : layer_.input_value(pixel + channel);
    const Converted product = product_.convert(lane, pixel < 0 ? Value::zero() : multiply(x, w));
    recorder.tap(context, channel, tap, pixel, x, w, product);
    const Converted sum = accumulator_.convert_sum(lane, acc, product.value);
    recorder.accumulator(sum);
    acc = sum.value;
  }
  return acc;
}

template <class Recorder>
Value ElementEngine::reduce_tree(Recorder& recorder) {
  std::int64_t width = width_;
  for (UnitBank& level : tree_) {
    recorder.start_level();
    width /= 2;
    for (std::int64_t i = 0; i < width; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const Converted sum = level.convert_sum(i, nodes_[2 * at], nodes_[2 * at + 1]);
      recorder.node(sum);
      nodes_[at] = sum.value;
    }
  }
  return nodes_[0];
}

template <class Recorder>
Value ElementEngine::reduce_blocks(const ElementContext& context, Recorder& recorder) {
  const std::int64_t channels = layer_.geometry().channels;
  const auto taps = static_cast<std::int64_t>(context.pixels.size());
  Value total = Value::zero();
  for (std::int64_t first = 0; first < channels; first += width_) {
    for (std::int64_t tap = 0; tap < taps; ++tap) {
      const Value d = reduce_block(context, first, tap, recorder);
      const Converted scaled = block_.convert(0, d);
      recorder.block(scaled);
      const Converted sum = partial_sum_.convert_sum(0, total, scaled.value);
      recorder.partial_sum(sum);
      total = sum.value;
    }
  }
  return total;
}

template <class Recorder>
Value ElementEngine::reduce_block(const ElementContext& context, std::int64_t first, std::int64_t tap,
                                  Recorder& recorder) {
  const Geometry& g = layer_.geometry();
  const auto taps = static_cast<std::int64_t>(context.pixels.size());
  const std::int64_t pixel = context.pixels[static_cast<std::size_t>(tap)];
  const bool padded = pixel < 0;
  recorder.start_block(context, first, tap);
  for (std::int64_t i = 0; i < width_; ++i) {
    Value& node = nodes_[static_cast<std::size_t>(i)];
    node = Value::zero();
    if (first + i >= g.channels) continue;
    const Value& w = context.weights[(first + i) * taps + tap];
    const Value x = padded ? Value::zero() : layer_.input_value(pixel + first + i);
    const Converted product = product_.convert(i, padded ? Value::zero() : multiply(x, w));
    recorder.tap(context, first + i, tap, pixel, x, w, product);
    node = product.value;
  }
  const Value d = reduce_tree(recorder);
  if (padded) return d;
  const std::int64_t weight = g.weight_index(context.channel, tap / g.kernel_w, tap % g.kernel_w, first);
  const std::optional<int> x_scale = mx_scale_exponent(layer_.input().scale(pixel + first));
  const std::optional<int> w_scale = mx_scale_exponent(layer_.weight().scale(weight));
  return x_scale && w_scale ? scale_by_power(d, *x_scale + *w_scale) : Value::nan();
}

template <class Recorder>
std::int64_t ElementEngine::finish(const ElementContext& context, Value total, Recorder& recorder) {
  if (layer_.bias()) {
    const Value b = layer_.bias()->value(context.channel);
    const Converted sum = bias_.convert_sum(0, total, b);
    recorder.bias(context, b, sum);
    total = sum.value;
  }
  const Value f = apply_function(layer_.numerics().function, total);
  recorder.function(f);
  const Converted activation = activation_.convert(0, f);
  recorder.activation(activation);
  if (layer_.requantization()) {
    const std::int64_t y = (*layer_.requantization())(integer_total(activation.value), context.channel);
    recorder.affine_output(y);
    return y;
  }
  const Converted y = output_.convert(0, activation.value);
  recorder.output(y);
  return static_cast<std::int64_t>(y.code);
}

}  // namespace dlasim::golden
