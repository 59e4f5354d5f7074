// RTL in the netlist: it computes what the models compute, and what it gets wrong is found.

#include "sim/cosim/cosim_factory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "faulty_blocks.h"
#include "sim/compiler/compile.h"
#include "sim/cosim/configurations.h"
#include "sim/engine/cycle_engine.h"
#include "sim/netlist/run_netlist.h"
#include "support/random_networks.h"

namespace dlasim::sim::cosim {
namespace {

class CosimFactoryTest : public testing::Test {
 protected:
  CosimFactoryTest() : hardware_(configuration("small")), random_(11) {
    test::RandomChain chain(random_, {1, 2, 12, 6});
    chain.conv2d(9, {1, 3});
    chain.conv2d(7, {2, 1});
    graph_ = chain.finish();
    program_ = compiler::compile(graph_, hardware_);
    inputs_ = {test::random_tensor(network::DType::kInt8, graph_.tensor(graph_.inputs[0]).shape, random_)};
  }
  void SetUp() override {
    if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  }
  engine::RunResult run(const CosimFactory& factory, blocks::StallPlan stalls = {}) {
    netlist::NetlistOptions options;
    options.factory = &factory;
    engine::RunOptions run_options;
    run_options.stalls = stalls;
    return netlist::run_netlist(program_, graph_, hardware_, inputs_, run_options, options);
  }
  void expect_equals_model(const engine::RunResult& result, blocks::StallPlan stalls = {}) {
    engine::RunOptions options;
    options.stalls = stalls;
    const engine::RunResult model = engine::run_cycle(program_, graph_, hardware_, inputs_, options);
    EXPECT_EQ(result.cycles, model.cycles);
    for (const compiler::Layer& layer : program_.layers) {
      const auto id = static_cast<std::size_t>(layer.output);
      ASSERT_GT(model.tensors[id].size(), 0);
      EXPECT_TRUE(std::ranges::equal(result.tensors[id].bytes(), model.tensors[id].bytes())) << layer.name;
    }
  }

  const arch::Hardware hardware_;
  base::Random random_;
  network::QuantizedGraph graph_;
  compiler::Program program_;
  std::vector<network::Tensor> inputs_;
};

TEST_F(CosimFactoryTest, EachBlockAsRtlGivesTheModelsCyclesAndBits) {
  for (const std::string& block : block_names()) {
    SCOPED_TRACE(block);
    CosimFactory factory;
    factory.set_mode(block, Mode::kRtl);
    expect_equals_model(run(factory));
  }
}

TEST_F(CosimFactoryTest, AllBlocksAsRtlGiveTheModelsCyclesAndBits) {
  const blocks::StallPlan stalls{3, 250};
  CosimFactory factory;
  factory.set_mode(kAllBlocks, Mode::kRtl);
  expect_equals_model(run(factory), {});
  expect_equals_model(run(factory, stalls), stalls);
}

TEST_F(CosimFactoryTest, AllBlocksInLockstepCompareEveryCycle) {
  const blocks::StallPlan stalls{5, 250};
  CosimFactory factory;
  factory.set_mode(kAllBlocks, Mode::kLockstep);
  const engine::RunResult result = run(factory, stalls);
  expect_equals_model(result, stalls);
  EXPECT_NO_THROW(factory.require_compared());
  EXPECT_EQ(factory.difference(), nullptr);
  ASSERT_EQ(factory.results().size(), block_names().size());
  for (const auto& [block, compared] : factory.results()) {
    EXPECT_GE(compared.cycles, result.cycles) << block;
    EXPECT_GT(compared.values, 2 * compared.cycles) << block;
  }
}

TEST_F(CosimFactoryTest, TheCoreAsRtlGivesTheModelsCyclesAndBits) {
  CosimFactory factory;
  factory.set_mode(kCore, Mode::kRtl);
  for (const blocks::StallPlan stalls : {blocks::StallPlan{}, blocks::StallPlan{3, 250}}) {
    const engine::RunResult result = run(factory, stalls);
    expect_equals_model(result, stalls);
    engine::RunOptions options;
    options.stalls = stalls;
    const engine::RunResult model = engine::run_cycle(program_, graph_, hardware_, inputs_, options);
    ASSERT_EQ(result.layers.size(), model.layers.size());
    for (std::size_t i = 0; i < model.layers.size(); ++i) {
      EXPECT_EQ(result.layers[i].cycles, model.layers[i].cycles) << i;
      EXPECT_EQ(result.layers[i].beats, model.layers[i].beats) << i;
    }
  }
}

TEST_F(CosimFactoryTest, TheCoreInLockstepComparesEveryPortInEveryCycle) {
  constexpr std::uint64_t kPorts =
      18;  // six hand-shakes, four flags and counters, those of the output buffer
  for (const blocks::StallPlan stalls : {blocks::StallPlan{}, blocks::StallPlan{5, 250}}) {
    CosimFactory factory;
    factory.set_mode(kCore, Mode::kLockstep);
    const engine::RunResult result = run(factory, stalls);
    expect_equals_model(result, stalls);
    EXPECT_NO_THROW(factory.require_compared());
    const LockstepResult& compared = factory.results().at(kCore);
    EXPECT_GE(compared.cycles, result.cycles);
    EXPECT_GE(compared.values, kPorts * compared.cycles);
  }
}

TEST_F(CosimFactoryTest, AWrongBitAtAPortOfTheCoreIsReportedInItsCycle) {
  static constexpr std::uint64_t kCycle = 400;
  CosimFactory factory;
  factory.set_mode(kCore, Mode::kLockstep);
  factory.set_core([](const arch::Hardware& h) {
    auto core = make_rtl_core(h);
    core->module()->inject({"", "tiles_done_o", 3, kCycle, arch::FaultKind::kFlip});
    return core;
  });
  EXPECT_THROW(run(factory), base::SimulationError);
  ASSERT_NE(factory.difference(), nullptr);
  const Difference& d = *factory.difference();
  EXPECT_EQ(d.block, "core");
  EXPECT_EQ(d.cycle, kCycle);
  EXPECT_EQ(d.port, "tiles_done_o");
  EXPECT_EQ(d.expected ^ d.got, 8);
}

TEST_F(CosimFactoryTest, RtlAndLockstepMix) {
  CosimFactory factory;
  factory.set_mode("pe_array", Mode::kRtl);
  factory.set_mode("adder_tree", Mode::kLockstep);
  expect_equals_model(run(factory));
  EXPECT_EQ(factory.results().size(), 1U);
}

TEST_F(CosimFactoryTest, AFlippedHandshakeIsReportedInItsCycle) {
  static constexpr std::uint64_t kCycle = 321;
  CosimFactory factory;
  factory.set_mode("adder_tree", Mode::kLockstep);
  factory.set_rtl<blocks::AdderTree>([](const arch::Hardware& h) {
    return std::make_unique<FlippedReady>(make_rtl<blocks::AdderTree>(h), kCycle);
  });
  EXPECT_THROW(run(factory), base::SimulationError);
  ASSERT_NE(factory.difference(), nullptr);
  const Difference& d = *factory.difference();
  EXPECT_EQ(d.block, "adder_tree");
  EXPECT_EQ(d.cycle, kCycle);
  EXPECT_EQ(d.port, "ready_o");
  EXPECT_NE(d.expected, d.got);
  EXPECT_EQ(factory.results().at("adder_tree").cycles, kCycle + 1) << "the run goes on after the difference";
}

TEST_F(CosimFactoryTest, AFlippedBitOfABeatIsReportedWithItsPlace) {
  std::uint64_t flipped = 0;
  CosimFactory factory;
  factory.set_mode(kAllBlocks, Mode::kLockstep);
  factory.set_rtl<blocks::AdderTree>([&flipped](const arch::Hardware& h) {
    return std::make_unique<FlippedSum>(make_rtl<blocks::AdderTree>(h), 300, &flipped);
  });
  EXPECT_THROW(run(factory), base::SimulationError);
  ASSERT_NE(factory.difference(), nullptr);
  const Difference& d = *factory.difference();
  EXPECT_EQ(d.block, "adder_tree");
  EXPECT_GE(d.cycle, 300U);
  EXPECT_EQ(d.cycle, flipped);
  EXPECT_EQ(d.port, "sum");
  EXPECT_EQ(d.lane, 2);
  EXPECT_EQ(d.expected ^ d.got, 16);
  EXPECT_TRUE(d.place.known);
  EXPECT_LT(d.place.layer, program_.layers.size());
}

/// Two Verilated instances of one block; the second never gets a beat.
class TwoInstances final : public RtlBlock<blocks::PartialSumBuffer> {
 public:
  TwoInstances(const arch::Hardware& h, bool* second_moved)
      : first_(make_rtl<blocks::PartialSumBuffer>(h)),
        second_(make_rtl<blocks::PartialSumBuffer>(h)),
        second_moved_(second_moved) {}
  bool ready() const override { return first_->ready(); }
  bool valid() const override { return first_->valid(); }
  void step(const In& in) override {
    first_->step(in);
    second_->step({nullptr, false});
    out_ = first_->out();
    *second_moved_ = *second_moved_ || second_->valid() || !second_->ready();
  }

 private:
  std::unique_ptr<RtlBlock<blocks::PartialSumBuffer>> first_, second_;
  bool* const second_moved_;
};

TEST_F(CosimFactoryTest, TwoInstancesOfOneBlockDoNotDisturbEachOther) {
  bool second_moved = false;
  CosimFactory factory;
  factory.set_mode("partial_sum_buffer", Mode::kLockstep);
  factory.set_rtl<blocks::PartialSumBuffer>(
      [&second_moved](const arch::Hardware& h) { return std::make_unique<TwoInstances>(h, &second_moved); });
  expect_equals_model(run(factory));
  EXPECT_NO_THROW(factory.require_compared());
  EXPECT_FALSE(second_moved) << "the instance without inputs shows a beat";
}

TEST(CosimFactoryModes, RefusesWhatItDoesNotKnow) {
  CosimFactory factory;
  try {
    factory.set_mode("pe_aray", Mode::kRtl);
    FAIL() << "accepted";
  } catch (const base::InputError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("did you mean 'pe_array'?"));
  }
  factory.set_mode("pe_array", Mode::kRtl);
  EXPECT_NO_THROW(factory.set_mode("pe_array", Mode::kRtl));
  EXPECT_THROW(factory.set_mode(kAllBlocks, Mode::kLockstep), base::InputError);
  EXPECT_THROW(factory.set_mode("core", Mode::kLockstep), base::InputError);
}

TEST(CosimFactoryModes, HavingComparedNothingIsAnError) {
  CosimFactory factory;
  EXPECT_NO_THROW(factory.require_compared());
  factory.set_mode("adder_tree", Mode::kLockstep);
  EXPECT_THROW(factory.require_compared(), base::SimulationError);
}

}  // namespace
}  // namespace dlasim::sim::cosim
