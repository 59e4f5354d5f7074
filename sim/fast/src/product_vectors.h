// Vectors of int32 sums for the instruction set that the including file is compiled for; no include guard on
// purpose, everything lies in the namespace of that file.

#if !defined(DLA_NO_VECTORS) && (defined(__SSE2__) || defined(__AVX2__) || defined(__AVX512BW__))
#include <immintrin.h>
#endif

namespace dlasim::sim::fast::DLA_PRODUCT_NAMESPACE {
namespace {

#if defined(DLA_NO_VECTORS) || !defined(__SSE2__)

/// One lane: plain C++ for every machine.
struct Sums {
  static constexpr std::size_t kLanes = 1;
  static constexpr std::size_t kPositions = 1;  ///< that are computed together
  std::uint32_t v;                              // sums wrap
  static Sums load(const std::int32_t* p) { return {static_cast<std::uint32_t>(*p)}; }
  void store(std::int32_t* p) const { *p = static_cast<std::int32_t>(v); }
  /// Adds pair[0] * w[0] + pair[1] * w[1] in each lane.
  void add_products(const std::int16_t* pair, const std::int16_t* w) {
    v += static_cast<std::uint32_t>(std::int32_t{pair[0]} * w[0]);
    v += static_cast<std::uint32_t>(std::int32_t{pair[1]} * w[1]);
  }
};

/// kBlock sums of products whose lanes have operands of their own.
struct PairedSums {
  std::uint32_t v[kBlock] = {};
  /// Adds x0[oc] * w[oc][0] + x1[oc] * w[oc][1] in each lane.
  void add_products(const std::int16_t* x0, const std::int16_t* x1, const std::int16_t* w) {
    for (std::size_t oc = 0; oc < kBlock; ++oc) {
      v[oc] += static_cast<std::uint32_t>(std::int32_t{x0[oc]} * w[2 * oc]);
      v[oc] += static_cast<std::uint32_t>(std::int32_t{x1[oc]} * w[2 * oc + 1]);
    }
  }
  /// Stores the sums plus `initial`.
  void store(const std::int32_t* initial, std::int32_t* to) const {
    for (std::size_t oc = 0; oc < kBlock; ++oc)
      to[oc] = static_cast<std::int32_t>(v[oc] + static_cast<std::uint32_t>(initial[oc]));
  }
};

#else

inline std::int32_t read_pair(const std::int16_t* pair) {
  std::int32_t both;
  __builtin_memcpy(&both, pair, sizeof both);
  return both;
}

#if defined(__AVX512BW__)

struct Sums {
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kPositions = 12;
  __m512i v;
  static Sums load(const std::int32_t* p) { return {_mm512_loadu_si512(p)}; }
  void store(std::int32_t* p) const { _mm512_storeu_si512(p, v); }
  void add_products(const std::int16_t* pair, const std::int16_t* w) {
    const __m512i x = _mm512_set1_epi32(read_pair(pair));
    const __m512i weights = _mm512_loadu_si512(w);
#if defined(__AVX512VNNI__)
    v = _mm512_dpwssd_epi32(v, x, weights);  // the one without saturation
#else
    v = _mm512_add_epi32(v, _mm512_madd_epi16(x, weights));
#endif
  }
};

struct PairedSums {
  __m512i v = _mm512_setzero_si512();
  void add_products(const std::int16_t* x0, const std::int16_t* x1, const std::int16_t* w) {
    using Halves = std::uint16_t __attribute__((vector_size(32)));
    using Words = std::uint32_t __attribute__((vector_size(64)));
    Halves first, second;
    __builtin_memcpy(&first, x0, sizeof first);
    __builtin_memcpy(&second, x1, sizeof second);
    const auto pairs = reinterpret_cast<__m512i>(__builtin_convertvector(first, Words) |
                                                 __builtin_convertvector(second, Words) << 16);
    const __m512i weights = _mm512_loadu_si512(w);
#if defined(__AVX512VNNI__)
    v = _mm512_dpwssd_epi32(v, pairs, weights);
#else
    v = _mm512_add_epi32(v, _mm512_madd_epi16(pairs, weights));
#endif
  }
  void store(const std::int32_t* initial, std::int32_t* to) const {
    _mm512_storeu_si512(to, _mm512_add_epi32(v, _mm512_loadu_si512(initial)));
  }
};

#elif defined(__AVX2__)

struct Sums {
  static constexpr std::size_t kLanes = 8;
  static constexpr std::size_t kPositions = 6;
  __m256i v;
  static Sums load(const std::int32_t* p) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
  }
  void store(std::int32_t* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  void add_products(const std::int16_t* pair, const std::int16_t* w) {
    const __m256i x = _mm256_set1_epi32(read_pair(pair));
    const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(w));
    v = _mm256_add_epi32(v, _mm256_madd_epi16(x, weights));
  }
};

struct PairedSums {
  __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();  // lanes 0..7, 8..15
  void add_products(const std::int16_t* x0, const std::int16_t* x1, const std::int16_t* w) {
    // Quarters 0, 2, 1, 3: unpacking works on halves of a vector.
    const auto quarters = [](const std::int16_t* x) {
      return _mm256_permute4x64_epi64(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)), 0xD8);
    };
    const __m256i a = quarters(x0), b = quarters(x1);
    const auto* weights = reinterpret_cast<const __m256i*>(w);
    const __m256i w_low = _mm256_loadu_si256(weights), w_high = _mm256_loadu_si256(weights + 1);
    low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), w_low));
    high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), w_high));
  }
  void store(const std::int32_t* initial, std::int32_t* to) const {
    const auto* from = reinterpret_cast<const __m256i*>(initial);
    auto* out = reinterpret_cast<__m256i*>(to);
    _mm256_storeu_si256(out, _mm256_add_epi32(low, _mm256_loadu_si256(from)));
    _mm256_storeu_si256(out + 1, _mm256_add_epi32(high, _mm256_loadu_si256(from + 1)));
  }
};

#define DLA_HAS_NARROW_BLOCK
/// The low bytes of kBlock values.
inline void narrow_block(const std::int32_t* from, std::uint8_t* to) {
  const auto low_bytes = [](const std::int32_t* p) {
    return _mm256_and_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)), _mm256_set1_epi32(0xFF));
  };
  // Packing works on halves of a vector.
  const __m256i halves =
      _mm256_permute4x64_epi64(_mm256_packus_epi32(low_bytes(from), low_bytes(from + 8)), 0xD8);
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
}

#else

struct Sums {
  static constexpr std::size_t kLanes = 4;
  static constexpr std::size_t kPositions = 2;
  __m128i v;
  static Sums load(const std::int32_t* p) { return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))}; }
  void store(std::int32_t* p) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }
  void add_products(const std::int16_t* pair, const std::int16_t* w) {
    const __m128i x = _mm_set1_epi32(read_pair(pair));
    const __m128i weights = _mm_loadu_si128(reinterpret_cast<const __m128i*>(w));
    v = _mm_add_epi32(v, _mm_madd_epi16(x, weights));
  }
};

struct PairedSums {
  __m128i v[4] = {};
  void add_products(const std::int16_t* x0, const std::int16_t* x1, const std::int16_t* w) {
    const auto load = [](const std::int16_t* p) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    };
    for (int half = 0; half < 2; ++half, x0 += 8, x1 += 8, w += 16) {
      const __m128i a = load(x0), b = load(x1);
      __m128i* sums = v + 2 * half;
      sums[0] = _mm_add_epi32(sums[0], _mm_madd_epi16(_mm_unpacklo_epi16(a, b), load(w)));
      sums[1] = _mm_add_epi32(sums[1], _mm_madd_epi16(_mm_unpackhi_epi16(a, b), load(w + 8)));
    }
  }
  void store(const std::int32_t* initial, std::int32_t* to) const {
    for (int i = 0; i < 4; ++i) {
      const __m128i sum =
          _mm_add_epi32(v[i], _mm_loadu_si128(reinterpret_cast<const __m128i*>(initial + 4 * i)));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 4 * i), sum);
    }
  }
};

#endif
#endif

}  // namespace
}  // namespace dlasim::sim::fast::DLA_PRODUCT_NAMESPACE
