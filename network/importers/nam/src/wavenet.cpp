#include "wavenet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace dlasim::network::nam {
namespace {

/// The widths at which an array runs: its own, or slimmed ones.
struct Widths {
  std::int64_t inputs, channels, bottleneck, head_outputs;
};

/// The first `outputs` rows and `inputs` columns.
ConvWeights cropped(const ConvWeights& full, std::int64_t outputs, std::int64_t inputs) {
  const Shape& shape = full.weight.shape();
  if (shape[0] == outputs && shape[1] == inputs) return full;
  ConvWeights result{importers::sliced(full.weight, {0, 0, 0}, {outputs, inputs, shape[2]}, {1, 1, 1}), {}};
  if (full.bias) result.bias = importers::sliced(*full.bias, {0}, {outputs}, {1});
  return result;
}

enum class Bias { kNo, kYes };

ConvWeights take_conv(WeightList& weights, std::int64_t outputs, std::int64_t inputs, std::int64_t taps,
                      std::int64_t groups, Bias bias) {
  ConvWeights result{weights.take({outputs, inputs / groups, taps}), {}};
  if (bias == Bias::kYes) result.bias = weights.take({outputs});
  return result;
}

void scale_in_place(Tensor& tensor, double factor) {
  for (float& value : tensor.data<float>()) value = static_cast<float>(static_cast<double>(value) * factor);
}

/// C' of an array at size v.
std::int64_t slimmed_channels(const ArrayConfig& array, std::optional<double> size) {
  if (!size || !array.slimmable) return array.channels;
  const auto& allowed = array.slimmable->allowed_channels;
  const auto n = static_cast<double>(allowed.size());
  const auto index = static_cast<std::size_t>(std::min(std::floor(*size * n), n - 1.0));
  return allowed[index];
}

/// Slimming together with these is described nowhere and was never verified against the reference program.
void refuse_unknown_slimming(const ArrayConfig& array) {
  const bool film =
      std::any_of(array.films.begin(), array.films.end(), [](const auto& f) { return f.active; });
  if (film) throw base::UnsupportedError("slimming of a layer array with FiLM is not supported");
  if (array.head1x1.active)
    throw base::UnsupportedError("slimming of a layer array with head1x1 is not supported");
  if (array.groups_input != 1 || array.groups_mixin != 1 || array.layer1x1.groups != 1) {
    throw base::UnsupportedError("slimming of a layer array with groups is not supported");
  }
}

std::vector<Widths> widths_of(const WaveNetConfig& config, std::optional<double> size) {
  std::vector<Widths> result;
  for (const ArrayConfig& array : config.arrays) {
    const std::int64_t channels = slimmed_channels(array, size);
    const std::int64_t bottleneck =
        channels == array.channels ? array.bottleneck
                                   : std::max<std::int64_t>(1, array.bottleneck * channels / array.channels);
    if (channels != array.channels) refuse_unknown_slimming(array);
    const std::int64_t inputs = result.empty() ? array.inputs : result.back().channels;
    if (!result.empty())
      result.back().head_outputs = array.head1x1.active ? array.head1x1.outputs : bottleneck;
    result.push_back({inputs, channels, bottleneck, array.head.outputs});
  }
  return result;
}

/// One layer array: rechannel, layers, head.
class ArrayBuilder {
 public:
  ArrayBuilder(SequenceBuilder& builder, const ArrayConfig& config, const Widths& widths, WeightList& weights,
               TensorId condition, std::string prefix)
      : builder_(builder),
        config_(config),
        widths_(widths),
        weights_(weights),
        condition_(condition),
        prefix_(std::move(prefix)) {}

  /// Residual stream and skip sum behind one another: what an array hands to the next.
  struct Streams {
    TensorId residual = kNoTensor;
    TensorId skip = kNoTensor;
  };

  /// Runs rechannel and all layers. `is_last`: nothing reads the residual stream behind the last layer.
  Streams layers(Streams in, bool is_last) {
    const ConvWeights rechannel =
        cropped(take_conv(weights_, config_.channels, config_.inputs, 1, 1, Bias::kNo), widths_.channels,
                widths_.inputs);
    Streams streams{builder_.convolve(prefix_ + "rechannel", in.residual, rechannel, {}), in.skip};
    for (std::size_t i = 0; i < config_.layers.size(); ++i) {
      layer_prefix_ = prefix_ + "layer" + std::to_string(i) + "_";
      streams = layer(config_.layers[i], streams, is_last && i + 1 == config_.layers.size());
    }
    return streams;
  }

  /// The head's weights come after the layers'.
  ConvWeights take_head() {
    const ConvWeights full = take_conv(weights_, config_.head.outputs, config_.skip(), config_.head.kernel, 1,
                                       config_.head.bias ? Bias::kYes : Bias::kNo);
    return cropped(full, widths_.head_outputs,
                   config_.head1x1.active ? config_.head1x1.outputs : widths_.bottleneck);
  }

  TensorId head(TensorId skip, const ConvWeights& weights) {
    return builder_.convolve(prefix_ + "head", skip, weights, {config_.head.dilation, 1});
  }

 private:
  struct LayerWeights {
    ConvWeights conv, mixin;
    std::optional<ConvWeights> layer1x1, head1x1;
    std::array<std::optional<ConvWeights>, kFilmPlaces> films;
  };

  LayerWeights take_layer(const LayerConfig& layer) {
    const std::int64_t c = config_.channels;
    const std::int64_t b = config_.bottleneck;
    const std::int64_t parts = layer.gating == Gating::kNone ? 1 : 2;
    const std::int64_t z = parts * b;
    const std::int64_t z_used = parts * widths_.bottleneck;
    LayerWeights w;
    w.conv = cropped(take_conv(weights_, z, c, layer.kernel, config_.groups_input, Bias::kYes), z_used,
                     widths_.channels / config_.groups_input);
    w.mixin = cropped(take_conv(weights_, z, config_.condition, 1, config_.groups_mixin, Bias::kNo), z_used,
                      config_.condition / config_.groups_mixin);
    if (config_.layer1x1.active) {
      w.layer1x1 = cropped(take_conv(weights_, c, b, 1, config_.layer1x1.groups, Bias::kYes),
                           widths_.channels, widths_.bottleneck / config_.layer1x1.groups);
    }
    const std::int64_t h = config_.head1x1.outputs;
    if (config_.head1x1.active) w.head1x1 = take_conv(weights_, h, b, 1, config_.head1x1.groups, Bias::kYes);
    const std::array<std::int64_t, kFilmPlaces> widths{c, z, config_.condition, z, z, b, c, h};
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const FilmConfig& film = config_.films[i];
      if (!film.active) continue;
      w.films[i] = take_conv(weights_, (film.shift ? 2 : 1) * widths[i], config_.condition, 1, film.groups,
                             Bias::kYes);
    }
    return w;
  }

  Streams layer(const LayerConfig& config, Streams in, bool is_residual_dead) {
    const LayerWeights w = take_layer(config);
    const TensorId conv_input = film(w, kConvPre, "conv_pre_film", in.residual);
    const TensorId conv = builder_.convolve(layer_prefix_ + "conv", conv_input, w.conv,
                                            {config.dilation, config_.groups_input});
    const TensorId mixin_input = film(w, kMixinPre, "mixin_pre_film", condition_);
    const TensorId mixin =
        builder_.convolve(layer_prefix_ + "mixin", mixin_input, w.mixin, {1, config_.groups_mixin});
    TensorId z = builder_.binary(layer_prefix_ + "sum", op::Binary::Kind::kAdd,
                                 film(w, kConvPost, "conv_post_film", conv),
                                 film(w, kMixinPost, "mixin_post_film", mixin));
    z = film(w, kActivationPre, "activation_pre_film", z);
    const TensorId a = film(w, kActivationPost, "activation_post_film", gate(config, z));

    Streams out = in;
    TensorId skip = a;
    if (w.head1x1) {
      skip = builder_.convolve(layer_prefix_ + "head1x1", a, *w.head1x1, {1, config_.head1x1.groups});
      skip = film(w, kHead1x1Post, "head1x1_post_film", skip);
    }
    out.skip = in.skip == kNoTensor
                   ? skip
                   : builder_.binary(layer_prefix_ + "skip", op::Binary::Kind::kAdd, in.skip, skip);
    if (w.layer1x1 && !is_residual_dead) {
      TensorId r =
          builder_.convolve(layer_prefix_ + "layer1x1", a, *w.layer1x1, {1, config_.layer1x1.groups});
      // The reference program applies this FiLM in blended layers only; elsewhere its weights are idle.
      if (config.gating == Gating::kBlended) r = film(w, kLayer1x1Post, "layer1x1_post_film", r);
      out.residual = builder_.binary(layer_prefix_ + "residual", op::Binary::Kind::kAdd, in.residual, r);
    }
    return out;
  }

  /// Section 3: gate(z).
  TensorId gate(const LayerConfig& config, TensorId z) {
    op::Unary f = config.activation;
    op::Unary g = config.secondary;
    const std::int64_t b = widths_.bottleneck;
    for (op::Unary* function : {&f, &g}) {
      if (function->kind == op::Unary::Kind::kPRelu) function->parameters.resize(static_cast<std::size_t>(b));
    }
    if (config.gating == Gating::kNone) return builder_.unary(layer_prefix_ + "activation", f, z);
    const TensorId first = builder_.channel_range(layer_prefix_ + "filter", z, 0, b);
    const TensorId second = builder_.channel_range(layer_prefix_ + "gate", z, b, b);
    const TensorId value = builder_.unary(layer_prefix_ + "activation", f, first);
    const TensorId m = builder_.unary(layer_prefix_ + "secondary_activation", g, second);
    if (config.gating == Gating::kGated) {
      return builder_.binary(layer_prefix_ + "gated", op::Binary::Kind::kMul, value, m);
    }
    // m f(z) + (1 - m) z, written with one product
    const TensorId step = builder_.binary(layer_prefix_ + "blend_step", op::Binary::Kind::kSub, value, first);
    const TensorId part = builder_.binary(layer_prefix_ + "blend_part", op::Binary::Kind::kMul, m, step);
    return builder_.binary(layer_prefix_ + "blended", op::Binary::Kind::kAdd, first, part);
  }

  /// Section 5: u scaled (and shifted) by a 1x1 convolution of the condition; `u` itself where it is not
  /// active.
  TensorId film(const LayerWeights& w, FilmPlace place, const std::string& name, TensorId u) {
    const auto& weights = w.films[static_cast<std::size_t>(place)];
    if (!weights) return u;
    const FilmConfig& config = config_.films[static_cast<std::size_t>(place)];
    const std::string base = layer_prefix_ + name;
    const std::int64_t n = builder_.channels(u);
    const TensorId s = builder_.convolve(base, condition_, *weights, {1, config.groups});
    if (!config.shift) return builder_.binary(base + "_scaled", op::Binary::Kind::kMul, u, s);
    const TensorId scale = builder_.channel_range(base + "_scale", s, 0, n);
    const TensorId shift = builder_.channel_range(base + "_shift", s, n, n);
    const TensorId scaled = builder_.binary(base + "_scaled", op::Binary::Kind::kMul, u, scale);
    return builder_.binary(base + "_shifted", op::Binary::Kind::kAdd, scaled, shift);
  }

  SequenceBuilder& builder_;
  const ArrayConfig& config_;
  const Widths& widths_;
  WeightList& weights_;
  TensorId condition_;
  std::string prefix_;
  std::string layer_prefix_;
};

std::int64_t memory_of(const ArrayConfig& array) {
  std::int64_t sum = (array.head.kernel - 1) * array.head.dilation;
  for (const LayerConfig& layer : array.layers) sum += (layer.kernel - 1) * layer.dilation;
  return sum;
}

}  // namespace

WaveNetResult build_wavenet(SequenceBuilder& builder, const WaveNetConfig& config, WeightList& weights,
                            TensorId input, TensorId condition, std::optional<double> size,
                            const std::string& prefix) {
  const std::vector<Widths> widths = widths_of(config, size);
  WaveNetResult result;
  ArrayBuilder::Streams streams{input, kNoTensor};
  // The last head waits for head_scale, the last number of the list.
  std::optional<ArrayBuilder> array;
  ConvWeights last_head;
  for (std::size_t i = 0; i < config.arrays.size(); ++i) {
    const bool is_last = i + 1 == config.arrays.size();
    array.emplace(builder, config.arrays[i], widths[i], weights, condition,
                  prefix + "array" + std::to_string(i) + "_");
    streams = array->layers(streams, is_last);
    last_head = array->take_head();
    if (!is_last) streams.skip = array->head(streams.skip, last_head);
    result.receptive_field += memory_of(config.arrays[i]);
  }
  std::vector<ConvWeights> post;
  std::int64_t width = config.arrays.back().head.outputs;
  for (std::size_t i = 0; config.head && i < config.head->kernels.size(); ++i) {
    const bool is_last = i + 1 == config.head->kernels.size();
    const std::int64_t outputs = is_last ? config.head->outputs : config.head->channels;
    post.push_back(take_conv(weights, outputs, width, config.head->kernels[i], 1, Bias::kYes));
    result.receptive_field += config.head->kernels[i] - 1;
    width = outputs;
  }
  const auto head_scale = static_cast<double>(weights.take({1}).data<float>()[0]);
  weights.finish();

  scale_in_place(last_head.weight, head_scale);
  if (last_head.bias) scale_in_place(*last_head.bias, head_scale);
  TensorId out = array->head(streams.skip, last_head);
  for (std::size_t i = 0; i < post.size(); ++i) {
    const std::string name = prefix + "head" + std::to_string(i) + "_";
    out = builder.unary(name + "activation", config.head->activation, out);
    out = builder.convolve(name + "conv", out, post[i], {});
  }
  result.output = out;
  return result;
}

}  // namespace dlasim::network::nam
