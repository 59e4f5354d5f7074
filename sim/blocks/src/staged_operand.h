#pragma once
/// How an operand lane of a staged layer reads.

#include <cstdint>

#include "fixed_point/mx.h"
#include "fixed_point/truncation_unit.h"

namespace dlasim::sim::blocks {

/// An MX lane: element code in the low 8 bits, sign-extended, plus 256 times the scale code.
struct ScaledCode {
  explicit ScaledCode(std::int32_t lane)
      : code(static_cast<std::uint8_t>(lane)),
        scale(static_cast<std::uint8_t>((lane - static_cast<std::int8_t>(code)) / 256)) {}
  std::uint8_t code, scale;
};

/// Exponent of the product of two blocks' scales, kNanExponent if one of them is nan.
inline std::int32_t scale_exponent(std::int32_t x, std::int32_t w) {
  const std::uint8_t cx = ScaledCode(x).scale;
  const std::uint8_t cw = ScaledCode(w).scale;
  if (cx == fixed_point::kMxScaleNan || cw == fixed_point::kMxScaleNan) return fixed_point::kNanExponent;
  return int{cx} + int{cw} - 2 * fixed_point::kMxScaleBias;
}

/// The value of an operand lane.
class OperandDecoder {
 public:
  /// `is_scaled`: lanes are ScaledCodes. `applies_scale`: the value is scale * element, else the element.
  OperandDecoder(const fixed_point::Format& format, bool is_scaled, bool applies_scale)
      : format_(format), is_scaled_(is_scaled), applies_scale_(applies_scale) {}
  fixed_point::Exact operator()(std::int32_t lane) const {
    if (!is_scaled_) return fixed_point::decode(static_cast<std::uint64_t>(std::int64_t{lane}), format_);
    const ScaledCode mx(lane);
    const fixed_point::Exact element = fixed_point::decode(mx.code, format_);
    return applies_scale_ ? fixed_point::mx_scaled(element, mx.scale) : element;
  }

 private:
  fixed_point::Format format_;
  bool is_scaled_, applies_scale_;
};

}  // namespace dlasim::sim::blocks
