// Every block's RTL in lockstep with its model: random beats, random stalls, no differing value.

#include <gtest/gtest.h>

#include <utility>

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
void expect_equal_on(const arch::Hardware& hardware, std::uint64_t cycles) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Comparison c = run<Model>(hardware, make_rtl<Model>(hardware), seed, cycles);
    EXPECT_FALSE(c.difference()) << hardware.name << ", seed " << seed << ": " << to_string(*c.difference());
    EXPECT_GE(c.values(), 3 * cycles) << hardware.name;
  }
}

TYPED_TEST(BlockLockstep, EqualsTheModelInEveryCycle) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  for (const char* name : {"array_4x4", "array_3x5"})
    expect_equal_on<TypeParam>(configuration(name), kCycles);
}

/// int8, int16x8, int4 weights beside either, and lanes of 32 bits.
TEST(LaneWidths, ArrayAndWeightLoaderEqualTheModelInEveryCycle) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  for (const auto& [activation_bits, weight_bits] : {std::pair{8, 8}, {16, 8}, {8, 4}, {16, 4}, {32, 32}}) {
    SCOPED_TRACE(testing::Message() << activation_bits << " x " << weight_bits << " bits");
    arch::Hardware hardware = configuration("array_3x5");
    hardware.pe_array.activation_bits = activation_bits;
    hardware.pe_array.weight_bits = weight_bits;
    hardware.buffers.weight_kib = 4;  // a tile of the widest weights
    expect_equal_on<blocks::WeightLoader>(hardware, kCycles);
    expect_equal_on<blocks::PeArray>(hardware, kCycles);
  }
}

template <class Model>
class StagedBlockLockstep : public testing::Test {};

using BlocksWithUnits = testing::Types<blocks::AddressGenerator, blocks::PeArray, blocks::AdderTree,
                                       blocks::PartialSumBuffer, blocks::PostProcessor>;
TYPED_TEST_SUITE(StagedBlockLockstep, BlocksWithUnits, BlockName);

/// Layers with and without number formats in turn; the wires are compared as codes.
TYPED_TEST(StagedBlockLockstep, EqualsTheModelInEveryCycle) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  for (const char* name : {"dfp_3x2", "fp8_2x3"})
    expect_equal_on<TypeParam>(configuration(name), kCycles / 2);
}

}  // namespace
}  // namespace dlasim::sim::cosim
