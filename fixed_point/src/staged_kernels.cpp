#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "fixed_point/kernels.h"
#include "row_blocks.h"
#include "wires.h"

namespace dlasim::fixed_point {
namespace {

bool is_a_double(const Exact& v) noexcept {
  return identical(Exact::from_double(v.to_double()), v);
}

/// What f makes of values of the set `in`.
ValueSet activated(const ValueSet& in, const Activation& f) noexcept {
  switch (f.type) {
    case Activation::Type::kNone:
    case Activation::Type::kRelu:
      return in;
    case Activation::Type::kLeakyRelu:
      return in.united(in.times(ValueSet::of(f.slope.to_double())));
    case Activation::Type::kClamp:
      return in.united(ValueSet::of(f.min.to_double())).united(ValueSet::of(f.max.to_double()));
  }
  return in;
}

bool fits_a_double(const ValueSet& set) noexcept {
  return set.significant_bits <= 53 && set.lsb >= -600 && set.top <= 600;
}

ValueSet operand(const Format& f, int exponents) noexcept {
  const ValueSet set = ValueSet::of(f);
  return {set.lsb - exponents, set.top + exponents, set.significant_bits};
}
ValueSet input_of(const OperandFormats& o) noexcept {
  return operand(o.input, o.input_exponents);
}
ValueSet weight_of(const OperandFormats& o) noexcept {
  return operand(o.weight, o.weight_exponents);
}

bool carries_or_exact(const Format& f) noexcept {
  return f.kind == Kind::kExact || carries(f);
}

RowUnit tree_level(const StagedFormats& formats, std::size_t level) {
  const auto format_of = [&](std::size_t l) -> const Format& {
    return formats.tree.size() == 1 ? formats.tree[0] : formats.tree.at(l);
  };
  const ValueSet in = ValueSet::of(level == 0 ? formats.accumulator : format_of(level - 1));
  return RowUnit::adder(format_of(level), in, in);
}

/// What leaves the tree, or the accumulator if there is none.
Format tree_root(const StagedFormats& formats, int lanes) {
  return tree_levels(lanes) == 0 ? formats.accumulator : formats.tree.back();
}

}  // namespace

bool StagedKernels::supports(const StagedFormats& f, const OperandFormats& operands) {
  if (!carries(operands.input) || !carries(operands.weight) || !carries_or_exact(operands.bias)) return false;
  if (!carries_or_exact(f.product) || !carries(f.accumulator) || !carries(f.partial_sum)) return false;
  if (!std::all_of(f.tree.begin(), f.tree.end(), carries) || !carries_or_exact(f.bias)) return false;
  if (!carries_or_exact(f.activation) || !carries(f.output)) return false;
  const ValueSet product = input_of(operands).times(weight_of(operands));
  if (f.product.kind == Kind::kExact && !fits_a_double(product)) return false;
  return true;
}

StagedKernels::StagedKernels(const StagedFormats& f, const OperandFormats& operands,
                             const Activation& activation, int lanes)
    : input_(operands.input),
      weight_(operands.weight),
      output_codec_(f.output),
      bias_operand_(operands.bias),
      activation_(activation),
      slope_(activation.slope.to_double()),
      min_(activation.min.to_double()),
      max_(activation.max.to_double()),
      product_(RowUnit::multiplier(f.product, input_of(operands), weight_of(operands))),
      accumulator_(RowUnit::adder(f.accumulator, ValueSet::of(f.accumulator), product_.values())),
      partial_sum_(
          RowUnit::adder(f.partial_sum, ValueSet::of(f.partial_sum), ValueSet::of(tree_root(f, lanes)))),
      bias_(carries(f.bias) && carries(operands.bias)
                ? RowUnit::adder(f.bias, partial_sum_.values(), ValueSet::of(operands.bias))
                : RowUnit::converter(exact_format(), partial_sum_.values())),
      activation_unit_(RowUnit::converter(
          f.activation, activated(bias_.values().united(partial_sum_.values()), activation))),
      output_(RowUnit::converter(f.output, activation_unit_.values())) {
  const ValueSet total = bias_.values().united(partial_sum_.values());
  activation_is_exact_ = is_a_double(activation.slope) && is_a_double(activation.min) &&
                         is_a_double(activation.max) && fits_a_double(activated(total, activation));
  for (int level = 0; level < fixed_point::tree_levels(lanes); ++level)
    tree_.push_back(tree_level(f, static_cast<std::size_t>(level)));
}

bool StagedKernels::is_fast() const noexcept {
  bool fast = activation_is_exact_ &&
              std::all_of(tree_.begin(), tree_.end(), [](const RowUnit& unit) { return unit.is_fast(); });
  for (const RowUnit* unit : {&product_, &accumulator_, &partial_sum_, &bias_, &activation_unit_, &output_})
    fast = fast && unit->is_fast();
  return fast;
}

void StagedKernels::multiply_accumulate(const double* x, const double* w, double* acc, std::size_t n,
                                        PointEvents& events) const noexcept {
  // Products pass through a buffer that stays in the first-level cache: one loop a unit instead of one a
  // pair of units.
  constexpr std::size_t kChunk = 512;
  std::array<double, kChunk> products;
  for (std::size_t first = 0; first < n; first += kChunk) {
    const std::size_t count = std::min(kChunk, n - first);
    product_.multiply(x + first, w + first, products.data(), count, of(events, Point::kProduct));
    accumulator_.add(acc + first, products.data(), acc + first, count, of(events, Point::kAccumulator));
  }
}

void StagedKernels::multiply_accumulate(const double* x, const double* w, double* acc, const LaneBlock& block,
                                        PointEvents& events) const noexcept {
  constexpr std::size_t kBuffer = 512;
  std::array<double, kBuffer> spread, products;
  for (std::size_t column = 0; column < block.length; column += kBuffer) {
    const std::size_t length = std::min(kBuffer, block.length - column);
    const bool is_one_run = length == block.stride;
    const std::size_t rows_at_once = is_one_run ? kBuffer / length : 1;
    for (std::size_t row = 0; row < block.rows; row += rows_at_once) {
      const std::size_t rows = std::min(rows_at_once, block.rows - row);
      const std::size_t at = row * block.stride + column;
      for (std::size_t r = 0; r < rows; ++r) std::fill_n(spread.data() + r * length, length, x[row + r]);
      product_.multiply(spread.data(), w + at, products.data(), rows * length, of(events, Point::kProduct));
      accumulator_.add(acc + at, products.data(), acc + at, rows * length, of(events, Point::kAccumulator));
    }
  }
}

void StagedKernels::multiply(const double* x, const double* w, double* acc, const LaneBlock& block,
                             PointEvents& events) const noexcept {
  for (std::size_t row = 0; row < block.rows; ++row)
    std::memset(acc + row * block.stride, 0, block.length * sizeof(double));
  multiply_accumulate(x, w, acc, block, events);
}

void StagedKernels::accumulate_padding(double* acc, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) store_double(acc + i, load_double(acc + i) + 0.0);
}

void StagedKernels::add_pairs(int level, const double* in, double* out, std::size_t n,
                              PointEvents& events) const noexcept {
  tree_[static_cast<std::size_t>(level)].add_pairs(in, out, n, of(events, Point::kTree));
}

void StagedKernels::add_level(int level, const double* a, const double* b, double* out, std::size_t n,
                              PointEvents& events) const noexcept {
  tree_[static_cast<std::size_t>(level)].add(a, b, out, n, of(events, Point::kTree));
}

void StagedKernels::add_level(int level, const double* in, double* out, const LaneBlock& block,
                              PointEvents& events) const noexcept {
  add_row_pairs(tree_[static_cast<std::size_t>(level)], in, out, block, of(events, Point::kTree));
}

void StagedKernels::widen(const double* root, std::int64_t* out, std::size_t n) const noexcept {
  std::memcpy(out, root, n * sizeof(double));
}

void StagedKernels::add_partial_sum(const double* before, const double* v, double* total, std::size_t n,
                                    PointEvents& events) const noexcept {
  if (before == nullptr) {
    add_to_zero(partial_sum_, v, total, n, of(events, Point::kPartialSum));
  } else {
    partial_sum_.add(before, v, total, n, of(events, Point::kPartialSum));
  }
}

void StagedKernels::add_bias(double* total, const double* bias, std::size_t n,
                             PointEvents& events) const noexcept {
  bias_.add(total, bias, total, n, of(events, Point::kBias));
}

void StagedKernels::activate(double* v, std::size_t n) const noexcept {
  switch (activation_.type) {
    case Activation::Type::kNone:
      return;
    case Activation::Type::kRelu:
      for (std::size_t i = 0; i < n; ++i) v[i] = v[i] <= 0 ? 0.0 : v[i];  // nan stays
      return;
    case Activation::Type::kLeakyRelu:
      for (std::size_t i = 0; i < n; ++i) v[i] = std::signbit(v[i]) ? v[i] * slope_ : v[i];
      return;
    case Activation::Type::kClamp:
      for (std::size_t i = 0; i < n; ++i) v[i] = v[i] < min_ ? min_ : v[i] > max_ ? max_ : v[i];
      return;
  }
}

void StagedKernels::finish_one_by_one(double* v, std::size_t n, PointEvents& events) const noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    const Converted activated = convert(activation_(Exact::from_double(v[i])), activation_unit_.format());
    const Converted out = convert(activated.value, output_.format());
    of(events, Point::kActivation).count(activated.flags);
    of(events, Point::kOutput).count(out.flags);
    v[i] = out.value.to_double();
  }
}

void StagedKernels::finish(double* v, std::size_t n, PointEvents& events) const noexcept {
  if (!activation_is_exact_) {
    finish_one_by_one(v, n, events);
    return;
  }
  activate(v, n);
  activation_unit_.convert(v, v, n, of(events, Point::kActivation));
  output_.convert(v, v, n, of(events, Point::kOutput));
}

}  // namespace dlasim::fixed_point
