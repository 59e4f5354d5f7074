// The fast engine is the cycle engine in everything that a run reports: tensors, cycles of each layer, DRAM
// transfers. Random graphs on random hardware, on one, two and three threads, by a new engine and by one that
// has run on other inputs before.

#include "sim/fast/fast_engine.h"

#include <gtest/gtest.h>

#include "random_cases.h"
#include "sim/engine/cycle_engine.h"
#include "support/run_comparison.h"

namespace dlasim::testing {
namespace {

/// Other inputs that are as good: the elements from last to first.
std::vector<network::Tensor> reversed(std::vector<network::Tensor> tensors) {
  for (network::Tensor& t : tensors) {
    const network::Tensor original = t;
    for (std::int64_t i = 0; i < t.size(); ++i) t.set_integer(i, original.integer(t.size() - 1 - i));
  }
  return tensors;
}

std::optional<std::string> difference(const RandomCase& c, bool fuse) {
  sim::arch::Hardware hardware;
  const auto program = compile_with_room(c, hardware, fuse);
  const auto expected = sim::engine::run_cycle(program, c.net.graph, hardware, c.net.inputs);
  for (const int threads : {1, 2, 3}) {
    const std::string where = " on " + std::to_string(threads) + " threads";
    sim::fast::FastEngine engine(program, c.net.graph, hardware, threads);
    if (const auto what = run_difference(expected, engine.run(c.net.inputs))) return *what + where;
    engine.run(reversed(c.net.inputs));
    if (const auto what = run_difference(expected, engine.run(c.net.inputs)))
      return *what + where + ", run again";
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
