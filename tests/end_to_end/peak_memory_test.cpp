// A run's memory grows with the network's weights as they lie in its file, not with the number of graphs,
// images and packed forms that they pass through. Each run is a process of its own, whose report says what it
// took.

#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/network_file.h"
#include "run_job.h"

namespace dlasim::test {
namespace {

using network::DType;
using network::Tensor;

constexpr std::int64_t kInputs = 4096, kHidden = 4096, kOutputs = 1024;
constexpr std::int64_t kWeights = kInputs * kHidden + kHidden * kOutputs;

class PeakMemory : public RunJob {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "shadow memory is memory too";
#endif
  }
  std::filesystem::path file(const std::string& name) const {
    return files_.path() / name;
  }

  /// Peak in bytes of a run of big.yaml, the golden model beside it.
  std::int64_t peak_of_run(const std::string& config) {
    base::write_file_atomically(file("big.yaml"), config);
    EXPECT_EXIT(std::_Exit(cli::run({"run", file("big.yaml").string(), "--engine", "fast", "--json", "--out",
                                     out().string()})),
                testing::ExitedWithCode(0), "");
    const auto summary = nlohmann::json::parse(base::read_text_file(out() / "summary.json"));
    EXPECT_TRUE(summary["bit_exact"]);
    return summary["peak_memory_bytes"];
  }

  /// Of one with `bytes_per_weight` in its file; activations are small.
  static std::int64_t limit(std::int64_t bytes_per_weight) {
    return 2 * kWeights * bytes_per_weight + 100'000'000;
  }

 private:
  base::ScratchDirectory files_;
};

constexpr const char* kFloatNetwork = R"(
network:
  name: big
  weights: {random: 1}
  input: {shape: [1, 4096]}
  layers:
    - {name: hidden, op: fully_connected, filters: 4096, activation: relu}
    - {name: output, op: fully_connected, filters: 1024}
data: {test: {random: 2}, calibration: {random: 3}}
)";

TEST_F(PeakMemory, OfAFloatNetworkIsBelowTwiceItsWeights) {
  const std::int64_t peak = peak_of_run(kFloatNetwork);
  EXPECT_LT(peak, limit(4));
  EXPECT_GT(peak, kWeights * 4) << "this is not the run's memory";
}

/// All weights are changed; there is no second set of them.
TEST_F(PeakMemory, OfAnEqualisedNetworkIsThatOfAnother) {
  const std::int64_t as_read = peak_of_run(kFloatNetwork);
  const std::int64_t equalised = peak_of_run(std::string(kFloatNetwork) + "numerics: {equalize: true}\n");
  EXPECT_LT(equalised, as_read + kWeights * 4 / 2);
}

/// Weights 1, 2, ... 100, 1, ... [outputs, inputs] with one scale.
network::TensorId add_weights(network::Graph& graph, const std::string& name, std::int64_t outputs,
                              std::int64_t inputs) {
  Tensor weights(DType::kInt8, {outputs, inputs});
  std::int8_t next = 0;
  for (std::int8_t& w : weights.data<std::int8_t>()) w = next = static_cast<std::int8_t>(next % 100 + 1);
  const network::TensorId id = graph.add_constant(name, std::move(weights));
  graph.tensors.back().affine = network::Affine{{0.001F}, {0}, -1};
  return id;
}

TEST_F(PeakMemory, OfANetworkInInt8IsBelowTwiceItsWeights) {
  network::Graph graph;
  const auto add_activation = [&graph](const std::string& name, std::int64_t channels) {
    return graph.add_tensor({name, DType::kInt8, {1, channels}, network::Affine{{0.1F}, {0}, -1}, {}});
  };
  const auto x = add_activation("x", kInputs);
  const auto hidden = add_activation("hidden", kHidden);
  const auto y = add_activation("y", kOutputs);
  const network::op::FullyConnected layer;
  graph.nodes = {{"hidden", layer, {x, add_weights(graph, "w1", kHidden, kInputs)}, {hidden}},
                 {"output", layer, {hidden, add_weights(graph, "w2", kOutputs, kHidden)}, {y}}};
  graph.inputs = {x};
  graph.outputs = {y};
  network::write_network(graph, file("net.yaml"));
  graph = {};
  EXPECT_LT(peak_of_run("network: net.yaml\ndata: {test: {random: 2}}\n"), limit(1));
}

}  // namespace
}  // namespace dlasim::test
