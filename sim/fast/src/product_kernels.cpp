#include "product_kernels.h"

#include "base/cpu.h"

namespace dlasim::sim::fast {

#define DLA_DECLARE_KERNELS(level)      \
  namespace level {                     \
  extern const ProductKernels kKernels; \
  }
DLA_DECLARE_KERNELS(scalar)
#if defined(__x86_64__)
DLA_DECLARE_KERNELS(sse2)
DLA_DECLARE_KERNELS(avx2)
DLA_DECLARE_KERNELS(avx512)
DLA_DECLARE_KERNELS(avx512_vnni)
#endif
#undef DLA_DECLARE_KERNELS

const ProductKernels& product_kernels() {
#if defined(__x86_64__)
  switch (base::cpu_level()) {
    case base::CpuLevel::kAvx512Vnni:
      return avx512_vnni::kKernels;
    case base::CpuLevel::kAvx512:
      return avx512::kKernels;
    case base::CpuLevel::kAvx2:
      return avx2::kKernels;
    case base::CpuLevel::kSse2:
      return sse2::kKernels;
    case base::CpuLevel::kScalar:
      break;
  }
#endif
  return scalar::kKernels;
}

}  // namespace dlasim::sim::fast
