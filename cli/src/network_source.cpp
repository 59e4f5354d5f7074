#include "network_source.h"

#include <array>

#include "base/error.h"
#include "network/importers/nam.h"
#include "network/importers/onnx.h"
#include "network/importers/tflite.h"
#include "network/network_yaml.h"

namespace dlasim::cli {
namespace {

struct Ending {
  std::string_view text;
  ModelFormat format;
};
constexpr std::array kEndings{Ending{".tflite", ModelFormat::kTflite}, Ending{".onnx", ModelFormat::kOnnx},
                              Ending{".nam", ModelFormat::kNam}};

}  // namespace

std::optional<ModelFormat> model_format(const std::filesystem::path& path) {
  for (const Ending& ending : kEndings) {
    if (path.extension() == ending.text) return ending.format;
  }
  return std::nullopt;
}

network::Graph read_model(const std::filesystem::path& path, const ModelOptions& options) {
  const auto format = model_format(path);
  if (!format) {
    throw base::InputError("'" + path.string() + "' ends in none of .tflite, .onnx and .nam");
  }
  switch (*format) {
    case ModelFormat::kTflite:
      return network::read_tflite(path);
    case ModelFormat::kOnnx:
      return network::read_onnx(path, {options.dimensions});
    case ModelFormat::kNam:
      return network::read_nam(path, {.samples = options.samples.value_or(1), .slimmable_size = {}}).graph;
  }
  return {};
}

NetworkSource::NetworkSource(const base::YamlNode& node) : node_(node) {
  if (node.is_scalar() && model_format(node.as_string())) {
    model_ = node.as_path();
  } else if (node.is_map() && node.has("model")) {
    model_ = node.get_path("model");
    if (!model_format(*model_)) {
      node.at("model").fail("'" + model_->string() + "' ends in none of .tflite, .onnx and .nam");
    }
    if (const auto dimensions = node.find("dimensions")) {
      for (const auto& [name, value] : dimensions->entries()) dimensions_[name] = value.as_int(1, 1 << 30);
    }
  } else {
    node_ = node.resolve_file();
    if (node_.is_map() && node_.has("format") && node_.has("reduction_lanes")) {
      node.fail(
          "the network that 'dlasim quantize' writes is for 'dlasim export'; to run its integers, run the "
          "configuration that it was made from");
    }
  }
}

network::Graph NetworkSource::read(std::optional<std::int64_t> samples) const {
  return model_ ? read_model(*model_, {dimensions_, samples})
                : network::read_network(node_, {.sequence_length = samples});
}

std::optional<double> NetworkSource::sample_rate() const {
  if (!model_ || model_format(*model_) != ModelFormat::kNam) return std::nullopt;
  return network::read_nam(*model_, {.samples = 1, .slimmable_size = {}}).sample_rate;
}

}  // namespace dlasim::cli
