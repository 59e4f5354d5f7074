#include "base/cpu.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "base/error.h"

namespace dlasim::base {
namespace {

constexpr std::array<std::string_view, 5> kNames{"scalar", "sse2", "avx2", "avx512", "avx512_vnni"};

constexpr int kNotForced = -1;
std::atomic<int> forced{kNotForced};

void refuse_above_detected(CpuLevel level, std::string_view who) {
  if (level <= detected_cpu_level()) return;
  throw InputError(
      fmt::format("{}: {} is wanted, this machine has {}", who, name(level), name(detected_cpu_level())));
}

}  // namespace

std::string_view name(CpuLevel level) {
  return kNames.at(static_cast<std::size_t>(level));
}

CpuLevel cpu_level_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<CpuLevel>(i);
  }
  throw InputError(fmt::format("'{}' is not one of scalar, sse2, avx2, avx512, avx512_vnni", name));
}

CpuLevel detected_cpu_level() {
#if defined(__x86_64__)
  // The builtin also asks whether the operating system saves the registers.
  const bool avx2 = __builtin_cpu_supports("avx2") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
                      __builtin_cpu_supports("avx512vl") != 0;
  if (avx512 && __builtin_cpu_supports("avx512vnni") != 0) return CpuLevel::kAvx512Vnni;
  if (avx512) return CpuLevel::kAvx512;
  return avx2 ? CpuLevel::kAvx2 : CpuLevel::kSse2;
#else
  return CpuLevel::kScalar;
#endif
}

CpuLevel cpu_level() {
  if (const int level = forced.load(); level != kNotForced) return static_cast<CpuLevel>(level);
  const char* wanted = std::getenv("DLASIM_CPU");
  if (wanted == nullptr || *wanted == '\0') return detected_cpu_level();
  CpuLevel level{};
  try {
    level = cpu_level_from_name(wanted);
  } catch (const InputError& e) {
    throw InputError(fmt::format("DLASIM_CPU: {}", e.what()));
  }
  refuse_above_detected(level, "DLASIM_CPU");
  return level;
}

void force_cpu_level(std::optional<CpuLevel> level) {
  if (level) refuse_above_detected(*level, "CPU level");
  forced = level ? static_cast<int>(*level) : kNotForced;
}

std::uint64_t peak_resident_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts in KiB
}

}  // namespace dlasim::base
