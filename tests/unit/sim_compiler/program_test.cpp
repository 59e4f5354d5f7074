// Programs of random graphs on random hardware: no deadlock and no race whatever the engines' speeds.

#include <gtest/gtest.h>

#include "base/error.h"
#include "command_replay.h"
#include "differential/random_graph.h"
#include "sim/compiler/compile.h"

namespace dlasim::sim::compiler {
namespace {

/// Programs of a kind of graph; `check(program, hardware, description)`.
template <class Check>
void for_random_programs(std::uint64_t seeds, testing::RandomGraph (*make_graph)(testing::Choices&),
                         Check check) {
  int compiled = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    testing::Choices choices(seed);
    const testing::RandomGraph net = make_graph(choices);
    const arch::Hardware hardware = testing::random_hardware(choices);
    Program program;
    try {
      program = compile(net.graph, hardware);
    } catch (const base::InputError&) {
      continue;  // does not fit buffers this small
    }
    ++compiled;
    check(program, hardware, "seed " + std::to_string(seed) + "\n" + net.description);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(compiled, static_cast<int>(seeds) / 2);
}

TEST(Programs, WaitForWhatTheyTouchAndOnlyForWhatStandsBefore) {
  const auto check = [](const Program& program, const arch::Hardware& hardware, const std::string& what) {
    const auto commands = commands_of(program);
    if (commands.size() > 1500) return;  // all pairs are compared
    EXPECT_EQ(find_hazard(commands, hardware), "") << what;
  };
  for_random_programs(250, testing::random_graph, check);
  for_random_programs(60, testing::random_wavenet, check);
}

// The checker is checked: with any wait of a program taken away that matters, it must speak up.
TEST(Programs, HazardCheckSeesMissingWaits) {
  testing::Choices choices(5);
  const testing::RandomGraph net = testing::random_wavenet(choices);
  const arch::Hardware hardware = [] {
    arch::Hardware h;
    h.pe_array.ic_lanes = h.pe_array.oc_lanes = 4;
    h.buffers.activation_kib = h.buffers.weight_kib = h.buffers.output_kib = h.buffers.operand_kib = 1;
    return h;
  }();
  const auto commands = commands_of(compile(net.graph, hardware));
  ASSERT_EQ(find_hazard(commands, hardware), "");
  int found[3] = {0, 0, 0};
  for (std::size_t i = 0; i < commands.size() && i < 120; ++i) {
    for (int token = 0; token < 3; ++token) {
      auto broken = commands;
      std::visit(
          [&](auto& c) {
            (token == 0 ? c.wait.load : token == 1 ? c.wait.compute : c.wait.store) = 0;
          },
          broken[i]);
      if (broken[i] != commands[i] && !find_hazard(broken, hardware).empty()) ++found[token];
    }
  }
  EXPECT_GT(found[0], 0);
  EXPECT_GT(found[1], 0);
  EXPECT_GT(found[2], 0);
  auto backwards = commands;
  std::visit([](auto& c) { c.wait.store = 1; }, backwards.front());
  EXPECT_NE(find_hazard(backwards, hardware).find("waits for one behind it"), std::string::npos);
}

// No stride of a store is negative, so its region ends with its last element.
std::uint64_t end_of(const arch::Region& r) {
  const auto behind = [](std::uint32_t count, std::int64_t stride) {
    return count == 0 ? 0 : static_cast<std::uint64_t>((std::int64_t{count} - 1) * stride);
  };
  return r.address + behind(r.rows, r.row_stride) + behind(r.pixels, r.pixel_stride) +
         std::uint64_t{r.elements} * static_cast<std::uint64_t>(arch::bytes_of(r.element));
}

TEST(Programs, StoreNothingIntoWhatIsFixed) {
  const auto check = [](const Program& program, const arch::Hardware&, const std::string& what) {
    ASSERT_LT(program.fixed_from, program.image.size()) << what;
    for (const arch::Command& command : commands_of(program)) {
      const auto* store = std::get_if<arch::Store>(&command);
      if (store == nullptr) continue;
      ASSERT_LE(end_of(store->region), program.fixed_from) << what;
    }
  };
  for_random_programs(100, testing::random_graph, check);
}

TEST(Programs, HoldWeightsOnce) {
  constexpr std::int64_t kSide = 256;
  network::QuantizedGraph graph;
  const auto add = [&graph](network::Shape shape, network::Constant constant) {
    return graph.add_tensor({"t", network::DType::kInt8, std::move(shape), {}, {}, std::move(constant)});
  };
  const auto x = add({1, kSide}, {});
  const auto w = add({kSide, kSide}, network::Tensor(network::DType::kInt8, {kSide, kSide}));
  const auto y = add({1, kSide}, {});
  network::qop::FullyConnected layer;
  layer.mac.multiplier = {{1 << 30, 0}};
  graph.nodes = {{"layer", layer, {x, w, network::kNoTensor}, {y}, {}}};
  graph.inputs = {x};
  graph.outputs = {y};
  const Program program = compile(graph, arch::Hardware{});
  EXPECT_LT(static_cast<std::int64_t>(program.image.size()), kSide * kSide * 3 / 2);
  EXPECT_EQ(program.tensors[static_cast<std::size_t>(w)].bytes, 0U);
}

TEST(Programs, RunTheGateOfAWaveNetInOnePass) {
  int gates = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    testing::Choices choices(seed);
    const testing::RandomGraph net = testing::random_wavenet(choices);
    const Program program = compile(net.graph, arch::Hardware{});
    for (const Layer& layer : program.layers) gates += layer.kind == "conv2d+gate" ? 1 : 0;
    for (const Layer& layer : program.layers) EXPECT_NE(layer.kind, "slice") << net.description;
  }
  EXPECT_GE(gates, 10);
}

TEST(Programs, AreTheSameEveryTime) {
  testing::Choices first(9), second(9);
  const Program a = compile(testing::random_wavenet(first).graph, arch::Hardware{});
  const Program b = compile(testing::random_wavenet(second).graph, arch::Hardware{});
  EXPECT_EQ(a.image, b.image);
}

}  // namespace
}  // namespace dlasim::sim::compiler
