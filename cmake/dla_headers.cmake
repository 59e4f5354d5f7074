# What most sources include, parsed once for all rooms and once more for those that are optimised less (a precompiled
# header belongs to one level of optimisation). Not without DLA_UNITY, where each source shows what it includes itself.
if(DLA_UNITY)
  foreach(kind hot cold)
    add_library(dla_${kind}_headers STATIC "${PROJECT_SOURCE_DIR}/cmake/dla_headers.cpp")
    target_link_libraries(dla_${kind}_headers PRIVATE fmt::fmt dla_warnings)
    target_precompile_headers(dla_${kind}_headers PRIVATE
      <algorithm> <array> <cmath> <cstdint> <cstring> <filesystem> <functional> <limits> <map> <memory> <optional> <set>
      <span> <stdexcept> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)
  endforeach()
  target_compile_options(dla_cold_headers PRIVATE ${DLA_COLD_OPTIONS})
endif()
