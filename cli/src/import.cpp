#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "cli/main.h"
#include "network/network_file.h"
#include "network_source.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

struct ImportOptions {
  std::filesystem::path model;
  std::filesystem::path directory;
  std::vector<std::string> dimensions;  ///< NAME=SIZE
  std::optional<std::int64_t> samples;
};

std::map<std::string, std::int64_t> read_dimensions(const std::vector<std::string>& texts) {
  std::map<std::string, std::int64_t> dimensions;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    std::int64_t value = 0;
    if (equals == std::string::npos || equals == 0 ||
        !CLI::detail::lexical_cast(text.substr(equals + 1), value) || value < 1) {
      throw base::InputError(
          fmt::format("--dimension: '{}' is not NAME=SIZE with a size of at least 1", text));
    }
    dimensions[text.substr(0, equals)] = value;
  }
  return dimensions;
}

int import_model(const ImportOptions& options) {
  const network::Graph graph =
      read_model(options.model, {read_dimensions(options.dimensions), options.samples});
  base::OutputDirectory directory(options.directory);
  const std::string name = options.model.stem().string();
  network::write_network(graph, directory.path() / (name + ".yaml"));
  directory.commit();
  fmt::print("{} nodes: {}\n", graph.nodes.size(), (options.directory / (name + ".yaml")).string());
  return kDone;
}

}  // namespace

void add_import(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* verb = app.add_subcommand("import", "Write a .tflite, .onnx or .nam model as YAML and .npz");
  verb->add_option("model", options->model, "Model file")->required();
  verb->add_option("-o,--out", options->directory, "Directory to write")->required();
  verb->add_option("--samples", options->samples, "Length of an audio model's sequence (default 1)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 30));
  verb->add_option("--dimension", options->dimensions, "NAME=SIZE of a symbolic ONNX dimension")
      ->allow_extra_args(false);
  verb->callback([options, &chosen] { chosen = [options] { return import_model(*options); }; });
}

}  // namespace dlasim::cli
