# dla_verilate(TARGET t TOP module PREFIX class PACKAGE dla_pkg.sv SOURCES a.sv ...)
#
# The static library `t` with class `class` in `class`.h: Verilator's C++ of one module, as one translation unit,
# compiled without our warnings. Needs DLA_VERILATOR (cmake/dla_dependencies.cmake).
function(dla_verilate)
  cmake_parse_arguments(arg "" "TARGET;TOP;PREFIX;PACKAGE" "SOURCES" ${ARGN})
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${arg_PREFIX}")
  set(all "${folder}/${arg_PREFIX}__all.cpp")
  add_custom_command(
    OUTPUT "${all}" "${folder}/${arg_PREFIX}.h"
    COMMAND ${CMAKE_COMMAND} "-DVERILATOR=${DLA_VERILATOR}" "-DTOP=${arg_TOP}" "-DPREFIX=${arg_PREFIX}"
      "-DFOLDER=${folder}" "-DSOURCES=${PROJECT_SOURCE_DIR}/rtl_models/lint/waivers.vlt;${arg_PACKAGE};${arg_SOURCES}"
      -P "${PROJECT_SOURCE_DIR}/cmake/run_verilator.cmake"
    DEPENDS "${arg_PACKAGE}" ${arg_SOURCES} "${PROJECT_SOURCE_DIR}/rtl_models/lint/waivers.vlt"
      "${PROJECT_SOURCE_DIR}/cmake/run_verilator.cmake"
    COMMENT "Verilating ${arg_PREFIX}"
    VERBATIM)
  add_library(${arg_TARGET} STATIC "${all}")
  target_include_directories(${arg_TARGET} SYSTEM PUBLIC "${folder}")
  target_link_libraries(${arg_TARGET} PUBLIC dla_verilated)
  # -O1: the code is large and the tests are short; building it is what takes time.
  target_compile_options(${arg_TARGET} PRIVATE -w -O1)
endfunction()
