#pragma once
/// What NarrowKernels consists of, and how it is proven for a layer.

#include <memory>
#include <optional>
#include <vector>

#include "fixed_point/kernels.h"
#include "narrow_kernels_isa.h"

namespace dlasim::fixed_point::detail {

/// Codes of one operand to carriers: a table up to 16 bits.
template <class Carrier>
class NarrowCodec {
 public:
  /// `value` gives the carrier of a code.
  template <class Value>
  NarrowCodec(int bits, const Value& value)
      : mask_(static_cast<std::uint32_t>(low_mask(bits))), table_(std::size_t{1} << bits) {
    for (std::size_t code = 0; code < table_.size(); ++code) table_[code] = value(code);
  }
  void operator()(const std::int32_t* codes, Carrier* out, std::size_t n) const noexcept {
    for (std::size_t i = 0; i < n; ++i) out[i] = table_[static_cast<std::uint32_t>(codes[i]) & mask_];
  }

 private:
  std::uint32_t mask_;
  std::vector<Carrier> table_;
};
inline constexpr int kWidestOperand = 16;

struct FixedUnit {
  FixedTarget target;
  const FixedOperations* operations = nullptr;
  bool is_exact = false;  ///< FixedRounding::kNone, terms at the same place
};

template <>
struct NarrowUnits<std::int32_t> {
  NarrowCodec<std::int32_t> input, weight;
  FixedUnit product, accumulator;
  std::vector<FixedUnit> tree;
  double root_scale = 1;  ///< 2^-fl of what leaves the tree
};

struct FloatProduct {
  FloatUnit unit;
  ProductRows<FloatUnit, float> multiply = nullptr;
};
struct FloatSum {
  FloatUnit unit;
  SumRows<FloatUnit, float> add = nullptr;
};

template <>
struct NarrowUnits<float> {
  NarrowCodec<float> input, weight;
  FloatProduct product;
  FloatSum accumulator;
  std::vector<FloatSum> tree;
};

/// Null where 32 bits are not proven to be enough.
std::shared_ptr<const NarrowUnits<std::int32_t>> fixed_units(const StagedFormats& formats,
                                                             const OperandFormats& operands, int lanes,
                                                             int taps);
std::shared_ptr<const NarrowUnits<float>> float_units(const StagedFormats& formats,
                                                      const OperandFormats& operands, int lanes);

/// The format of a tree level: one for all, or one a level.
inline const Format& tree_format(const StagedFormats& formats, int level) {
  return formats.tree.size() == 1 ? formats.tree[0] : formats.tree.at(static_cast<std::size_t>(level));
}

}  // namespace dlasim::fixed_point::detail
