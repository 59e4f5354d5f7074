#include "golden/mx.h"

#include <algorithm>

#include "base/error.h"

namespace dlasim::golden {

using network::NumberFormat;
using network::Overflow;

namespace {

NumberFormat saturating(NumberFormat element) {
  if (element.kind == NumberFormat::Kind::kExact) throw base::InputError("`exact` is not an MX element");
  element.overflow =
      element.kind == NumberFormat::Kind::kDfp ? Overflow::kSaturateSymmetric : Overflow::kSaturate;
  return element;
}

std::int64_t floor_log2(const Value& finite) {
  return bit_length(finite.magnitude) - 1 + finite.exponent;
}

/// Saturation of infinity shows the largest finite element.
std::int64_t exponent_of_largest(NumberFormat element) {
  element.rounding = network::Rounding::kTrunc;
  element.lfsr.reset();
  return floor_log2(Converter(element).convert(Value::infinity(), nullptr).value);
}

}  // namespace

std::optional<int> mx_scale_exponent(std::uint8_t code) {
  if (code == kMxNanScale) return std::nullopt;
  return code - 127;
}

MxConverter::MxConverter(const NumberFormat& element)
    : element_(saturating(element)), largest_exponent_(exponent_of_largest(saturating(element))) {}

MxBlock MxConverter::convert(std::span<const Value> values, LfsrState* lfsr) const {
  const auto not_a_number = [](const Value& v) { return v.is_nan() || v.kind == ValueKind::kInfinity; };
  if (std::any_of(values.begin(), values.end(), not_a_number)) {
    return {kMxNanScale, std::vector<std::uint64_t>(values.size(), 0)};
  }
  std::int64_t k = -127;
  for (const Value& v : values) {
    // The clamp keeps the order, so the largest value gives the largest k.
    if (v.is_finite()) k = std::max(k, std::min<std::int64_t>(floor_log2(v) - largest_exponent_, 127));
  }
  MxBlock block;
  block.scale = static_cast<std::uint8_t>(k + 127);
  block.elements.reserve(values.size());
  for (const Value& v : values) {
    block.elements.push_back(element_.convert(scale_by_power(v, -k), lfsr).code);
  }
  return block;
}

Value MxConverter::decode(std::uint8_t scale, std::uint64_t element) const {
  const std::optional<int> exponent = mx_scale_exponent(scale);
  return exponent ? scale_by_power(element_.decode(element), *exponent) : Value::nan();
}

}  // namespace dlasim::golden
