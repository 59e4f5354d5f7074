#pragma once
/// Where a configuration's network comes from: a description in YAML or a model file.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/yaml.h"
#include "network/graph.h"

namespace dlasim::cli {

/// A model file's format, by its name's ending.
enum class ModelFormat { kTflite, kOnnx, kNam };

/// The format of `path`, or nothing for other endings (".yaml" and inline descriptions).
std::optional<ModelFormat> model_format(const std::filesystem::path& path);

/// What may be said about a model file besides its name.
struct ModelOptions {
  std::map<std::string, std::int64_t> dimensions;  ///< sizes of an .onnx file's symbolic dimensions
  std::optional<std::int64_t> samples;             ///< length of an audio model's sequence; default 1
};

/// Reads a model file. Throws base::InputError for an ending that is none of a model's.
network::Graph read_model(const std::filesystem::path& path, const ModelOptions& options);

/// The value of a configuration's key `network`:
///
///     network: networks/x.yaml       # or a description inline (network/network_yaml.h)
///     network: x.tflite              # or .onnx, .nam
///     network: {model: x.onnx, dimensions: {T: 8000}}
class NetworkSource {
 public:
  /// `node` is the value itself, not yet resolved to a file.
  explicit NetworkSource(const base::YamlNode& node);

  /// The network for a sequence of `samples` positions. Networks without a free length ignore it.
  network::Graph read(std::optional<std::int64_t> samples) const;

  /// Hz, where the model file says so.
  std::optional<double> sample_rate() const;

 private:
  base::YamlNode node_;
  std::optional<std::filesystem::path> model_;
  std::map<std::string, std::int64_t> dimensions_;
};

}  // namespace dlasim::cli
