// Compiled once for every instruction set with DLA_ISA set; no include guard on purpose. See isa.h.

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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
inline void run_row(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
                    const Unit& unit) noexcept {
  std::size_t i = 0;
  for (; i + kWidth <= n; i += kWidth) store(out + i, output_stage(a, unit(i, load_accumulators(acc + i))));
  if (i == n) return;
  Accumulator last[kWidth] = {};
  __builtin_memcpy(last, acc + i, (n - i) * sizeof(Accumulator));
  const Ints y = output_stage(a, unit(i, load_accumulators(last)));
  __builtin_memcpy(out + i, &y, (n - i) * sizeof(std::int32_t));
}

template <typename Accumulator, typename Unit>
inline void run_lanes(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
                      std::size_t positions, const Unit& unit) noexcept {
  for (std::size_t p = 0; p < positions; ++p) run_row(a, acc + p * n, out + p * n, n, unit);
}

/// The product of two lanes that hold sign-extended 32-bit numbers.
inline Longs multiply_halves(Longs x, Longs y) noexcept {
#if defined(__AVX2__) && DLA_VECTOR_BYTES == 32  // AVX-512 multiplies whole lanes
  return reinterpret_cast<Longs>(
      _mm256_mul_epi32(reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(y)));
#else
  return x * y;
#endif
}

template <typename Accumulator>
void double_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
                     std::size_t positions) noexcept {
  run_lanes(a, acc, out, n, positions, [&a](std::size_t i, Longs v) {
    const Longs shifted = low_half(v << load<Longs>(a.left + i));
    const Longs product = multiply_halves(shifted, load<Longs>(a.mantissa + i));
    Longs high = shift_right(product + (std::int64_t{1} << 30), splat(std::int64_t{31}));
    high = select(high > 0x7FFFFFFF, splat(std::int64_t{0x7FFFFFFF}), high);  // (-2^31) * (-2^31)
    const Longs nudge = (high < 0) & load<Longs>(a.nudge + i);
    return shift_right(high + load<Longs>(a.constant + i) - nudge, load<Longs>(a.right + i));
  });
}

template <typename Accumulator>
void single_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
                     std::size_t positions) noexcept {
  run_lanes(a, acc, out, n, positions, [&a](std::size_t i, Longs v) {
    const Longs product = multiply_halves(low_half(v), load<Longs>(a.mantissa + i));
    return low_half(shift_right(product + load<Longs>(a.constant + i), load<Longs>(a.right + i)));
  });
}

template <typename Accumulator>
void int64_rounding(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
                    std::size_t positions) noexcept {
  run_lanes(a, acc, out, n, positions, [&a](std::size_t i, Longs v) {
    const Longs product = v * load<Longs>(a.mantissa + i);
    return low_half(shift_right(product + load<Longs>(a.constant + i), load<Longs>(a.right + i)));
  });
}

template <typename Accumulator>
void pytorch(const RequantizeArrays& a, const Accumulator* acc, std::int32_t* out, std::size_t n,
             std::size_t positions) noexcept {
  for (std::size_t p = 0; p < positions; ++p, acc += n, out += n) {
    for (std::size_t i = 0; i < n; ++i) {
      double v = static_cast<double>(__builtin_rintf(static_cast<float>(acc[i]) * a.factor[i]));
      v = v < -2147483648.0 ? -2147483648.0 : v;
      v = v > 2147483647.0 ? 2147483647.0 : v;
      const std::int64_t y = static_cast<std::int64_t>(v) + a.zero_point;
      const std::int64_t above_min = y < a.min ? a.min : y;
      out[i] = static_cast<std::int32_t>(above_min > a.max ? a.max : above_min);
    }
  }
}

#if defined(__AVX2__)

/// The high half of a doubled product plus rounding, in each of eight lanes. No mantissa is -2^31, so that
/// nothing saturates.
inline __m256i doubling_high(__m256i x, __m256i mantissa) noexcept {
  const __m256i half = _mm256_set1_epi64x(std::int64_t{1} << 30);
  const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x, mantissa), half);
  const __m256i odd =
      _mm256_add_epi64(_mm256_mul_epi32(_mm256_srli_epi64(x, 32), _mm256_srli_epi64(mantissa, 32)), half);
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_slli_epi64(odd, 1), 0xAA);
}

/// The low halves of eight registers.
inline __m256i low_halves(const std::int64_t* registers) noexcept {
  const __m256i order = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);
  const auto load = [&](const std::int64_t* p) {
    return _mm256_permutevar8x32_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), order);
  };
  return _mm256_blend_epi32(load(registers), load(registers + 4), 0xF0);
}

/// D on eight lanes of 32 bits: the remainder decides the rounding, so that no sum leaves 32 bits. Needs
/// bounds that, less the zero point, are 32-bit numbers.
void narrow_double_rounding(const RequantizeArrays& a, const std::int32_t* acc, std::int32_t* out,
                            std::size_t n, std::size_t positions) noexcept {
  const auto int32 = [](std::int64_t v) { return v == static_cast<std::int32_t>(v); };
  if (!int32(a.min - a.zero_point) || !int32(a.max - a.zero_point) || n % 8 != 0) {
    double_rounding(a, acc, out, n, positions);
    return;
  }
  const __m256i low = _mm256_set1_epi32(static_cast<std::int32_t>(a.min - a.zero_point));
  const __m256i high = _mm256_set1_epi32(static_cast<std::int32_t>(a.max - a.zero_point));
  const __m256i zero_point = _mm256_set1_epi32(static_cast<std::int32_t>(a.zero_point));
  for (std::size_t i = 0; i < n; i += 8) {
    const __m256i mantissa = low_halves(a.mantissa + i);
    const __m256i left = low_halves(a.left + i);
    const __m256i right = low_halves(a.right + i);
    const __m256i mask =
        _mm256_sub_epi32(_mm256_sllv_epi32(_mm256_set1_epi32(1), right), _mm256_set1_epi32(1));
    const __m256i half = _mm256_srli_epi32(mask, 1);
    for (std::size_t p = 0; p < positions; ++p) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(acc + p * n + i));
      const __m256i x = doubling_high(_mm256_sllv_epi32(v, left), mantissa);
      // One more where the remainder is above one half, or for positive numbers just that.
      const __m256i threshold = _mm256_sub_epi32(half, _mm256_srai_epi32(x, 31));
      const __m256i up = _mm256_cmpgt_epi32(_mm256_and_si256(x, mask), threshold);
      __m256i y = _mm256_sub_epi32(_mm256_srav_epi32(x, right), up);
      y = _mm256_min_epi32(_mm256_max_epi32(y, low), high);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + p * n + i), _mm256_add_epi32(y, zero_point));
    }
  }
}

#endif

}  // namespace

extern const RequantizeKernels kRequantizeKernels {
#if defined(__AVX2__)
  {narrow_double_rounding, single_rounding, int64_rounding, pytorch},
#else
  {double_rounding, single_rounding, int64_rounding, pytorch},
#endif
      {double_rounding, single_rounding, int64_rounding, pytorch},
};

}  // namespace dlasim::fixed_point::detail::DLA_ISA
