# Debian 12 packages only; scripts/setup installs them.
find_package(Threads REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)        # target yaml-cpp
find_package(fmt CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf REQUIRED)  # before ONNX, whose exported targets name protobuf::libprotobuf
find_package(ONNX CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)

# Debian builds libsystemc as C++17 and mangles that into a link check. The macro only selects
# header branches that C++17 and C++20 share, so it is set once, here, for every user.
add_library(dla_systemc INTERFACE)
target_link_libraries(dla_systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(dla_systemc INTERFACE SC_CPLUSPLUS=201703L)

if(BUILD_TESTING)
  find_package(FlatBuffers CONFIG REQUIRED)  # the tests write .tflite files with it
  find_package(GTest CONFIG REQUIRED)
  include(GoogleTest)
endif()
