#pragma once
/// The row kernels of requantize.h for one instruction set: see isa.h.

#include <cstddef>
#include <cstdint>

namespace dlasim::fixed_point::detail {

/// Raw views of RequantizeLanes and OutputStage.
struct RequantizeArrays {
  const std::int64_t *mantissa, *constant, *left, *right, *nudge;
  const float* factor;
  std::int64_t zero_point, min, max;
};

/// `positions` rows of `n` lanes.
template <typename Accumulator>
using RequantizeKernel = void (*)(const RequantizeArrays&, const Accumulator*, std::int32_t*, std::size_t n,
                                  std::size_t positions) noexcept;

/// Indexed by RequantizeRule.
struct RequantizeKernels {
  RequantizeKernel<std::int32_t> of_int32[4];
  RequantizeKernel<std::int64_t> of_int64[4];
};

const RequantizeKernels& requantize_kernels() noexcept;

}  // namespace dlasim::fixed_point::detail

namespace dlasim::fixed_point::detail::baseline {
extern const RequantizeKernels kRequantizeKernels;
}
namespace dlasim::fixed_point::detail::avx2 {
extern const RequantizeKernels kRequantizeKernels;
}
namespace dlasim::fixed_point::detail::avx512 {
extern const RequantizeKernels kRequantizeKernels;
}
