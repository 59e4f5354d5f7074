#include "wavenet_config.h"

#include <utility>

#include "base/error.h"

namespace dlasim::network::nam {
namespace {

constexpr std::int64_t kMostChannels = 1 << 16;
constexpr std::int64_t kLongestKernel = 1 << 16;
constexpr std::int64_t kLargestDilation = 1 << 24;

constexpr std::array<std::string_view, kFilmPlaces> kFilmKeys{
    "conv_pre_film",       "conv_post_film",       "input_mixin_pre_film", "input_mixin_post_film",
    "activation_pre_film", "activation_post_film", "layer1x1_post_film",   "head1x1_post_film"};

/// One value for all layers, or a list with one for each.
const Json& layer_value(const JsonObject& array, std::string_view key, std::size_t layer,
                        std::size_t layers) {
  const Json& value = array.require(key);
  if (!value.is_array()) return value;
  if (value.size() != layers) {
    array.bad(key, std::to_string(value.size()) + " entries for " + std::to_string(layers) + " layers");
  }
  return value[layer];
}

FilmConfig parse_film(const JsonObject& array, std::string_view key) {
  const Json* value = array.find(key);
  if (value == nullptr || (value->is_boolean() && !value->get<bool>())) return {};
  const JsonObject film(*value, array.where(key));
  film.allow_only({"active", "shift", "groups"});
  return {film.boolean("active", true), film.boolean("shift", true),
          film.integer("groups", 1, kMostChannels, 1)};
}

PointwiseConfig parse_pointwise(const JsonObject& array, std::string_view key, bool active_by_default) {
  if (!array.has(key)) return {.active = active_by_default, .outputs = 0, .groups = 1};
  const JsonObject object = array.object(key);
  object.allow_only({"active", "out_channels", "groups"});
  return {object.boolean("active", active_by_default), object.integer("out_channels", 1, kMostChannels, 0),
          object.integer("groups", 1, kMostChannels, 1)};
}

HeadConfig parse_head(const JsonObject& array) {
  if (!array.has("head")) {
    return {array.integer("head_size", 1, kMostChannels), 1, 1, array.boolean("head_bias", false)};
  }
  const JsonObject head = array.object("head");
  head.allow_only({"out_channels", "kernel_size", "bias", "head_dilation"});
  return {head.integer("out_channels", 1, kMostChannels), head.integer("kernel_size", 1, kLongestKernel, 1),
          head.integer("head_dilation", 1, kLargestDilation, 1), head.boolean("bias", false)};
}

Gating parse_gating(const JsonObject& array, std::size_t layer, std::size_t layers) {
  if (!array.has("gating_mode")) return array.boolean("gated", false) ? Gating::kGated : Gating::kNone;
  const Json& value = layer_value(array, "gating_mode", layer, layers);
  if (value == "none") return Gating::kNone;
  if (value == "gated") return Gating::kGated;
  if (value == "blended") return Gating::kBlended;
  array.unsupported("gating_mode", shown(value));
}

/// Sigmoid where nothing is said: null, "" or no key at all.
op::Unary parse_secondary(const JsonObject& array, std::size_t layer, std::size_t layers,
                          std::int64_t channels) {
  const op::Unary sigmoid{op::Unary::Kind::kSigmoid, {}};
  if (!array.has("secondary_activation")) return sigmoid;
  const Json& value = layer_value(array, "secondary_activation", layer, layers);
  if (value.is_null() || value == "") return sigmoid;
  return parse_activation(value, array.where("secondary_activation"), channels);
}

std::vector<LayerConfig> parse_layers(const JsonObject& array, std::int64_t bottleneck) {
  const Json& dilations = array.require("dilations");
  if (!dilations.is_array() || dilations.empty() || dilations.size() > kMostLayers) {
    array.bad("dilations", "must be a list of 1 to 4096 integers");
  }
  const std::string_view kernel_key = array.has("kernel_sizes") ? "kernel_sizes" : "kernel_size";
  const std::size_t count = dilations.size();
  std::vector<LayerConfig> layers;
  for (std::size_t i = 0; i < count; ++i) {
    LayerConfig layer;
    layer.dilation = integer_of(dilations[i], array.where("dilations"), 1, kLargestDilation);
    layer.kernel =
        integer_of(layer_value(array, kernel_key, i, count), array.where(kernel_key), 1, kLongestKernel);
    layer.gating = parse_gating(array, i, count);
    layer.activation =
        parse_activation(layer_value(array, "activation", i, count), array.where("activation"), bottleneck);
    if (layer.gating != Gating::kNone) layer.secondary = parse_secondary(array, i, count, bottleneck);
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::optional<SlimmableConfig> parse_slimmable(const JsonObject& array, std::int64_t channels) {
  if (!array.has("slimmable")) return std::nullopt;
  const JsonObject object = array.object("slimmable");
  object.allow_only({"method", "kwargs"});
  if (const std::string method = object.string("method"); method != "slice_channels_uniform") {
    object.unsupported("method", "'" + method + "'");
  }
  SlimmableConfig result;
  if (object.has("kwargs")) {
    const JsonObject kwargs = object.object("kwargs");
    kwargs.allow_only({"allowed_channels"});
    if (const Json* list = kwargs.find("allowed_channels")) {
      if (!list->is_array() || list->empty()) kwargs.bad("allowed_channels", "must be a list of integers");
      for (const Json& c : *list) {
        result.allowed_channels.push_back(integer_of(c, kwargs.where("allowed_channels"), 1, channels));
      }
    }
  }
  if (result.allowed_channels.empty()) {
    for (std::int64_t c = 1; c <= channels; ++c) result.allowed_channels.push_back(c);
  }
  return result;
}

void check_groups(const JsonObject& array, std::string_view key, std::int64_t groups, std::int64_t in,
                  std::int64_t out) {
  if (in % groups != 0 || out % groups != 0) {
    array.bad(key, std::to_string(groups) + " groups do not divide " + std::to_string(in) + " inputs and " +
                       std::to_string(out) + " outputs");
  }
}

/// Every group count must divide the channels on both of its sides.
void check_all_groups(const JsonObject& json, const ArrayConfig& a) {
  const std::int64_t c = a.channels;
  const std::int64_t b = a.bottleneck;
  if (a.layer1x1.active) check_groups(json, "layer1x1", a.layer1x1.groups, b, c);
  if (a.head1x1.active) check_groups(json, "head1x1", a.head1x1.groups, b, a.head1x1.outputs);
  for (const LayerConfig& layer : a.layers) {
    const std::int64_t z = layer.gating == Gating::kNone ? b : 2 * b;
    check_groups(json, "groups_input", a.groups_input, c, z);
    check_groups(json, "groups_input_mixin", a.groups_mixin, a.condition, z);
    const std::array<std::int64_t, kFilmPlaces> widths{c, z, a.condition, z, z, b, c, a.head1x1.outputs};
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (!a.films[i].active) continue;
      check_groups(json, kFilmKeys[i], a.films[i].groups, a.condition,
                   (a.films[i].shift ? 2 : 1) * widths[i]);
    }
  }
}

ArrayConfig parse_array(const JsonObject& json, std::int64_t inputs, std::int64_t condition) {
  json.allow_only({"input_size",
                   "condition_size",
                   "channels",
                   "bottleneck",
                   "kernel_size",
                   "kernel_sizes",
                   "dilations",
                   "activation",
                   "gated",
                   "gating_mode",
                   "secondary_activation",
                   "groups_input",
                   "groups_input_mixin",
                   "layer1x1",
                   "head1x1",
                   "head_size",
                   "head_bias",
                   "head",
                   "slimmable",
                   kFilmKeys[0],
                   kFilmKeys[1],
                   kFilmKeys[2],
                   kFilmKeys[3],
                   kFilmKeys[4],
                   kFilmKeys[5],
                   kFilmKeys[6],
                   kFilmKeys[7]});
  ArrayConfig array;
  array.inputs = json.integer("input_size", inputs, inputs);
  array.condition = json.integer("condition_size", condition, condition);
  array.channels = json.integer("channels", 1, kMostChannels);
  array.bottleneck = json.integer("bottleneck", 1, kMostChannels, array.channels);
  array.groups_input = json.integer("groups_input", 1, kMostChannels, 1);
  array.groups_mixin = json.integer("groups_input_mixin", 1, kMostChannels, 1);
  array.layer1x1 = parse_pointwise(json, "layer1x1", true);
  array.head1x1 = parse_pointwise(json, "head1x1", false);
  array.head = parse_head(json);
  for (std::size_t i = 0; i < kFilmKeys.size(); ++i) array.films[i] = parse_film(json, kFilmKeys[i]);
  array.layers = parse_layers(json, array.bottleneck);
  array.slimmable = parse_slimmable(json, array.channels);
  if (!array.layer1x1.active && array.bottleneck != array.channels) {
    json.bad("bottleneck", "must equal channels where layer1x1 is not active");
  }
  if (array.head1x1.active && array.head1x1.outputs < 1) json.bad("head1x1", "out_channels is missing");
  if (array.films[kLayer1x1Post].active && !array.layer1x1.active) {
    json.bad("layer1x1_post_film", "is active, but layer1x1 is not");
  }
  if (array.films[kHead1x1Post].active && !array.head1x1.active) {
    json.bad("head1x1_post_film", "is active, but head1x1 is not");
  }
  check_all_groups(json, array);
  return array;
}

PostHeadConfig parse_post_head(const JsonObject& json) {
  json.allow_only({"channels", "out_channels", "kernel_sizes", "activation"});
  PostHeadConfig head;
  head.channels = json.integer("channels", 1, kMostChannels);
  head.outputs = json.integer("out_channels", 1, kMostChannels);
  const Json& kernels = json.require("kernel_sizes");
  if (!kernels.is_array() || kernels.empty() || kernels.size() > kMostLayers) {
    json.bad("kernel_sizes", "must be a list of 1 to 4096 integers");
  }
  for (const Json& k : kernels) {
    head.kernels.push_back(integer_of(k, json.where("kernel_sizes"), 1, kLongestKernel));
  }
  head.activation = parse_activation(json.require("activation"), json.where("activation"), head.channels);
  if (head.activation.kind == op::Unary::Kind::kPRelu) {
    json.unsupported("activation", "PReLU with one slope a channel");
  }
  return head;
}

}  // namespace

WaveNetConfig parse_wavenet_config(const JsonObject& config, std::int64_t condition_channels) {
  config.allow_only({"layers", "head", "head_scale", "condition_dsp", "in_channels"});
  WaveNetConfig result;
  result.inputs = config.integer("in_channels", 1, kMostChannels, 1);
  const Json& layers = config.require("layers");
  if (!layers.is_array() || layers.empty() || layers.size() > kMostLayers) {
    config.bad("layers", "must be a list of 1 to 4096 layer arrays");
  }
  std::int64_t inputs = result.inputs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const JsonObject json(layers[i], config.where("layers[" + std::to_string(i) + "]"));
    result.arrays.push_back(parse_array(json, inputs, condition_channels));
    const ArrayConfig& array = result.arrays.back();
    inputs = array.channels;
    if (i == 0) continue;
    const std::int64_t s = result.arrays[i - 1].head.outputs;
    if (s != array.skip() || s != array.channels) {
      json.bad("channels", std::to_string(array.channels) + " with a skip sum of " +
                               std::to_string(array.skip()) +
                               "; both must equal the head of the array before, " + std::to_string(s));
    }
  }
  if (config.has("head")) result.head = parse_post_head(config.object("head"));
  return result;
}

}  // namespace dlasim::network::nam
