// The engine around the blocks: deadlocks are named, runs are independent, and a fault of one bit is seen.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "differential/random_graph.h"
#include "golden/interpreter.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "support/program_of.h"

namespace dlasim::sim::engine {
namespace {

using testing::program_of;

std::string failure_of(const compiler::Program& program) {
  arch::Hardware hardware;
  hardware.control.watchdog_cycles = 500;
  try {
    run_cycle(program, {}, hardware, {});
  } catch (const base::SimulationError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Watchdog, NamesEngineTokenAndCommand) {
  arch::Load load;
  load.wait.compute = 5;
  load.target = arch::LoadTarget::kWeight;
  const std::string what = failure_of(program_of({load, arch::Finish{{1, 0, 0}, 0}}));
  EXPECT_TRUE(what.starts_with("deadlock: nothing moved for 500 cycles, up to cycle ")) << what;
  EXPECT_NE(what.find("load engine: waits for compute token 5 (has 0) at 'load weight wait_compute=5"),
            std::string::npos)
      << what;
  EXPECT_NE(what.find("compute engine: waits for load token 1 (has 0) at 'finish wait_load=1'"),
            std::string::npos)
      << what;
  EXPECT_NE(what.find("store engine: no command"), std::string::npos) << what;
}

// More commands wait than the queues hold, so that the fetch channel offers words for ever.
TEST(Watchdog, SeesADeadlockWithAFullQueue) {
  arch::Store store;
  store.wait.compute = 7;
  const std::vector<arch::Command> stores(40, store);
  EXPECT_NE(failure_of(program_of(stores)).find("store engine: waits for compute token 7"),
            std::string::npos);
}

TEST(Watchdog, SeesAStreamWithoutAFinish) {
  EXPECT_NE(failure_of(program_of({arch::Configure{}})).find("compute engine: no command"),
            std::string::npos);
}

TEST(Accelerator, StopsAtAnAccessOutsideTheMemory) {
  arch::Load load;
  load.region.address = 1 << 20;
  const std::string what = failure_of(program_of({load, arch::Finish{{1, 0, 0}, 0}}));
  EXPECT_NE(what.find("dma: read of 1 bytes at 0x100000"), std::string::npos) << what;
}

TEST(Accelerator, StopsAtWhatIsNoCommand) {
  compiler::Program program = program_of({arch::Finish{}});
  program.image[67] = std::byte{0};
  EXPECT_NE(failure_of(program).find("is not the header of a command"), std::string::npos);
}

/// A network of wide sums on few lanes: many cycles, all taps used.
struct Workload {
  explicit Workload(std::uint64_t seed) {
    testing::Choices choices(seed);
    net = testing::random_wavenet(choices);
    hardware.pe_array.ic_lanes = 5;
    hardware.pe_array.oc_lanes = 6;
    program = compiler::compile(net.graph, hardware);
    expected = golden::run(net.graph, net.inputs).front();
  }
  network::Tensor run(const RunOptions& options = {}) const {
    return run_cycle(program, net.graph, hardware, net.inputs, options)
        .tensors[static_cast<std::size_t>(net.graph.outputs[0])];
  }
  std::int64_t count_differing(const network::Tensor& actual) const {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < actual.size(); ++i)
      count += actual.integer(i) != expected.integer(i) ? 1 : 0;
    return count;
  }
  testing::RandomGraph net;
  arch::Hardware hardware;
  compiler::Program program;
  network::Tensor expected;
};

TEST(Accelerator, RunsSeveralSimulationsInOneProcess) {
  const Workload a(3), b(4);
  const auto first = run_cycle(a.program, a.net.graph, a.hardware, a.net.inputs);
  EXPECT_EQ(a.count_differing(a.run()), 0);
  EXPECT_EQ(b.count_differing(b.run()), 0);
  const auto again = run_cycle(a.program, a.net.graph, a.hardware, a.net.inputs);
  EXPECT_EQ(first.cycles, again.cycles);
  EXPECT_EQ(first.tensors, again.tensors);
}

TEST(Accelerator, RunsAfterASimulationThatFailed) {
  const Workload a(3);
  EXPECT_NE(failure_of(program_of({arch::Configure{}})), "no error");
  EXPECT_EQ(a.count_differing(a.run()), 0);
}

class Faults : public ::testing::TestWithParam<arch::Fault> {};

/// At many points of the run: registers that are not in use and values that the clamp hides may mask some,
/// but the comparison must see most kinds of hits.
TEST_P(Faults, AreSeenByTheComparison) {
  const Workload work(7);
  ASSERT_EQ(work.count_differing(work.run()), 0);
  const std::uint64_t cycles = run_cycle(work.program, work.net.graph, work.hardware, work.net.inputs).cycles;
  int seen = 0;
  constexpr std::uint64_t kTrials = 40;
  for (std::uint64_t trial = 0; trial < kTrials; ++trial) {
    RunOptions options;
    options.fault = GetParam();
    options.fault->cycle = cycles * trial / kTrials;
    seen += work.count_differing(work.run(options)) > 0 ? 1 : 0;
  }
  RecordProperty("seen", seen);
  EXPECT_GE(seen, 3);
}

using arch::FaultKind;
INSTANTIATE_TEST_SUITE_P(
    Sites, Faults,
    ::testing::Values(arch::Fault{"pe_array", "weight_2", 6, 0, FaultKind::kFlip},
                      arch::Fault{"post_processor", "mantissa_1", 29, 0, FaultKind::kFlip},
                      arch::Fault{"address_generator", "word_o", 1, 0, FaultKind::kStuck1},
                      arch::Fault{"activation_buffer", "x_o_0", 5, 0, FaultKind::kStuck0},
                      arch::Fault{"weight_loader", "row_w_o_1", 6, 0, FaultKind::kStuck1},
                      arch::Fault{"pe_array", "narrow_o_0", 14, 0, FaultKind::kStuck1},
                      arch::Fault{"adder_tree", "sum_o_1", 16, 0, FaultKind::kStuck1},
                      arch::Fault{"partial_sum_buffer", "sum_o_0", 18, 0, FaultKind::kStuck0},
                      arch::Fault{"post_processor", "value_o_0", 3, 0, FaultKind::kStuck1},
                      arch::Fault{"output_buffer", "data_o_0", 2, 0, FaultKind::kStuck0},
                      arch::Fault{"dma", "loaded_values_o_0", 4, 0, FaultKind::kStuck1}),
    [](const auto& fault) { return fault.param.block + "_" + fault.param.signal; });

// A cycle after the run: the hooks alone change nothing.
TEST(FaultHooks, ChangeNothingBeforeTheirCycle) {
  const Workload work(7);
  for (const char* signal : {"x_o_0", "word_o"}) {
    RunOptions options;
    options.fault = arch::Fault{"activation_buffer", signal, 0, ~0ULL, FaultKind::kFlip};
    EXPECT_EQ(work.count_differing(work.run(options)), 0);
  }
}

std::string refusal_of(const std::string& fault) {
  try {
    const arch::Hardware hardware;
    FaultInjector(arch::parse_fault(fault), hardware);
  } catch (const base::InputError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(FaultExpression, IsRefusedWithWhatThereIs) {
  EXPECT_EQ(refusal_of("activation_buffer.x_o_15[15]@100:stuck1"), "accepted");
  EXPECT_NE(refusal_of("activation_bufer.x_o_0[0]@1").find("did you mean 'activation_buffer'?"),
            std::string::npos);
  EXPECT_NE(refusal_of("adder_tree.sun_o_1[0]@1").find("did you mean 'sum_o_"), std::string::npos);
  EXPECT_NE(refusal_of("activation_buffer.x_o_16[0]@1").find("has no signal 'x_o_16'"), std::string::npos);
  EXPECT_NE(refusal_of("activation_buffer.x_o_0[16]@1").find("has the bits 0 to 15, not 16"),
            std::string::npos);
  for (const char* text : {"", "x", "a.b[1]", "a.b@1", "a.b[x]@1", "a.b[1]@-1", "a.b[1]@1:stuck2",
                           "a.b[1]@99999999999999999999", "a.b[99999999999]@1"})
    EXPECT_NE(refusal_of(text).find("is not BLOCK.SIGNAL[BIT]@CYCLE"), std::string::npos) << text;
  EXPECT_EQ(to_string(arch::parse_fault("a.b_1[2]@3")), "a.b_1[2]@3:flip");
  EXPECT_EQ(to_string(arch::parse_fault("a.b_1[2]@3:stuck0")), "a.b_1[2]@3:stuck0");
}

/// Whatever goes wrong, the simulation ends: with bits, or with an error of the simulated machine.
TEST(FaultSites, EveryKindOfSignalEndsWell) {
  Workload work(7);
  work.hardware.control.watchdog_cycles = 5000;
  const std::uint64_t cycles = run_cycle(work.program, work.net.graph, work.hardware, work.net.inputs).cycles;
  std::string last;
  int tried = 0;
  for (const FaultSite& site : fault_sites(work.hardware)) {
    const std::string kind = site.block + site.signal.substr(0, site.signal.find_last_of("0123456789"));
    if (kind == last) continue;  // the next lane of the same
    last = kind;
    for (const FaultKind how : {FaultKind::kFlip, FaultKind::kStuck1}) {
      RunOptions options;
      options.fault = arch::Fault{site.block, site.signal, site.bits - 1, cycles / 2, how};
      try {
        work.run(options);
      } catch (const base::SimulationError&) {
        // a deadlock, or an access outside a memory
      }
      ++tried;
    }
  }
  EXPECT_GT(tried, 100);
}

}  // namespace
}  // namespace dlasim::sim::engine
