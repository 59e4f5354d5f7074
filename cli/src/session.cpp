#include "session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/yaml.h"
#include "network_source.h"
#include "quantize/affine.h"
#include "quantize/bias_correction.h"
#include "quantize/codes.h"
#include "quantize/equalization.h"
#include "quantize/fold.h"
#include "quantize/staged.h"
#include "sim/arch/hardware_yaml.h"

namespace dlasim::cli {
namespace {

using base::YamlNode;
using network::Tensor;

void require_inputs(const network::Graph& graph, const Clip& clip, const YamlNode& data) {
  if (clip.inputs.size() != graph.inputs.size()) {
    data.fail(fmt::format("{} inputs, but the network has {}", clip.inputs.size(), graph.inputs.size()));
  }
  for (std::size_t i = 0; i < clip.inputs.size(); ++i) {
    const auto& wanted = graph.tensor(graph.inputs[i]);
    if (clip.inputs[i].shape() != wanted.shape) {
      data.fail(fmt::format("gives input '{}' shape {}, but the network wants {}", wanted.name,
                            network::to_string(clip.inputs[i].shape()), network::to_string(wanted.shape)));
    }
  }
}

network::Graph graph_for(const NetworkSource& source, const Clip& clip) {
  const network::Shape& shape = clip.inputs.front().shape();
  return source.read(shape.size() == 4 ? std::optional(shape[2]) : std::nullopt);
}

void read_test(const YamlNode& data, const NetworkSource& source, const SessionOptions& options,
               Session& session) {
  const YamlNode test = data.at("test");
  if (auto clip = read_sequence(test, data, options.samples)) {
    session.test = std::move(*clip);
    session.graph = graph_for(source, session.test);
  } else {
    session.graph = source.read(options.samples);
    session.test = read_tensors(test, session.graph);
  }
  require_inputs(session.graph, session.test, test);
  if (const auto target = data.find("target")) {
    const network::TensorInfo& output = session.graph.tensor(session.graph.outputs.front());
    session.test.target = read_target(*target, network::element_count(output.shape));
  }
}

/// Two graphs of one network, for clips of different lengths, share the constants that are equal.
void share_constants(const network::Graph& from, network::Graph& to) {
  for (std::size_t t = 0; t < std::min(from.tensors.size(), to.tensors.size()); ++t) {
    if (to.tensors[t].constant == from.tensors[t].constant) to.tensors[t].constant = from.tensors[t].constant;
  }
}

/// A network that brings its integers needs no calibration; a clip for it is refused, because ignoring it
/// would look like using it.
void read_calibration(const YamlNode& data, const NetworkSource& source, const SessionOptions& options,
                      Session& session) {
  if (session.imported) {
    if (const auto node = data.find("calibration")) {
      node->fail("the network is quantised already: nothing is calibrated");
    }
    return;
  }
  const YamlNode node = data.at(model_format(options.config) ? "test" : "calibration");
  if (auto clip = read_sequence(node, data, std::nullopt)) {
    session.calibration = std::move(*clip);
    session.calibration_graph = graph_for(source, session.calibration);
    share_constants(session.graph, *session.calibration_graph);
  } else {
    session.calibration = read_tensors(node, session.graph);
  }
  require_inputs(session.graph_of_calibration(), session.calibration, node);
}

/// `{wav: x.wav}` or `x.npy` as a value of --set.
std::string clip_value(const std::filesystem::path& path) {
  return path.extension() == ".wav" ? fmt::format("{{wav: '{}'}}", path.string())
                                    : fmt::format("'{}'", path.string());
}

base::YamlDocument open_document(const SessionOptions& options) {
  if (!model_format(options.config)) {
    base::YamlDocument document = base::YamlDocument::from_file(options.config);
    if (options.data) document.set("data.calibration=" + clip_value(*options.data));
    return document;
  }
  if (!options.data) {
    throw base::InputError(fmt::format("'{}' is a model: it needs --data", options.config.string()));
  }
  base::YamlDocument document = base::YamlDocument::from_string("data: {}", options.config.string());
  document.set(fmt::format("network='{}'", options.config.string()));
  document.set("data.test=" + clip_value(*options.data));
  return document;
}

enum class Execution { kSequence, kStreaming };
constexpr std::array kExecutions{base::Choice<Execution>{"sequence", Execution::kSequence},
                                 base::Choice<Execution>{"streaming", Execution::kStreaming}};

/// `execution: streaming`, or `execution: {mode: streaming, hop: 16}`.
std::optional<std::int64_t> read_hop(const YamlNode& node) {
  constexpr std::int64_t kLongestHop = 1 << 24;
  const std::span<const base::Choice<Execution>> choices(kExecutions);
  const Execution mode = node.is_map() ? node.get_enum("mode", choices) : node.as_enum(choices);
  if (mode == Execution::kSequence) return std::nullopt;
  return node.is_map() ? node.get_int_or("hop", 1, 1, kLongestHop) : 1;
}

constexpr std::array kModes{base::Choice<sim::cosim::Mode>{"model", sim::cosim::Mode::kModel},
                            base::Choice<sim::cosim::Mode>{"rtl", sim::cosim::Mode::kRtl},
                            base::Choice<sim::cosim::Mode>{"lockstep", sim::cosim::Mode::kLockstep}};

/// `cosim: {pe_array: rtl, adder_tree: lockstep}`
sim::cosim::BlockModes read_block_modes(const YamlNode& node) {
  sim::cosim::BlockModes modes;
  for (const auto& [block, value] : node.entries()) {
    const auto mode = value.as_enum(std::span<const base::Choice<sim::cosim::Mode>>(kModes));
    try {
      modes.set(block, mode);
    } catch (const base::InputError& error) {
      value.fail(error.what());
    }
  }
  return modes;
}

}  // namespace

Session open_session(const SessionOptions& options) {
  base::YamlDocument document = open_document(options);
  for (const std::string& assignment : options.assignments) document.set(assignment);
  const YamlNode root = document.root();

  Session session;
  session.name = root.get_string_or("name", options.config.stem().string());
  session.output_directory =
      options.output_directory.value_or(std::filesystem::path("out") / options.config.stem());
  if (root.has("hardware")) session.hardware = sim::arch::read_hardware(root.section("hardware"));
  const YamlNode data = root.at("data");
  const NetworkSource source(root.at("network"));
  read_test(data, source, options, session);
  session.imported = network::is_quantized(session.graph);
  if (session.imported) session.numerics.name = "as imported";
  if (root.has("numerics")) {
    const YamlNode numerics = root.section("numerics");
    session.numerics = session.imported ? read_imported_numerics(numerics) : read_numerics(numerics);
  }
  read_calibration(data, source, options, session);
  if (data.has("sample_rate")) {
    session.sample_rate = data.get_double("sample_rate", 1.0, 1e9);
  } else {
    session.sample_rate = session.test.sample_rate ? session.test.sample_rate : source.sample_rate();
  }
  if (const auto execution = root.find("execution")) session.hop = read_hop(*execution);
  if (const auto modes = root.find("cosim")) session.block_modes = read_block_modes(*modes);
  document.finish();
  return session;
}

network::Graph rewritten_graph(const Session& session) {
  return quantize::rewrite_for_formats(session.graph);
}

quantize::TensorSamples sample_calibration(const Session& session) {
  return quantize::sample_tensors(quantize::rewrite_for_formats(session.graph_of_calibration()),
                                  {session.calibration.inputs});
}

network::QuantizedGraph quantize_staged_session(const Session& session, const network::Graph& real,
                                                const network::NumericsConfig& numerics,
                                                const quantize::TensorSamples& samples) {
  return quantize::quantize_staged(real, numerics, samples, session.hardware.pe_array.ic_lanes);
}

namespace {

/// Rewritten, and equalised if the numerics ask for it. Ranges do not depend on the length of the clip:
/// calibrate on one length, quantise for the other. The same rewrites give both graphs the same tensor ids.
network::Graph prepared(network::Graph graph, const Numerics& numerics) {
  graph = quantize::rewrite_for_quantisation(std::move(graph));
  return numerics.equalize ? quantize::equalize(std::move(graph)).graph : graph;
}

/// Integers for the graph of the test clip, calibrated on that of the other clip, if it is another. Graphs
/// that are no longer needed go at once: what a rewrite has changed, each holds for itself.
QuantizedNetwork quantize_affine(const Session& session, network::Graph graph,
                                 std::optional<network::Graph> other) {
  const Numerics& numerics = session.numerics;
  const std::vector<std::vector<Tensor>> samples{session.calibration.inputs};
  QuantizedNetwork result;
  const bool is_other = other.has_value();
  std::optional<network::Graph> calibrated =
      prepared(is_other ? *std::move(other) : std::move(graph), numerics);
  other.reset();
  quantize::Ranges ranges = quantize::calibrate(*calibrated, samples, numerics.method);
  if (session.calibration_table)
    quantize::apply_calibration_table(*session.calibration_table, *calibrated, ranges);
  if (!is_other) result.real = *calibrated;
  if (!numerics.bias_correction) calibrated.reset();
  if (is_other) result.real = prepared(std::move(graph), numerics);
  std::optional<network::Graph> corrected;
  if (numerics.bias_correction) {
    corrected = quantize::correct_biases(
        result.real, quantize::find_bias_corrections(*calibrated, samples, numerics.scheme));
    calibrated.reset();
  }
  result.scaled = quantize::assign_ranges(corrected ? *corrected : result.real, ranges, numerics.scheme);
  result.integer = quantize::lower(*result.scaled, numerics.lowering);
  return result;
}

}  // namespace

QuantizedNetwork quantize_session(const Session& session) {
  const Numerics& numerics = session.numerics;
  QuantizedNetwork result;
  if (session.imported) {
    result.real = session.graph;
    result.scaled = result.real;
    result.integer = quantize::lower(*result.scaled, numerics.lowering);
    return result;
  }
  if (!numerics.staged) return quantize_affine(session, session.graph, session.calibration_graph);
  const network::NumericsConfig& staged = *numerics.staged;
  result.real = rewritten_graph(session);
  result.integer = quantize_staged_session(
      session, result.real, staged,
      staged.needs_values() ? sample_calibration(session) : quantize::TensorSamples{});
  return result;
}

QuantizedNetwork quantize_networks_of(Session& session) {
  if (!session.imported && !session.numerics.staged) {
    return quantize_affine(session, std::exchange(session.graph, {}),
                           std::exchange(session.calibration_graph, std::nullopt));
  }
  QuantizedNetwork result = quantize_session(session);
  session.graph = {};
  session.calibration_graph.reset();
  return result;
}

std::vector<Tensor> integer_inputs(const network::QuantizedGraph& graph, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> result;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto& info = graph.tensor(graph.inputs[i]);
    if (inputs[i].dtype() == info.dtype) {
      result.push_back(inputs[i]);
      continue;
    }
    if (info.format) {
      result.push_back(quantize::encode(inputs[i], *info.format).codes);
      continue;
    }
    if (!info.affine) {
      throw base::InputError(fmt::format("input '{}' is {} without a scale: it cannot be given reals",
                                         info.name, network::name(info.dtype)));
    }
    result.push_back(quantize::quantize(inputs[i], *info.affine, info.dtype));
  }
  return result;
}

}  // namespace dlasim::cli
