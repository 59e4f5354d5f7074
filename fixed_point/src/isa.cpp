#include "isa.h"

#include <cstdlib>
#include <string_view>

namespace dlasim::fixed_point::detail {
namespace {

Isa detect() noexcept {
#ifdef DLA_X86_KERNELS
  // The same variable as in base/cpu.h, which this room cannot name and which reports wrong names.
  const char* wish = std::getenv("DLASIM_CPU");
  const std::string_view limit = wish == nullptr ? "" : wish;
  if (limit == "scalar" || limit == "sse2") return Isa::kBaseline;
  __builtin_cpu_init();
  const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                          __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
  if (has_avx512 && limit != "avx2") return Isa::kAvx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Isa::kAvx2;
#endif
  return Isa::kBaseline;
}

}  // namespace

Isa best_isa() noexcept {
  static const Isa isa = detect();
  return isa;
}

}  // namespace dlasim::fixed_point::detail
