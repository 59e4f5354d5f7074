#pragma once
/// Number formats of the staged datapath as plain data: spec/number_formats.md. No arithmetic here.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dlasim::network {

/// Section 2. The comment is SystemC's name.
enum class Rounding {
  kFloor,        ///< SC_TRN
  kTrunc,        ///< SC_TRN_ZERO
  kNearestUp,    ///< SC_RND
  kNearestAway,  ///< SC_RND_INF
  kNearestEven,  ///< SC_RND_CONV
  kStochastic,   ///< the unit's LFSR decides
};
/// Sections 3 and 4: DFP has saturate, saturate_symmetric, wrap; minifloat has saturate, inf.
enum class Overflow { kSaturate, kSaturateSymmetric, kWrap, kInf };
/// Section 4: what exponent field 0 means.
enum class ExpZero { kSubnormal, kZero, kNormal };
/// Section 4: which codes are inf or nan.
enum class Specials { kIeee, kFn, kNone };

/// The random source of one stochastic rounding unit.
struct Lfsr {
  int bits = 16;  ///< 16 or 32
  std::uint32_t seed = 1;
  friend bool operator==(const Lfsr&, const Lfsr&) = default;
};

/// One format with its rounding and overflow: what a truncation unit is configured with.
struct NumberFormat {
  enum class Kind { kExact, kDfp, kMinifloat };
  Kind kind = Kind::kExact;
  // DFP: value = q * 2^-fl
  int bits = 8;  ///< 1..64
  int fl = 0;    ///< fractional length, any integer
  bool is_signed = true;
  // Minifloat: sign, exp, man
  int exp = 0;   ///< 2..8
  int man = 0;   ///< 0..23
  int bias = 0;  ///< exponent bias, 2^(exp-1)-1 unless given
  ExpZero exp_zero = ExpZero::kSubnormal;
  Specials specials = Specials::kIeee;
  // both
  Rounding rounding = Rounding::kNearestEven;
  Overflow overflow = Overflow::kSaturate;
  std::optional<Lfsr> lfsr;  ///< present exactly if rounding is stochastic

  /// Bits of a code: `bits`, or 1 + exp + man; 0 for exact.
  int code_bits() const { return kind == Kind::kDfp ? bits : kind == Kind::kMinifloat ? 1 + exp + man : 0; }
  friend bool operator==(const NumberFormat&, const NumberFormat&) = default;
};

/// An operand tensor's format. With `mx_block` set, `element` is the format of an MX element and
/// each block of `mx_block` channels has an E8M0 scale (section 6).
struct OperandFormat {
  NumberFormat element;
  int mx_block = 0;  ///< 0: no MX; else the block length, 32
  friend bool operator==(const OperandFormat&, const OperandFormat&) = default;
};

/// Section 6: decode MX operands and reduce as always, or take dot products a block.
enum class MxMode { kStorage, kBlock };

/// `f` of section 5.
struct StagedActivation {
  enum class Type { kNone, kRelu, kLeakyRelu, kClamp };
  Type type = Type::kNone;
  double slope = 0.0;           ///< leaky_relu
  double min = 0.0, max = 0.0;  ///< clamp
  friend bool operator==(const StagedActivation&, const StagedActivation&) = default;
};

/// Formats of one layer's truncation units (section 5) and of its operands. A layer that has them
/// runs staged; a layer without runs in integer mode.
struct StagedNumerics {
  OperandFormat input, weight;
  std::optional<NumberFormat> bias_operand;  ///< absent: the layer has no bias
  NumberFormat product, accumulator;         ///< accumulator is unused in MxMode::kBlock
  std::vector<NumberFormat> tree;            ///< one entry for all levels, or one a level, leaves first
  NumberFormat partial_sum, bias, activation, output;
  NumberFormat block;  ///< only in MxMode::kBlock
  MxMode mx_mode = MxMode::kStorage;
  StagedActivation function;
  friend bool operator==(const StagedNumerics&, const StagedNumerics&) = default;
};

}  // namespace dlasim::network
