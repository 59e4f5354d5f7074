#include "network/importers/nam.h"

#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "json_fields.h"
#include "network/importers/names.h"
#include "sequence_builder.h"
#include "wavenet.h"
#include "wavenet_va.h"
#include "weight_list.h"

namespace dlasim::network {
namespace nam {
namespace {

/// Conditions of conditions, containers in containers: no real file goes deeper.
constexpr int kDeepest = 8;

void check_version(const JsonObject& root) {
  const std::string version = root.string("version");
  int major = 0;
  int minor = 0;
  int patch = 0;
  if (std::sscanf(version.c_str(), "%9d.%9d.%9d", &major, &minor, &patch) != 3) {
    root.bad("version", "'" + version + "' is not of the form a.b.c");
  }
  if (major != 0 || minor < 5 || minor > 7) {
    root.unsupported("version", "'" + version + "' (0.5.0 to 0.7.x are known)");
  }
}

std::vector<float> weights_of(const JsonObject& root) {
  const Json& list = root.require("weights");
  if (!list.is_array()) root.bad("weights", "must be a list of numbers");
  std::vector<float> values;
  values.reserve(list.size());
  for (const Json& item : list) {
    const auto value = static_cast<float>(number_of(item, root.where("weights")));
    if (!std::isfinite(value)) root.bad("weights", shown(item) + " does not fit float32");
    values.push_back(value);
  }
  return values;
}

/// The model that a size selects: the file's, or one inside its container(s).
JsonObject selected(JsonObject root, std::optional<double> size, int depth) {
  if (depth > kDeepest) throw base::InputError(root.path() + ": containers are nested deeper than 8");
  const std::string architecture = root.string("architecture");
  if (architecture != "SlimmableContainer") return root;
  const JsonObject config = root.object("config");
  const Json& submodels = config.require("submodels");
  if (!submodels.is_array() || submodels.empty()) config.bad("submodels", "must be a list of models");
  std::size_t chosen = submodels.size() - 1;
  const auto entry = [&](std::size_t i) {
    return JsonObject(submodels[i], config.where("submodels[" + std::to_string(i) + "]"));
  };
  double last = 0.0;
  for (std::size_t i = submodels.size(); i-- > 0;) {
    entry(i).require("max_value");
    const double limit = entry(i).number("max_value", 0.0);
    if (i + 1 < submodels.size() && limit > last) config.bad("submodels", "are not sorted by max_value");
    last = limit;
    if (size && *size < limit) chosen = i;
  }
  return selected(entry(chosen).object("model"), std::nullopt, depth + 1);
}

/// A network in a graph under construction.
struct Built {
  TensorId output;
  std::int64_t receptive_field;
};

/// The input comes into being once the outermost network has said how many channels it takes.
Built build(SequenceBuilder& builder, TensorId input, const JsonObject& model, std::optional<double> size,
            const std::string& prefix, int depth) {
  if (depth > kDeepest) throw base::InputError(model.path() + ": conditions are nested deeper than 8");
  check_version(model);
  if (const std::string architecture = model.string("architecture"); architecture != "WaveNet") {
    model.unsupported("architecture", "'" + architecture + "'");
  }
  const JsonObject config = model.object("config");
  const std::int64_t inputs = config.integer("in_channels", 1, 1 << 16, 1);
  if (input == kNoTensor) input = builder.input(inputs);
  if (builder.channels(input) != inputs) config.bad("in_channels", "differs from the network around it");
  Built condition{input, 1};
  if (config.has("condition_dsp")) {
    const JsonObject inner = selected(config.object("condition_dsp"), std::nullopt, depth + 1);
    condition = build(builder, input, inner, std::nullopt, prefix + "condition_", depth + 1);
  }
  const WaveNetConfig parsed = parse_wavenet_config(config, builder.channels(condition.output));
  const std::vector<float> values = weights_of(model);
  WeightList weights(values);
  const WaveNetResult result = build_wavenet(builder, parsed, weights, input, condition.output, size, prefix);
  return {result.output, result.receptive_field + condition.receptive_field - 1};
}

AudioNetwork import(std::string_view text, const std::string& name, const AudioOptions& options) {
  if (options.slimmable_size && !(*options.slimmable_size >= 0.0 && *options.slimmable_size <= 1.0)) {
    throw base::InputError("slimmable size " + std::to_string(*options.slimmable_size) +
                           " is not between 0 and 1");
  }
  const Json json = parse_json(text);
  const JsonObject root(json, "");
  if (is_wavenet_va(root)) return build_wavenet_va(root, name, options);
  check_version(root);
  const JsonObject model = selected(root, options.slimmable_size, 0);
  const bool is_container = root.string("architecture") != "WaveNet";
  SequenceBuilder builder(name, options.samples);
  const Built built =
      build(builder, kNoTensor, model, is_container ? std::nullopt : options.slimmable_size, "", 0);
  AudioNetwork result;
  result.sample_rate = model.number("sample_rate", root.number("sample_rate", 48000.0));
  if (result.sample_rate <= 0.0) root.bad("sample_rate", "must be above 0");
  result.receptive_field = built.receptive_field;
  result.graph = builder.finish(built.output);
  return result;
}

}  // namespace
}  // namespace nam

AudioNetwork import_nam(std::string_view json, const std::string& name, const AudioOptions& options) {
  try {
    return nam::import(json, name, options);
  } catch (const base::UnsupportedError& e) {
    throw base::UnsupportedError(name + ": " + e.what());
  } catch (const base::InputError& e) {
    throw base::InputError(name + ": " + e.what());
  }
}

AudioNetwork read_nam(const std::filesystem::path& path, const AudioOptions& options) {
  const std::string json = base::read_text_file(path);
  AudioNetwork network = import_nam(json, path.string(), options);
  network.graph.name = importers::stem(path);
  return network;
}

}  // namespace dlasim::network
