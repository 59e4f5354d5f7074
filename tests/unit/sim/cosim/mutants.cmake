# Faulty copies of the RTL: one change in one file each. The lockstep checker has to find every one of them.
set(mutant_includes "")
set(mutant_entries "")
set(mutant_libraries "")

# dla_mutant(name block Model file from to): `from` must occur exactly once in rtl_models/`file`.
function(dla_mutant name block model file from to)
  set(source "${PROJECT_SOURCE_DIR}/rtl_models/${file}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${source}")
  file(READ "${source}" text)
  string(FIND "${text}" "${from}" first)
  string(FIND "${text}" "${from}" last REVERSE)
  if(first EQUAL -1 OR NOT first EQUAL last)
    message(FATAL_ERROR "mutant ${name}: '${from}' is not exactly once in ${file}")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")
  set(copy "${CMAKE_CURRENT_BINARY_DIR}/mutants/${name}/${file}")
  file(GENERATE OUTPUT "${copy}" CONTENT "${text}")  # only written where it changes

  file(GLOB sources "${PROJECT_SOURCE_DIR}/rtl_models/*.sv")
  list(REMOVE_ITEM sources "${source}")
  dla_verilate(TARGET dla_mutant_${name} TOP ${block} PREFIX V_mutant_${name}
    PACKAGE "${PROJECT_BINARY_DIR}/sim/cosim/packages/array_3x5/dla_pkg.sv" SOURCES "${copy}" ${sources})
  add_dependencies(dla_mutant_${name} dla_package_array_3x5)
  set(mutant_includes "${mutant_includes}#include \"V_mutant_${name}.h\"\n" PARENT_SCOPE)
  set(mutant_entries
    "${mutant_entries}      {\"${name}\", run_mutant<blocks::${model}, ${model}Twin<V_mutant_${name}>>},\n" PARENT_SCOPE)
  set(mutant_libraries ${mutant_libraries} dla_mutant_${name} PARENT_SCOPE)
endfunction()

dla_mutant(queue_of_one partial_sum_buffer PartialSumBuffer elastic_queue.sv
  "ready_o = !queued_q[1]" "ready_o = queued_q == 2'd0")
dla_mutant(queue_overtakes partial_sum_buffer PartialSumBuffer elastic_queue.sv
  "(queued_q == 2'd0 || pop)" "(queued_q == 2'd0)")
dla_mutant(stages_wait_for_the_queue adder_tree AdderTree adder_tree.sv
  "queue_ready | !valid_q[Stages-1]" "queue_ready")
dla_mutant(lane_too_many adder_tree AdderTree adder_tree.sv "32'(lanes_active_i) > ic" "32'(lanes_active_i) >= ic")
dla_mutant(wrong_neighbours adder_tree AdderTree adder_tree.sv
  "node[(2*i+1)*NodeBits" "node[(2*i)*NodeBits")
dla_mutant(maximum_of_nothing_is_zero pe_array PeArray pe.sv "!seen_before_i || product > base" "product > base")
dla_mutant(accumulator_not_cleared pe_array PeArray pe.sv "first_tap_i ? '0 : acc_q" "acc_q")
dla_mutant(weights_of_one_bank pe_array PeArray pe.sv "(bank_i ? dla_pkg::MaxTaps : 32'd0) + " "")
dla_mutant(counts_what_is_not_taken pe_array PeArray pe_array.sv
  "accepted & request_i.last_of_ic_tile" "valid_i & request_i.last_of_ic_tile")
dla_mutant(old_sum_is_added partial_sum_buffer PartialSumBuffer partial_sum_buffer.sv
  "(position_i.first_sum ? SumBits'(0) : entry[oc*SumBits+:SumBits])" "entry[oc*SumBits+:SumBits]")
dla_mutant(token_is_lost partial_sum_buffer PartialSumBuffer partial_sum_buffer.sv
  "(position_i.last_sum | position_i.last_of_tile)" "position_i.last_sum")
dla_mutant(padding_is_zero activation_buffer ActivationBuffer activation_buffer.sv
  "{dla_pkg::IcLanes{pad_value_i[dla_pkg::ActivationBits-1:0]}}" "WordBits'(0)")
dla_mutant(held_tile_is_not_done output_buffer OutputBuffer output_buffer.sv
  "valid_i & last_of_tile_i" "valid_i & last_of_tile_i & write_i")
dla_mutant(zeros_between_are_read address_generator AddressGenerator tap_walker.sv "x_at[31] || x_between ||" "x_at[31] ||")
dla_mutant(one_column_too_many address_generator AddressGenerator tap_walker.sv
  "x >= tile_i.region_width" "x > tile_i.region_width")
dla_mutant(dilation_of_the_other_axis address_generator AddressGenerator tap_walker.sv
  "kx_offset_q + geometry_i.dilation_x" "kx_offset_q + geometry_i.dilation_y")
dla_mutant(does_not_wait_for_weights address_generator AddressGenerator address_generator.sv
  "active & ahead[dla_pkg::CountBits-1]" "active")
dla_mutant(tile_overtakes weight_loader WeightLoader tile_queue.sv "next_valid_q ? next_q : tile_i" "tile_i")
dla_mutant(one_bank_only weight_loader WeightLoader weight_loader.sv "dla_pkg::CountBits'(2)" "dla_pkg::CountBits'(1)")
dla_mutant(ties_up_not_away post_processor PostProcessor requantiser.sv
  "half = half - ProductBits'(1)" "half = half")
dla_mutant(mantissa_cut_not_rounded post_processor PostProcessor requantiser.sv "(mantissa_i + 32'sh00008000)" "mantissa_i")
dla_mutant(pytorch_ties_down post_processor PostProcessor pytorch_scaler.sv
  "guard & (sticky | shifted[32])" "guard & sticky")
dla_mutant(mean_cut_not_rounded post_processor PostProcessor average_divider.sv " + (Bits'(count_i) >> 1)" "")
dla_mutant(curve_negative_half post_processor PostProcessor curve_unit.sv "32'sd127" "32'sd128")
dla_mutant(gate_of_one_lane_more post_processor PostProcessor post_processor.sv
  "LaneBits'(oc) + LaneBits'(settings_i.gate_offset) <" "LaneBits'(oc) + LaneBits'(settings_i.gate_offset) <=")

configure_file(mutants.cpp.in mutants.cpp @ONLY)
