// The checks are checked: every faulty copy of the RTL, one change in one file, is found by its block's
// lockstep.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <string>

#include "base/file.h"
#include "drivers.h"
#include "sim/cosim/configurations.h"

namespace dlasim::sim::cosim {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 1, kCycles = 20000;  // the same effort as the test of the good RTL

/// Runs the block's random test up to the first difference.
using Run = Comparison (*)(const RtlToolchain& toolchain);

template <class Model>
Comparison run_block(const RtlToolchain& toolchain) {
  const arch::Hardware& hardware = configuration("array_3x5");
  return run<Model>(hardware, make_rtl<Model>(hardware, toolchain), kSeed, kCycles);
}

/// On hardware with truncation units.
template <class Model>
Comparison run_dfp(const RtlToolchain& toolchain) {
  const arch::Hardware& hardware = configuration("dfp_3x2");
  return run<Model>(hardware, make_rtl<Model>(hardware, toolchain), kSeed, kCycles);
}
template <class Model>
Comparison run_fp8(const RtlToolchain& toolchain) {
  const arch::Hardware& hardware = configuration("fp8_2x3");
  return run<Model>(hardware, make_rtl<Model>(hardware, toolchain), kSeed, kCycles);
}

struct Mutant {
  const char* name;
  Run run;
  const char* file;       ///< in rtl_models/
  const char *from, *to;  ///< `from` occurs exactly once
};

void PrintTo(const Mutant& mutant, std::ostream* out) {
  *out << mutant.name;
}

const Mutant kMutants[] = {
    {"queue_of_one", run_block<blocks::PartialSumBuffer>, "elastic_queue.sv", R"(ready_o = !queued_q[1])",
     R"(ready_o = queued_q == 2'd0)"},
    {"queue_overtakes", run_block<blocks::PartialSumBuffer>, "elastic_queue.sv",
     R"((queued_q == 2'd0 || pop))", R"((queued_q == 2'd0))"},
    {"stages_wait_for_the_queue", run_block<blocks::AdderTree>, "adder_tree.sv",
     R"(queue_ready | !valid_q[Stages-1])", R"(queue_ready)"},
    {"lane_too_many", run_block<blocks::AdderTree>, "adder_tree.sv", R"(32'(lanes_active_i) > ic)",
     R"(32'(lanes_active_i) >= ic)"},
    {"wrong_neighbours", run_block<blocks::AdderTree>, "adder_tree.sv", R"(node[(2*i+1)*NodeBits)",
     R"(node[(2*i)*NodeBits)"},
    {"maximum_of_nothing_is_zero", run_block<blocks::PeArray>, "pe.sv", R"(!seen_before_i || product > base)",
     R"(product > base)"},
    {"accumulator_not_cleared", run_block<blocks::PeArray>, "pe.sv", R"(first_tap_i ? '0 : acc_q)",
     R"(acc_q)"},
    {"weights_of_one_bank", run_block<blocks::PeArray>, "pe.sv", R"((bank_i ? dla_pkg::MaxTaps : 32'd0) + )",
     R"()"},
    {"counts_what_is_not_taken", run_block<blocks::PeArray>, "pe_array.sv",
     R"(accepted & request_i.last_of_ic_tile)", R"(valid_i & request_i.last_of_ic_tile)"},
    {"old_sum_is_added", run_block<blocks::PartialSumBuffer>, "partial_sum_buffer.sv",
     R"(position_i.first_sum ? SumBits'(0) : entry[oc*SumBits+:SumBits])", R"(entry[oc*SumBits+:SumBits])"},
    {"token_is_lost", run_block<blocks::PartialSumBuffer>, "partial_sum_buffer.sv",
     R"((position_i.last_sum | position_i.last_of_tile))", R"(position_i.last_sum)"},
    {"padding_is_zero", run_block<blocks::ActivationBuffer>, "activation_buffer.sv",
     R"({dla_pkg::IcLanes{pad_value_i[dla_pkg::ActivationBits-1:0]}})", R"(WordBits'(0))"},
    {"held_tile_is_not_done", run_block<blocks::OutputBuffer>, "output_buffer.sv",
     R"(valid_i & last_of_tile_i)", R"(valid_i & last_of_tile_i & write_i)"},
    {"zeros_between_are_read", run_block<blocks::AddressGenerator>, "tap_walker.sv",
     R"(x_at[31] || x_between ||)", R"(x_at[31] ||)"},
    {"one_column_too_many", run_block<blocks::AddressGenerator>, "tap_walker.sv",
     R"(x >= tile_i.region_width)", R"(x > tile_i.region_width)"},
    {"dilation_of_the_other_axis", run_block<blocks::AddressGenerator>, "tap_walker.sv",
     R"(kx_offset_q + geometry_i.dilation_x)", R"(kx_offset_q + geometry_i.dilation_y)"},
    {"does_not_wait_for_weights", run_block<blocks::AddressGenerator>, "address_generator.sv",
     R"(active & ahead[dla_pkg::CountBits-1])", R"(active)"},
    {"tile_overtakes", run_block<blocks::WeightLoader>, "tile_queue.sv", R"(next_valid_q ? next_q : tile_i)",
     R"(tile_i)"},
    {"one_bank_only", run_block<blocks::WeightLoader>, "weight_loader.sv", R"(dla_pkg::CountBits'(2))",
     R"(dla_pkg::CountBits'(1))"},
    {"ties_up_not_away", run_block<blocks::PostProcessor>, "requantiser.sv",
     R"(half = half - ProductBits'(1))", R"(half = half)"},
    {"mantissa_cut_not_rounded", run_block<blocks::PostProcessor>, "requantiser.sv",
     R"((mantissa_i + 32'sh00008000))", R"(mantissa_i)"},
    {"pytorch_ties_down", run_block<blocks::PostProcessor>, "pytorch_scaler.sv",
     R"(guard & (sticky | shifted[32]))", R"(guard & sticky)"},
    {"mean_cut_not_rounded", run_block<blocks::PostProcessor>, "average_divider.sv",
     R"( + (Bits'(count_i) >> 1))", R"()"},
    {"curve_negative_half", run_block<blocks::PostProcessor>, "curve_unit.sv", R"(32'sd127)", R"(32'sd128)"},
    {"gate_of_one_lane_more", run_block<blocks::PostProcessor>, "post_processor.sv",
     R"(LaneBits'(oc) + LaneBits'(settings_i.gate_offset) <)",
     R"(LaneBits'(oc) + LaneBits'(settings_i.gate_offset) <=)"},
    {"fixed_point_without_sign", run_dfp<blocks::PeArray>, "lane_units.sv", R"(FullBits'($signed(x_i)))",
     R"(FullBits'(x_i))"},
    {"zero_times_infinity_is_infinity", run_fp8<blocks::PeArray>, "minifloat_multiplier.sv",
     R"((any_infinity & (a_zero | b_zero)))", R"(1'b0)"},
    {"padding_is_multiplied", run_fp8<blocks::PeArray>, "lane_units.sv", R"(padded_i ? '0 : significand)",
     R"(significand)"},
    {"ties_away_from_even", run_dfp<blocks::PartialSumBuffer>, "truncation_unit.sv",
     R"(half_bit & (below_half | floor_part[0]))", R"(half_bit & (below_half | !floor_part[0]))"},
    {"wrapping_saturates", run_dfp<blocks::PartialSumBuffer>, "truncation_unit.sv", R"(beyond && !wraps)",
     R"(beyond)"},
    {"subnormals_are_zero", run_fp8<blocks::AdderTree>, "minifloat_decoder.sv", R"(subnormal ? mantissa)",
     R"(subnormal ? '0)"},
    {"seed_of_the_first_lane", run_dfp<blocks::PartialSumBuffer>, "random_source.sv",
     R"((position_i.element + 32'(oc_lane_i)))", R"(position_i.element)"},
    {"draws_while_it_stalls", run_dfp<blocks::AdderTree>, "adder_tree.sv", R"((moves[Level] & advance))",
     R"((moves[Level]))"},
    {"tree_inputs_swapped", run_dfp<blocks::AdderTree>, "adder_tree.sv",
     "assign node[(Leaves+ic)*NodeBits+:NodeBits] =\n          32'(lanes_active_i)",
     "assign node[(Leaves+(ic==1?2:ic==2?1:ic))*NodeBits+:NodeBits] =\n          32'(lanes_active_i)"},
    {"nodes_of_a_level_share_a_seed", run_dfp<blocks::AdderTree>, "adder_tree.sv",
     R"(Leaves - (Leaves >> Level) + i - First)", R"(Leaves - (Leaves >> Level))"},
    {"zero_sum_keeps_a_sign", run_fp8<blocks::AdderTree>, "minifloat_adder.sv",
     R"(a != b && (a_wins ? a_negative_i : b_negative_i))", R"((a_wins ? a_negative_i : b_negative_i))"},
    {"negative_numbers_compare_by_magnitude", run_fp8<blocks::PostProcessor>, "number_compare.sv",
     R"(less_o    = a_below_zero != b_below_zero ? a_below_zero : a_below_zero ? larger : smaller)",
     R"(less_o    = a_below_zero != b_below_zero ? a_below_zero : smaller)"},
    {"rows_are_not_counted", run_dfp<blocks::AddressGenerator>, "tap_walker.sv",
     R"(last_row ? '0 : row_element_q + staged_settings_i.element_row_stride)", R"('0)"},
};

/// The RTL's sources in a folder of their own, with one place changed.
class Copy {
 public:
  explicit Copy(const Mutant& mutant)
      : folder_(fs::temp_directory_path() /
                (std::string("mutant_") + mutant.name + std::to_string(getpid()))) {
    fs::copy(RtlToolchain::from_environment().sources, folder_, fs::copy_options::recursive);
    std::string text = base::read_text_file(folder_ / mutant.file);
    const std::string from = mutant.from;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << "'" << from << "' is not in " << mutant.file;
    EXPECT_EQ(text.rfind(from), at) << "'" << from << "' is more than once in " << mutant.file;
    if (at != std::string::npos) text.replace(at, from.size(), mutant.to);
    base::write_file_atomically(folder_ / mutant.file, text);
  }
  ~Copy() { fs::remove_all(folder_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  const fs::path& folder() const { return folder_; }

 private:
  const fs::path folder_;
};

class Mutants : public testing::TestWithParam<Mutant> {};

TEST_P(Mutants, IsFound) {
  if (!is_available()) GTEST_SKIP() << "co-simulation is off";
  const Copy copy(GetParam());
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
