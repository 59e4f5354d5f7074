#include "sim/netlist/netlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "sim/netlist/block_module.h"
#include "sim/netlist/run_netlist.h"
#include "support/random_networks.h"
#include "support/test_support.h"

namespace dlasim::sim::netlist {
namespace {

class NetlistTest : public testing::Test {
 protected:
  NetlistTest() : random_(5) {
    hardware_.pe_array.ic_lanes = 4;
    hardware_.pe_array.oc_lanes = 4;
    hardware_.control.watchdog_cycles = 2000;
    test::RandomChain chain(random_, {1, 2, 10, 6});
    chain.conv2d(5, {1, 2});
    chain.conv2d(7, {2, 1});
    graph_ = chain.finish();
    program_ = compiler::compile(graph_, hardware_);
    inputs_ = {test::random_tensor(network::DType::kInt8, graph_.tensor(graph_.inputs[0]).shape, random_)};
  }
  engine::RunResult run(const NetlistOptions& options, const engine::RunOptions& run_options = {}) {
    return run_netlist(program_, graph_, hardware_, inputs_, run_options, options);
  }
  engine::RunResult stepped() { return engine::run_cycle(program_, graph_, hardware_, inputs_); }
  bool equals_stepped(const engine::RunResult& result) {
    const auto output = static_cast<std::size_t>(graph_.outputs[0]);
    return std::ranges::equal(result.tensors[output].bytes(), stepped().tensors[output].bytes());
  }

  base::ScratchDirectory scratch_;
  base::Random random_;
  arch::Hardware hardware_;
  network::QuantizedGraph graph_;
  compiler::Program program_;
  std::vector<network::Tensor> inputs_;
};

/// Somebody else's adder tree: the same ports, its own process, and a mistake if wanted.
class OtherAdderTree final : public BlockModule<blocks::AdderTree, AdderTreePorts> {
 public:
  OtherAdderTree(const arch::Hardware& hardware, std::int64_t mistake)
      : BlockModule("adder_tree", hardware), mistake_(mistake) {}

 private:
  void step(blocks::AdderTree& b) override {
    b.step({accepted(input, b), taken(output, b)});
    apply(configure, b);
  }
  void drive(const blocks::AdderTree& b) override {
    input.ready_o.write(b.ready());
    blocks::ChannelSums sums = b.out();
    sums.sum[0] += mistake_;
    output.drive(b.valid() ? &sums : nullptr);
  }
  const std::int64_t mistake_;
};

class OtherFactory final : public BlockFactory {
 public:
  explicit OtherFactory(std::int64_t mistake) : mistake_(mistake) {}
  std::unique_ptr<AdderTreePorts> adder_tree(const arch::Hardware& h) const override {
    return std::make_unique<OtherAdderTree>(h, mistake_);
  }

 private:
  const std::int64_t mistake_;
};

TEST_F(NetlistTest, ABlockCanBeReplaced) {
  const OtherFactory right(0), wrong(1 << 20);
  NetlistOptions options;
  options.factory = &right;
  EXPECT_TRUE(equals_stepped(run(options)));
  options.factory = &wrong;
  EXPECT_FALSE(equals_stepped(run(options))) << "the replacement is not in the netlist";
}

/// A block that never accepts anything.
class DeafPostProcessor final : public PostProcessorPorts {
 public:
  SC_HAS_PROCESS(DeafPostProcessor);
  DeafPostProcessor() : PostProcessorPorts("post_processor") {
    SC_METHOD(on_clock);
    sensitive << clk_i.pos();
  }

 private:
  void on_clock() { input.ready_o.write(false); }
};
class DeafFactory final : public BlockFactory {
  std::unique_ptr<PostProcessorPorts> post_processor(const arch::Hardware&) const override {
    return std::make_unique<DeafPostProcessor>();
  }
};

TEST_F(NetlistTest, TheWatchdogNamesTheHandshakeThatHangs) {
  const DeafFactory deaf;
  NetlistOptions options;
  options.factory = &deaf;
  try {
    run(options);
    FAIL() << "no deadlock";
  } catch (const base::SimulationError& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("deadlock: nothing moved for 2000 cycles"));
    EXPECT_THAT(e.what(), testing::HasSubstr("partial_sum_buffer -> post_processor: valid without ready"));
    EXPECT_THAT(e.what(), testing::HasSubstr("store engine"));
  }
  EXPECT_TRUE(equals_stepped(run({}))) << "a failed run spoils the next";
}

TEST_F(NetlistTest, AnAccessOutsideTheMemoryIsTheBlocksError) {
  // The command stream is said to lie beyond the image's end.
  auto& stream = std::get<compiler::CommandStream>(program_.steps.front());
  stream.address = program_.image.size();
  const auto error_of = [&](const auto& action) -> std::string {
    try {
      action();
    } catch (const base::SimulationError& e) {
      return e.what();
    }
    return "no error";
  };
  const std::string error = error_of([&] { run({}); });
  EXPECT_THAT(error, testing::HasSubstr("dma: read of"));
  EXPECT_EQ(error, error_of([&] { stepped(); }));
}

TEST_F(NetlistTest, SystemcTracesEveryWire) {
  NetlistOptions options;
  options.systemc_trace = scratch_ / "run.vcd";
  run(options);
  const std::string dump = base::read_text_file(scratch_ / "run.vcd");
  for (const char* name :
       {"clk_i", "requests_valid", "requests_ready", "word", "channel_sums_valid", "tiles_done"})
    EXPECT_THAT(dump, testing::HasSubstr(name));
}

TEST_F(NetlistTest, RefusesATraceThatLooksIntoModels) {
  class Sink final : public trace::TraceSink {
    void sample(const trace::AcceleratorView&) override {}
  } sink;
  engine::RunOptions options;
  options.trace = &sink;
  EXPECT_THROW(run({}, options), base::UnsupportedError);
}

}  // namespace
}  // namespace dlasim::sim::netlist
