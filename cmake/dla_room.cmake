# dla_room(NAME base SOURCES src/a.cpp ... [DEPENDS dla::x ...] [PRIVATE_DEPENDS pkg::y ...] [COLD])
#
# One room of the house as the static library dla::NAME. Its public headers are below include/, its
# sources below src/; nothing else is on its include path but what its DEPENDS publish. External
# headers are system headers, so that our warnings speak of our code only. A COLD room has no long loops: optimising
# it less saves a third of its compile time.
function(dla_room)
  cmake_parse_arguments(arg "COLD" "NAME" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(dla_${arg_NAME} STATIC ${arg_SOURCES})
  add_library(dla::${arg_NAME} ALIAS dla_${arg_NAME})
  target_include_directories(dla_${arg_NAME} PUBLIC include PRIVATE src)
  target_link_libraries(dla_${arg_NAME}
    PUBLIC ${arg_DEPENDS}
    PRIVATE ${arg_PRIVATE_DEPENDS} $<BUILD_INTERFACE:dla_warnings>)
  set(kind hot)
  if(arg_COLD)
    set(kind cold)
    target_compile_options(dla_${arg_NAME} PRIVATE ${DLA_COLD_OPTIONS})
  endif()
  if(DLA_UNITY AND "fmt::fmt" IN_LIST arg_PRIVATE_DEPENDS)  # fmt is among those headers
    target_precompile_headers(dla_${arg_NAME} REUSE_FROM dla_${kind}_headers)
  endif()
endfunction()

# dla_test(NAME base SOURCES a_test.cpp ... DEPENDS dla::base ...)
#
# One GoogleTest binary whose cases CTest sees one by one. The conformance vectors may lie beside the source tree
# (support/places.h); a test that needs them skips where they are absent.
function(dla_test)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;DEPENDS;LABELS" ${ARGN})
  add_executable(${arg_NAME}_test ${arg_SOURCES})
  target_link_libraries(${arg_NAME}_test PRIVATE ${arg_DEPENDS} GTest::gtest_main GTest::gmock dla_test_places dla_warnings)
  target_precompile_headers(${arg_NAME}_test REUSE_FROM dla_test_headers)
  # Test code is compiled once and runs briefly: what optimising it costs is more than what it gives.
  target_compile_options(${arg_NAME}_test PRIVATE ${DLA_COLD_OPTIONS})
  gtest_discover_tests(${arg_NAME}_test TEST_PREFIX "${arg_NAME}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${arg_LABELS}")
endfunction()

# dla_test_on_cpu_levels(NAME sim_blocks CASES PeArrays.* LEVELS scalar avx2 ...)
#
# Cases of the test NAME once more with the code of instruction sets that this processor would not choose. Skipped
# where it has not got them: scripts/test_avx512 runs those on an emulated one.
function(dla_test_on_cpu_levels)
  cmake_parse_arguments(arg "" "NAME" "CASES;LEVELS" ${ARGN})
  list(JOIN arg_CASES ":" filter)
  foreach(level ${arg_LEVELS})
    set(name ${arg_NAME}.on_${level})
    add_test(NAME ${name} COMMAND ${arg_NAME}_test --gtest_filter=${filter})
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT DLASIM_CPU=${level}
      SKIP_REGULAR_EXPRESSION "DLASIM_CPU: ${level} is wanted, this machine has")
  endforeach()
endfunction()
