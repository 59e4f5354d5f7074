// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.

#include "requantize_row_isa.h"

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

/// Arithmetic shift right. AVX2 has no such shift of 64-bit lanes, so the value is moved to the unsigned
/// range, shifted logically and moved back.
inline std::int64_t shift_right(std::int64_t x, std::int64_t n) noexcept {
  constexpr std::uint64_t kOffset = std::uint64_t{1} << 63;
  return static_cast<std::int64_t>(((static_cast<std::uint64_t>(x) ^ kOffset) >> n) - (kOffset >> n));
}

inline std::int32_t output_stage(const RequantizeArrays& a, std::int64_t v) noexcept {
  std::int64_t y = v + a.zero_point;
  y = y < a.min ? a.min : y;
  y = y > a.max ? a.max : y;
  return static_cast<std::int32_t>(y);
}

template <typename Accumulator>
void double_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out,
                     std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const auto shifted = static_cast<std::int32_t>(
        static_cast<std::uint32_t>(static_cast<std::uint64_t>(acc[i]) << a.left[i]));
    std::int64_t high = shift_right(shifted * a.mantissa[i] + (std::int64_t{1} << 30), 31);
    high = high > 0x7FFFFFFF ? 0x7FFFFFFF : high;  // (-2^31) * (-2^31)
    const auto is_negative = static_cast<std::int64_t>(static_cast<std::uint64_t>(high) >> 63);
    out[i] = output_stage(a, shift_right(high + a.constant[i] - (is_negative & a.nudge[i]), a.right[i]));
  }
}

template <typename Accumulator>
void single_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out,
                     std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t product = static_cast<std::int32_t>(acc[i]) * a.mantissa[i];
    const auto v = static_cast<std::int32_t>(shift_right(product + a.constant[i], a.right[i]));
    out[i] = output_stage(a, v);
  }
}

template <typename Accumulator>
void int64_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out,
                    std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const auto v = static_cast<std::int32_t>(shift_right(acc[i] * a.mantissa[i] + a.constant[i], a.right[i]));
    out[i] = output_stage(a, v);
  }
}

template <typename Accumulator>
void pytorch(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    double v = static_cast<double>(__builtin_rintf(static_cast<float>(acc[i]) * a.factor[i]));
    v = v < -2147483648.0 ? -2147483648.0 : v;
    v = v > 2147483647.0 ? 2147483647.0 : v;
    out[i] = output_stage(a, static_cast<std::int32_t>(v));
  }
}

}  // namespace

extern const RequantizeKernels kRequantizeKernels{
    {double_rounding, single_rounding, int64_rounding, pytorch},
    {double_rounding, single_rounding, int64_rounding, pytorch},
};

}  // namespace dlasim::fixed_point::detail::DLA_ISA
