// Every block's RTL in lockstep with its model: random beats, random stalls, no differing value.

#include <gtest/gtest.h>

#include "drivers.h"
#include "sim/cosim/configurations.h"

namespace dlasim::sim::cosim {
namespace {

constexpr std::uint64_t kCycles = 20000;

template <class Model>
class BlockLockstep : public testing::Test {};

using Blocks =
    testing::Types<blocks::WeightLoader, blocks::AddressGenerator, blocks::ActivationBuffer, blocks::PeArray,
                   blocks::AdderTree, blocks::PartialSumBuffer, blocks::PostProcessor, blocks::OutputBuffer>;

struct BlockName {
  template <class Model>
  static std::string GetName(int /*index*/) {
    return Observer<Model>::kName;
  }
};
TYPED_TEST_SUITE(BlockLockstep, Blocks, BlockName);

template <class Model>
void expect_equal_on(const char* name, std::uint64_t cycles) {
  const arch::Hardware& hardware = configuration(name);
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Comparison c = run<Model>(hardware, make_rtl<Model>(hardware), seed, cycles);
    EXPECT_FALSE(c.difference()) << name << ", seed " << seed << ": " << to_string(*c.difference());
    EXPECT_GE(c.values(), 3 * cycles) << name;
  }
}

TYPED_TEST(BlockLockstep, EqualsTheModelInEveryCycle) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  for (const char* name : {"array_4x4", "array_3x5"}) expect_equal_on<TypeParam>(name, kCycles);
}

template <class Model>
class StagedBlockLockstep : public testing::Test {};

using BlocksWithUnits = testing::Types<blocks::AddressGenerator, blocks::PeArray, blocks::AdderTree,
                                       blocks::PartialSumBuffer, blocks::PostProcessor>;
TYPED_TEST_SUITE(StagedBlockLockstep, BlocksWithUnits, BlockName);

/// Layers with and without number formats in turn; the wires are compared as codes.
TYPED_TEST(StagedBlockLockstep, EqualsTheModelInEveryCycle) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  for (const char* name : {"dfp_3x2", "fp8_2x3"}) expect_equal_on<TypeParam>(name, kCycles / 2);
}

}  // namespace
}  // namespace dlasim::sim::cosim
