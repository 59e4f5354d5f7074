// Compiled once for every instruction set with DLA_ISA and DLA_VECTOR_BYTES set; no include guard on purpose:
// see isa.h.
//
// Vectors are the compiler's own (vector_size), so the loops do not depend on what it manages to vectorise.

#include <cstddef>
#include <cstdint>

namespace dlasim::fixed_point::detail::DLA_ISA {
namespace {

using Doubles = double __attribute__((vector_size(DLA_VECTOR_BYTES)));
/// Integers of the lanes; a comparison gives -1 or 0 in each.
using Longs = decltype(Doubles{} < Doubles{});
using Unsigneds = std::uint64_t __attribute__((vector_size(DLA_VECTOR_BYTES)));
constexpr std::size_t kWidth = DLA_VECTOR_BYTES / sizeof(double);
/// The same of 32 bits: twice the lanes.
using Floats = float __attribute__((vector_size(DLA_VECTOR_BYTES)));
using NarrowInts = decltype(Floats{} < Floats{});
using NarrowUnsigneds = std::uint32_t __attribute__((vector_size(DLA_VECTOR_BYTES)));
constexpr std::size_t kNarrowWidth = DLA_VECTOR_BYTES / sizeof(float);

inline Doubles splat(double v) noexcept {
  return v - Doubles{};
}
inline Longs splat(std::int64_t v) noexcept {
  return Longs{} + v;
}
inline Floats splat(float v) noexcept {
  return v - Floats{};
}
inline NarrowInts splat(std::int32_t v) noexcept {
  return NarrowInts{} + v;
}
inline Unsigneds bits_of(Doubles v) noexcept {
  return reinterpret_cast<Unsigneds>(v);
}
inline Doubles double_of(Unsigneds v) noexcept {
  return reinterpret_cast<Doubles>(v);
}
inline Doubles select(Longs mask, Doubles a, Doubles b) noexcept {
  return mask ? a : b;
}
inline Longs select(Longs mask, Longs a, Longs b) noexcept {
  return mask ? a : b;
}
/// a where the mask is set, else +0.
inline Doubles keep(Longs mask, Doubles a) noexcept {
  return double_of(bits_of(a) & reinterpret_cast<Unsigneds>(mask));
}

inline NarrowUnsigneds bits_of(Floats v) noexcept {
  return reinterpret_cast<NarrowUnsigneds>(v);
}
inline Floats float_of(NarrowUnsigneds v) noexcept {
  return reinterpret_cast<Floats>(v);
}
inline Floats select(NarrowInts mask, Floats a, Floats b) noexcept {
  return mask ? a : b;
}
inline NarrowInts select(NarrowInts mask, NarrowInts a, NarrowInts b) noexcept {
  return mask ? a : b;
}
inline Floats keep(NarrowInts mask, Floats a) noexcept {
  return float_of(bits_of(a) & reinterpret_cast<NarrowUnsigneds>(mask));
}
inline NarrowInts at_most(NarrowInts a, NarrowInts b) noexcept {
#if DLA_VECTOR_BYTES == 32
  using Vector = int __attribute__((vector_size(32)));
  return reinterpret_cast<NarrowInts>(
      __builtin_ia32_pminsd256(reinterpret_cast<Vector>(a), reinterpret_cast<Vector>(b)));
#else
  return a > b ? b : a;
#endif
}
inline NarrowInts at_least(NarrowInts a, NarrowInts b) noexcept {
#if DLA_VECTOR_BYTES == 32
  using Vector = int __attribute__((vector_size(32)));
  return reinterpret_cast<NarrowInts>(
      __builtin_ia32_pmaxsd256(reinterpret_cast<Vector>(a), reinterpret_cast<Vector>(b)));
#else
  return a < b ? b : a;
#endif
}
/// Whether a lane of a comparison is set.
inline bool any(NarrowInts mask) noexcept {
#if DLA_VECTOR_BYTES == 32
  return __builtin_ia32_movmskps256(reinterpret_cast<Floats>(mask)) != 0;
#elif DLA_VECTOR_BYTES == 16 && defined(__SSE2__)
  return __builtin_ia32_movmskps(reinterpret_cast<Floats>(mask)) != 0;
#else
  const auto halves = reinterpret_cast<Longs>(mask);
  std::int64_t set = 0;
  for (std::size_t i = 0; i < kWidth; ++i) set |= halves[i];
  return set != 0;
#endif
}

template <typename Vector, typename Element>
inline Vector load(const Element* p) noexcept {
  Vector v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <typename Vector, typename Element>
inline void store(Element* p, Vector v) noexcept {
  __builtin_memcpy(p, &v, sizeof v);
}

}  // namespace
}  // namespace dlasim::fixed_point::detail::DLA_ISA
