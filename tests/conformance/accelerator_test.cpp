// The accelerator on both engines, and its host, against the vectors of the outside authors: no differing
// element, nothing left out; and the operators and one clip of every whole model.

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
#include "sim/fast/fast_engine.h"
#include "sim/host/host.h"
#include "support/places.h"

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

enum class Kind { kCycle, kFast };

std::vector<network::Tensor> run_on_accelerator(Kind kind, const network::QuantizedGraph& graph,
                                                std::span<const network::Tensor> inputs) {
  sim::arch::Hardware h = hardware();
  for (const auto& node : graph.nodes) {
    // The reduction order of a staged layer is part of its numbers: the array is as wide as it says.
    if (node.staged) h.pe_array.ic_lanes = sim::compiler::reduction_lanes(graph, node);
  }
  const auto program = sim::compiler::compile(graph, h);
  sim::engine::RunOptions options;
  options.host = sim::host::compute;
  const auto result = kind == Kind::kCycle ? sim::engine::run_cycle(program, graph, h, inputs, options)
                                           : sim::fast::run_fast(program, graph, h, inputs, options);
  std::vector<network::Tensor> outputs;
  for (const network::TensorId t : graph.outputs)
    outputs.push_back(result.tensors.at(static_cast<std::size_t>(t)));
  return outputs;
}

const FunctionEngine& engine_of(Kind kind) {
  static const FunctionEngine cycle("cycle", [](const auto& graph, auto inputs) {
    return run_on_accelerator(Kind::kCycle, graph, inputs);
  });
  static const FunctionEngine fast(
      "fast", [](const auto& graph, auto inputs) { return run_on_accelerator(Kind::kFast, graph, inputs); });
  return kind == Kind::kCycle ? cycle : fast;
}

/// An engine and a folder of vectors.
using Subject = std::tuple<Kind, const char*>;

std::string name_of(const testing::TestParamInfo<Subject>& info) {
  return std::string(engine_of(std::get<0>(info.param)).name()) + "_" + std::get<1>(info.param);
}

const auto kBothEngines = testing::Values(Kind::kCycle, Kind::kFast);

void expect_all_pass(const std::vector<Outcome>& outcomes) {
  std::ostringstream report;
  print(report, outcomes);
  EXPECT_EQ(tally(outcomes).failed, 0) << report.str();
  EXPECT_EQ(tally(outcomes).unsupported, 0) << report.str();
  EXPECT_GT(tally(outcomes).passed, 0);
}

class AcceleratorVectors : public testing::TestWithParam<Subject> {};

TEST_P(AcceleratorVectors, AgreeBitForBit) {
  const auto [kind, name] = GetParam();
  const auto folder = places::shared("vectors") / name;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const std::filesystem::path paths[] = {folder};
  expect_all_pass(Verifier(engine_of(kind)).run(paths));
}

INSTANTIATE_TEST_SUITE_P(Folders, AcceleratorVectors,
                         testing::Combine(kBothEngines, testing::Values("cmsis_nn", "cmsis_nn_wavenet",
                                                                        "tflite_activations")),
                         name_of);

/// All clips of a model of one operator, the first of a larger one: the rest repeats the same code and
/// `dlasim verify` runs it.
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

class AcceleratorNetworks : public testing::TestWithParam<Kind> {};

TEST_P(AcceleratorNetworks, AgreeBitForBit) {
  const auto folder = places::shared("vectors/tflite");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  std::vector<std::filesystem::path> paths;
  std::size_t models = 0;
  for (const auto& model : std::filesystem::directory_iterator(folder)) {
    if (!model.is_directory()) continue;
    ++models;
    std::ranges::move(clips_of(model.path()), std::back_inserter(paths));
  }
  const FunctionEngine& engine = engine_of(GetParam());
  Verifier verifier(engine);
  verifier.handle_networks(network_handler(engine));
  const auto outcomes = verifier.run(paths);
  expect_all_pass(outcomes);
  EXPECT_GE(outcomes.size(), models);
}

INSTANTIATE_TEST_SUITE_P(Engines, AcceleratorNetworks, kBothEngines,
                         [](const auto& kind) { return std::string(engine_of(kind.param).name()); });

/// The kinds of number_format vectors that are layers; the others are units, which no program reaches.
class AcceleratorNumberFormats : public testing::TestWithParam<Subject> {};

TEST_P(AcceleratorNumberFormats, AgreeBitForBit) {
  const auto [kind, name] = GetParam();
  const auto folder = places::shared("vectors/number_format") / name;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  const FunctionEngine& engine = engine_of(kind);
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

INSTANTIATE_TEST_SUITE_P(Folders, AcceleratorNumberFormats,
                         testing::Combine(kBothEngines, testing::Values("dot", "conv2d", "mx_dot")), name_of);

}  // namespace
}  // namespace dlasim::conformance
