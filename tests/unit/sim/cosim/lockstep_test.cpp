// The checker itself: it finds what is broken, and it does not pass for having looked at nothing.

#include "sim/cosim/lockstep.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/cosim/configurations.h"

namespace dlasim::sim::cosim {
namespace {

arch::Hardware hardware() {
  return configuration("array_4x4");
}

/// A model in the RTL's place, with a fault that can be switched on.
class FaultyBuffer final : public RtlBlock<blocks::PartialSumBuffer> {
 public:
  enum class Fault { kNone, kLane, kValid, kField };
  explicit FaultyBuffer(Fault fault) : fault_(fault), model_(hardware()) {}
  bool ready() const override { return model_.ready(); }
  bool valid() const override { return model_.valid() != (fault_ == Fault::kValid); }
  void step(const In& in) override {
    model_.step(in);
    if (!model_.valid()) return;
    out_ = model_.out();
    if (fault_ == Fault::kLane) out_.sum[2] ^= 1;
    if (fault_ == Fault::kField) out_.position.output_word += 4;
  }

 private:
  Fault fault_;
  blocks::PartialSumBuffer model_;
};

Comparison run(FaultyBuffer::Fault fault) {
  blocks::PartialSumBuffer model(hardware());
  Lockstep<blocks::PartialSumBuffer> lockstep(hardware(), std::make_unique<FaultyBuffer>(fault));
  blocks::ChannelSums sums{{10, 20, 30, 40}, {}};
  sums.position.index = 7, sums.position.layer = 3;
  sums.position.first_sum = sums.position.last_sum = true;
  for (int i = 0; i < 3; ++i) {
    const bool send = model.ready() && i == 1;
    lockstep.step(model, {send ? &sums : nullptr, false});
    model.step({send ? &sums : nullptr, false});
  }
  lockstep.check(model);
  return lockstep.comparison();
}

TEST(Lockstep, FindsNoDifferenceWhereThereIsNone) {
  const Comparison c = run(FaultyBuffer::Fault::kNone);
  EXPECT_NO_THROW(c.require_equal("partial_sum_buffer"));
  EXPECT_EQ(c.differing_cycles(), 0U);
}

TEST(Lockstep, NamesCyclePortLaneValuesAndPosition) {
  const Comparison c = run(FaultyBuffer::Fault::kLane);
  ASSERT_TRUE(c.difference());
  EXPECT_EQ(to_string(*c.difference()),
            "partial_sum_buffer, cycle 2: sum[2] is 31, expected 30 (layer 3, position 7)");
  EXPECT_EQ(c.differing_cycles(), 2U);
  EXPECT_THROW(c.require_equal("partial_sum_buffer"), base::SimulationError);
}

TEST(Lockstep, NamesFieldsOfThePosition) {
  const Comparison c = run(FaultyBuffer::Fault::kField);
  ASSERT_TRUE(c.difference());
  EXPECT_EQ(c.difference()->port, "output_word");
  EXPECT_EQ(c.difference()->got, 4);
}

TEST(Lockstep, FindsAHandshakeOutOfStepInItsFirstCycle) {
  const Comparison c = run(FaultyBuffer::Fault::kValid);
  ASSERT_TRUE(c.difference());
  EXPECT_EQ(c.difference()->port, "valid_o");
  EXPECT_EQ(c.difference()->cycle, 0U);
}

TEST(Lockstep, HavingComparedNothingIsAnError) {
  EXPECT_THROW(Comparison().require_equal("pe_array"), base::SimulationError);
}

}  // namespace
}  // namespace dlasim::sim::cosim
