// Random small graphs on random hardware under random stalls: the clocked accelerator must give the golden
// model's bits in every tensor. A failing case is shrunk and printed with its seed.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "golden/interpreter.h"
#include "random_graph.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"

namespace dlasim::testing {
namespace {

using sim::arch::Hardware;

struct Case {
  RandomGraph net;
  Hardware hardware;
  sim::engine::RunOptions options;
  std::string description;
};

Case make_case(Choices& c, RandomGraph (*make_graph)(Choices&)) {
  Case result;
  result.net = make_graph(c);
  result.hardware = random_hardware(c);
  result.options.stalls.per_mille = c.one_of<std::uint32_t>({0, 50, 300, 700});
  result.options.stalls.seed = static_cast<std::uint64_t>(c.pick(1, 1000));
  result.description = result.net.description + describe(result.hardware) +
                       fmt::format("  stalls: {} per mille\n", result.options.stalls.per_mille);
  return result;
}

/// Buffers grow until the layer fits: which ones are too small for one tap is the tiler's own test.
sim::compiler::Program compile_with_room(const Case& c, Hardware& hardware, bool fuse) {
  hardware = c.hardware;
  for (;;) {
    try {
      return sim::compiler::compile(c.net.graph, hardware, {fuse});
    } catch (const base::InputError&) {
      if (hardware.buffers.weight_kib > 1024) throw;
      hardware.buffers.weight_kib *= 2;
      hardware.buffers.activation_kib *= 2;
      hardware.pe_array.max_taps = std::max(hardware.pe_array.max_taps, 12);  // a pool's window stays whole
    }
  }
}

/// What differs, or nothing.
std::optional<std::string> difference(const Case& c, bool fuse) {
  const std::vector<network::Tensor> expected = golden::run_all(c.net.graph, c.net.inputs);
  sim::engine::RunResult actual;
  try {
    Hardware hardware;
    const auto program = compile_with_room(c, hardware, fuse);
    actual = sim::engine::run_cycle(program, c.net.graph, hardware, c.net.inputs, c.options);
  } catch (const std::exception& e) {
    return std::string("threw: ") + e.what();
  }
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

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Every case of a seed range, with its smallest form if it fails. DLASIM_RANDOM_SEED and DLASIM_RANDOM_COUNT
/// give another range: to repeat a failure, or to soak.
void run_cases(std::uint64_t first_seed, std::uint64_t count, RandomGraph (*make_graph)(Choices&)) {
  first_seed = from_environment("DLASIM_RANDOM_SEED", first_seed);
  count = from_environment("DLASIM_RANDOM_COUNT", count);
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    for (const bool fuse : {true, false}) {
      Choices choices(seed);
      const Case c = make_case(choices, make_graph);
      if (!fuse && c.net.graph.nodes.size() == 1) continue;
      const auto what = difference(c, fuse);
      if (!what) continue;
      const auto smallest = shrink(
          choices.taken(),
          [&](const std::vector<std::uint64_t>& trial) {
            Choices replay(seed, trial);
            const auto smaller = difference(make_case(replay, make_graph), fuse);
            return smaller && smaller->starts_with("threw") == what->starts_with("threw");  // the same defect
          },
          400);
      Choices replay(seed, smallest);
      const Case small = make_case(replay, make_graph);
      ADD_FAILURE() << "seed " << seed << (fuse ? "" : ", not fused") << ": " << *what
                    << "\nsmallest: " << difference(small, fuse).value_or("gone") << "\n"
                    << small.description;
      return;  // one at a time: the next is often the same defect
    }
  }
}

// Split over tests so that ctest spreads them over cores.
class RandomLayers : public ::testing::TestWithParam<std::uint64_t> {};
TEST_P(RandomLayers, AccelerateBitExact) {
  run_cases(1000 + 200 * GetParam(), 200, random_graph);
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomLayers, ::testing::Range<std::uint64_t>(0, 4));

TEST(RandomWavenets, AccelerateBitExact) {
  run_cases(5000, 100, random_wavenet);
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
