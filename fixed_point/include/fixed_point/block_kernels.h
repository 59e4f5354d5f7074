#pragma once
/// MX block mode (number_formats.md section 6) on rows of doubles, as kernels.h has the standard order:
/// elements are multiplied without their scales, a tree of 32 lanes adds them, 2^e of the two scales
/// multiplies the root.
///
/// A double carries the scaled root too: |e| is at most 254, the values of a tree lie within 2^+-300.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fixed_point/kernels.h"

namespace dlasim::fixed_point {

class BlockKernels {
 public:
  /// Whether every value has a carrier. `operands` are the element formats.
  static bool supports(const StagedFormats& formats, const OperandFormats& operands);

  /// Needs supports(). `lanes`: of the tree.
  BlockKernels(const StagedFormats& formats, const OperandFormats& operands, const Activation& activation,
               int lanes);

  /// Element codes; bits above the format's are not looked at, so that a scale may lie there.
  void decode_inputs(const std::int32_t* codes, double* out, std::size_t n) const noexcept {
    tail_.decode_inputs(codes, out, n);
  }
  void decode_weights(const std::int32_t* codes, double* out, std::size_t n) const noexcept {
    tail_.decode_weights(codes, out, n);
  }
  int tree_levels() const noexcept { return static_cast<int>(tree_.size()); }

  // Rows may be wires, as those of NarrowKernels.

  /// products[r][i] = Q[product](x[r] * w[r][i])
  void multiply(const double* x, const double* w, double* products, const LaneBlock& block,
                PointEvents& events) const noexcept;
  /// As NarrowKernels::add_level.
  void add_level(int level, const double* in, double* out, const LaneBlock& block,
                 PointEvents& events) const noexcept;
  /// out[i] = Q[block](root[i] * 2^exponents[i]), nan for kNanExponent; an exponent is -254..254.
  void scale(const double* root, const std::int32_t* exponents, double* out, std::size_t n,
             PointEvents& events) const noexcept;
  /// Partial sums and what follows them: the units of a layer whose tree gives what `block` gives.
  const StagedKernels& tail() const noexcept { return tail_; }

 private:
  RowUnit product_;
  std::vector<RowUnit> tree_;
  RowUnit block_;
  StagedKernels tail_;
};

}  // namespace dlasim::fixed_point
