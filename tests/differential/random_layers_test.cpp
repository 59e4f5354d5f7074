// Random small graphs on random hardware under random stalls: the clocked accelerator must give the golden
// model's bits in every tensor. A failing case is shrunk and printed with its seed.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "golden/interpreter.h"
#include "random_cases.h"
#include "sim/engine/cycle_engine.h"

namespace dlasim::testing {
namespace {

/// What differs, or nothing.
std::optional<std::string> difference(const RandomCase& c, bool fuse) {
  const std::vector<network::Tensor> expected = golden::run_all(c.net.graph, c.net.inputs);
  sim::arch::Hardware hardware;
  const auto program = compile_with_room(c, hardware, fuse);
  const auto actual = sim::engine::run_cycle(program, c.net.graph, hardware, c.net.inputs, c.options);
  for (const network::QuantizedNode& node : c.net.graph.nodes) {
    const auto t = static_cast<std::size_t>(node.outputs[0]);
    const network::Tensor& got = actual.tensors[t];
    const bool is_output = node.outputs[0] == c.net.graph.outputs[0];
    if (got.size() == 0 && !is_output && fuse) continue;  // stayed in the pass
    if (got == expected[t]) continue;
    if (got.size() != expected[t].size()) return fmt::format("{}: {} elements", node.name, got.size());
    std::int64_t count = 0, first = -1;
    for (std::int64_t i = 0; i < got.size(); ++i) {
      if (got.integer(i) == expected[t].integer(i)) continue;
      if (count++ == 0) first = i;
    }
    return fmt::format("{} ({}): {} of {} elements differ, first at {}: expected {}, got {}", node.name,
                       network::name(node.operation), count, got.size(), first, expected[t].integer(first),
                       got.integer(first));
  }
  return std::nullopt;
}

// Split over tests so that ctest spreads them over cores.
class RandomLayers : public ::testing::TestWithParam<std::uint64_t> {};
TEST_P(RandomLayers, AccelerateBitExact) {
  run_cases(1000 + 200 * GetParam(), 200, random_graph, difference);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomLayers, ::testing::Range<std::uint64_t>(0, 4));

TEST(RandomWavenets, AccelerateBitExact) {
  run_cases(5000, 100, random_wavenet, difference);
}

TEST(Shrinking, FindsASmallCase) {
  const auto fails = [](const std::vector<std::uint64_t>& trial) {
    Choices c(1, trial);
    std::int64_t sum = 0;
    for (int i = 0; i < 5; ++i) sum += c.pick(0, 100);
    return sum >= 70;
  };
  const auto smallest = shrink({90, 80, 70, 60, 50}, fails, 1000);
  EXPECT_TRUE(fails(smallest));
  std::uint64_t sum = 0;
  for (const std::uint64_t v : smallest) sum += v;
  EXPECT_EQ(sum, 70U);
}

}  // namespace
}  // namespace dlasim::testing
