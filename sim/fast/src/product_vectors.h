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

#endif
#endif

}  // namespace
}  // namespace dlasim::sim::fast::DLA_PRODUCT_NAMESPACE
