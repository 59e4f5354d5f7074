/// The classic autoregressive WaveNet: spec/wavenet.md section 6.

#include <functional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/npy.h"
#include "json_fields.h"
#include "network/importers/nam.h"
#include "network/importers/names.h"
#include "sequence_builder.h"
#include "weight_list.h"

namespace dlasim::network {
namespace nam {
namespace {

struct ClassicConfig {
  std::int64_t layers = 0, blocks = 0, taps = 0, residual = 0, dilation = 0, skip = 0, classes = 0;
  std::string weights_file;
};

void require_text(const JsonObject& root, std::string_view key, std::string_view only) {
  if (const std::string text = root.string(key); text != only) root.unsupported(key, "'" + text + "'");
}

ClassicConfig parse_classic(const JsonObject& root) {
  root.allow_only({"format", "layers_per_block", "blocks", "kernel_size", "residual_channels",
                   "dilation_channels", "skip_channels", "classes", "input", "biases", "gating", "weights"});
  constexpr std::int64_t kMost = 1 << 16;
  constexpr std::int64_t kMostLayersPerBlock = 20;  // dilations up to 2^19
  require_text(root, "format", "classic-wavenet/1");
  require_text(root, "input", "scalar-mulaw");
  require_text(root, "biases", "end_conv only");
  require_text(root, "gating", "tanh*sigmoid");
  return {root.integer("layers_per_block", 1, kMostLayersPerBlock),
          root.integer("blocks", 1, 1024),
          root.integer("kernel_size", 1, kMost),
          root.integer("residual_channels", 1, kMost),
          root.integer("dilation_channels", 1, kMost),
          root.integer("skip_channels", 1, kMost),
          root.integer("classes", 2, kMost),
          root.string("weights")};
}

AudioNetwork build_classic(const ClassicConfig& c, std::span<const float> values, const std::string& name,
                           const AudioOptions& options) {
  WeightList weights(values);
  const auto pointwise = [&](std::int64_t outputs, std::int64_t inputs) {
    return ConvWeights{weights.take({outputs, inputs, 1}), {}};
  };
  AudioNetwork result;
  SequenceBuilder builder(name, options.samples);
  TensorId y = builder.convolve("start", builder.input(1), pointwise(c.residual, 1), {});
  TensorId skip = kNoTensor;
  const std::int64_t layers = c.layers * c.blocks;
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string prefix = "layer" + std::to_string(i) + "_";
    const std::int64_t dilation = std::int64_t{1} << (i % c.layers);
    result.receptive_field += (c.taps - 1) * dilation;
    const ConvWeights dilated{weights.take({2 * c.dilation, c.residual, c.taps}), {}};
    const ConvWeights to_residual = pointwise(c.residual, c.dilation);
    const ConvWeights to_skip = pointwise(c.skip, c.dilation);
    const TensorId z = builder.convolve(prefix + "conv", y, dilated, {dilation, 1});
    const TensorId filter = builder.channel_range(prefix + "filter", z, 0, c.dilation);
    const TensorId gate = builder.channel_range(prefix + "gate", z, c.dilation, c.dilation);
    const TensorId a =
        builder.binary(prefix + "gated", op::Binary::Kind::kMul,
                       builder.unary(prefix + "tanh", {op::Unary::Kind::kTanh, {}}, filter),
                       builder.unary(prefix + "sigmoid", {op::Unary::Kind::kSigmoid, {}}, gate));
    const TensorId s = builder.convolve(prefix + "skip_conv", a, to_skip, {});
    skip = skip == kNoTensor ? s : builder.binary(prefix + "skip", op::Binary::Kind::kAdd, skip, s);
    if (i + 1 == layers) continue;  // the last residual convolution has no influence on the output
    const TensorId r = builder.convolve(prefix + "residual_conv", a, to_residual, {});
    y = builder.binary(prefix + "residual", op::Binary::Kind::kAdd, y, r);
  }
  const TensorId rectified = builder.unary("end_relu", {op::Unary::Kind::kRelu, {}}, skip);
  ConvWeights end = pointwise(c.classes, c.skip);
  end.bias = weights.take({c.classes});
  weights.finish();
  result.graph = builder.finish(builder.convolve("end", rectified, end, {}));
  return result;
}

AudioNetwork guarded(std::string_view json, const std::string& name, const AudioOptions& options,
                     const std::function<std::vector<float>(const ClassicConfig&)>& weights) {
  try {
    const Json parsed = parse_json(json);
    const ClassicConfig config = parse_classic(JsonObject(parsed, ""));
    return build_classic(config, weights(config), name, options);
  } catch (const base::UnsupportedError& e) {
    throw base::UnsupportedError(name + ": " + e.what());
  } catch (const base::InputError& e) {
    throw base::InputError(name + ": " + e.what());
  }
}

/// The name of the weights file is untrusted too: it may only name a neighbour.
std::vector<float> read_weights(const std::filesystem::path& directory, const std::string& file) {
  const std::filesystem::path name(file);
  if (!name.has_filename() || name.filename() != name) {
    throw base::InputError("weights: '" + file + "' is not the name of a file beside the model");
  }
  const base::NpyArray array = base::read_npy(directory / name);
  const auto values = array.as<float>();
  return {values.begin(), values.end()};
}

}  // namespace
}  // namespace nam

AudioNetwork import_classic_wavenet(std::string_view json, std::span<const float> weights,
                                    const std::string& name, const AudioOptions& options) {
  return nam::guarded(json, name, options, [&](const nam::ClassicConfig&) {
    return std::vector<float>(weights.begin(), weights.end());
  });
}

AudioNetwork read_classic_wavenet(const std::filesystem::path& path, const AudioOptions& options) {
  const std::string json = base::read_text_file(path);
  AudioNetwork network = nam::guarded(json, path.string(), options, [&](const nam::ClassicConfig& config) {
    return nam::read_weights(path.parent_path(), config.weights_file);
  });
  network.graph.name = importers::stem(path);
  return network;
}

}  // namespace dlasim::network
