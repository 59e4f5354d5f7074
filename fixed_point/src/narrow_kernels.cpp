#include "fixed_point/narrow_kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
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

constexpr std::size_t kBuffer = 1024;
/// A row of +0, to begin accumulators with and to be the missing partner of a tree's last node.
template <class Carrier>
constexpr std::array<Carrier, kBuffer> kZeros{};

/// out = Q[accumulator](before + Q[product](x * w)) for up to kBuffer columns. Products pass through a buffer
/// that stays in the first-level cache: one loop a unit instead of one a pair of units. The kernels count
/// into the layer's own counters: copied in vectors, counts would wait for what has just been written in
/// parts.
template <class Carrier>
void through_units(const NarrowUnits<Carrier>& units, const Carrier* x, const Carrier* w,
                   Rows<const Carrier> before, Carrier* out, const LaneBlock& block,
                   PointEvents& events) noexcept {
  std::array<Carrier, kBuffer> products;
  const bool fits = block.rows * block.length <= kBuffer;  // no division where there is nothing to divide
  const std::size_t rows_at_once = fits ? block.rows : kBuffer / block.length;
  for (std::size_t row = 0; row < block.rows; row += rows_at_once) {
    const std::size_t rows = std::min(rows_at_once, block.rows - row);
    const std::size_t at = row * block.stride;
    multiply(units.product, x + row, {w + at, block.stride}, {products.data(), block.length}, rows,
             block.length, of(events, Point::kProduct));
    // Zeros are there for all rows at once, and rows without gaps are one long row.
    const std::size_t terms = before.stride == 0 ? block.length : before.stride;
    add(units.accumulator, {before.data + row * before.stride, terms}, {products.data(), block.length},
        {out + at, block.stride}, rows, block.length, of(events, Point::kAccumulator));
  }
}

void accumulate_columns(const NarrowUnits<float>& units, const float* x, const float* w,
                        Rows<const float> before, float* out, const LaneBlock& block,
                        PointEvents& events) noexcept {
  through_units(units, x, w, before, out, block, events);
}

void accumulate_columns(const NarrowUnits<std::int32_t>& units, const std::int32_t* x, const std::int32_t* w,
                        Rows<const std::int32_t> before, std::int32_t* out, const LaneBlock& block,
                        PointEvents& events) noexcept {
  if (units.product.is_exact && units.accumulator.is_exact) {
    narrow_operations().multiply_add(x, {w, block.stride}, before, {out, block.stride}, block.rows,
                                     block.length);
  } else {
    through_units(units, x, w, before, out, block, events);
  }
}

/// The doubles' bit patterns.
template <class Carrier>
void scale_to_doubles(const Carrier* carriers, double scale, std::int64_t* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    Carrier value;
    std::memcpy(&value, carriers + i, sizeof value);
    out[i] = std::bit_cast<std::int64_t>(static_cast<double>(value) * scale);
  }
}

/// `before` has the shape of `block`, or one row of kBuffer for all.
template <class Carrier>
void accumulate(const NarrowUnits<Carrier>& units, const Carrier* x, const Carrier* w,
                Rows<const Carrier> before, Carrier* out, const LaneBlock& block,
                PointEvents& events) noexcept {
  for (std::size_t column = 0; column < block.length; column += kBuffer) {
    const LaneBlock columns{block.rows, std::min(kBuffer, block.length - column), block.stride};
    const std::size_t terms = before.stride == 0 ? 0 : column;
    accumulate_columns(units, x, w + column, {before.data + terms, before.stride}, out + column, columns,
                       events);
  }
}

}  // namespace
}  // namespace detail

template <class Carrier>
std::optional<NarrowKernels<Carrier>> NarrowKernels<Carrier>::make(const StagedFormats& formats,
                                                                   const OperandFormats& operands, int lanes,
                                                                   int taps) {
  if (operands.input_exponents != 0 || operands.weight_exponents != 0) return std::nullopt;
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
void NarrowKernels<Carrier>::multiply(const Carrier* x, const Carrier* w, Carrier* acc,
                                      const LaneBlock& block, PointEvents& events) const noexcept {
  detail::accumulate(*units_, x, w, {detail::kZeros<Carrier>.data(), 0}, acc, block, events);
}

template <class Carrier>
void NarrowKernels<Carrier>::multiply_accumulate(const Carrier* x, const Carrier* w, Carrier* acc,
                                                 const LaneBlock& block, PointEvents& events) const noexcept {
  detail::accumulate(*units_, x, w, {acc, block.stride}, acc, block, events);
}

template <class Carrier>
void NarrowKernels<Carrier>::accumulate_padding(Carrier* acc, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    Carrier sum;
    std::memcpy(&sum, acc + i, sizeof sum);
    sum += Carrier{0};
    std::memcpy(acc + i, &sum, sizeof sum);
  }
}

template <class Carrier>
void NarrowKernels<Carrier>::add_level(int level, const Carrier* in, Carrier* out, const LaneBlock& block,
                                       PointEvents& events) const noexcept {
  const auto& unit = units_->tree[static_cast<std::size_t>(level)];
  EventCounts& counts = of(events, Point::kTree);
  const std::size_t pairs = block.rows / 2;
  // A row is written after the rows that it is made of have been read: they never lie before it.
  detail::add(unit, {in, 2 * block.stride}, {in + block.stride, 2 * block.stride}, {out, block.stride}, pairs,
              block.length, counts);
  if (block.rows % 2 == 0) return;
  const Carrier* last = in + 2 * pairs * block.stride;
  for (std::size_t column = 0; column < block.length; column += detail::kBuffer) {
    const std::size_t length = std::min(detail::kBuffer, block.length - column);
    detail::add(unit, {last + column, length}, {detail::kZeros<Carrier>.data(), length},
                {out + pairs * block.stride + column, length}, 1, length, counts);
  }
}

template <class Carrier>
void NarrowKernels<Carrier>::widen(const Carrier* root, std::int64_t* out, std::size_t n) const noexcept {
  detail::scale_to_doubles(root, units_->root_scale, out, n);
}

template <class Carrier>
bool NarrowKernels<Carrier>::has_partial_sums() const noexcept {
  return units_->partial_sum.has_value();
}

template <class Carrier>
void NarrowKernels<Carrier>::begin_totals(const Carrier* roots, Carrier* totals, const LaneBlock& block,
                                          PointEvents& events) const noexcept {
  for (std::size_t column = 0; column < block.length; column += detail::kBuffer) {
    detail::add(*units_->partial_sum, {detail::kZeros<Carrier>.data(), 0}, {roots + column, block.stride},
                {totals + column, block.stride}, block.rows, std::min(detail::kBuffer, block.length - column),
                of(events, Point::kPartialSum));
  }
}

template <class Carrier>
void NarrowKernels<Carrier>::add_to_totals(const Carrier* roots, Carrier* totals, const LaneBlock& block,
                                           PointEvents& events) const noexcept {
  detail::add(*units_->partial_sum, {totals, block.stride}, {roots, block.stride}, {totals, block.stride},
              block.rows, block.length, of(events, Point::kPartialSum));
}

template <class Carrier>
void NarrowKernels<Carrier>::widen_totals(const Carrier* totals, std::int64_t* out,
                                          std::size_t n) const noexcept {
  detail::scale_to_doubles(totals, units_->total_scale, out, n);
}

template class NarrowKernels<std::int32_t>;
template class NarrowKernels<float>;

}  // namespace dlasim::fixed_point
