# The formats of the number_format bench, once for the SystemVerilog and once for the C++ side of the test.
# dfp: bits fl signed; minifloat: exp man bias exp_zero specials
set(formats
  "dfp 1 0 1" "dfp 2 1 1" "dfp 4 2 1" "dfp 8 -3 1" "dfp 8 -2 1" "dfp 8 0 1" "dfp 8 3 1" "dfp 8 4 1" "dfp 8 5 1"
  "dfp 8 6 1" "dfp 8 7 1" "dfp 8 9 1" "dfp 8 12 1" "dfp 8 0 0" "dfp 12 4 1" "dfp 12 8 1" "dfp 14 5 1" "dfp 16 0 1"
  "dfp 16 7 1" "dfp 16 8 1" "dfp 16 10 1" "dfp 32 0 1" "dfp 32 16 1" "dfp 64 30 1"
  "minifloat 2 1 1 0 2" "minifloat 2 3 1 0 2" "minifloat 2 5 1 0 2" "minifloat 3 2 3 0 2" "minifloat 3 4 3 0 0"
  "minifloat 4 0 7 0 2" "minifloat 4 3 7 0 1" "minifloat 4 3 7 0 0" "minifloat 4 3 11 0 1" "minifloat 4 3 7 2 2"
  "minifloat 5 2 15 0 0" "minifloat 5 3 15 0 1" "minifloat 5 10 15 0 0" "minifloat 5 10 15 1 0"
  "minifloat 5 10 15 2 2" "minifloat 6 10 31 1 0" "minifloat 8 7 127 0 0" "minifloat 8 7 127 1 0"
  "minifloat 8 10 127 0 0" "minifloat 8 23 127 0 0")
set(bench_units "")
set(bench_formats "")
set(index 0)
foreach(format IN LISTS formats)
  string(REPLACE " " ";" f "${format}")
  list(GET f 0 kind)
  list(POP_FRONT f)
  if(kind STREQUAL "dfp")
    list(GET f 0 bits)
    list(GET f 1 fl)
    list(GET f 2 is_signed)
    string(APPEND bench_units "  `DFP(${index}, ${bits}, ${fl}, ${is_signed})\n")
    string(APPEND bench_formats "      dfp(${bits}, ${fl}, ${is_signed} != 0),\n")
  else()
    list(GET f 0 exp)
    list(GET f 1 man)
    list(GET f 2 bias)
    list(GET f 3 exp_zero)
    list(GET f 4 specials)
    string(APPEND bench_units "  `MINIFLOAT(${index}, ${exp}, ${man}, ${bias}, ${exp_zero}, ${specials})\n")
    string(APPEND bench_formats "      minifloat_of(${exp}, ${man}, ${bias}, ${exp_zero}, ${specials}),\n")
  endif()
  math(EXPR index "${index} + 1")
endforeach()
set(bench_count ${index})
configure_file(number_format_bench.sv.in number_format_bench.sv @ONLY)
configure_file(number_format_bench.cpp.in number_format_bench.cpp @ONLY)
file(GLOB number_format_sources "${PROJECT_SOURCE_DIR}/rtl_models/*.sv")
dla_verilate(TARGET dla_number_format_bench TOP number_format_bench PREFIX V_number_format_bench
  PACKAGE "${PROJECT_BINARY_DIR}/sim/cosim/packages/array_3x5/dla_pkg.sv"
  SOURCES "${CMAKE_CURRENT_BINARY_DIR}/number_format_bench.sv" ${number_format_sources})
add_dependencies(dla_number_format_bench dla_package_array_3x5)
