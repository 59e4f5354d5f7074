// The core's RTL in lockstep with compiled layers of number formats: every hand-shake, counter and word in
// every cycle, with stalls and without, and golden's codes.

#include <gtest/gtest.h>

#include <string>

#include "golden/interpreter.h"
#include "sim/compiler/compile.h"
#include "sim/cosim/configurations.h"
#include "sim/cosim/core_lockstep.h"
#include "sim/engine/cycle_engine.h"
#include "staged_layers.h"

namespace dlasim::sim::cosim {
namespace {

std::vector<std::int64_t> integers(const network::Tensor& t) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < t.size(); ++i) values.push_back(t.integer(i));
  return values;
}

/// Cycles of one run in lockstep whose output is golden's.
std::uint64_t run_layer(const SmallLayer& layer, const arch::Hardware& hardware, blocks::StallPlan stalls) {
  const auto program = compiler::compile(layer.graph, hardware);
  CoreLockstep core(hardware);
  engine::RunOptions options;
  options.stalls = stalls;
  options.trace = &core;
  const engine::RunResult result = engine::run_cycle(program, layer.graph, hardware, layer.inputs, options);
  EXPECT_NO_THROW(core.comparison().require_equal("core"));
  EXPECT_EQ(core.comparison().differing_cycles(), 0U);
  EXPECT_EQ(core.cycles(), result.cycles);
  const auto golden = golden::run(layer.graph, layer.inputs);
  const auto output = static_cast<std::size_t>(layer.graph.outputs.at(0));
  EXPECT_EQ(integers(golden.at(0)), integers(result.tensors.at(output)));
  return result.cycles;
}

class StagedLayers : public testing::TestWithParam<const char*> {};

TEST_P(StagedLayers, RunOnTheCoreInLockstepWithAndWithoutStalls) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const arch::Hardware& hardware = configuration(GetParam());
  std::uint64_t cycles = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const SmallLayer layer = staged_layer(hardware, seed);
    cycles += run_layer(layer, hardware, {seed, seed % 2 == 0 ? 300U : 0U});
    if (HasFailure()) return;
  }
  EXPECT_GT(cycles, 15000U);
}

INSTANTIATE_TEST_SUITE_P(Configurations, StagedLayers,
                         testing::Values("dfp_3x2", "fp8_2x3", "small_dfp", "small_fp8"),
                         [](const auto& name) { return std::string(name.param); });

}  // namespace
}  // namespace dlasim::sim::cosim
