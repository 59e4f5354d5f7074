// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.

#include "requantize_row_isa.h"

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

using Ints = std::int32_t __attribute__((vector_size(DLA_VECTOR_BYTES / 2)));

/// Arithmetic shift right. AVX2 has no such shift of 64-bit lanes, so the value is moved to the unsigned
/// range, shifted logically and moved back.
inline Longs shift_right(Longs x, Longs n) noexcept {
#if DLA_VECTOR_BYTES == 64
  return x >> n;
#else
  const Unsigneds offset = Unsigneds{} + (std::uint64_t{1} << 63);
  const auto count = reinterpret_cast<Unsigneds>(n);
  return reinterpret_cast<Longs>(((reinterpret_cast<Unsigneds>(x) ^ offset) >> count) - (offset >> count));
#endif
}

/// The low 32 bits of each lane, sign-extended.
inline Longs low_half(Longs x) noexcept {
  return __builtin_convertvector(__builtin_convertvector(x, Ints), Longs);
}

inline Longs load_accumulators(const std::int64_t* p) noexcept {
  return load<Longs>(p);
}
inline Longs load_accumulators(const std::int32_t* p) noexcept {
  return __builtin_convertvector(load<Ints>(p), Longs);
}

inline Ints output_stage(const RequantizeArrays& a, Longs v) noexcept {
  Longs y = v + a.zero_point;
  y = select(y < a.min, splat(a.min), y);
  y = select(y > a.max, splat(a.max), y);
  return __builtin_convertvector(y, Ints);
}

/// `unit(lane, v)` requantises the accumulators v of the lanes from `lane` on. The registers are padded to
/// whole vectors, accumulators and outputs are not.
template <typename Accumulator, typename Unit>
inline void run_lanes(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
                      const Unit& unit) noexcept {
  std::size_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, output_stage(a, unit(i, load_accumulators(acc + i))));
  if (i == n) return;
  Accumulator last[kWidth] = {};
  __builtin_memcpy(last, acc + i, (n - i) * sizeof(Accumulator));
  const Ints y = output_stage(a, unit(i, load_accumulators(last)));
  __builtin_memcpy(out + i, &y, (n - i) * sizeof(std::int32_t));
}

template <typename Accumulator>
void double_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out,
                     std::size_t n) noexcept {
  run_lanes(a, acc, out, n, [&a](std::size_t i, Longs v) {
    const Longs shifted = low_half(v << load<Longs>(a.left + i));
    const Longs product = shifted * load<Longs>(a.mantissa + i);
    Longs high = shift_right(product + (std::int64_t{1} << 30), splat(std::int64_t{31}));
    high = select(high > 0x7FFFFFFF, splat(std::int64_t{0x7FFFFFFF}), high);  // (-2^31) * (-2^31)
    const Longs nudge = (high < 0) & load<Longs>(a.nudge + i);
    return shift_right(high + load<Longs>(a.constant + i) - nudge, load<Longs>(a.right + i));
  });
}

template <typename Accumulator>
void single_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out,
                     std::size_t n) noexcept {
  run_lanes(a, acc, out, n, [&a](std::size_t i, Longs v) {
    const Longs product = low_half(v) * load<Longs>(a.mantissa + i);
    return low_half(shift_right(product + load<Longs>(a.constant + i), load<Longs>(a.right + i)));
  });
}

template <typename Accumulator>
void int64_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out,
                    std::size_t n) noexcept {
  run_lanes(a, acc, out, n, [&a](std::size_t i, Longs v) {
    const Longs product = v * load<Longs>(a.mantissa + i);
    return low_half(shift_right(product + load<Longs>(a.constant + i), load<Longs>(a.right + i)));
  });
}

template <typename Accumulator>
void pytorch(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    double v = static_cast<double>(__builtin_rintf(static_cast<float>(acc[i]) * a.factor[i]));
    v = v < -2147483648.0 ? -2147483648.0 : v;
    v = v > 2147483647.0 ? 2147483647.0 : v;
    const std::int64_t y = static_cast<std::int64_t>(v) + a.zero_point;
    const std::int64_t above_min = y < a.min ? a.min : y;
    out[i] = static_cast<std::int32_t>(above_min > a.max ? a.max : above_min);
  }
}

}  // namespace

extern const RequantizeKernels kRequantizeKernels{
    {double_rounding, single_rounding, int64_rounding, pytorch},
    {double_rounding, single_rounding, int64_rounding, pytorch},
};

}  // namespace dlasim::fixed_point::detail::DLA_ISA
