#pragma once
/// Truncation units in vector form: rows of values through one unit, with exact event counts.
///
/// Between units a value is a double, its *carrier*, which holds every value of the formats concerned
/// exactly, -0, inf and nan included. A row unit gives bit for bit what the scalar unit of truncation_unit.h
/// gives:
/// - Products are exact in a double if the significands have at most 53 bits together; so all minifloats (24
/// + 24).
/// - Sums are exact in a double if both terms lie in a window of 53 bits (`ValueSet`): fp16 and smaller
///   minifloats, and DFP of ordinary widths. Otherwise the sum is rounded to odd (its last bit set if
///   anything was cut off), and the rounding that follows, two or more bits above the last one, is that of
///   the exact sum. That holds for every minifloat (at most 24 bits) and for saturating DFP of up to 50 bits.
/// - Wrapping DFP needs the exact integer, so it asks for an exact sum of up to 2^51 LSBs.
/// - Where none of this is proven, the row unit runs the scalar unit value by value: slower, and equal.
/// Stochastic rounding and values wider than a double are not carried at all: `carries` says so, and
/// reduce.h has the units for them. MX operands in storage mode are carried as elements times a power of two:
/// decode the element, multiply by mx_scale_factor.

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "fixed_point/reduce.h"
#include "fixed_point/row_target.h"
#include "fixed_point/truncation_unit.h"

namespace dlasim::fixed_point {

namespace detail {
struct RowOperations;
}

/// What is known of the finite values at a point: multiples of 2^lsb, of at most 2^top, with at most
/// `significant_bits` bits.
struct ValueSet {
  int lsb = 0, top = 0, significant_bits = 0;
  static ValueSet of(const Format& format) noexcept;  ///< not for kind exact
  static ValueSet of(double value) noexcept;
  ValueSet times(const ValueSet& other) const noexcept;
  ValueSet united(const ValueSet& other) const noexcept;
};

/// Whether a double carries every value of the format, with room for products of two: not stochastic, DFP of
/// at most 50 bits, exponents within +-300. False for kind exact, whose values depend on what goes in.
bool carries(const Format& format) noexcept;

/// Codes of one format to carriers and back. The format must satisfy carries().
class CarrierCodec {
 public:
  explicit CarrierCodec(const Format& format);
  const Format& format() const noexcept { return format_; }
  /// Bits above the format's code_bits() are not looked at: sign-extended codes are as good.
  double decode(std::uint64_t code) const noexcept {
    return table_.empty() ? fixed_point::decode(code, format_).to_double() : table_[code & mask_];
  }
  /// The code of a value of the format.
  std::uint64_t encode(double value) const noexcept;

  template <typename Code>
  void decode_row(const Code* codes, double* out, std::size_t n) const noexcept {
    for (std::size_t i = 0; i < n; ++i) out[i] = decode(static_cast<std::uint64_t>(codes[i]));
  }
  /// DFP codes come out sign-extended if Code is signed.
  template <typename Code>
  void encode_row(const double* values, Code* out, std::size_t n) const noexcept {
    const bool extends = std::is_signed_v<Code>;
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint64_t code = encode(values[i]);
      out[i] = static_cast<Code>(extends ? sign_extended(code) : code);
    }
  }

 private:
  std::uint64_t sign_extended(std::uint64_t code) const noexcept {
    const int unused = 64 - format_.code_bits();
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(code << unused) >> unused);
  }
  Format format_;
  std::uint64_t mask_;
  double scale_;               // DFP: 2^fl
  std::vector<double> table_;  // of codes of up to 16 bits
};

/// One truncation unit in vector form. The target is exact, or satisfies carries().
class RowUnit {
 public:
  /// A unit that converts, or multiplies, exact values of the set `in`.
  static RowUnit converter(const Format& target, const ValueSet& in);
  static RowUnit multiplier(const Format& target, const ValueSet& a, const ValueSet& b);
  static RowUnit adder(const Format& target, const ValueSet& a, const ValueSet& b);

  const Format& format() const noexcept { return format_; }
  /// What comes out.
  const ValueSet& values() const noexcept { return values_; }
  /// False where the scalar unit runs value by value.
  bool is_fast() const noexcept { return operations_ != nullptr; }

  // `out` may be one of the inputs. Events are added to `events`.
  void convert(const double* v, double* out, std::size_t n, EventCounts& events) const noexcept;
  void multiply(const double* a, const double* b, double* out, std::size_t n,
                EventCounts& events) const noexcept;
  void add(const double* a, const double* b, double* out, std::size_t n, EventCounts& events) const noexcept;
  /// out[i] = Q(in[2i] + in[2i+1]) for i < n: one level of an adder tree whose leaves lie side by side.
  void add_pairs(const double* in, double* out, std::size_t n, EventCounts& events) const noexcept;

  // What narrower units fall back on; operations() is null where is_fast() is false.
  const detail::RowOperations* operations() const noexcept { return operations_; }
  const detail::RowTarget& target() const noexcept { return target_; }
  bool sums_are_exact() const noexcept { return sums_are_exact_; }

 private:
  RowUnit(const Format& target, const ValueSet& in);

  Format format_;
  ValueSet values_;
  bool sums_are_exact_ = true;
  const detail::RowOperations* operations_ = nullptr;
  detail::RowTarget target_;
};

/// Lanes in memory: `rows` of `length` values, `stride` values from one row to the next.
struct LaneBlock {
  std::size_t rows = 0, length = 0, stride = 0;
};

/// All units of one layer as row units, dispatched once here: what a fast engine runs tile by tile. Rows are
/// whatever the caller lays side by side (positions, output channels, lanes): each entry is a unit of its
/// own.
class StagedKernels {
 public:
  /// Whether every value between the units has a carrier. If not, ElementReducer is the form to use.
  static bool supports(const StagedFormats& formats, const OperandFormats& operands);

  /// `lanes`: L, which fixes the number of tree levels. Needs supports(). Activation bounds and slope are
  /// taken as they are, exactly.
  StagedKernels(const StagedFormats& formats, const OperandFormats& operands, const Activation& activation,
                int lanes);

  using Carrier = double;
  void decode_inputs(const std::int32_t* codes, double* out, std::size_t n) const noexcept {
    input_.decode_row(codes, out, n);
  }
  void decode_weights(const std::int32_t* codes, double* out, std::size_t n) const noexcept {
    weight_.decode_row(codes, out, n);
  }
  const CarrierCodec& input_codec() const noexcept { return input_; }
  const CarrierCodec& weight_codec() const noexcept { return weight_; }
  const CarrierCodec& output_codec() const noexcept { return output_codec_; }
  double decode_bias(std::uint64_t code) const noexcept { return decode(code, bias_operand_).to_double(); }
  int tree_levels() const noexcept { return static_cast<int>(tree_.size()); }
  /// False if one of the units runs value by value.
  bool is_fast() const noexcept;

  /// acc[i] = Q[accumulator](acc[i] + Q[product](x[i] * w[i])): one tap of n lanes.
  void multiply_accumulate(const double* x, const double* w, double* acc, std::size_t n,
                           PointEvents& events) const noexcept;
  // As those of NarrowKernels, whose docstrings hold here too: rows may be wires, one x a row.
  void multiply(const double* x, const double* w, double* acc, const LaneBlock& block,
                PointEvents& events) const noexcept;
  void multiply_accumulate(const double* x, const double* w, double* acc, const LaneBlock& block,
                           PointEvents& events) const noexcept;
  /// The same for a padded tap: a product of +0 raises no event and leaves every accumulator but -0 as it is.
  static void accumulate_padding(double* acc, std::size_t n) noexcept;
  /// Level `level` (0: the leaves) of the tree: out[i] = Q(in[2i] + in[2i+1]), or Q(a[i] + b[i]).
  void add_pairs(int level, const double* in, double* out, std::size_t n, PointEvents& events) const noexcept;
  void add_level(int level, const double* a, const double* b, double* out, std::size_t n,
                 PointEvents& events) const noexcept;
  void add_level(int level, const double* in, double* out, const LaneBlock& block,
                 PointEvents& events) const noexcept;
  void widen(const double* root, std::int64_t* out, std::size_t n) const noexcept;
  /// total[i] = Q[partial_sum](before[i] + v[i]); `before` null: a position's first sum, +0. All may be
  /// wires.
  void add_partial_sum(const double* before, const double* v, double* total, std::size_t n,
                       PointEvents& events) const noexcept;
  /// total[i] = Q[bias](total[i] + bias[i])
  void add_bias(double* total, const double* bias, std::size_t n, PointEvents& events) const noexcept;
  /// v[i] = Q[output](Q[activation](f(v[i])))
  void finish(double* v, std::size_t n, PointEvents& events) const noexcept;

 private:
  void activate(double* v, std::size_t n) const noexcept;
  void finish_one_by_one(double* v, std::size_t n, PointEvents& events) const noexcept;

  CarrierCodec input_, weight_, output_codec_;
  Format bias_operand_;
  Activation activation_;
  double slope_ = 0, min_ = 0, max_ = 0;
  bool activation_is_exact_ = true;  // f of every total is exact in a double
  RowUnit product_, accumulator_;
  std::vector<RowUnit> tree_;
  RowUnit partial_sum_, bias_, activation_unit_, output_;
};

}  // namespace dlasim::fixed_point
