#pragma once
/// Which truncating arithmetic a chip has: what of spec/number_formats.md section 5 is fixed in silicon, and
/// what is a register.

#include <cstdint>
#include <string>

#include "fixed_point/format.h"

namespace dlasim::sim::arch {

enum class TruncationKind : std::uint8_t {
  kAny,        ///< no silicon has been designed yet: the model runs every format, the RTL integers only
  kNone,       ///< integers only
  kDfp,        ///< widths are fixed; fractional lengths, rounding and overflow are registers
  kMinifloat,  ///< formats are fixed; rounding and overflow are registers
};

/// The formats of the operands and of the units behind them. Of a DFP format only `bits` counts (all are
/// signed), of a minifloat format its codes: rounding, overflow and LFSR are not looked at. `product` may be
/// of kind exact: no unit stands between multiplier and accumulator.
struct Truncation {
  TruncationKind kind = TruncationKind::kAny;
  fixed_point::Format input, weight, bias_operand;
  fixed_point::Format product, accumulator, tree, partial_sum, bias, output;
  /// DFP: 0..64 places by which the fractional lengths of two terms of a sum may differ.
  int alignment = 24;
  /// 1..53 significant bits of the registers for the slope and the limits of activation functions.
  int slope_bits = 24;
  /// 16 or 32: every unit has a random source of so many bits, and rounding may be stochastic. 0: none has.
  int lfsr_bits = 0;

  bool has_units() const { return kind == TruncationKind::kDfp || kind == TruncationKind::kMinifloat; }
};

/// A register of a fractional length holds -128..127.
inline constexpr int kFractionLengthBits = 8;

/// Calls `v(key, format)` for every format, with the keys of the YAML section: "operands.input", ...,
/// "points.output".
template <class TruncationRef, class Visitor>
void visit_formats(TruncationRef& t, Visitor&& v) {
  v("operands.input", t.input), v("operands.weight", t.weight), v("operands.bias", t.bias_operand);
  v("points.product", t.product), v("points.accumulator", t.accumulator), v("points.tree", t.tree);
  v("points.partial_sum", t.partial_sum), v("points.bias", t.bias), v("points.output", t.output);
}

/// "8 bits", "exact", "E4M3": what a format is in silicon, for messages.
std::string silicon_name(const fixed_point::Format& format);
/// Whether a layer's format runs where the silicon has `silicon`: the same codes.
bool same_codes(const fixed_point::Format& silicon, const fixed_point::Format& layer);

}  // namespace dlasim::sim::arch
