#pragma once
/// OCP Microscaling blocks: number_formats.md section 6.

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>

#include "fixed_point/truncation_unit.h"

namespace dlasim::fixed_point {

inline constexpr std::uint8_t kMxScaleNan = 255;
inline constexpr int kMxScaleBias = 127;
inline constexpr int kMxBlock = 32;

/// The exponent of the element format's largest binade: `emax` of section 6 (0 for MXINT8).
constexpr int mx_emax(const Format& element) noexcept {
  if (element.kind == Kind::kDfp) return element.bits - 2 - element.fl;
  const auto largest = static_cast<std::int64_t>(minifloat_codes(element).largest);
  return static_cast<int>(largest >> element.man) - element.bias;
}

/// The scale code that `v` alone would get: 0 for a zero, 255 for inf and nan. A block's scale is the largest
/// of its values' scales: the clamp keeps their order.
constexpr std::uint8_t mx_scale_of(const Exact& v, const Format& element) noexcept {
  if (v.is_nan() || v.is_infinity()) return kMxScaleNan;
  if (v.is_zero()) return 0;
  const std::int64_t k = v.floor_log2() - mx_emax(element);
  return static_cast<std::uint8_t>(std::clamp<std::int64_t>(k, -kMxScaleBias, kMxScaleBias) + kMxScaleBias);
}

/// The element code of `v` in a block with that scale; 0 under a scale of 255. Rounding as mx_convert.
constexpr std::uint64_t mx_element_code(const Exact& v, std::uint8_t scale, const Format& element) noexcept {
  return scale == kMxScaleNan ? 0 : convert(v.scaled(kMxScaleBias - int{scale}), element).code;
}

/// The format as an MX element: finite values saturate, DFP to the symmetric range.
constexpr Format mx_saturating(Format element) noexcept {
  element.overflow = element.kind == Kind::kDfp ? Overflow::kSaturateSymmetric : Overflow::kSaturate;
  return element;
}

/// Converts one block (normally up to 32 values along the channels) to element codes and returns its E8M0
/// scale code. `element` is one of mx_element(); its rounding may be any but stochastic; finite values
/// saturate. `codes` has as many entries as `values`.
std::uint8_t mx_convert(std::span<const Exact> values, const Format& element,
                        std::span<std::uint64_t> codes) noexcept;

/// scale * element; nan under a scale of 255.
Exact mx_decode(std::uint8_t scale, std::uint64_t code, const Format& element) noexcept;

/// The exponent that stands for a scale of nan.
inline constexpr std::int32_t kNanExponent = INT32_MIN;
/// 2^exponent for |exponent| < 1023, nan for kNanExponent.
constexpr double mx_factor(std::int32_t exponent) noexcept {
  if (exponent == kNanExponent) return std::numeric_limits<double>::quiet_NaN();
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + 1023) << 52);
}
/// What a scale multiplies its elements by.
constexpr double mx_scale_factor(std::uint8_t scale) noexcept {
  return mx_factor(scale == kMxScaleNan ? kNanExponent : int{scale} - kMxScaleBias);
}

/// v * 2^(c - 127), or nan for c = 255: what the scale does to a value.
constexpr Exact mx_scaled(const Exact& v, std::uint8_t scale) noexcept {
  return scale == kMxScaleNan ? Exact::nan() : v.scaled(int{scale} - kMxScaleBias);
}

}  // namespace dlasim::fixed_point
