// The fast engine around its arithmetic: deadlocks and programs that make no sense are named, what needs a
// clock is refused, and an engine that is kept gives what a new one gives.

#include "sim/fast/fast_engine.h"

#include <gtest/gtest.h>

#include <array>
#include <variant>

#include "base/error.h"
#include "differential/random_graph.h"
#include "pass_reader.h"
#include "sim/compiler/compile.h"
#include "support/program_of.h"
#include "support/run_comparison.h"

namespace dlasim::sim::fast {
namespace {

using testing::program_of;

std::string failure_of(const compiler::Program& program, const engine::RunOptions& options = {}) {
  try {
    run_fast(program, {}, arch::Hardware{}, {}, options);
  } catch (const std::exception& e) {
    return e.what();
  }
  return "no error";
}

TEST(FastEngine, NamesEngineTokenAndCommandOfADeadlock) {
  arch::Load load;
  load.wait.compute = 5;
  load.target = arch::LoadTarget::kWeight;
  const std::string what = failure_of(program_of({load, arch::Finish{{1, 0, 0}, 0}}));
  EXPECT_TRUE(what.starts_with("deadlock: nothing moved for 100000 cycles, up to cycle ")) << what;
  EXPECT_NE(what.find("load engine: waits for compute token 5 (has 0) at 'load weight wait_compute=5"),
            std::string::npos)
      << what;
}

TEST(FastEngine, SeesAStreamWithoutAFinish) {
  EXPECT_NE(failure_of(program_of({arch::Configure{}})).find("compute engine: no command"),
            std::string::npos);
}

TEST(FastEngine, StopsAtWhatIsNoCommand) {
  compiler::Program program = program_of({arch::Finish{}});
  program.image[67] = std::byte{0};
  EXPECT_NE(failure_of(program).find("is not the header of a command"), std::string::npos);
}

TEST(FastEngine, RefusesATileWhoseWordsNoLoadHasWritten) {
  arch::RunTile tile;
  tile.activation_word = 7;
  EXPECT_EQ(failure_of(program_of({arch::Configure{}, tile, arch::Finish{{0, 2, 0}, 0}})),
            "fast engine: a tile of layer 0 reads 1 words from activation word 7 on, which no single load of "
            "its pass has written");
}

TEST(FastEngine, StopsAtAnAccessOutsideTheMemory) {
  arch::Load activation;
  activation.region.address = 1 << 20;
  arch::Load weight;
  weight.target = arch::LoadTarget::kWeight;
  arch::Load parameter;
  parameter.target = arch::LoadTarget::kParameter;
  parameter.region.elements = 2;
  parameter.region.element = arch::Element::kInt64;
  const arch::RunTile tile{.wait = {3, 0, 0}};
  const auto program =
      program_of({arch::Configure{}, activation, weight, parameter, tile, arch::Finish{{3, 2, 0}, 0}});
  EXPECT_TRUE(
      failure_of(program).starts_with("dma: the region of 1x1 pixels at 0x100000 leaves the memory of 0x"))
      << failure_of(program);
}

TEST(FastEngine, RefusesWhatNeedsAClock) {
  const auto refusal = [](const engine::RunOptions& options) {
    return failure_of(program_of({arch::Finish{}}), options);
  };
  engine::RunOptions stalls;
  stalls.stalls.per_mille = 1;
  EXPECT_EQ(refusal(stalls), "the fast engine has no random stalls: use the cycle engine");
  engine::RunOptions fault;
  fault.fault = arch::Fault{};
  EXPECT_EQ(refusal(fault), "the fast engine has no faults on purpose: use the cycle engine");
}

TEST(FastEngine, RunsAgainWithOtherInputs) {
  testing::Choices choices(3);
  const testing::RandomGraph net = testing::random_wavenet(choices);
  const arch::Hardware hardware;
  const auto program = compiler::compile(net.graph, hardware);
  std::vector<network::Tensor> others = net.inputs;
  for (network::Tensor& t : others) {
    for (std::int64_t i = 0; i < t.size(); ++i) t.set_integer(i, (i * 37) % 100 - 50);
  }
  FastEngine kept(program, net.graph, hardware, 2);
  const auto first = kept.run(net.inputs);
  const auto second = kept.run(others);
  EXPECT_EQ(testing::run_difference(run_fast(program, net.graph, hardware, net.inputs), first).value_or(""),
            "");
  EXPECT_EQ(testing::run_difference(run_fast(program, net.graph, hardware, others), second).value_or(""), "");
  EXPECT_NE(testing::run_difference(first, second), std::nullopt);
}

/// The first weight and the first bias that the program loads.
std::array<std::uint64_t, 2> first_weight_and_bias(const compiler::Program& program) {
  const memory::DramContents memory(program.image);
  PassReader reader(memory, std::get<compiler::CommandStream>(program.steps.at(0)), arch::Hardware{});
  Pass pass;
  reader.next(pass);
  const Tile& tile = pass.tiles.at(0);
  return {pass.loads.at(tile.weights).region.address, pass.loads.at(tile.parameters).region.address};
}

TEST(FastEngine, KeepsNothingOfWhatCommandsMayWrite) {
  testing::Choices choices(3);
  const testing::RandomGraph net = testing::random_wavenet(choices);
  const arch::Hardware hardware;
  compiler::Program program = compiler::compile(net.graph, hardware);
  program.fixed_from = program.image.size();
  FastEngine kept(program, net.graph, hardware, 2);
  auto last = kept.run(net.inputs);
  for (const std::uint64_t address : first_weight_and_bias(program)) {
    program.image.at(address) ^= std::byte{64};
    const auto next = kept.run(net.inputs);
    EXPECT_EQ(testing::run_difference(run_fast(program, net.graph, hardware, net.inputs), next).value_or(""),
              "");
    EXPECT_NE(testing::run_difference(last, next), std::nullopt) << address;
    last = next;
  }
}

}  // namespace
}  // namespace dlasim::sim::fast
