#include "sim/trace/vcd_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "base/file.h"
#include "sim/compiler/compile.h"
#include "sim/engine/cycle_engine.h"
#include "support/random_networks.h"
#include "support/test_support.h"
#include "vcd_reader.h"

namespace dlasim::sim::trace {
namespace {

constexpr std::uint64_t kPeriod = 5000;  // 200 MHz in picoseconds

/// Passes every sample on, and keeps what the test looks at, taken from the blocks by itself.
class Recorder final : public TraceSink {
 public:
  struct Cycle {
    bool request_valid, request_moves, output_valid;
    std::uint32_t word, output_word, layer;
    std::int32_t output_lane_1;
    std::int64_t sum_lane_0;
    bool sum_valid;
  };
  explicit Recorder(TraceSink& next) : next_(next) {}
  void sample(const AcceleratorView& a) override {
    const auto& request = a.address_generator.out();
    const auto& output = a.post_processor.out();
    cycles.push_back({a.address_generator.valid(),
                      a.address_generator.valid() && a.activation_buffer.ready() &&
                          !a.is_stalled(blocks::Handshake::kTapRequest),
                      a.post_processor.valid(), request.word, output.word, a.address_generator.layer(),
                      output.value.at(1), a.adder_tree.out().sum.at(0), a.adder_tree.valid()});
    next_.sample(a);
  }
  std::vector<Cycle> cycles;

 private:
  TraceSink& next_;
};

class VcdTraceTest : public testing::Test {
 protected:
  VcdTraceTest() : random_(7) {
    hardware_.pe_array.ic_lanes = 4;
    hardware_.pe_array.oc_lanes = 4;
    test::RandomChain chain(random_, {1, 3, 12, 6});
    chain.conv2d(8, {2, 3}, {1, 1}, {1, 2});
    chain.residual();
    chain.conv2d(3, {1, 2}, {1, 2});
    graph_ = chain.finish();
    program_ = compiler::compile(graph_, hardware_);
    inputs_ = {test::random_tensor(network::DType::kInt8, graph_.tensor(graph_.inputs[0]).shape, random_)};
  }
  engine::RunResult run(TraceSink* sink, std::uint32_t stalls_per_mille = 0) {
    engine::RunOptions options;
    options.stalls = {3, stalls_per_mille};
    options.trace = sink;
    return engine::run_cycle(program_, graph_, hardware_, inputs_, options);
  }
  VcdFile record(const VcdOptions& options, std::uint32_t stalls_per_mille = 0) {
    VcdTrace trace(scratch_ / "run.vcd", hardware_, options);
    Recorder recorder(trace);
    run(&recorder, stalls_per_mille);
    trace.close();
    trace.write_layout();
    cycles_ = recorder.cycles;
    return read_vcd(scratch_ / "run.vcd");
  }

  /// Through a sink that watches every cycle.
  void run_all(const VcdOptions& options, const std::filesystem::path& path) {
    VcdTrace trace(path, hardware_, options);
    Recorder recorder(trace);
    run(&recorder);
    trace.close();
  }

  base::ScratchDirectory scratch_;
  base::Random random_;
  arch::Hardware hardware_;
  network::QuantizedGraph graph_;
  compiler::Program program_;
  std::vector<network::Tensor> inputs_;
  std::vector<Recorder::Cycle> cycles_;
};

std::uint64_t bits(std::int32_t value) {
  return static_cast<std::uint32_t>(value);
}

/// Reads a dump forward: the value of each signal in each cycle.
class Replay {
 public:
  explicit Replay(const VcdFile& file) : file_(file) {}
  /// The value in `cycle`; cycles must not fall.
  const std::string& operator()(const std::string& name, std::uint64_t cycle) {
    std::size_t& at = positions_[name];
    const auto& changes = file_.of(name);
    while (at + 1 < changes.size() && changes[at + 1].time <= cycle * kPeriod) ++at;
    return changes[at].value;
  }
  std::uint64_t number(const std::string& name, std::uint64_t cycle) {
    return std::stoull((*this)(name, cycle), nullptr, 2);
  }

 private:
  const VcdFile& file_;
  std::map<std::string, std::size_t> positions_;
};

void expect_cycles(const VcdFile& file, const std::vector<Recorder::Cycle>& cycles, std::size_t from,
                   std::size_t to) {
  Replay value(file);
  for (std::size_t c = from; c <= to; ++c) {
    SCOPED_TRACE("cycle " + std::to_string(c));
    const Recorder::Cycle& expected = cycles[c];
    ASSERT_EQ(value.number("dla.cycle", c), c);
    ASSERT_EQ(value.number("dla.address_generator.valid_o", c), std::uint64_t{expected.request_valid});
    ASSERT_EQ(
        value("dla.address_generator.valid_o", c) == "1" && value("dla.address_generator.ready_i", c) == "1",
        expected.request_moves);
    ASSERT_EQ(
        value("dla.activation_buffer.valid_i", c) == "1" && value("dla.activation_buffer.ready_o", c) == "1",
        expected.request_moves);
    if (expected.request_valid) {
      ASSERT_EQ(value.number("dla.address_generator.word_o", c), expected.word);
      ASSERT_EQ(value.number("dla.activation_buffer.word_i", c), expected.word);
    }
    if (expected.sum_valid) {
      ASSERT_EQ(value.number("dla.adder_tree.sum_o_0", c), static_cast<std::uint64_t>(expected.sum_lane_0));
    }
    if (expected.output_valid) {
      ASSERT_EQ(value.number("dla.post_processor.word_o", c), expected.output_word);
      ASSERT_EQ(value.number("dla.post_processor.value_o_1", c), bits(expected.output_lane_1));
    }
  }
}

TEST_F(VcdTraceTest, HoldsWhatTheBlocksHeldInEveryCycle) {
  const VcdFile file = record({});
  ASSERT_GT(cycles_.size(), 500U);
  expect_cycles(file, cycles_, 0, cycles_.size() - 1);
}

TEST_F(VcdTraceTest, ShowsAStallAsAHandshakeThatIsHeldBack) {
  const VcdFile file = record({}, 200);
  expect_cycles(file, cycles_, 0, cycles_.size() - 1);
}

TEST_F(VcdTraceTest, WritesAValueOnlyWhenItChanges) {
  const VcdFile file = record({});
  const std::string clock = file.variables.at("dla.clk_i").id;
  std::size_t changes = 0;
  for (const auto& [id, list] : file.changes) {
    for (std::size_t i = 1; i < list.size(); ++i) {
      EXPECT_NE(list[i].value, list[i - 1].value) << id << " at " << list[i].time;
      changes += id != clock;
    }
  }
  EXPECT_GT(changes, cycles_.size());
  EXPECT_EQ(file.of("dla.clk_i").size(), 2 * cycles_.size() + 1);  // and unknown at the end
}

TEST_F(VcdTraceTest, DoesNotChangeTheRun) {
  const auto plain = run(nullptr, 50);
  VcdTrace trace(scratch_ / "run.vcd", hardware_);
  const auto traced = run(&trace, 50);
  EXPECT_EQ(plain.cycles, traced.cycles);
  EXPECT_EQ(trace.cycles_recorded(), traced.cycles);
}

TEST_F(VcdTraceTest, RecordsOnlyItsWindow) {
  VcdOptions options;
  options.window.from = 310;
  options.window.to = 350;
  const VcdFile file = record(options);
  ASSERT_GT(cycles_.size(), 400U);
  expect_cycles(file, cycles_, 310, 350);
  EXPECT_THAT(file.sections, testing::ElementsAre("$dumpvars@" + std::to_string(310 * kPeriod),
                                                  "$dumpoff@" + std::to_string(351 * kPeriod)));
  for (const auto& [id, list] : file.changes) {
    EXPECT_GE(list.front().time, 310 * kPeriod);
    EXPECT_LE(list.back().time, 351 * kPeriod);
    EXPECT_EQ(list.back().value, "x");
  }
}

TEST_F(VcdTraceTest, RecordsOnlyItsLayer) {
  VcdOptions options;
  options.window.layer = 1;
  const VcdFile file = record(options);
  std::size_t first = 0;
  while (cycles_[first].layer != 1) ++first;
  std::size_t last = first;
  while (last + 1 < cycles_.size() && cycles_[last + 1].layer == 1) ++last;
  ASSERT_GT(first, 0U);
  ASSERT_LT(last + 1, cycles_.size());
  expect_cycles(file, cycles_, first, last);
  EXPECT_EQ(file.of("dla.cycle").front().time, first * kPeriod);
  for (const VcdChange& c : file.of("dla.post_processor.layer_o"))
    EXPECT_TRUE(c.value == "1" || c.value == "x");
}

TEST_F(VcdTraceTest, RecordsAsManyLanesAsAsked) {
  VcdOptions options;
  options.lanes = 2;
  const VcdFile file = record(options);
  EXPECT_TRUE(file.variables.contains("dla.activation_buffer.x_o_1"));
  EXPECT_TRUE(file.variables.contains("dla.pe_array.x_i_1"));
  EXPECT_FALSE(file.variables.contains("dla.activation_buffer.x_o_2"));
}

TEST_F(VcdTraceTest, BothEndsOfAWireAreOneSignal) {
  const VcdFile file = record({});
  const auto id = [&](const char* name) { return file.variables.at(name).id; };
  EXPECT_EQ(id("dla.address_generator.position_index_o"), id("dla.activation_buffer.position_index_i"));
  EXPECT_EQ(id("dla.weight_loader.row_w_o_3"), id("dla.pe_array.row_w_i_3"));
  EXPECT_EQ(id("dla.dma.read_word_o"), id("dla.output_buffer.read_word_i"));
}

TEST_F(VcdTraceTest, AnEmptyWindowIsRefused) {
  VcdOptions options;
  options.window.from = 5;
  options.window.to = 4;
  EXPECT_EQ(base::error_of([&] { VcdTrace(scratch_ / "a.vcd", hardware_, options); }),
            "waves from cycle 5 to 4: the window is empty");
}

TEST_F(VcdTraceTest, AWindowAfterTheRunLeavesNoFile) {
  VcdOptions options;
  options.window.from = 1'000'000'000;
  VcdTrace trace(scratch_ / "run.vcd", hardware_, options);
  run(&trace);
  trace.close();
  EXPECT_EQ(trace.cycles_recorded(), 0U);
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "run.vcd"));
}

TEST_F(VcdTraceTest, TheLayoutNamesSignalsOfTheDump) {
  const VcdFile file = record({});
  std::istringstream layout(base::read_text_file(scratch_ / "run.gtkw"));
  std::set<std::string> shown;
  for (std::string line; std::getline(layout, line);) {
    if (line.starts_with("dla.")) shown.insert(line.substr(0, line.find('[')));
  }
  for (const std::string& name : shown) EXPECT_TRUE(file.variables.contains(name)) << name;
  EXPECT_EQ(shown.size(), file.variables.size());
}

/// Counts the samples of a trace.
class Counter final : public TraceSink {
 public:
  explicit Counter(TraceSink& next) : next_(next) {}
  void sample(const AcceleratorView& view) override {
    ++samples;
    next_.sample(view);
  }
  bool watches(std::uint64_t first, std::uint64_t last) const override { return next_.watches(first, last); }
  std::uint64_t samples = 0;

 private:
  TraceSink& next_;
};

TEST_F(VcdTraceTest, SamplesLeftOutChangeNoByte) {
  record({});
  const std::uint64_t cycles = cycles_.size();
  ASSERT_GT(cycles, 1100U);  // several of the engine's slices of 256 cycles
  const std::vector<std::pair<std::uint64_t, std::uint64_t>> windows{{0, 0},
                                                                     {0, 100},
                                                                     {0, 255},
                                                                     {0, 256},
                                                                     {100, 200},
                                                                     {255, 256},
                                                                     {256, 256},
                                                                     {256, 511},
                                                                     {200, 800},
                                                                     {cycles - 9, cycles - 1},
                                                                     {cycles - 9, cycles + 9999},
                                                                     {700, cycles},
                                                                     {511, 511},
                                                                     {0, cycles},
                                                                     {cycles, cycles + 5},
                                                                     {~std::uint64_t{0}, ~std::uint64_t{0}}};
  for (const auto& [from, to] : windows) {
    for (const std::optional<std::uint32_t> layer :
         {std::optional<std::uint32_t>{}, std::optional<std::uint32_t>{1}}) {
      SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
      const VcdOptions options{{from, to, layer}};
      run_all(options, scratch_ / "all.vcd");
      VcdTrace trace(scratch_ / "watched.vcd", hardware_, options);
      Counter counter(trace);
      run(&counter);
      trace.close();
      ASSERT_EQ(std::filesystem::exists(scratch_ / "all.vcd"),
                std::filesystem::exists(scratch_ / "watched.vcd"));
      if (std::filesystem::exists(scratch_ / "all.vcd")) {
        ASSERT_EQ(base::read_file(scratch_ / "all.vcd"), base::read_file(scratch_ / "watched.vcd"));
      }
      EXPECT_LE(counter.samples, std::min(to, cycles) - std::min(from, cycles) + 1 + 2 * 256);
      std::filesystem::remove(scratch_ / "all.vcd");
      std::filesystem::remove(scratch_ / "watched.vcd");
    }
  }
}

}  // namespace
}  // namespace dlasim::sim::trace
