#pragma once
/// What the machine under us can do, and what we have taken of it.

#include <cstdint>
#include <optional>
#include <string_view>

namespace dlasim::base {

/// Instruction sets that vector code is written for; each includes those before it.
enum class CpuLevel {
  kScalar,      ///< plain C++
  kSse2,        ///< what every x86-64 has
  kAvx2,        ///< AVX2
  kAvx512,      ///< AVX-512 F, BW, DQ, VL
  kAvx512Vnni,  ///< and VNNI
};

/// "scalar", "sse2", "avx2", "avx512", "avx512_vnni"
std::string_view name(CpuLevel level);
/// The inverse of `name`. Throws InputError for another name.
CpuLevel cpu_level_from_name(std::string_view name);

/// The highest level that processor and operating system offer.
CpuLevel detected_cpu_level();

/// The level that code shall use: the forced one; else that of the environment variable DLASIM_CPU; else the
/// detected one. Throws InputError if DLASIM_CPU is no name of a level or above what is detected.
CpuLevel cpu_level();

/// Makes `cpu_level()` return `level` (a test of the lower paths), or lifts that with nullopt. Throws
/// InputError above what is detected.
void force_cpu_level(std::optional<CpuLevel> level);

/// Largest resident memory of this process so far, in bytes.
std::uint64_t peak_resident_bytes();

}  // namespace dlasim::base
