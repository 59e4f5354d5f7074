// The accelerator and its host against the vectors of the outside authors: no differing element, nothing
// left out; and the operators and one clip of every whole model.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "conformance/network_runner.h"
#include "conformance/number_format_vector.h"
#include "conformance/verify.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/host/host.h"

namespace dlasim::conformance {
namespace {

/// Lanes wide enough for int32 tensors, registers for every tap.
sim::arch::Hardware hardware() {
  sim::arch::Hardware h;
  h.pe_array.activation_bits = 32;
  h.pe_array.weight_bits = 32;
  h.pe_array.max_taps = 256;
  return h;
}

std::vector<network::Tensor> run_on_accelerator(const network::QuantizedGraph& graph,
                                                std::span<const network::Tensor> inputs) {
  sim::arch::Hardware h = hardware();
  for (const auto& node : graph.nodes) {
    // The reduction order of a staged layer is part of its numbers: the array is as wide as it says.
    if (node.staged) h.pe_array.ic_lanes = sim::compiler::reduction_lanes(graph, node);
  }
  const auto program = sim::compiler::compile(graph, h);
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  const auto result = sim::engine::run_cycle(program, graph, h, inputs, options);
  std::vector<network::Tensor> outputs;
  for (const network::TensorId t : graph.outputs)
    outputs.push_back(result.tensors.at(static_cast<std::size_t>(t)));
  return outputs;
}

const FunctionEngine& cycle_engine() {
  static const FunctionEngine engine("cycle", run_on_accelerator);
  return engine;
}

void expect_all_pass(const std::vector<Outcome>& outcomes) {
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(tally(outcomes).failed, 0) << report.str();
  EXPECT_EQ(tally(outcomes).unsupported, 0) << report.str();
  EXPECT_GT(tally(outcomes).passed, 0);
}

class CycleVectors : public testing::TestWithParam<const char*> {};

TEST_P(CycleVectors, AgreeBitForBit) {
  const auto folder = std::filesystem::path(DLA_SHARED_DIR) / "vectors" / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const std::filesystem::path paths[] = {folder};
  expect_all_pass(Verifier(cycle_engine()).run(paths));
}

INSTANTIATE_TEST_SUITE_P(Folders, CycleVectors,
                         testing::Values("cmsis_nn", "cmsis_nn_wavenet", "tflite_activations"),
                         [](const auto& folder) { return std::string(folder.param); });

/// All clips of a model of one operator, the first of a larger one: the rest repeats the same code and
/// `dlasim verify --engine cycle` runs it.
std::vector<std::filesystem::path> clips_of(const std::filesystem::path& model) {
  if (model.filename().string().starts_with("op_")) return {model};
  std::vector<std::filesystem::path> clips;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(model)) {
    if (entry.path().filename() == "network.json") clips.push_back(entry.path());
  }
  std::ranges::sort(clips);
  clips.resize(std::min<std::size_t>(clips.size(), 1));
  return clips;
}

TEST(CycleNetworks, AgreeBitForBit) {
  const auto folder = std::filesystem::path(DLA_SHARED_DIR) / "vectors" / "tflite";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  std::vector<std::filesystem::path> paths;
  std::size_t models = 0;
  for (const auto& model : std::filesystem::directory_iterator(folder)) {
    if (!model.is_directory()) continue;
    ++models;
    std::ranges::move(clips_of(model.path()), std::back_inserter(paths));
  }
  Verifier verifier(cycle_engine());
  verifier.handle_networks(network_handler(cycle_engine()));
  const auto outcomes = verifier.run(paths);
  expect_all_pass(outcomes);
  EXPECT_GE(outcomes.size(), models);
}

/// The kinds of number_format vectors that are layers; the others are units, which no program reaches.
class CycleNumberFormats : public testing::TestWithParam<const char*> {};

TEST_P(CycleNumberFormats, AgreeBitForBit) {
  const auto folder = std::filesystem::path(DLA_SHARED_DIR) / "vectors" / "number_format" / GetParam();
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine engine("cycle", run_on_accelerator);
  Verifier verifier(engine);
  verifier.handle_op("number_format", engine_number_format_handler(engine));
  const std::filesystem::path paths[] = {folder};
  const auto outcomes = verifier.run(paths);
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(tally(outcomes).failed, 0) << report.str();
  EXPECT_EQ(tally(outcomes).unsupported, 0) << report.str();
  EXPECT_GT(tally(outcomes).passed, 0);
}

INSTANTIATE_TEST_SUITE_P(Folders, CycleNumberFormats, testing::Values("dot", "conv2d", "mx_dot"),
                         [](const auto& folder) { return std::string(folder.param); });

}  // namespace
}  // namespace dlasim::conformance
