#include "lane_kernels.h"

#include "base/cpu.h"

namespace dlasim::sim::blocks {

#define DLA_DECLARE_KERNELS(level)                \
  namespace level {                               \
  extern const LaneKernels<std::int32_t> kNarrow; \
  extern const LaneKernels<std::int64_t> kWide;   \
  extern const TapPairKernels kTapPairs;          \
  }
DLA_DECLARE_KERNELS(scalar)
#if defined(__x86_64__)
DLA_DECLARE_KERNELS(avx2)
DLA_DECLARE_KERNELS(avx512)
#endif
#undef DLA_DECLARE_KERNELS

template <>
const LaneKernels<std::int32_t>& lane_kernels() {
#if defined(__x86_64__)
  if (base::cpu_level() >= base::CpuLevel::kAvx512) return avx512::kNarrow;
  if (base::cpu_level() >= base::CpuLevel::kAvx2) return avx2::kNarrow;
#endif
  return scalar::kNarrow;
}

template <>
const LaneKernels<std::int64_t>& lane_kernels() {
#if defined(__x86_64__)
  if (base::cpu_level() >= base::CpuLevel::kAvx512) return avx512::kWide;
  if (base::cpu_level() >= base::CpuLevel::kAvx2) return avx2::kWide;
#endif
  return scalar::kWide;
}

const TapPairKernels& tap_pair_kernels() {
#if defined(__x86_64__)
  if (base::cpu_level() >= base::CpuLevel::kAvx512) return avx512::kTapPairs;
  if (base::cpu_level() >= base::CpuLevel::kAvx2) return avx2::kTapPairs;
#endif
  return scalar::kTapPairs;
}

}  // namespace dlasim::sim::blocks
