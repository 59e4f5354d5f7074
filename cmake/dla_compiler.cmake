# Language level, warnings and the compiler cache, in one place for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(DLA_CCACHE ccache)
if(DLA_CCACHE)
  # Relative paths and no directory in the hash: clones in different places share the cache. The sloppiness is what
  # precompiled headers need to be cached at all.
  set(launcher ${CMAKE_COMMAND} -E env "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros ${DLA_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

add_library(dla_warnings INTERFACE)
target_compile_options(dla_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${DLA_WERROR}>:-Werror>
  # g++ 12 reports std::string's own memcpy as overlapping (GCC bug 105651). What it says after inlining changes with
  # the level of optimisation and even with the length of a literal: worth reading, no reason to break a build.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict
    -Wno-error=array-bounds -Wno-error=stringop-overflow -Wno-error=stringop-overread -Wno-error=maybe-uninitialized>)

# A source on its own costs the headers more than its own text, so a build from scratch takes several at once; by how
# many is set by two processors' memory and by how evenly the work falls to them. Sources of a set that each compile
# the same text with other flags stay alone: dla_compiled_alone. Without DLA_UNITY an edit costs only its own source,
# and a forgotten include is seen.
set(CMAKE_UNITY_BUILD ${DLA_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)

# Of what has no long loops.
set(DLA_COLD_OPTIONS $<$<CONFIG:Release>:-O1>)

function(dla_compiled_alone)
  set_source_files_properties(${ARGN} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON SKIP_PRECOMPILE_HEADERS ON)
endfunction()
