// The hand-shake of all blocks against a queue with time stamps.

#include "sim/blocks/elastic_pipeline.h"

#include <deque>

#include "block_bench.h"

namespace dlasim::sim::blocks {
namespace {

/// Gives an ElasticPipeline the face of a block.
class PipelineBlock {
 public:
  explicit PipelineBlock(int latency) : pipeline_(latency, 0) {}
  bool ready() const { return pipeline_.can_accept(); }
  bool valid() const { return pipeline_.valid(); }
  const int& out() const { return pipeline_.front(); }
  void step(const int* in, bool out_taken) {
    if (in != nullptr) pipeline_.tail() = *in;
    pipeline_.step(in != nullptr, out_taken);
  }

 private:
  ElasticPipeline<int> pipeline_;
};

std::vector<int> ascending(std::size_t count) {
  std::vector<int> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<int>(i);
  return values;
}

class ElasticPipelineLatency : public testing::TestWithParam<int> {};

TEST_P(ElasticPipelineLatency, KeepsOrderAndLatencyUnderStalls) {
  const auto latency = static_cast<std::uint64_t>(GetParam());
  const auto inputs = ascending(500);
  for (const Stalls& stalls : kStallPatterns) {
    base::Random random(latency);
    PipelineBlock block(GetParam());
    const auto outcome = drive(block, inputs, inputs.size(), stalls, random,
                               [&](const int* in, bool taken) { block.step(in, taken); });
    ASSERT_EQ(outcome.out.size(), inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      ASSERT_EQ(outcome.out[i].beat, inputs[i]);
      ASSERT_GE(outcome.out[i].taken, outcome.accepted[i] + latency);
    }
  }
}

TEST_P(ElasticPipelineLatency, MovesABeatEveryCycle) {
  const auto inputs = ascending(300);
  base::Random random(1);
  PipelineBlock block(GetParam());
  const auto outcome = drive(block, inputs, inputs.size(), kNoStalls, random,
                             [&](const int* in, bool taken) { block.step(in, taken); });
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(outcome.accepted[i], i);
    ASSERT_EQ(outcome.out[i].taken, i + static_cast<std::uint64_t>(GetParam()));
  }
}

// Nobody takes: each stage and both entries of the queue fill, then the pipeline refuses; nothing is lost.
TEST_P(ElasticPipelineLatency, HoldsLatencyPlusOneBeats) {
  ElasticPipeline<int> pipeline(GetParam(), 0);
  int pushed = 0;
  for (int cycle = 0; cycle < 200; ++cycle) {
    const bool push = pipeline.can_accept();
    if (push) pipeline.tail() = pushed++;
    pipeline.step(push, false);
  }
  EXPECT_FALSE(pipeline.can_accept());
  EXPECT_EQ(pushed, GetParam() + 1);
  for (int i = 0; i < pushed; ++i) {
    while (!pipeline.valid()) pipeline.step(false, false);
    ASSERT_EQ(pipeline.front(), i);
    pipeline.step(false, true);
  }
  EXPECT_TRUE(pipeline.empty());
}

// ready depends on state alone: a beat that leaves in this cycle makes room in the next one.
TEST(ElasticPipeline, FullQueueRefusesEvenWhileItIsRead) {
  ElasticPipeline<int> pipeline(1, 0);
  pipeline.step(true, false);
  pipeline.step(true, false);
  EXPECT_FALSE(pipeline.can_accept());
  pipeline.step(false, true);
  EXPECT_TRUE(pipeline.can_accept());
}

INSTANTIATE_TEST_SUITE_P(Latencies, ElasticPipelineLatency, testing::Values(1, 2, 3, 6, 10, 31, 32, 33, 63));

}  // namespace
}  // namespace dlasim::sim::blocks
