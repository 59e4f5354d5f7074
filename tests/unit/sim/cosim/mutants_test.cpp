// The checks are checked: every faulty copy of the RTL, one change in one file, is found by its block's
// lockstep.

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "drivers.h"
#include "sim/cosim/configurations.h"
#include "support/rtl_mutations.h"

namespace dlasim::sim::cosim {
namespace {

constexpr std::uint64_t kSeed = 1, kMutantCycles = 20000;  // the same effort as the test of the good RTL

/// Runs the block's random test up to the first difference.
using Run = Comparison (*)(const RtlToolchain& toolchain);

template <class Model>
Comparison run_block(const RtlToolchain& toolchain) {
  const arch::Hardware& hardware = configuration("array_3x5");
  return run<Model>(hardware, make_rtl<Model>(hardware, toolchain), kSeed, kMutantCycles);
}

/// On hardware with truncation units.
template <class Model>
Comparison run_dfp(const RtlToolchain& toolchain) {
  const arch::Hardware& hardware = configuration("dfp_3x2");
  return run<Model>(hardware, make_rtl<Model>(hardware, toolchain), kSeed, kMutantCycles);
}
template <class Model>
Comparison run_fp8(const RtlToolchain& toolchain) {
  const arch::Hardware& hardware = configuration("fp8_2x3");
  return run<Model>(hardware, make_rtl<Model>(hardware, toolchain), kSeed, kMutantCycles);
}

struct Mutant {
  const char* name;  ///< of its mutation
  Run run;
};

void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.name;
}

const Mutant kMutants[] = {
    {"queue_of_one", run_block<blocks::PartialSumBuffer>},
    {"queue_overtakes", run_block<blocks::PartialSumBuffer>},
    {"stages_wait_for_the_queue", run_block<blocks::AdderTree>},
    {"lane_too_many", run_block<blocks::AdderTree>},
    {"wrong_neighbours", run_block<blocks::AdderTree>},
    {"maximum_of_nothing_is_zero", run_block<blocks::PeArray>},
    {"accumulator_not_cleared", run_block<blocks::PeArray>},
    {"weights_of_one_bank", run_block<blocks::PeArray>},
    {"counts_what_is_not_taken", run_block<blocks::PeArray>},
    {"old_sum_is_added", run_block<blocks::PartialSumBuffer>},
    {"token_is_lost", run_block<blocks::PartialSumBuffer>},
    {"padding_is_zero", run_block<blocks::ActivationBuffer>},
    {"held_tile_is_not_done", run_block<blocks::OutputBuffer>},
    {"zeros_between_are_read", run_block<blocks::AddressGenerator>},
    {"one_column_too_many", run_block<blocks::AddressGenerator>},
    {"dilation_of_the_other_axis", run_block<blocks::AddressGenerator>},
    {"does_not_wait_for_weights", run_block<blocks::AddressGenerator>},
    {"tile_overtakes", run_block<blocks::WeightLoader>},
    {"one_bank_only", run_block<blocks::WeightLoader>},
    {"ties_up_not_away", run_block<blocks::PostProcessor>},
    {"mantissa_cut_not_rounded", run_block<blocks::PostProcessor>},
    {"pytorch_ties_down", run_block<blocks::PostProcessor>},
    {"mean_cut_not_rounded", run_block<blocks::PostProcessor>},
    {"curve_negative_half", run_block<blocks::PostProcessor>},
    {"gate_of_one_lane_more", run_block<blocks::PostProcessor>},
    {"fixed_point_without_sign", run_dfp<blocks::PeArray>},
    {"zero_times_infinity_is_infinity", run_fp8<blocks::PeArray>},
    {"padding_is_multiplied", run_fp8<blocks::PeArray>},
    {"ties_away_from_even", run_dfp<blocks::PartialSumBuffer>},
    {"wrapping_saturates", run_dfp<blocks::PartialSumBuffer>},
    {"subnormals_are_zero", run_fp8<blocks::AdderTree>},
    {"seed_of_the_first_lane", run_dfp<blocks::PartialSumBuffer>},
    {"draws_while_it_stalls", run_dfp<blocks::AdderTree>},
    {"tree_inputs_swapped", run_dfp<blocks::AdderTree>},
    {"nodes_of_a_level_share_a_seed", run_dfp<blocks::AdderTree>},
    {"zero_sum_keeps_a_sign", run_fp8<blocks::AdderTree>},
    {"negative_numbers_compare_by_magnitude", run_fp8<blocks::PostProcessor>},
    {"rows_are_not_counted", run_dfp<blocks::AddressGenerator>},
};

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsFound) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const MutatedRtl copy(rtl_mutation(GetParam().name));
  if (HasFailure()) return;
  RtlToolchain toolchain = RtlToolchain::from_environment();
  toolchain.sources = copy.folder();
  const Comparison c = GetParam().run(toolchain);
  ASSERT_TRUE(c.difference()) << GetParam().name << " is not found";
  std::cout << GetParam().name << ": " << to_string(*c.difference()) << '\n';
}

INSTANTIATE_TEST_SUITE_P(Rtl, Mutants, testing::ValuesIn(kMutants),
                         [](const auto& mutant) { return std::string(mutant.param.name); });

}  // namespace
}  // namespace dlasim::sim::cosim
