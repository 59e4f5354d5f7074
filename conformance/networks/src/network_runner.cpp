#include "conformance/network_runner.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/npy.h"
#include "conformance/json_reader.h"
#include "conformance/network_vector.h"
#include "network/float_reference.h"
#include "network/importers/nam.h"
#include "network/importers/tflite.h"
#include "quantize/lower.h"

namespace dlasim::conformance {
namespace {

using network::DType;
using network::Tensor;

/// The array as a tensor of the declared type; the engines check the shape.
Tensor tensor_from(const base::NpyArray& array, DType dtype, const std::filesystem::path& file) {
  Tensor tensor(dtype, array.shape);
  const bool is_float = dtype == DType::kFloat32;
  const bool same_kind = is_float == (array.dtype == "f4");
  if (!same_kind || tensor.bytes().size() != array.data.size()) {
    throw base::InputError(file.string() + ": " + array.dtype + " elements where the model has " +
                           std::string(network::name(dtype)));
  }
  std::copy(array.data.begin(), array.data.end(), tensor.bytes().begin());
  return tensor;
}

std::vector<Tensor> read_tensors(const std::vector<std::filesystem::path>& files,
                                 const network::QuantizedGraph& graph,
                                 const std::vector<network::TensorId>& ids) {
  if (files.size() != ids.size()) {
    throw base::InputError(std::to_string(files.size()) + " arrays for " + std::to_string(ids.size()) +
                           " tensors of the model");
  }
  std::vector<Tensor> tensors;
  for (std::size_t i = 0; i < files.size(); ++i) {
    tensors.push_back(tensor_from(base::read_npy(files[i]), graph.tensor(ids[i]).dtype, files[i]));
  }
  return tensors;
}

std::uint32_t crc_of(const Tensor& tensor) {
  const auto bytes = tensor.bytes();
  return static_cast<std::uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0), reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// Runs the graph once more with every tensor that has a checksum as an output.
std::string first_wrong_tensor(const Engine& engine, network::QuantizedGraph graph,
                               std::span<const Tensor> inputs, const std::vector<TensorChecksum>& checksums) {
  graph.outputs.clear();
  for (const TensorChecksum& c : checksums) graph.outputs.push_back(static_cast<network::TensorId>(c.tensor));
  const std::vector<Tensor> tensors = engine.run(graph, inputs);
  for (std::size_t i = 0; i < checksums.size(); ++i) {
    if (crc_of(tensors[i]) != checksums[i].crc32) {
      return "; the first wrong tensor is " + std::to_string(checksums[i].tensor) + " '" + checksums[i].name +
             "'";
    }
  }
  return {};
}

std::string run_tflite(const Engine& engine, const NetworkVector& vector) {
  quantize::LowerOptions options;
  if (vector.rounding) options.rule = *vector.rounding;
  const network::QuantizedGraph graph = quantize::lower(network::read_tflite(vector.model), options);
  const std::vector<Tensor> inputs = read_tensors(vector.inputs, graph, graph.inputs);
  const std::vector<Tensor> expected = read_tensors(vector.outputs, graph, graph.outputs);
  const std::vector<Tensor> got = engine.run(graph, inputs);
  if (got.size() != expected.size()) return std::to_string(got.size()) + " outputs";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (const auto difference = first_difference(expected[i], got[i])) {
      return "output " + std::to_string(i) + ": " + *difference +
             first_wrong_tensor(engine, graph, inputs, vector.checksums);
    }
  }
  return {};
}

/// How one float case is fed: which model, how many zeros first, what is expected behind them.
struct AudioCase {
  std::filesystem::path model;
  bool is_classic = false;
  std::int64_t leading_zeros = 0;
  std::filesystem::path input, output;
  std::optional<double> slimmable_size;
  double tolerance = 0.0;
};

std::string run_audio(const AudioCase& c) {
  const base::NpyArray input = base::read_npy(c.input);
  const base::NpyArray output = base::read_npy(c.output);
  const auto samples = input.as<float>();
  const auto expected = output.as<float>();
  const auto zeros = static_cast<std::size_t>(c.leading_zeros);
  const network::AudioOptions options{static_cast<std::int64_t>(samples.size() + zeros), c.slimmable_size};
  const network::AudioNetwork model =
      c.is_classic ? network::read_classic_wavenet(c.model, options) : network::read_nam(c.model, options);
  Tensor signal(DType::kFloat32, model.graph.tensor(model.graph.inputs.at(0)).shape);
  if (signal.size() != options.samples) throw base::UnsupportedError("several input channels");
  std::copy(samples.begin(), samples.end(), signal.data<float>().begin() + c.leading_zeros);
  const Tensor result = network::FloatReference(model.graph).run({signal}).at(0);
  const auto values = result.data<float>();
  const std::size_t channels = values.size() / static_cast<std::size_t>(options.samples);
  if (expected.size() != samples.size() * channels) {
    return "the model gives " + std::to_string(channels) + " values a sample, " +
           c.output.filename().string() + " holds " + std::to_string(expected.size()) + " for " +
           std::to_string(samples.size()) + " samples";
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto difference =
        std::abs(static_cast<double>(expected[i]) - static_cast<double>(values[zeros * channels + i]));
    if (!(difference <= c.tolerance)) {
      return c.model.filename().string() + ", " + c.output.filename().string() + ": sample " +
             std::to_string(i / channels) + ": expected " + std::to_string(expected[i]) + ", differs by " +
             std::to_string(difference);
    }
  }
  return {};
}

/// The base case, then what the further keys of the file ask for.
std::vector<AudioCase> audio_cases(const NetworkVector& vector, const JsonReader& json) {
  const std::filesystem::path directory = vector.model.parent_path();
  if (!vector.tolerance_max_abs) json.fail("'tolerance.max_abs' is missing");
  if (vector.inputs.size() != 1 || vector.outputs.size() != 1) json.fail("one input and one output expected");
  AudioCase zero_state;
  zero_state.model = vector.model;
  zero_state.is_classic = vector.model_format == "classic-wavenet/1";
  zero_state.input = vector.inputs[0];
  zero_state.output = vector.outputs[0];
  zero_state.tolerance = *vector.tolerance_max_abs;
  if (json.has("slimmable_size")) zero_state.slimmable_size = json.at("slimmable_size").number();
  std::vector<AudioCase> cases{zero_state};
  if (json.has("model_original")) {
    cases.push_back(zero_state);
    cases.back().model = directory / std::filesystem::path(json.at("model_original").string()).filename();
  }
  if (json.has("outputs_prewarmed")) {
    constexpr std::int64_t kMostZeros = 1 << 24;
    cases.push_back(zero_state);
    const auto files = json.at("outputs_prewarmed").strings();
    if (files.size() != 1) json.fail("'outputs_prewarmed' must name one file");
    cases.back().output = directory / std::filesystem::path(files[0]).filename();
    cases.back().leading_zeros = json.at("prewarm_zeros").integer_between(0, kMostZeros);
  }
  return cases;
}

}  // namespace

VectorHandler network_handler(const Engine& engine) {
  return [&engine](const nlohmann::json& document, const std::filesystem::path& file) -> std::string {
    const NetworkVector vector = parse_network_vector(document, file);
    if (vector.model_format == "tflite") return run_tflite(engine, vector);
    if (vector.model_format != "nam" && vector.model_format != "classic-wavenet/1") {
      throw base::UnsupportedError("models of format '" + vector.model_format + "' are not run");
    }
    for (const AudioCase& c : audio_cases(vector, JsonReader(document, file.string()))) {
      if (std::string difference = run_audio(c); !difference.empty()) return difference;
    }
    return {};
  };
}

}  // namespace dlasim::conformance
