#pragma once
/// The inner loops of the integer layers, compiled once for each instruction set and chosen at run time.
///
/// Operands are int16, sums int32 modulo 2^32: exact wherever the compiler chose 32-bit accumulators, and the
/// same on every instruction set. No instruction that saturates is used.

#include <cstddef>
#include <cstdint>

namespace dlasim::sim::fast {

/// Output channels that a kernel computes together; weights are padded to it with zeros.
inline constexpr std::size_t kBlock = 16;
/// Values that may be read behind the last pixel.
inline constexpr std::size_t kSlack = kBlock;

/// Positions of one tile and one block of output channels. The pixel of position p and tap t begins
/// offsets[t * positions + p] values behind `pixels`.
struct ProductArgs {
  const std::int16_t* pixels = nullptr;
  const std::int32_t* offsets = nullptr;
  std::size_t positions = 0, taps = 0;
  /// Dense: [tap][pair of channels][kBlock][2]. Channelwise: [pair of taps][kBlock][2], a last odd tap paired
  /// with weights of 0.
  const std::int16_t* weights = nullptr;
  std::size_t pairs = 0;                  ///< dense: half of the channels, rounded up
  const std::int32_t* initial = nullptr;  ///< what the first position's kBlock sums begin with
  std::size_t initial_stride = 0;         ///< to the next position's; 0: all begin with the same
  std::int32_t* sums = nullptr;           ///< the first position's kBlock sums
  std::size_t sums_stride = 0;            ///< to the next position's
};

/// Rows of int32 to elements in memory.
struct NarrowArgs {
  const std::int32_t* rows = nullptr;
  std::size_t row_stride = 0, count = 0, elements = 0;
  std::byte* to = nullptr;
  std::ptrdiff_t to_stride = 0;  ///< in bytes
};

/// Pixels of 8-bit elements in memory to rows of int16.
struct WidenArgs {
  const std::byte* from = nullptr;
  std::ptrdiff_t from_stride = 0;  ///< in bytes
  std::size_t count = 0, elements = 0;
  std::int16_t* rows = nullptr;
  std::size_t row_stride = 0;
};

struct ProductKernels {
  /// sums[p][oc] = initial[p][oc] + sum over taps and channels of pixel[c] * weight[c][oc]
  void (*dense)(const ProductArgs&);
  /// sums[p][oc] = initial[p][oc] + sum over taps of pixel[oc] * weight[oc]: depthwise layers, pooling,
  /// element-wise ones
  void (*channelwise)(const ProductArgs&);
  void (*widen_int8)(const WidenArgs&);
  void (*widen_uint8)(const WidenArgs&);
  /// The low 8 bits of each value.
  void (*narrow_to_bytes)(const NarrowArgs&);
};

/// The kernels of base::cpu_level().
const ProductKernels& product_kernels();

}  // namespace dlasim::sim::fast
