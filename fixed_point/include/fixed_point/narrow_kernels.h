#pragma once
/// Products, lane accumulators and adder tree of a staged layer on carriers of 32 bits: twice the lanes of
/// kernels.h a vector, and a fraction of its work a lane. For the layers whose formats allow it; the values,
/// the signs of zeros and the event counts are those of the scalar units.
///
/// **std::int32_t**: DFP throughout. The carrier is the code q, the format's fl is known. A unit is an
/// addition or multiplication, a shift and a comparison with the range. `make` follows the range of the
/// integers from unit to unit, with room for the rounding constant, and refuses what could leave 32 bits.
/// Where the range shows that a unit loses nothing and never leaves its format (a sum of `taps` products, a
/// tree that is wide enough) the unit is left out: it could not raise an event.
///
/// **float**: products and sums of minifloats, of operands of any kind. Let M be the mantissa bits of the
/// target.
/// - Products are exact: both significands have at most 24 bits together, in the range of a float.
/// - A sum s = a + b that is exact in a float (its terms lie in a window of 24 bits) is rounded once, by us.
/// - Else the float rounds first, to s'. For M <= 10, terms of at most M + 1 bits and rounding to nearest,
///   this changes nothing (Figueroa, 1995): let |a| >= |b| and 2^e <= |s| < 2^(e+1). If s' is not s, s has a
///   bit below 2^(e-23), which must be b's, so that |b| < 2^(e-23+M). Then a is a value of the target,
///   because it has M + 1 bits, and it is s rounded, because |b| is less than the half of a last place,
///   2^(e-M-1). So is s' rounded: it lies between a and s or is one of them, and no tie lies there. Among
///   subnormals, where the last place is 2^z for all e, this needs s' = s: no term with bits below
///   2^(z+M-24).
/// - fp32 is a float's own addition.
/// - Whether such a sum was exact, r = a + b, shows in r - a and r - b: from the term of larger magnitude the
///   difference has at most 14 bits (24 for fp32, by Dekker's argument) and is exact, so it is the other term
///   if and only if nothing was lost; and if nothing was lost both are.
/// - A sum of multiples of the target's smallest number is one, so it never underflows, and a zero sum is +0
///   as long as one term cannot be -0: an accumulator begins as +0.
/// - Vectors with a nan, an infinity or a value beyond the largest go through the unit on doubles.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "fixed_point/kernels.h"

namespace dlasim::fixed_point {

namespace detail {
template <class Carrier>
struct NarrowUnits;
}

/// The units of one layer, dispatched once here. No state: rows are whatever the caller lays side by side,
/// and any number of threads may share one object. Accumulators and nodes are read and written as bytes, so
/// that they may lie where the caller keeps wires: in integers of the carrier's width.
template <class CarrierType>  // std::int32_t or float
class NarrowKernels {
 public:
  using Carrier = CarrierType;
  /// Nothing where 32 bits are not proven to be enough. `lanes`: L of number_formats.md section 5; `taps`:
  /// the most products that go into one accumulator before it begins anew.
  static std::optional<NarrowKernels> make(const StagedFormats& formats, const OperandFormats& operands,
                                           int lanes, int taps);

  /// n codes to carriers. Bits above the format's are not looked at: sign-extended codes are as good.
  void decode_inputs(const std::int32_t* codes, Carrier* out, std::size_t n) const noexcept;
  void decode_weights(const std::int32_t* codes, Carrier* out, std::size_t n) const noexcept;

  int tree_levels() const noexcept;

  /// acc[r][i] = Q[accumulator](+0 + Q[product](x[r] * w[r][i])), the first tap of `block` lanes: x is one
  /// value a row, `w` and `acc` have the block's shape.
  void multiply(const Carrier* x, const Carrier* w, Carrier* acc, const LaneBlock& block,
                PointEvents& events) const noexcept;
  /// acc[r][i] = Q[accumulator](acc[r][i] + Q[product](x[r] * w[r][i])): every other tap.
  void multiply_accumulate(const Carrier* x, const Carrier* w, Carrier* acc, const LaneBlock& block,
                           PointEvents& events) const noexcept;
  /// The same for a padded tap: a product of +0 raises no event and leaves every accumulator but -0 as it is.
  static void accumulate_padding(Carrier* acc, std::size_t n) noexcept;
  /// Level `level` (0: the leaves) of the tree: row i of `out` is Q(row 2i + row 2i+1) of `in`, of a last row
  /// without a partner Q(row + 0). `block` is the shape of `in`; `out` may be `in`.
  void add_level(int level, const Carrier* in, Carrier* out, const LaneBlock& block,
                 PointEvents& events) const noexcept;
  /// What leaves the tree, as bit patterns of the doubles that StagedKernels goes on with.
  void widen(const Carrier* root, std::int64_t* out, std::size_t n) const noexcept;

  /// Whether 32 bits are enough for the partial sums too: what the three below ask for.
  bool has_partial_sums() const noexcept;
  /// totals[r][i] = Q[partial_sum](+0 + roots[r][i]), both of the block's shape: the first sums of the tree.
  void begin_totals(const Carrier* roots, Carrier* totals, const LaneBlock& block,
                    PointEvents& events) const noexcept;
  /// totals[r][i] = Q[partial_sum](totals[r][i] + roots[r][i]): the others.
  void add_to_totals(const Carrier* roots, Carrier* totals, const LaneBlock& block,
                     PointEvents& events) const noexcept;
  /// As widen(), of totals.
  void widen_totals(const Carrier* totals, std::int64_t* out, std::size_t n) const noexcept;

 private:
  explicit NarrowKernels(std::shared_ptr<const detail::NarrowUnits<Carrier>> units)
      : units_(std::move(units)) {}
  std::shared_ptr<const detail::NarrowUnits<Carrier>> units_;
};

using FixedKernels = NarrowKernels<std::int32_t>;
using FloatKernels = NarrowKernels<float>;

}  // namespace dlasim::fixed_point
