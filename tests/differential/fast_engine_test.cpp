// The fast engine is the cycle engine in everything that a run reports: tensors, cycles of each layer, DRAM
// transfers. Random graphs on random hardware, on one, two and three threads.

#include "sim/fast/fast_engine.h"

#include <gtest/gtest.h>

#include "random_cases.h"
#include "sim/engine/cycle_engine.h"
#include "support/run_comparison.h"

namespace dlasim::testing {
namespace {

std::optional<std::string> difference(const RandomCase& c, bool fuse) {
  sim::arch::Hardware hardware;
  const auto program = compile_with_room(c, hardware, fuse);
  const auto expected = sim::engine::run_cycle(program, c.net.graph, hardware, c.net.inputs);
  for (const int threads : {1, 2, 3}) {
    const auto what = run_difference(
        expected, sim::fast::run_fast(program, c.net.graph, hardware, c.net.inputs, {}, threads));
    if (what) return *what + " on " + std::to_string(threads) + " threads";
  }
  return std::nullopt;
}

class FastRandomLayers : public ::testing::TestWithParam<std::uint64_t> {};
TEST_P(FastRandomLayers, EqualTheCycleEngine) {
  run_cases(1000 + 100 * GetParam(), 100, random_graph, difference);
}
INSTANTIATE_TEST_SUITE_P(Seeds, FastRandomLayers, ::testing::Range<std::uint64_t>(0, 4));

TEST(FastRandomWavenets, EqualTheCycleEngine) {
  run_cases(5000, 60, random_wavenet, difference);
}

}  // namespace
}  // namespace dlasim::testing
