#pragma once
/// What the truncation units of a staged layer are configured with: spec/number_formats.md sections 2 to 6
/// as fields of a command.

#include <array>
#include <cstdint>

#include "fixed_point/format.h"

namespace dlasim::sim::arch {

/// Names and values of a format's fields, in the order in which they lie in a command.
template <class Visitor>
void format_fields(Visitor& v, fixed_point::Format& f) {
  v("kind", f.kind), v("bits", f.bits), v("fl", f.fl), v("is_signed", f.is_signed);
  v("exp", f.exp), v("man", f.man), v("bias", f.bias), v("exp_zero", f.exp_zero);
  v("specials", f.specials), v("rounding", f.rounding), v("overflow", f.overflow);
  v("lfsr_bits", f.lfsr.bits), v("lfsr_seed", f.lfsr.seed);
}

/// Which blocks work on number formats.
enum class StagedDatapath : std::uint32_t {
  kReduce,       ///< section 5: units at every point
  kBlocks,       ///< section 6, block mode: no lane accumulators, the block unit behind the tree
  kElementwise,  ///< array, tree and partial sums hand codes on; the post-processor works on their values
  kMxScales,    ///< section 6, scales: lanes give the scale of their value, tree and partial sums the largest
  kMxElements,  ///< section 6, elements: scales come through the array, the operand is divided by them
};

/// What the post-processor does with the value (kElementwise).
enum class StagedElementwise : std::uint32_t {
  kConvert,
  kAdd,
  kSubtract,      ///< value - operand
  kSubtractFrom,  ///< operand - value
  kMultiply,
  kMinimum,
  kMaximum,
};

/// `f` of section 5.
enum class StagedFunction : std::uint32_t { kNone, kRelu, kLeakyRelu, kClamp };

inline constexpr int kMostTreeLevels = 10;  ///< of 1024 ic lanes

/// Formats of one staged layer. Every format satisfies fixed_point::is_valid.
struct StagedSettings {
  StagedDatapath datapath = StagedDatapath::kReduce;
  StagedElementwise elementwise = StagedElementwise::kConvert;
  /// Lanes hold code + 256 * scale, low 16 bits: MX operands, whose element codes have at most 8 bits.
  std::uint32_t scaled_input = 0, scaled_weight = 0;
  std::uint32_t has_bias = 0;
  /// Integers with zero points: `input_zero_point` is subtracted, and the requantisation of Configure takes
  /// the place of `output`.
  std::uint32_t affine = 0;
  std::int32_t input_zero_point = 0;
  std::uint32_t element_row_stride = 0;     ///< elements from one output row to the next
  std::uint32_t element_column_stride = 0;  ///< and from one position to the next
  fixed_point::Format input, weight;        ///< kElementwise, kMxElements: of value and operand
  fixed_point::Format bias_operand;
  fixed_point::Format product, accumulator;
  std::array<fixed_point::Format, kMostTreeLevels> tree;  ///< leaves first; levels that do not exist: exact
  fixed_point::Format partial_sum, bias, activation, output, block;
  StagedFunction function = StagedFunction::kNone;
  std::uint64_t slope = 0, minimum = 0, maximum = 0;  ///< bit patterns of doubles
  template <class Visitor>
  void fields(Visitor& v) {
    v("datapath", datapath), v("elementwise", elementwise);
    v("scaled_input", scaled_input), v("scaled_weight", scaled_weight), v("has_bias", has_bias);
    v("affine", affine), v("input_zero_point", input_zero_point);
    v("element_row_stride", element_row_stride), v("element_column_stride", element_column_stride);
    for (fixed_point::Format* f : {&input, &weight, &bias_operand, &product, &accumulator}) {
      format_fields(v, *f);
    }
    for (fixed_point::Format& level : tree) format_fields(v, level);
    for (fixed_point::Format* f : {&partial_sum, &bias, &activation, &output, &block}) format_fields(v, *f);
    v("function", function), v("slope", slope), v("minimum", minimum), v("maximum", maximum);
  }
  friend bool operator==(const StagedSettings&, const StagedSettings&) = default;
};

}  // namespace dlasim::sim::arch
