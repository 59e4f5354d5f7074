// The two schedulers of the blocks, cycle by cycle: every hand-shake, every counter, every valid beat, every
// tensor. Random networks on random accelerators, with and without stalls.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/netlist/run_netlist.h"
#include "support/random_networks.h"

namespace dlasim::sim::netlist {
namespace {

class Recorder final : public trace::TraceSink {
 public:
  void sample(const trace::AcceleratorView& view) override { states.push_back(handshake_state(view)); }
  std::vector<HandshakeState> states;
};

struct Case {
  explicit Case(std::uint64_t seed) : random(seed), hardware(test::random_hardware(random)) {
    graph = test::random_network(random);
    program = compiler::compile(graph, hardware);
    inputs = {test::random_tensor(network::DType::kInt8, graph.tensor(graph.inputs[0]).shape, random)};
  }
  base::Random random;
  arch::Hardware hardware;
  network::QuantizedGraph graph;
  compiler::Program program;
  std::vector<network::Tensor> inputs;
};

struct Outcome {
  engine::RunResult result;
  std::vector<HandshakeState> states;
};

Outcome run_stepped(const Case& c, engine::RunOptions options) {
  Recorder recorder;
  options.trace = &recorder;
  return {engine::run_cycle(c.program, c.graph, c.hardware, c.inputs, options), std::move(recorder.states)};
}

Outcome run_modules(const Case& c, const engine::RunOptions& options) {
  Outcome outcome;
  NetlistOptions netlist;
  netlist.observer = [&outcome](const HandshakeState& state) { outcome.states.push_back(state); };
  outcome.result = run_netlist(c.program, c.graph, c.hardware, c.inputs, options, netlist);
  return outcome;
}

void expect_equal(const Outcome& stepped, const Outcome& modules) {
  const auto [a, b] = std::ranges::mismatch(stepped.states, modules.states);
  const auto cycle = a - stepped.states.begin();
  ASSERT_TRUE(a == stepped.states.end() && b == modules.states.end())
      << "first difference in cycle " << cycle;
  EXPECT_EQ(stepped.result.cycles, modules.result.cycles);
  ASSERT_EQ(stepped.states.size(), stepped.result.cycles);
  ASSERT_EQ(stepped.result.layers.size(), modules.result.layers.size());
  for (std::size_t i = 0; i < stepped.result.layers.size(); ++i) {
    EXPECT_EQ(stepped.result.layers[i].cycles, modules.result.layers[i].cycles) << "layer " << i;
    EXPECT_EQ(stepped.result.layers[i].beats, modules.result.layers[i].beats) << "layer " << i;
    EXPECT_GT(stepped.result.layers[i].beats, 0U) << "layer " << i;
  }
  EXPECT_EQ(stepped.result.load_busy_cycles, modules.result.load_busy_cycles);
  EXPECT_EQ(stepped.result.store_busy_cycles, modules.result.store_busy_cycles);
  EXPECT_EQ(stepped.result.dram.requests, modules.result.dram.requests);
  EXPECT_EQ(stepped.result.dram.row_misses, modules.result.dram.row_misses);
  ASSERT_EQ(stepped.result.tensors.size(), modules.result.tensors.size());
  for (std::size_t t = 0; t < stepped.result.tensors.size(); ++t) {
    EXPECT_TRUE(std::ranges::equal(stepped.result.tensors[t].bytes(), modules.result.tensors[t].bytes()))
        << "tensor " << t;
  }
}

bool was_held_back(const HandshakeState& s) {
  for (std::size_t h = 0; h < blocks::kHandshakes; ++h) {
    if (s.valid[h] && s.ready[h] && !s.moves[h]) return true;
  }
  return false;
}

class Schedulers : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Schedulers, AreEqualInEveryCycle) {
  const Case c(GetParam());
  expect_equal(run_stepped(c, {}), run_modules(c, {}));
}

TEST_P(Schedulers, AreEqualInEveryCycleUnderRandomStalls) {
  const Case c(GetParam());
  engine::RunOptions options;
  options.stalls = {GetParam() + 100, 150};
  const Outcome stepped = run_stepped(c, options);
  expect_equal(stepped, run_modules(c, options));

  const Outcome free = run_stepped(c, {});
  EXPECT_TRUE(std::ranges::any_of(stepped.states, was_held_back));
  EXPECT_FALSE(std::ranges::any_of(free.states, was_held_back));
  for (std::size_t t = 0; t < free.result.tensors.size(); ++t) {
    EXPECT_TRUE(std::ranges::equal(stepped.result.tensors[t].bytes(), free.result.tensors[t].bytes()))
        << "tensor " << t << " depends on the stalls";
  }
}

// The accelerator waits for the host in the middle: the clock goes on where it stopped.
TEST_P(Schedulers, AreEqualAroundAHostStep) {
  Case c(GetParam());
  test::RandomChain chain(c.random, {1, 2, 9, 5});
  chain.conv2d(6, {1, 2});
  chain.softmax();
  chain.conv2d(4, {2, 1});
  chain.softmax();
  chain.residual();
  c.graph = chain.finish();
  c.program = compiler::compile(c.graph, c.hardware);
  c.inputs = {test::random_tensor(network::DType::kInt8, {1, 2, 9, 5}, c.random)};
  const auto streams = std::ranges::count_if(c.program.steps, [](const compiler::Step& s) {
    return std::holds_alternative<compiler::CommandStream>(s);
  });
  ASSERT_EQ(streams, 3);
  engine::RunOptions options;
  options.host = [](const auto&, const auto&, std::span<const network::Tensor> inputs) {
    network::Tensor negated = inputs[0];
    for (std::int64_t i = 0; i < negated.size(); ++i) negated.set_integer(i, -1 - negated.integer(i));
    return std::vector<network::Tensor>{negated};
  };
  Outcome stepped = run_stepped(c, options), modules = run_modules(c, options);
  for (Outcome* o : {&stepped, &modules}) {
    // Host layers have no beats.
    std::erase_if(o->result.layers, [](const engine::LayerResult& l) { return l.beats == 0; });
  }
  ASSERT_EQ(stepped.result.layers.size(), 3U);
  expect_equal(stepped, modules);
}

INSTANTIATE_TEST_SUITE_P(Random, Schedulers, testing::Range<std::uint64_t>(1, 17));

}  // namespace
}  // namespace dlasim::sim::netlist
