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
  std::int32_t* rows = a.sums + first * a.sums_stride;
  for (std::size_t p = 0; p < kCount; ++p) {
    for (std::size_t v = 0; v < kVectors; ++v)
      sums[p][v] = Sums::load(rows + p * a.sums_stride + v * Sums::kLanes);
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

/// A block of lanes as one vector, for the compiler to cut to the machine's.
using BlockOperands = std::int16_t __attribute__((vector_size(kBlock * sizeof(std::int16_t))));
using BlockProducts = std::int32_t __attribute__((vector_size(kBlock * sizeof(std::int32_t))));
using BlockSums = std::uint32_t __attribute__((vector_size(kBlock * sizeof(std::uint32_t))));  // wrap

void channelwise(const ProductArgs& a) {
  for (std::size_t p = 0; p < a.positions; ++p) {
    std::int32_t* row = a.sums + p * a.sums_stride;
    BlockSums sums;
    __builtin_memcpy(&sums, row, sizeof sums);
    for (std::size_t tap = 0; tap < a.taps; ++tap) {
      BlockOperands x, w;
      __builtin_memcpy(&x, a.pixels + a.offsets[tap * a.positions + p], sizeof x);
      __builtin_memcpy(&w, a.weights + tap * kBlock, sizeof w);
      const BlockProducts products =
          __builtin_convertvector(x, BlockProducts) * __builtin_convertvector(w, BlockProducts);
      sums += reinterpret_cast<BlockSums>(products);
    }
    __builtin_memcpy(row, &sums, sizeof sums);
  }
}

template <class Byte>
void widen(const Byte* from, std::int16_t* to, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] = from[i];
}

void narrow_to_bytes(const NarrowArgs& a) {
  for (std::size_t row = 0; row < a.count; ++row) {
    const std::int32_t* from = a.rows + row * a.row_stride;
    auto* to = reinterpret_cast<std::uint8_t*>(a.to + static_cast<std::ptrdiff_t>(row) * a.to_stride);
    std::size_t i = 0;
    for (; i + kBlock <= a.elements; i += kBlock) {
      for (std::size_t k = 0; k < kBlock; ++k) to[i + k] = static_cast<std::uint8_t>(from[i + k]);
    }
    for (; i < a.elements; ++i) to[i] = static_cast<std::uint8_t>(from[i]);
  }
}

}  // namespace

extern const ProductKernels kKernels;
const ProductKernels kKernels{dense, channelwise, widen<std::int8_t>, widen<std::uint8_t>, narrow_to_bytes};

}  // namespace dlasim::sim::fast::DLA_PRODUCT_NAMESPACE
