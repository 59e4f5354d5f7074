#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/yaml.h"
#include "cli/main.h"
#include "export/cmsis_nn.h"
#include "network_source.h"
#include "quantize/lower.h"
#include "quantize/quantized_file.h"
#include "session.h"
#include "verbs.h"

namespace dlasim::cli {
namespace {

using network::QuantizedGraph;
using network::Tensor;

struct ExportOptions {
  SessionOptions session;  ///< `config` is a run configuration, a quantised network (.json) or a model file
  std::string target;
  std::vector<std::filesystem::path> data;  ///< one array an input
  std::int64_t seed = 1;
};

/// What is exported, and the input that its test runs on.
struct Exported {
  QuantizedGraph graph;
  std::vector<Tensor> inputs;
};

/// The arrays of --data, or noise: codes of all values, so that every path of a layer is taken.
std::vector<Tensor> test_inputs(const ExportOptions& options, const QuantizedGraph& graph) {
  network::Graph declared;
  for (const network::TensorId id : graph.inputs) {
    const auto& tensor = graph.tensor(id);
    declared.inputs.push_back(declared.add_tensor({tensor.name, tensor.dtype, tensor.shape, {}, {}}));
  }
  std::string data = fmt::format("{{random: {}}}", options.seed);
  if (!options.data.empty()) {
    data = "[";
    for (const auto& path : options.data)
      data += fmt::format("'{}', ", std::filesystem::absolute(path).string());
    data += "]";
  }
  const base::YamlDocument document = base::YamlDocument::from_string("data: " + data, "--data");
  return integer_inputs(graph, read_tensors(document.root().at("data"), declared).inputs);
}

QuantizedGraph lower_model(const ExportOptions& options) {
  const network::Graph graph = read_model(options.session.config, {{}, options.session.samples});
  if (!network::is_quantized(graph)) {
    throw base::InputError(fmt::format(
        "'{}' holds reals: `dlasim quantize` makes integers of them, whose network.json can be exported",
        options.session.config.string()));
  }
  return quantize::lower(graph);
}

Exported read_exported(const ExportOptions& options) {
  const std::filesystem::path& path = options.session.config;
  Exported exported;
  if (path.extension() == ".json") {
    exported.graph = quantize::load_quantized(path);
  } else if (model_format(path)) {
    exported.graph = lower_model(options);
  } else {
    if (!options.data.empty()) throw base::InputError("--data: a run configuration names its own test data");
    const Session session = open_session(options.session);
    exported.graph = quantize_session(session).integer;
    exported.inputs = integer_inputs(exported.graph, session.test.inputs);
    return exported;
  }
  if (!options.session.assignments.empty()) throw base::InputError("--set is for run configurations");
  exported.inputs = test_inputs(options, exported.graph);
  return exported;
}

int export_network(const ExportOptions& options) {
  if (options.target != "cmsis-nn") {
    throw base::InputError(fmt::format("--to: '{}' is not known; the target is cmsis-nn", options.target));
  }
  const std::filesystem::path target = options.session.output_directory.value_or(
      std::filesystem::path("out") / (options.session.config.stem().string() + "_cmsis_nn"));
  base::OutputDirectory directory(target);
  const Exported exported = read_exported(options);
  const exporter::CmsisNnProject project = exporter::export_cmsis_nn(exported.graph, exported.inputs);
  for (const exporter::SourceFile& file : project.files) {
    base::write_file_atomically(directory.path() / file.name, file.text);
  }
  directory.commit();
  fmt::print(
      "{}: {} layers, {} bytes of activations, {} bytes of constants\n"
      "C sources in {}; build and test them with\n    make -C {} CMSIS_NN=path/to/CMSIS-NN test\n",
      exported.graph.name, project.layers, project.arena_bytes, project.constant_bytes, target.string(),
      target.string());
  return kDone;
}

}  // namespace

void add_export(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb = app.add_subcommand("export", "Write a quantised network as C sources for CMSIS-NN");
  verb->add_option("network", options->session.config,
                   "Run configuration, network.json of `quantize`, or a quantised model file")
      ->required();
  verb->add_option("--to", options->target, "What to write: cmsis-nn")->required();
  verb->add_option("-o,--out", options->session.output_directory,
                   "Directory to write (default: out/<name>_cmsis_nn)");
  verb->add_option("--set", options->session.assignments,
                   "Override a key of a run configuration: a.b.c=value")
      ->allow_extra_args(false);
  verb->add_option("--samples", options->session.samples, "Only the first samples of the test clip");
  verb->add_option("--data", options->data, "Test input: one .npy an input of the network")
      ->allow_extra_args(false);
  verb->add_option("--seed", options->seed, "Seed of the noise that is the test input without --data");
  verb->callback([options, &chosen] { chosen = [options] { return export_network(*options); }; });
}

}  // namespace dlasim::cli
