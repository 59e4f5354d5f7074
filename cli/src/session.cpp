#include "session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/error.h"
#include "base/npy.h"
#include "base/random.h"
#include "base/yaml.h"
#include "network/audio.h"
#include "network/network_yaml.h"
#include "quantize/fold.h"
#include "sim/arch/hardware_yaml.h"

namespace dlasim::cli {
namespace {

using base::Choice;
using base::YamlNode;
using network::Tensor;

template <class E, std::size_t kCount>
std::span<const Choice<E>> all(const std::array<Choice<E>, kCount>& choices) {
  return choices;
}

/// How a mu-law code becomes the network's input.
enum class Encoding { kOneHot, kScalar, kCentred };
constexpr std::array kEncodings{Choice<Encoding>{"one_hot", Encoding::kOneHot},
                                Choice<Encoding>{"scalar", Encoding::kScalar},
                                Choice<Encoding>{"centred", Encoding::kCentred}};

/// (code - classes/2) / (classes/2): silence is exactly 0.
Tensor centred_input(std::span<const int> codes, int classes) {
  Tensor input(network::DType::kFloat32, {1, 1, static_cast<std::int64_t>(codes.size()), 1});
  const float half = static_cast<float>(classes) / 2.0F;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    input.data<float>()[i] = (static_cast<float>(codes[i]) - half) / half;
  }
  return input;
}

Tensor encode(std::span<const int> codes, Encoding encoding, int classes) {
  switch (encoding) {
    case Encoding::kOneHot:
      return network::one_hot_input(codes, classes);
    case Encoding::kScalar:
      return network::scalar_input(codes, classes);
    case Encoding::kCentred:
      return centred_input(codes, classes);
  }
  return {};
}

/// Code t + 1 is what the network shall say at position t.
Clip read_codes(const YamlNode& node, Encoding encoding, int classes, std::optional<std::int64_t> most) {
  const auto array = base::read_npy(node.as_path());
  const std::vector<std::int64_t> values = array.to_integers();
  if (array.shape.size() != 1 || values.size() < 2) {
    node.fail(fmt::format("'{}' has shape {}, but a list of at least 2 codes is needed",
                          node.as_path().string(), base::npy_shape_text(array.shape)));
  }
  if (most && (*most < 1 || *most >= static_cast<std::int64_t>(values.size()))) {
    throw base::InputError(fmt::format("--samples: {} is not between 1 and {}", *most, values.size() - 1));
  }
  const std::size_t count = most ? static_cast<std::size_t>(*most) : values.size() - 1;
  std::vector<int> codes;
  Clip clip;
  for (std::size_t t = 0; t <= count; ++t) {
    if (values[t] < 0 || values[t] >= classes) {
      node.fail(fmt::format("'{}': code {} at {} is not between 0 and {}", node.as_path().string(), values[t],
                            t, classes - 1));
    }
    if (t < count) codes.push_back(static_cast<int>(values[t]));
    if (t > 0) clip.labels.push_back(values[t]);
  }
  clip.inputs.push_back(encode(codes, encoding, classes));
  return clip;
}

/// A float array, or one of several inputs, from .npy; or normal noise from a seed.
Clip read_tensors(const YamlNode& node, const network::Graph& graph) {
  Clip clip;
  if (node.is_map()) {
    base::Random random(static_cast<std::uint64_t>(node.get_int("random", 0)));
    for (const network::TensorId id : graph.inputs) {
      Tensor input(network::DType::kFloat32, graph.tensor(id).shape);
      for (float& v : input.data<float>()) v = static_cast<float>(random.normal());
      clip.inputs.push_back(std::move(input));
    }
    return clip;
  }
  const std::vector<YamlNode> files = node.is_list() ? node.items() : std::vector{node};
  if (files.size() != graph.inputs.size()) {
    node.fail(fmt::format("{} files, but the network has {} inputs", files.size(), graph.inputs.size()));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto array = base::read_npy(files[i].as_path());
    const network::Shape& wanted = graph.tensor(graph.inputs[i]).shape;
    if (array.shape != wanted) {
      files[i].fail(fmt::format("'{}' has shape {}, but input '{}' has {}", files[i].as_path().string(),
                                base::npy_shape_text(array.shape), graph.tensor(graph.inputs[i]).name,
                                base::npy_shape_text(wanted)));
    }
    Tensor input(network::DType::kFloat32, wanted);
    std::ranges::transform(array.to_doubles(), input.data<float>().begin(),
                           [](double v) { return static_cast<float>(v); });
    clip.inputs.push_back(std::move(input));
  }
  return clip;
}

constexpr std::array kRules{Choice<network::RequantRule>{"double", network::RequantRule::kDouble},
                            Choice<network::RequantRule>{"single", network::RequantRule::kSingle}};
constexpr std::array kGranularities{
    Choice<quantize::WeightGranularity>{"per_channel", quantize::WeightGranularity::kPerChannel},
    Choice<quantize::WeightGranularity>{"per_tensor", quantize::WeightGranularity::kPerTensor}};
enum class SchemeName { kInt8, kInt16x8 };
constexpr std::array kSchemes{Choice<SchemeName>{"int8", SchemeName::kInt8},
                              Choice<SchemeName>{"int16x8", SchemeName::kInt16x8}};
using MethodKind = quantize::CalibrationMethod::Kind;
constexpr std::array kMethods{Choice<MethodKind>{"min_max", MethodKind::kMinMax},
                              Choice<MethodKind>{"moving_average", MethodKind::kMovingAverage},
                              Choice<MethodKind>{"percentile", MethodKind::kPercentile},
                              Choice<MethodKind>{"mse", MethodKind::kMse},
                              Choice<MethodKind>{"entropy", MethodKind::kEntropy}};

Numerics read_numerics(const YamlNode& node) {
  Numerics numerics;
  const SchemeName scheme = node.get_enum_or("scheme", SchemeName::kInt8, all(kSchemes));
  numerics.scheme = scheme == SchemeName::kInt8 ? quantize::int8_scheme() : quantize::int16x8_scheme();
  numerics.name = node.get_string_or("name", scheme == SchemeName::kInt8 ? "int8" : "int16x8");
  numerics.scheme.granularity = node.get_enum_or("weights", numerics.scheme.granularity, all(kGranularities));
  numerics.scheme.headroom = node.get_double_or("headroom", numerics.scheme.headroom, 1.0, 1024.0);
  numerics.scheme.tanh_clip = node.get_double_or("tanh_clip", numerics.scheme.tanh_clip, 0.1);
  numerics.scheme.sigmoid_clip = node.get_double_or("sigmoid_clip", numerics.scheme.sigmoid_clip, 0.1);
  numerics.lowering.rule = node.get_enum_or("rounding", numerics.lowering.rule, all(kRules));
  if (const auto calibration = node.find("calibration")) {
    numerics.method.kind = calibration->get_enum_or("method", numerics.method.kind, all(kMethods));
    numerics.method.percentile =
        calibration->get_double_or("percentile", numerics.method.percentile, 50.1, 100.0);
    numerics.method.momentum = calibration->get_double_or("momentum", numerics.method.momentum, 1e-6, 1.0);
  }
  return numerics;
}

void read_data(const YamlNode& data, const YamlNode& network_node, const SessionOptions& options,
               Session& session) {
  session.sample_rate =
      data.has("sample_rate") ? std::optional(data.get_double("sample_rate", 1.0, 1e9)) : std::nullopt;
  const YamlNode test = data.at("test");
  const YamlNode calibration = data.at("calibration");
  if (test.is_map() && test.has("codes")) {
    const auto classes = static_cast<int>(data.get_int_or("classes", 256, 2, 65536));
    const Encoding encoding = data.get_enum_or("encoding", Encoding::kOneHot, all(kEncodings));
    session.test = read_codes(test.at("codes"), encoding, classes, options.samples);
    session.calibration = read_codes(calibration.at("codes"), encoding, classes, std::nullopt);
    const auto graph_for = [&](const Clip& clip) {
      return network::read_network(network_node, {.sequence_length = clip.inputs.front().shape()[2]});
    };
    session.graph = graph_for(session.test);
    session.calibration_graph = graph_for(session.calibration);
    return;
  }
  session.graph = network::read_network(network_node, {.sequence_length = options.samples});
  session.calibration_graph = session.graph;
  session.test = read_tensors(test, session.graph);
  session.calibration = read_tensors(calibration, session.graph);
}

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

}  // namespace

Session open_session(const SessionOptions& options) {
  base::YamlDocument document = base::YamlDocument::from_file(options.config);
  for (const std::string& assignment : options.assignments) document.set(assignment);
  const YamlNode root = document.root();

  Session session;
  session.name = root.get_string_or("name", options.config.stem().string());
  session.output_directory =
      options.output_directory.value_or(std::filesystem::path("out") / options.config.stem());
  if (root.has("hardware")) session.hardware = sim::arch::read_hardware(root.section("hardware"));
  session.numerics.scheme = quantize::int8_scheme();
  if (root.has("numerics")) session.numerics = read_numerics(root.section("numerics"));
  const YamlNode data = root.at("data");
  read_data(data, root.section("network"), options, session);
  require_inputs(session.graph, session.test, data);
  require_inputs(session.calibration_graph, session.calibration, data);
  document.finish();
  return session;
}

QuantizedNetwork quantize_session(const Session& session) {
  // Ranges do not depend on the length of the clip: calibrate on one length, quantise for the other. The
  // same rewrites give both graphs the same tensor ids.
  const auto rewrite = [](const network::Graph& graph) {
    return quantize::fuse_activations(quantize::split_prelu(graph));
  };
  const network::Graph calibration_graph = rewrite(session.calibration_graph);
  const quantize::Ranges ranges =
      quantize::calibrate(calibration_graph, {session.calibration.inputs}, session.numerics.method);
  QuantizedNetwork result;
  result.real = rewrite(session.graph);
  result.integer = quantize::lower(quantize::assign_ranges(result.real, ranges, session.numerics.scheme),
                                   session.numerics.lowering);
  return result;
}

}  // namespace dlasim::cli
