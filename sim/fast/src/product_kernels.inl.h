// Included by one source file an instruction set, which defines DLA_PRODUCT_NAMESPACE.

#include <algorithm>

#include "product_kernels.h"
#include "product_vectors.h"

namespace dlasim::sim::fast::DLA_PRODUCT_NAMESPACE {
namespace {

constexpr std::size_t kVectors = kBlock / Sums::kLanes;

/// kCount positions from `first` on, their sums in registers.
template <std::size_t kCount>
void dense_positions(const ProductArgs& a, std::size_t first) {
  Sums sums[kCount][kVectors];
  for (std::size_t p = 0; p < kCount; ++p) {
    for (std::size_t v = 0; v < kVectors; ++v)
      sums[p][v] = Sums::load(a.initial + (first + p) * a.initial_stride + v * Sums::kLanes);
  }
  const std::int16_t* weights = a.weights;
  for (std::size_t tap = 0; tap < a.taps; ++tap) {
    const std::int16_t* pixel[kCount];
    for (std::size_t p = 0; p < kCount; ++p) pixel[p] = a.pixels + a.offsets[tap * a.positions + first + p];
    for (std::size_t pair = 0; pair < a.pairs; ++pair, weights += 2 * kBlock) {
      for (std::size_t p = 0; p < kCount; ++p) {
        for (std::size_t v = 0; v < kVectors; ++v)
          sums[p][v].add_products(pixel[p] + 2 * pair, weights + 2 * v * Sums::kLanes);
      }
    }
  }
  std::int32_t* rows = a.sums + first * a.sums_stride;
  for (std::size_t p = 0; p < kCount; ++p) {
    for (std::size_t v = 0; v < kVectors; ++v) sums[p][v].store(rows + p * a.sums_stride + v * Sums::kLanes);
  }
}

void dense(const ProductArgs& a) {
  std::size_t p = 0;
  for (; p + Sums::kPositions <= a.positions; p += Sums::kPositions) dense_positions<Sums::kPositions>(a, p);
  for (; p + 2 <= a.positions; p += 2) dense_positions<2>(a, p);
  for (; p < a.positions; ++p) dense_positions<1>(a, p);
}

void channelwise(const ProductArgs& a) {
  for (std::size_t p = 0; p < a.positions; ++p) {
    PairedSums sums;
    const std::int32_t* offset = a.offsets + p;
    const std::int16_t* weights = a.weights;
    std::size_t tap = 0;
    for (; tap + 1 < a.taps; tap += 2, offset += 2 * a.positions, weights += 2 * kBlock)
      sums.add_products(a.pixels + offset[0], a.pixels + offset[a.positions], weights);
    if (tap < a.taps) sums.add_products(a.pixels + offset[0], a.pixels + offset[0], weights);
    sums.store(a.initial + p * a.initial_stride, a.sums + p * a.sums_stride);
  }
}

/// kBlock elements as one vector, for the compiler to cut to the machine's.
using SignedBytes = std::int8_t __attribute__((vector_size(kBlock)));
using UnsignedBytes = std::uint8_t __attribute__((vector_size(kBlock)));
using Halves = std::int16_t __attribute__((vector_size(2 * kBlock)));
using Words = std::int32_t __attribute__((vector_size(4 * kBlock)));

template <class FromBlock, class ToBlock, class From, class To>
inline void convert_row(const From* from, To* to, std::size_t n) {
  std::size_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    FromBlock values;
    __builtin_memcpy(&values, from + i, sizeof values);
    const ToBlock converted = __builtin_convertvector(values, ToBlock);
    __builtin_memcpy(to + i, &converted, sizeof converted);
  }
  for (; i < n; ++i) to[i] = static_cast<To>(from[i]);
}

template <class Byte, class Block>
void widen(const WidenArgs& a) {
  for (std::size_t row = 0; row < a.count; ++row) {
    const std::byte* from = a.from + static_cast<std::ptrdiff_t>(row) * a.from_stride;
    convert_row<Block, Halves>(reinterpret_cast<const Byte*>(from), a.rows + row * a.row_stride, a.elements);
  }
}

/// As they lie in memory, little-endian.
inline std::uint32_t four_low_bytes(const std::int32_t* from) {
  const auto byte = [from](int i) { return (static_cast<std::uint32_t>(from[i]) & 0xFFU) << 8 * i; };
  return byte(0) | byte(1) | byte(2) | byte(3);
}

void narrow_to_bytes(const NarrowArgs& a) {
  for (std::size_t row = 0; row < a.count; ++row) {
    const std::int32_t* from = a.rows + row * a.row_stride;
    auto* to = reinterpret_cast<std::uint8_t*>(a.to + static_cast<std::ptrdiff_t>(row) * a.to_stride);
    std::size_t i = 0;
#ifdef DLA_HAS_NARROW_BLOCK  // the compiler takes a dozen instructions more
    for (; i + kBlock <= a.elements; i += kBlock) narrow_block(from + i, to + i);
#endif
    for (; i + 4 <= a.elements; i += 4) {  // rows of narrow arrays
      const std::uint32_t bytes = four_low_bytes(from + i);
      __builtin_memcpy(to + i, &bytes, sizeof bytes);
    }
    if (i < a.elements) convert_row<Words, UnsignedBytes>(from + i, to + i, a.elements - i);
  }
}

}  // namespace

extern const ProductKernels kKernels;
const ProductKernels kKernels{dense, channelwise, widen<std::int8_t, SignedBytes>,
                              widen<std::uint8_t, UnsignedBytes>, narrow_to_bytes};

}  // namespace dlasim::sim::fast::DLA_PRODUCT_NAMESPACE
