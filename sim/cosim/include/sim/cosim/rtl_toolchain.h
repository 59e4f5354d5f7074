#pragma once
/// Where the RTL's sources are, and what makes a shared library of them.

#include <filesystem>
#include <span>
#include <string>

#include "sim/arch/hardware.h"

namespace dlasim::sim::cosim {

struct RtlToolchain {
  std::filesystem::path sources;        ///< folder of the *.sv files; lint/waivers.vlt below it
  std::filesystem::path cache;          ///< where compiled libraries are kept
  std::string verilator = "verilator";  ///< program, looked for in PATH
  std::string compiler = "c++";         ///< program, looked for in PATH
  bool fst = false;                     ///< compiled so that the module can dump its inside

  /// sources: $DLASIM_RTL, else rtl_models/ of the tree that dlasim was built from. cache: $DLASIM_RTL_CACHE,
  /// else $XDG_CACHE_HOME/dlasim, else ~/.cache/dlasim. The compiler is $CXX if that is set.
  static RtlToolchain from_environment();
};

/// What is made of `top`, a module of the sources, with the generated package of one hardware.
struct RtlUnit {
  std::string top;
  std::string package;       ///< text of dla_pkg.sv
  std::string extra_source;  ///< text of one more file: a bench around modules of the sources
};

/// The shared library of `unit`: found in the cache, or verilated, compiled and put there. The key is all
/// that goes into it: package, sources, versions of Verilator and of the compiler, flags. Processes that want
/// the same library at the same time build it once. Throws base::UnsupportedError if a tool is missing, and
/// base::InputError, with the place of the log, if the RTL does not compile.
std::filesystem::path build_rtl(const RtlUnit& unit, const RtlToolchain& toolchain);

/// Builds what is not in the cache yet, several at a time.
void build_rtl(const arch::Hardware& hardware, std::span<const std::string> tops,
               const RtlToolchain& toolchain);

/// Whether Verilator and a compiler are installed.
bool is_available(const RtlToolchain& toolchain = RtlToolchain::from_environment());

}  // namespace dlasim::sim::cosim
