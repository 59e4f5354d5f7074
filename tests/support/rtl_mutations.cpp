#include "support/rtl_mutations.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "base/file.h"
#include "sim/cosim/rtl_toolchain.h"

namespace dlasim::sim::cosim {
namespace {

namespace fs = std::filesystem;

const RtlMutation kMutations[] = {
    {"queue_of_one", "elastic_queue.sv", R"(ready_o = !queued_q[1])", R"(ready_o = queued_q == 2'd0)"},
    {"queue_overtakes", "elastic_queue.sv", R"((queued_q == 2'd0 || pop))", R"((queued_q == 2'd0))"},
    {"stages_wait_for_the_queue", "adder_tree.sv", R"(queue_ready | !valid_q[Stages-1])", R"(queue_ready)"},
    {"lane_too_many", "adder_tree.sv", R"(32'(lanes_active_i) > ic)", R"(32'(lanes_active_i) >= ic)"},
    {"wrong_neighbours", "adder_tree.sv", R"(node[(2*i+1)*NodeBits)", R"(node[(2*i)*NodeBits)"},
    {"maximum_of_nothing_is_zero", "pe.sv", R"(!seen_before_i || product > base)", R"(product > base)"},
    {"accumulator_not_cleared", "pe.sv", R"(first_tap_i ? '0 : acc_q)", R"(acc_q)"},
    {"weights_of_one_bank", "pe.sv", R"((bank_i ? dla_pkg::MaxTaps : 32'd0) + )", R"()"},
    {"counts_what_is_not_taken", "pe_array.sv", R"(accepted & request_i.last_of_ic_tile)",
     R"(valid_i & request_i.last_of_ic_tile)"},
    {"old_sum_is_added", "partial_sum_buffer.sv",
     R"(position_i.first_sum ? SumBits'(0) : entry[oc*SumBits+:SumBits])", R"(entry[oc*SumBits+:SumBits])"},
    {"token_is_lost", "partial_sum_buffer.sv", R"((position_i.last_sum | position_i.last_of_tile))",
     R"(position_i.last_sum)"},
    {"padding_is_zero", "activation_buffer.sv",
     R"({dla_pkg::IcLanes{pad_value_i[dla_pkg::ActivationBits-1:0]}})", R"(WordBits'(0))"},
    {"held_tile_is_not_done", "output_buffer.sv", R"(valid_i & last_of_tile_i)",
     R"(valid_i & last_of_tile_i & write_i)"},
    {"zeros_between_are_read", "tap_walker.sv", R"(x_at[31] || x_between ||)", R"(x_at[31] ||)"},
    {"one_column_too_many", "tap_walker.sv", R"(x >= tile_i.region_width)", R"(x > tile_i.region_width)"},
    {"dilation_of_the_other_axis", "tap_walker.sv", R"(kx_offset_q + geometry_i.dilation_x)",
     R"(kx_offset_q + geometry_i.dilation_y)"},
    {"does_not_wait_for_weights", "address_generator.sv", R"(active & ahead[dla_pkg::CountBits-1])",
     R"(active)"},
    {"tile_overtakes", "tile_queue.sv", R"(next_valid_q ? next_q : tile_i)", R"(tile_i)"},
    {"one_bank_only", "weight_loader.sv", R"(dla_pkg::CountBits'(2))", R"(dla_pkg::CountBits'(1))"},
    {"ties_up_not_away", "requantiser.sv", R"(half = half - ProductBits'(1))", R"(half = half)"},
    {"mantissa_cut_not_rounded", "requantiser.sv", R"((mantissa_i + 32'sh00008000))", R"(mantissa_i)"},
    {"pytorch_ties_down", "pytorch_scaler.sv", R"(guard & (sticky | shifted[32]))", R"(guard & sticky)"},
    {"mean_cut_not_rounded", "average_divider.sv", R"( + (Bits'(count_i) >> 1))", R"()"},
    {"curve_negative_half", "curve_unit.sv", R"(32'sd127)", R"(32'sd128)"},
    {"gate_of_one_lane_more", "post_processor.sv", R"(LaneBits'(oc) + LaneBits'(settings_i.gate_offset) <)",
     R"(LaneBits'(oc) + LaneBits'(settings_i.gate_offset) <=)"},
    {"fixed_point_without_sign", "lane_units.sv", R"(FullBits'($signed(x_i)))", R"(FullBits'(x_i))"},
    {"zero_times_infinity_is_infinity", "minifloat_multiplier.sv", R"((any_infinity & (a_zero | b_zero)))",
     R"(1'b0)"},
    {"padding_is_multiplied", "lane_units.sv", R"(padded_i ? '0 : significand)", R"(significand)"},
    {"ties_away_from_even", "truncation_unit.sv", R"(half_bit & (below_half | floor_part[0]))",
     R"(half_bit & (below_half | !floor_part[0]))"},
    {"wrapping_saturates", "truncation_unit.sv", R"(beyond && !wraps)", R"(beyond)"},
    {"subnormals_are_zero", "minifloat_decoder.sv", R"(subnormal ? mantissa)", R"(subnormal ? '0)"},
    {"seed_of_the_first_lane", "random_source.sv", R"((position_i.element + 32'(oc_lane_i)))",
     R"(position_i.element)"},
    {"draws_while_it_stalls", "adder_tree.sv", R"((moves[Level] & advance))", R"((moves[Level]))"},
    {"tree_inputs_swapped", "adder_tree.sv",
     "assign node[(Leaves+ic)*NodeBits+:NodeBits] =\n          32'(lanes_active_i)",
     "assign node[(Leaves+(ic==1?2:ic==2?1:ic))*NodeBits+:NodeBits] =\n          32'(lanes_active_i)"},
    {"nodes_of_a_level_share_a_seed", "adder_tree.sv", R"(Leaves - (Leaves >> Level) + i - First)",
     R"(Leaves - (Leaves >> Level))"},
    {"zero_sum_keeps_a_sign", "minifloat_adder.sv", R"(a != b && (a_wins ? a_negative_i : b_negative_i))",
     R"((a_wins ? a_negative_i : b_negative_i))"},
    {"negative_numbers_compare_by_magnitude", "number_compare.sv",
     R"(less_o    = a_below_zero != b_below_zero ? a_below_zero : a_below_zero ? larger : smaller)",
     R"(less_o    = a_below_zero != b_below_zero ? a_below_zero : smaller)"},
    {"rows_are_not_counted", "tap_walker.sv",
     R"(last_row ? '0 : row_element_q + staged_settings_i.element_row_stride)", R"('0)"},
};

}  // namespace

const RtlMutation& rtl_mutation(const std::string& name) {
  const auto found = std::ranges::find(kMutations, name, &RtlMutation::name);
  if (found == std::end(kMutations)) throw std::out_of_range("no mutation '" + name + "'");
  return *found;
}

MutatedRtl::MutatedRtl(const RtlMutation& mutation)
    : folder_(fs::temp_directory_path() / ("mutant_" + mutation.name + std::to_string(getpid()))) {
  fs::copy(RtlToolchain::from_environment().sources, folder_, fs::copy_options::recursive);
  std::string text = base::read_text_file(folder_ / mutation.file);
  const std::size_t at = text.find(mutation.from);
  EXPECT_NE(at, std::string::npos) << "'" << mutation.from << "' is not in " << mutation.file;
  EXPECT_EQ(text.rfind(mutation.from), at)
      << "'" << mutation.from << "' is more than once in " << mutation.file;
  if (at != std::string::npos) text.replace(at, mutation.from.size(), mutation.to);
  base::write_file_atomically(folder_ / mutation.file, text);
}

MutatedRtl::~MutatedRtl() {
  fs::remove_all(folder_);
}

}  // namespace dlasim::sim::cosim
