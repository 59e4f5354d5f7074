// One command finds and locates a fault in the RTL: `dlasim diverge CONFIG --rtl blocks` on copies of the
// SystemVerilog with one change each.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cli/main.h"
#include "sim/cosim/rtl_toolchain.h"
#include "support/places.h"
#include "support/rtl_mutations.h"

namespace dlasim::cli {
namespace {

struct Found {
  const char* mutation;
  const char* config;
  const char *block, *stage;
  int stalls = 0;  ///< in 1/1000
};

void PrintTo(const Found& found, std::ostream* out) {
  *out << found.mutation;
}

class MutantsVerb : public testing::TestWithParam<Found> {};

TEST_P(MutantsVerb, IsLocated) {
  if (!sim::cosim::is_available()) GTEST_SKIP() << "co-simulation is off";
  const Found& f = GetParam();
  const sim::cosim::MutatedRtl rtl(sim::cosim::rtl_mutation(f.mutation));
  if (HasFailure()) return;
  const std::string config = places::source("configs").string() + "/" + f.config + ".yaml";
  testing::internal::CaptureStdout();
  const int code = run(std::vector<std::string>{"diverge", config, "--rtl", "blocks", "--rtl-sources",
                                                rtl.folder().string(), "--stalls", std::to_string(f.stalls),
                                                "--out", testing::TempDir() + "mutant_" + f.mutation});
  std::fflush(stdout);
  const std::string out = testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, kMismatch) << out;
  EXPECT_THAT(out, testing::ContainsRegex(std::string("block +") + f.block + "\n"));
  EXPECT_THAT(out, testing::ContainsRegex(std::string("stage +") + f.stage));
  EXPECT_THAT(out, testing::ContainsRegex("cycle +[1-9]"));
  EXPECT_THAT(out, testing::ContainsRegex("layer +[0-9]"));
}

const Found kFound[] = {
    {"accumulator_not_cleared", "wavenet_tiny", "pe_array", "accumulator of ic lane 0, oc lane 0"},
    {"weights_of_one_bank", "wavenet_tiny", "pe_array", "accumulator of ic lane 0, oc lane 0"},
    {"counts_what_is_not_taken", "wavenet_tiny", "pe_array", "control of pe_array", 200},
    {"maximum_of_nothing_is_zero", "cnn2d", "pe_array", "accumulator of ic lane 3, oc lane 3"},
    {"fixed_point_without_sign", "wavenet_tiny_dfp8", "pe_array", "accumulator of ic lane 0, oc lane 0"},
    {"subnormals_are_zero", "wavenet_tiny_fp8", "pe_array", "accumulator of ic lane 3, oc lane 0"},
    {"wrong_neighbours", "wavenet_tiny", "adder_tree", "adder tree of oc lane 0"},
    {"stages_wait_for_the_queue", "wavenet_tiny", "adder_tree", "control of adder_tree", 200},
    {"lane_too_many", "cnn2d", "adder_tree", "adder tree of oc lane 0"},
    {"old_sum_is_added", "wavenet_tiny", "partial_sum_buffer", "partial sum of oc lane 0"},
    {"padding_is_zero", "wavenet_tiny", "activation_buffer", "activation of tap 0, ic lane 0"},
    {"dilation_of_the_other_axis", "wavenet_tiny", "address_generator", "request of tap 1"},
    {"does_not_wait_for_weights", "wavenet_tiny", "address_generator", "control of address_generator"},
    {"one_column_too_many", "cnn2d", "address_generator", "request of tap 2"},
    {"one_bank_only", "wavenet_tiny", "weight_loader", "control of weight_loader"},
    {"ties_up_not_away", "wavenet_tiny", "post_processor", "post-processor, oc lane 3"},
    {"gate_of_one_lane_more", "wavenet_tiny", "post_processor", "post-processor, oc lane 4"},
    {"ties_away_from_even", "wavenet_tiny_dfp8", "post_processor", "post-processor, oc lane 0"},
};

INSTANTIATE_TEST_SUITE_P(Rtl, MutantsVerb, testing::ValuesIn(kFound),
                         [](const auto& found) { return std::string(found.param.mutation); });

}  // namespace
}  // namespace dlasim::cli
