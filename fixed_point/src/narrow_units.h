#pragma once
/// What NarrowKernels consists of, and how it is proven for a layer.

#include <memory>
#include <optional>
#include <vector>

#include "fixed_point/kernels.h"
#include "narrow_kernels_isa.h"

namespace dlasim::fixed_point::detail {

/// DFP codes to their integers.
class FixedCodec {
 public:
  explicit FixedCodec(const Format& f) : unused_bits_(32 - f.bits), is_signed_(f.is_signed) {}
  void operator()(const std::int32_t* __restrict codes, std::int32_t* __restrict out,
                  std::size_t n) const noexcept {
    if (is_signed_) {
      for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::int32_t>(up(codes[i])) >> unused_bits_;
    } else {
      for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::int32_t>(up(codes[i]) >> unused_bits_);
    }
  }

 private:
  std::uint32_t up(std::int32_t code) const noexcept {
    return static_cast<std::uint32_t>(code) << unused_bits_;
  }
  int unused_bits_;
  bool is_signed_;
};

/// Minifloat codes to floats: a table up to 16 bits.
class FloatCodec {
 public:
  explicit FloatCodec(const Format& f)
      : mask_(static_cast<std::uint32_t>(low_mask(f.code_bits()))), table_(std::size_t{1} << f.code_bits()) {
    for (std::size_t code = 0; code < table_.size(); ++code)
      table_[code] = static_cast<float>(decode(code, f).to_double());
  }
  void operator()(const std::int32_t* codes, float* out, std::size_t n) const noexcept {
    for (std::size_t i = 0; i < n; ++i) out[i] = table_[static_cast<std::uint32_t>(codes[i]) & mask_];
  }

 private:
  std::uint32_t mask_;
  std::vector<float> table_;
};
inline constexpr int kWidestOperand = 16;

struct FixedUnit {
  FixedTarget target;
  const FixedOperations* operations = nullptr;
  bool is_exact = false;  ///< FixedRounding::kNone, terms at the same place
};

template <>
struct NarrowUnits<std::int32_t> {
  FixedCodec input, weight;
  FixedUnit product, accumulator;
  std::vector<FixedUnit> tree;
  double root_scale = 1;  ///< 2^-fl of what leaves the tree
  std::optional<FixedUnit> partial_sum;
  double total_scale = 1;  ///< 2^-fl of the partial sums
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
  FloatCodec input, weight;
  FloatProduct product;
  FloatSum accumulator;
  std::vector<FloatSum> tree;
  std::optional<FloatSum> partial_sum;
  static constexpr double root_scale = 1, total_scale = 1;
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
