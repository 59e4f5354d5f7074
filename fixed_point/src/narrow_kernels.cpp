#include "fixed_point/narrow_kernels.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "isa.h"
#include "narrow_units.h"

namespace dlasim::fixed_point {
namespace detail {

const NarrowOperations& narrow_operations() noexcept {
#ifdef DLA_X86_KERNELS
  switch (best_isa()) {
    case Isa::kAvx512:
      return avx512::kNarrowOperations;
    case Isa::kAvx2:
      return avx2::kNarrowOperations;
    case Isa::kBaseline:
      break;
  }
#endif
  return baseline::kNarrowOperations;
}

namespace {

void count(const RowCounts& counts, PointEvents& events, Point point) noexcept {
  events[static_cast<std::size_t>(point)] +=
      EventCounts{counts.inexact, counts.overflow, counts.underflow, counts.invalid};
}

// The two carriers differ in what a unit consists of.
void multiply(const FixedUnit& u, const std::int32_t* x, Rows<const std::int32_t> w, Rows<std::int32_t> out,
              std::size_t rows, std::size_t length, RowCounts& counts) noexcept {
  u.operations->multiply(u.target, x, w, out, rows, length, counts);
}
void multiply(const FloatProduct& u, const float* x, Rows<const float> w, Rows<float> out, std::size_t rows,
              std::size_t length, RowCounts& counts) noexcept {
  u.multiply(u.unit, x, w, out, rows, length, counts);
}
void add(const FixedUnit& u, Rows<const std::int32_t> a, Rows<const std::int32_t> b, Rows<std::int32_t> out,
         std::size_t rows, std::size_t length, RowCounts& counts) noexcept {
  u.operations->add(u.target, a, b, out, rows, length, counts);
}
void add(const FloatSum& u, Rows<const float> a, Rows<const float> b, Rows<float> out, std::size_t rows,
         std::size_t length, RowCounts& counts) noexcept {
  u.add(u.unit, a, b, out, rows, length, counts);
}

/// Products pass through a buffer that stays in the first-level cache: one loop a unit instead of one a pair
/// of units.
template <class Carrier>
void multiply_accumulate(const NarrowUnits<Carrier>& units, const Carrier* x, const Carrier* w, Carrier* acc,
                         const LaneBlock& block, RowCounts& of_products, RowCounts& of_sums) noexcept {
  constexpr std::size_t kBuffer = 1024;
  std::array<Carrier, kBuffer> products;
  for (std::size_t column = 0; column < block.length; column += kBuffer) {
    const std::size_t length = std::min(kBuffer, block.length - column);
    const std::size_t rows_at_once = kBuffer / length;
    for (std::size_t row = 0; row < block.rows; row += rows_at_once) {
      const std::size_t rows = std::min(rows_at_once, block.rows - row);
      const std::size_t at = row * block.stride + column;
      multiply(units.product, x + row, {w + at, block.stride}, {products.data(), length}, rows, length,
               of_products);
      add(units.accumulator, {acc + at, block.stride}, {products.data(), length}, {acc + at, block.stride},
          rows, length, of_sums);
    }
  }
}

}  // namespace
}  // namespace detail

template <class Carrier>
std::optional<NarrowKernels<Carrier>> NarrowKernels<Carrier>::make(const StagedFormats& formats,
                                                                   const OperandFormats& operands, int lanes,
                                                                   int taps) {
  std::shared_ptr<const detail::NarrowUnits<Carrier>> units;
  if constexpr (std::is_same_v<Carrier, float>) {
    units = detail::float_units(formats, operands, lanes);
  } else {
    units = detail::fixed_units(formats, operands, lanes, taps);
  }
  if (units == nullptr) return std::nullopt;
  return NarrowKernels(std::move(units));
}

template <class Carrier>
void NarrowKernels<Carrier>::decode_inputs(const std::int32_t* codes, Carrier* out,
                                           std::size_t n) const noexcept {
  units_->input(codes, out, n);
}

template <class Carrier>
void NarrowKernels<Carrier>::decode_weights(const std::int32_t* codes, Carrier* out,
                                            std::size_t n) const noexcept {
  units_->weight(codes, out, n);
}

template <class Carrier>
int NarrowKernels<Carrier>::tree_levels() const noexcept {
  return static_cast<int>(units_->tree.size());
}

template <class Carrier>
void NarrowKernels<Carrier>::multiply_accumulate(const Carrier* x, const Carrier* w, Carrier* acc,
                                                 const LaneBlock& block, PointEvents& events) const noexcept {
  if constexpr (std::is_same_v<Carrier, std::int32_t>) {
    if (units_->product.is_exact && units_->accumulator.is_exact) {
      detail::RowCounts none;
      detail::narrow_operations().multiply_accumulate({}, x, {w, block.stride}, {acc, block.stride},
                                                      block.rows, block.length, none);
      return;
    }
  }
  detail::RowCounts of_products, of_sums;
  detail::multiply_accumulate(*units_, x, w, acc, block, of_products, of_sums);
  detail::count(of_products, events, Point::kProduct);
  detail::count(of_sums, events, Point::kAccumulator);
}

template <class Carrier>
void NarrowKernels<Carrier>::accumulate_padding(Carrier* acc, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) acc[i] += Carrier{0};
}

template <class Carrier>
void NarrowKernels<Carrier>::add_level(int level, Carrier* nodes, const LaneBlock& block,
                                       PointEvents& events) const noexcept {
  detail::RowCounts counts;
  // A row is written after the rows that it is made of have been read: they never lie before it.
  detail::add(units_->tree[static_cast<std::size_t>(level)], {nodes, 2 * block.stride},
              {nodes + block.stride, 2 * block.stride}, {nodes, block.stride}, block.rows, block.length,
              counts);
  detail::count(counts, events, Point::kTree);
}

template <class Carrier>
void NarrowKernels<Carrier>::widen(const Carrier* root, double* out, std::size_t n) const noexcept {
  double scale = 1;
  if constexpr (std::is_same_v<Carrier, std::int32_t>) scale = units_->root_scale;
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<double>(root[i]) * scale;
}

template class NarrowKernels<std::int32_t>;
template class NarrowKernels<float>;

}  // namespace dlasim::fixed_point
