// Damaged model files all the way: read, checked, lowered, run, exported.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "damage.h"
#include "export/cmsis_nn.h"
#include "golden/interpreter.h"
#include "network/float_reference.h"
#include "network/importers/nam.h"
#include "network/importers/tflite.h"
#include "network/network_file.h"
#include "network/shape_inference.h"
#include "quantize/lower.h"
#include "quantize/quantized_file.h"
#include "support/operator_cases.h"
#include "support/places.h"
#include "support/test_support.h"

namespace dlasim::robustness {
namespace {

namespace fs = std::filesystem;
using network::DType;
using network::Tensor;

/// More arithmetic than a test should wait for: the file is fine, only long to compute.
constexpr double kMostWork = 1e9;

template <class Graph>
bool is_small(const Graph& graph) {
  double work = 0.0;
  for (const auto& node : graph.nodes) {
    double product = 1.0;
    for (const auto id : node.inputs) {
      if (id != network::kNoTensor)
        product *=
            static_cast<double>(std::max<std::int64_t>(1, network::element_count(graph.tensor(id).shape)));
    }
    work += product;
    for (const auto id : node.outputs)
      work += static_cast<double>(network::element_count(graph.tensor(id).shape));
  }
  return work < kMostWork;
}

std::vector<Tensor> zeros(const network::QuantizedGraph& graph) {
  std::vector<Tensor> inputs;
  for (const network::TensorId id : graph.inputs)
    inputs.emplace_back(graph.tensor(id).dtype, graph.tensor(id).shape);
  return inputs;
}

void run_and_export(const network::QuantizedGraph& graph) {
  if (!is_small(graph)) return;
  const std::vector<Tensor> inputs = zeros(graph);
  golden::run(graph, inputs);
  exporter::export_cmsis_nn(graph, inputs);
}

class Robustness : public testing::Test {
 protected:
  void SetUp() override { limit_memory(); }
};

using Models = Robustness;

TEST_F(Models, Tflite) {
  const fs::path vectors = places::shared("vectors/tflite");
  if (!fs::exists(vectors)) GTEST_SKIP() << "no vectors";
  Tally tally;
  for (const char* folder :
       {"hello_world_int8", "op_add_broadcast_int8", "op_conv_2d_grouped_int8", "op_concatenation_int16",
        "op_depthwise_conv_2d_int16", "op_fully_connected_int8", "op_mean_int8", "op_pad_int8",
        "op_softmax_int16", "op_split_int8", "op_strided_slice_int8", "op_transpose_conv_int8",
        "op_transpose_int8", "op_dilated_by_space_to_batch_int8"}) {
    fs::path model;
    for (const auto& entry : fs::recursive_directory_iterator(vectors / folder)) {
      if (entry.path().extension() == ".tflite") model = entry.path();
    }
    const Bytes seed = base::read_file(model);
    base::Random random(1);
    for (std::uint64_t i = 0; i < mutation_count(25); ++i) {
      const Bytes file = damaged(seed, random);
      survive(std::string(folder) + " " + std::to_string(i), tally, [&] {
        const network::Graph graph = network::import_tflite(file, "x.tflite");
        network::check_shapes(graph);
        run_and_export(quantize::lower(graph));
      });
    }
  }
  EXPECT_GT(tally.refused, tally.accepted / 4);
  EXPECT_GT(tally.accepted, 0U);  // damage that hits a weight only: the way to the end is taken too
}

TEST_F(Models, NamValues) {
  const std::string text = base::read_text_file(places::source("models/nam_standard/nam_standard.nam"));
  nlohmann::json seed = nlohmann::json::parse(text);
  base::Random random(2);
  Tally tally;
  for (std::uint64_t i = 0; i < mutation_count(60); ++i) {
    nlohmann::json json = seed;
    damage_value(json["config"], random);
    if (random.bernoulli(0.2)) damage_value(json, random);
    survive("nam " + std::to_string(i), tally, [&] {
      const auto audio = network::import_nam(json.dump(), "x.nam", {.samples = 4, .slimmable_size = {}});
      network::check_shapes(audio.graph);
    });
  }
  EXPECT_GT(tally.refused, 0U);
}

/// A quantised graph of every operator, saved; the JSON damaged value by value, the archive byte by byte.
TEST_F(Models, QuantisedGraphs) {
  const base::ScratchDirectory directory;
  Tally tally;
  base::Random random(3);
  for (const char* operation : {"conv2d",
                                "depthwise_conv2d",
                                "transpose_conv2d",
                                "fully_connected",
                                "batch_matmul",
                                "add",
                                "mul",
                                "minimum",
                                "avg_pool2d",
                                "max_pool2d",
                                "reduce",
                                "requantize",
                                "relu",
                                "leaky_relu",
                                "tanh",
                                "table",
                                "softmax",
                                "pad",
                                "transpose",
                                "reshape",
                                "concat",
                                "slice",
                                "space_to_batch",
                                "svdf",
                                "lstm",
                                "quantize",
                                "dequantize"}) {
    dlasim::test::Knobs knobs;
    if (operation == std::string("quantize")) knobs.input = DType::kFloat32;
    if (operation == std::string("dequantize")) knobs.output = DType::kFloat32;
    quantize::save_quantized(dlasim::test::make_case(operation, knobs, 1).graph, directory / "g.json");
    const nlohmann::json seed = nlohmann::json::parse(base::read_text_file(directory / "g.json"));
    const Bytes arrays = base::read_file(directory / "g.npz");
    for (std::uint64_t i = 0; i < mutation_count(25); ++i) {
      nlohmann::json json = seed;
      Bytes npz = arrays;
      for (std::uint64_t n = 1 + random.below(2); n > 0; --n) damage_value(json, random);
      if (i % 8 == 7) {
        json = seed;
        npz = damaged(arrays, random);
      }
      std::ofstream(directory / "g.json")
          << (i % 8 == 6 ? text_of(damaged(bytes_of(seed.dump()), random)) : json.dump());
      std::ofstream(directory / "g.npz", std::ios::binary) << text_of(npz);
      survive(std::string(operation) + " " + std::to_string(i) + ": " + json.dump().substr(0, 1500), tally,
              [&] { run_and_export(quantize::load_quantized(directory / "g.json")); });
    }
  }
  EXPECT_GT(tally.refused, tally.accepted / 4);
  EXPECT_GT(tally.accepted, 0U);
}

TEST_F(Models, NetworkDescriptions) {
  const base::ScratchDirectory directory;
  const fs::path configs = places::source("configs/networks");
  const Bytes seed = base::read_file(configs / "wavenet_tiny.yaml");
  const std::string weights = "../../models/wavenet_tiny/weights.npz";
  fs::copy_file(configs / weights, directory / "weights.npz");
  base::Random random(4);
  Tally tally;
  for (std::uint64_t i = 0; i < mutation_count(200); ++i) {
    std::string text = text_of(seed);
    if (const std::size_t at = text.find(weights); at != std::string::npos)
      text.replace(at, weights.size(), "weights.npz");
    const Bytes file = i == 0 ? bytes_of(text) : damaged(bytes_of(text), random);
    std::ofstream(directory / "n.yaml", std::ios::binary) << text_of(file);
    survive("yaml " + std::to_string(i) + ":\n" + text_of(file), tally, [&] {
      const network::Graph graph = network::read_network_file(directory / "n.yaml");
      network::check_shapes(graph);
    });
  }
  EXPECT_GT(tally.refused, tally.accepted);
  EXPECT_GT(tally.accepted, 0U);
}

}  // namespace
}  // namespace dlasim::robustness
