#include "fixed_point/block_kernels.h"

#include "row_blocks.h"
#include "wires.h"

namespace dlasim::fixed_point {
namespace {

/// The largest |exponent| of two block scales.
constexpr int kLargestScale = 2 * kMxScaleBias;

/// The formats behind the block unit, in the terms of the standard order: `block` in the place of the root.
StagedFormats tail_formats(StagedFormats formats) {
  formats.accumulator = formats.block;
  formats.tree = {formats.block};
  return formats;
}

ValueSet scaled(const ValueSet& root) noexcept {
  return {root.lsb - kLargestScale, root.top + kLargestScale, root.significant_bits};
}

std::vector<RowUnit> tree_units(const StagedFormats& formats, const ValueSet& leaves, int levels) {
  std::vector<RowUnit> units;
  ValueSet in = leaves;
  for (int level = 0; level < levels; ++level) {
    const Format& format =
        formats.tree.size() == 1 ? formats.tree[0] : formats.tree.at(static_cast<std::size_t>(level));
    units.push_back(RowUnit::adder(format, in, in));
    in = units.back().values();
  }
  return units;
}

}  // namespace

bool BlockKernels::supports(const StagedFormats& formats, const OperandFormats& operands) {
  for (const Format& f : formats.tree) {
    if (!carries(f)) return false;
  }
  return carries(formats.block) && StagedKernels::supports(tail_formats(formats), operands);
}

BlockKernels::BlockKernels(const StagedFormats& formats, const OperandFormats& operands,
                           const Activation& activation, int lanes)
    : product_(
          RowUnit::multiplier(formats.product, ValueSet::of(operands.input), ValueSet::of(operands.weight))),
      tree_(tree_units(formats, product_.values(), fixed_point::tree_levels(lanes))),
      block_(RowUnit::converter(formats.block,
                                scaled(tree_.empty() ? product_.values() : tree_.back().values()))),
      tail_(tail_formats(formats), operands, activation, 1) {}

void BlockKernels::multiply(const double* x, const double* w, double* products, const LaneBlock& block,
                            PointEvents& events) const noexcept {
  multiply_rows(product_, x, w, products, block, of(events, Point::kProduct));
}

void BlockKernels::add_level(int level, const double* in, double* out, const LaneBlock& block,
                             PointEvents& events) const noexcept {
  add_row_pairs(tree_[static_cast<std::size_t>(level)], in, out, block, of(events, Point::kTree));
}

void BlockKernels::scale(const double* root, const std::int32_t* exponents, double* out, std::size_t n,
                         PointEvents& events) const noexcept {
  for (std::size_t i = 0; i < n; ++i) store_double(out + i, load_double(root + i) * mx_factor(exponents[i]));
  block_.convert(out, out, n, of(events, Point::kBlock));
}

}  // namespace dlasim::fixed_point
