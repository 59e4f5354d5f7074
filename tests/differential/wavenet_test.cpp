// Trained WaveNets: the float reference against the original programs' outputs, and their quantised forms,
// run on the golden operators, against the signal to noise ratio that simulated quantisation reaches.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/npy.h"
#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "network/importers/nam.h"
#include "quantize/post_training.h"
#include "quantize/sqnr.h"
#include "support/places.h"

namespace dlasim {
namespace {

namespace fs = std::filesystem;
using network::Tensor;

struct WaveNet {
  fs::path directory;
  nlohmann::json description;
  network::Graph graph;
  std::vector<float> input, output;
};

std::vector<fs::path> directories() {
  std::vector<fs::path> found;
  const fs::path root = places::shared("vectors/nam");
  if (!fs::is_directory(root)) return found;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (fs::exists(entry.path() / "network.json")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<float> read_floats(const fs::path& file) {
  const base::NpyArray array = base::read_npy(file);
  const auto values = array.as<float>();
  return {values.begin(), values.end()};
}

WaveNet read(const fs::path& directory) {
  WaveNet net;
  net.directory = directory;
  net.description = nlohmann::json::parse(std::ifstream(directory / "network.json"));
  net.input = read_floats(directory / "input.npy");
  net.output = read_floats(directory / "output.npy");
  network::AudioOptions options;
  options.samples = static_cast<std::int64_t>(net.input.size());
  const fs::path model = directory / net.description["model"].get<std::string>();
  net.graph = net.description["model_format"] == "nam" ? network::read_nam(model, options).graph
                                                       : network::read_classic_wavenet(model, options).graph;
  return net;
}

Tensor input_tensor(const WaveNet& net) {
  Tensor tensor(network::DType::kFloat32, net.graph.tensor(net.graph.inputs.at(0)).shape);
  std::copy(net.input.begin(), net.input.end(), tensor.data<float>().begin());
  return tensor;
}

/// SQNR of the quantised network against the original program's output.
double quantised_sqnr(const WaveNet& net, const quantize::Scheme& scheme) {
  const auto result = quantize::quantize_post_training(net.graph, {{input_tensor(net)}}, scheme);
  const auto& in = result.quantized.tensor(result.quantized.inputs.at(0));
  const auto& out = result.quantized.tensor(result.quantized.outputs.at(0));
  const std::vector<Tensor> codes{quantize::quantize(input_tensor(net), *in.affine, in.dtype)};
  const Tensor real = network::dequantize(golden::run(result.quantized, codes).at(0), out.affine);
  return quantize::sqnr_db(net.output, real.data<float>());
}

TEST(WaveNets, FloatReferenceAgreesWithTheOriginalProgram) {
  if (directories().empty()) GTEST_SKIP() << "no WaveNet vectors beside the source tree";
  for (const fs::path& directory : directories()) {
    const WaveNet net = read(directory);
    const Tensor actual = network::FloatReference(net.graph).run({input_tensor(net)}).at(0);
    ASSERT_EQ(actual.size(), static_cast<std::int64_t>(net.output.size())) << directory;
    double worst = 0.0;
    for (std::size_t i = 0; i < net.output.size(); ++i) {
      worst = std::max(worst, std::abs(static_cast<double>(actual.data<float>()[i] - net.output[i])));
    }
    EXPECT_LE(worst, net.description["tolerance"]["max_abs"].get<double>()) << directory;
  }
}

TEST(WaveNets, QuantisedReachTheSignalToNoiseRatioOfSimulations) {
  if (directories().empty()) GTEST_SKIP() << "no WaveNet vectors beside the source tree";
  for (const fs::path& directory : directories()) {
    const WaveNet net = read(directory);
    const double a16 = quantised_sqnr(net, quantize::int16x8_scheme());
    const double a8 = quantised_sqnr(net, quantize::int8_scheme());
    RecordProperty(directory.filename().string(), fmt::format("w8a16 {:.1f} dB, w8a8 {:.1f} dB", a16, a8));
    if (!net.description["tolerance"].contains("min_snr_db")) continue;
    const auto& least = net.description["tolerance"]["min_snr_db"];
    EXPECT_GE(a16, least["w8a16"].get<double>()) << directory;
    EXPECT_GE(a8, least["w8a8"].get<double>()) << directory;
  }
}

}  // namespace
}  // namespace dlasim
