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

inline Doubles splat(double v) noexcept {
  return v - Doubles{};
}
inline Longs splat(std::int64_t v) noexcept {
  return Longs{} + v;
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
