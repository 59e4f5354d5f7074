#include "wavenet_va.h"

#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <utility>

#include "base/error.h"
#include "network/importers/tensor_moves.h"
#include "sequence_builder.h"

namespace dlasim::network::nam {
namespace {

constexpr std::int64_t kMost = 1 << 16;

/// A number, or a string that holds one.
float number_in(const Json& value, const std::string& where) {
  if (!value.is_string()) return static_cast<float>(number_of(value, where));
  const auto& text = value.get_ref<const std::string&>();
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) {
    throw base::InputError(where + ": " + shown(value) + " is not a finite number");
  }
  return static_cast<float>(number);
}

/// `variables`, each used once.
class Variables {
 public:
  explicit Variables(const JsonObject& root) {
    const Json& list = root.require("variables");
    if (!list.is_array()) root.bad("variables", "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const JsonObject item(list[i], root.where("variables[" + std::to_string(i) + "]"));
      item.allow_only({"layer_idx", "name", "data"});
      const Key key{item.integer("layer_idx", -1, kMost), item.string("name")};
      const Json& data = item.require("data");
      if (!data.is_array()) item.bad("data", "must be a list of numbers");
      std::vector<float> values;
      for (const Json& v : data) values.push_back(number_in(v, item.where("data")));
      if (!values_.emplace(key, std::move(values)).second) item.bad("name", "given twice for this layer");
    }
  }

  /// The variable as a row-major tensor.
  Tensor take(std::int64_t layer, const std::string& name, Shape shape) {
    const std::string where = "variable '" + name + "' of layer " + std::to_string(layer);
    const auto found = values_.find({layer, name});
    if (found == values_.end()) throw base::InputError(where + ": missing");
    if (element_count(shape) != static_cast<std::int64_t>(found->second.size())) {
      throw base::InputError(where + ": " + std::to_string(found->second.size()) + " numbers for shape " +
                             to_string(shape));
    }
    Tensor result = importers::float_tensor(std::move(shape), found->second);
    values_.erase(found);
    return result;
  }

  void finish() const {
    if (values_.empty()) return;
    const auto& [layer, name] = values_.begin()->first;
    throw base::UnsupportedError("variable '" + name + "' of layer " + std::to_string(layer) +
                                 " is not supported");
  }

 private:
  using Key = std::pair<std::int64_t, std::string>;
  std::map<Key, std::vector<float>> values_;
};

/// Weights [taps, in, out] and bias [out].
ConvWeights take_conv(Variables& variables, std::int64_t layer, const std::string& suffix, std::int64_t taps,
                      std::int64_t inputs, std::int64_t outputs) {
  constexpr std::array kToOutputsFirst{2, 1, 0};
  const Tensor weight = variables.take(layer, "W" + suffix, {taps, inputs, outputs});
  return {importers::transposed(weight, kToOutputsFirst), variables.take(layer, "b" + suffix, {outputs})};
}

}  // namespace

bool is_wavenet_va(const JsonObject& root) {
  return root.has("variables") && root.has("residual_channels");
}

AudioNetwork build_wavenet_va(const JsonObject& root, const std::string& name, const AudioOptions& options) {
  root.allow_only({"activation", "input_channels", "output_channels", "residual_channels", "filter_width",
                   "dilations", "variables", "level_adjust", "sample_rate", "name"});
  if (const std::string activation = root.string("activation"); activation != "gated") {
    root.unsupported("activation", "'" + activation + "'");
  }
  const std::int64_t in = root.integer("input_channels", 1, kMost);
  const std::int64_t out = root.integer("output_channels", 1, kMost);
  const std::int64_t c = root.integer("residual_channels", 1, kMost);
  const std::int64_t taps = root.integer("filter_width", 1, kMost);
  const Json& dilations = root.require("dilations");
  if (!dilations.is_array() || dilations.empty() || dilations.size() > kMostLayers) {
    root.bad("dilations", "must be a list of 1 to 4096 integers");
  }
  Variables variables(root);
  AudioNetwork result;
  result.sample_rate = root.number("sample_rate", 44100.0);
  SequenceBuilder builder(name, options.samples);
  TensorId y = builder.convolve("input_conv", builder.input(in), take_conv(variables, -1, "", 1, in, c), {});
  std::vector<TensorId> gated;
  const auto n = static_cast<std::int64_t>(dilations.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const std::string prefix = "layer" + std::to_string(i) + "_";
    const std::int64_t dilation =
        integer_of(dilations[static_cast<std::size_t>(i)], root.where("dilations"), 1, 1 << 24);
    result.receptive_field += (taps - 1) * dilation;
    const TensorId z =
        builder.convolve(prefix + "conv", y, take_conv(variables, i, "_conv", taps, c, 2 * c), {dilation, 1});
    const TensorId filter = builder.channel_range(prefix + "filter", z, 0, c);
    const TensorId gate = builder.channel_range(prefix + "gate", z, c, c);
    gated.push_back(builder.binary(prefix + "gated", op::Binary::Kind::kMul,
                                   builder.unary(prefix + "tanh", {op::Unary::Kind::kTanh, {}}, filter),
                                   builder.unary(prefix + "sigmoid", {op::Unary::Kind::kSigmoid, {}}, gate)));
    const ConvWeights residual = take_conv(variables, i, "_out", 1, c, c);
    if (i + 1 == n) continue;  // nothing reads the residual stream behind the last layer
    const TensorId r = builder.convolve(prefix + "out", gated.back(), residual, {});
    y = builder.binary(prefix + "residual", op::Binary::Kind::kAdd, y, r);
  }
  const ConvWeights head = take_conv(variables, n, "", 1, n * c, out);
  variables.finish();
  const TensorId skip = gated.size() == 1 ? gated[0] : builder.concatenate("skip", gated);
  result.graph = builder.finish(builder.convolve("output_conv", skip, head, {}));
  return result;
}

}  // namespace dlasim::network::nam
