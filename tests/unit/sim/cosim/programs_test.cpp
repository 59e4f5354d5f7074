// RTL in lockstep with compiled layers running on the accelerator: every hand-shake and value, in every
// cycle.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>

#include "base/error.h"
#include "conformance/verify.h"
#include "sim/compiler/compile.h"
#include "sim/cosim/configurations.h"
#include "sim/cosim/core_lockstep.h"
#include "sim/engine/cycle_engine.h"
#include "small_layers.h"
#include "support/places.h"

namespace dlasim::sim::cosim {
namespace {

/// Gives every cycle to several sinks.
class Tee final : public trace::TraceSink {
 public:
  explicit Tee(std::vector<trace::TraceSink*> sinks) : sinks_(std::move(sinks)) {}
  void sample(const trace::AcceleratorView& view) override {
    for (trace::TraceSink* sink : sinks_) sink->sample(view);
  }

 private:
  std::vector<trace::TraceSink*> sinks_;
};

void expect_equal(const BlocksLockstep& blocks) {
  for (const BlocksLockstep::Result& r : blocks.results())
    EXPECT_NO_THROW(r.comparison->require_equal(r.block));
}

/// One run with the blocks and the core in lockstep.
std::vector<network::Tensor> run_in_lockstep(const network::QuantizedGraph& graph,
                                             const arch::Hardware& hardware,
                                             std::span<const network::Tensor> inputs,
                                             blocks::StallPlan stalls, std::uint64_t& cycles) {
  const auto program = compiler::compile(graph, hardware);
  BlocksLockstep blocks(hardware);
  CoreLockstep core(hardware);
  Tee tee({&blocks, &core});
  engine::RunOptions options;
  options.stalls = stalls;
  options.trace = &tee;
  const engine::RunResult result = engine::run_cycle(program, graph, hardware, inputs, options);
  if (result.cycles != 0) {
    expect_equal(blocks);
    EXPECT_NO_THROW(core.comparison().require_equal("core"));
  }
  EXPECT_EQ(blocks.cycles(), result.cycles);
  cycles += result.cycles;
  std::vector<network::Tensor> outputs;
  for (const network::TensorId t : graph.outputs)
    outputs.push_back(result.tensors.at(static_cast<std::size_t>(t)));
  return outputs;
}

class SmallLayers : public testing::TestWithParam<const char*> {};

/// 36 layers on three arrays: blocks and core, every other layer with stalls at all hand-shakes.
TEST_P(SmallLayers, RunInLockstepWithAndWithoutStalls) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  std::uint64_t cycles = 0;
  for (std::uint64_t seed = 1; seed <= 36; ++seed) {
    const SmallLayer layer = small_layer(seed);
    SCOPED_TRACE(layer.graph.nodes.front().name + ", seed " + std::to_string(seed));
    const std::uint32_t stalls = seed / 6 % 2 == 0 ? 0 : 300;  // each kind of layer with and without
    run_in_lockstep(layer.graph, configuration(GetParam()), layer.inputs, {seed, stalls}, cycles);
  }
  EXPECT_GT(cycles, 10000U);
}

INSTANTIATE_TEST_SUITE_P(Configurations, SmallLayers, testing::Values("array_4x4", "array_3x5", "small"),
                         [](const auto& name) { return std::string(name.param); });

struct Folder {
  const char* path;
  std::size_t every;  ///< one file in so many: the large ones take millions of cycles
};

void PrintTo(const Folder& folder, std::ostream* out) {
  *out << folder.path;
}

class LockstepVectors : public testing::TestWithParam<Folder> {};

/// The outside authors' vectors through the whole RTL datapath: requantisation, curves, pooling, gates.
TEST_P(LockstepVectors, AgreeInEveryCycle) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const auto folder = places::shared("vectors") / GetParam().path;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no vectors at " << folder;
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.insert(entry.path());
  }
  std::vector<std::filesystem::path> chosen;
  std::size_t index = 0;
  std::ranges::copy_if(files, std::back_inserter(chosen),
                       [&index](const auto&) { return index++ % GetParam().every == 0; });

  std::uint64_t cycles = 0;
  const conformance::FunctionEngine engine("rtl", [&](const auto& graph, auto inputs) {
    return run_in_lockstep(graph, configuration("array_4x4"), inputs, {}, cycles);
  });
  const auto outcomes = conformance::Verifier(engine).run(chosen);
  std::ostringstream report;
  conformance::print(report, outcomes);
  EXPECT_EQ(conformance::tally(outcomes).failed, 0) << report.str();
  EXPECT_GT(conformance::tally(outcomes).passed, 0);
  EXPECT_GT(cycles, 1000U);
}

INSTANTIATE_TEST_SUITE_P(Folders, LockstepVectors,
                         testing::Values(Folder{"cmsis_nn_wavenet", 1}, Folder{"tflite_activations", 12},
                                         Folder{"cmsis_nn/conv2d", 1}, Folder{"cmsis_nn/depthwise_conv2d", 1},
                                         Folder{"cmsis_nn/transpose_conv2d", 1},
                                         Folder{"cmsis_nn/max_pool2d", 1}),
                         [](const auto& folder) {
                           std::string name(folder.param.path);
                           std::ranges::replace(name, '/', '_');
                           return name;
                         });

}  // namespace
}  // namespace dlasim::sim::cosim
