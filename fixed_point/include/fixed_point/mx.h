#pragma once
/// OCP Microscaling blocks: number_formats.md section 6.

#include <cstdint>
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

/// Converts one block (normally up to 32 values along the channels) to element codes and returns its E8M0
/// scale code. `element` is one of mx_element(); its rounding may be any but stochastic; finite values
/// saturate. `codes` has as many entries as `values`.
std::uint8_t mx_convert(std::span<const Exact> values, const Format& element,
                        std::span<std::uint64_t> codes) noexcept;

/// scale * element; nan under a scale of 255.
Exact mx_decode(std::uint8_t scale, std::uint64_t code, const Format& element) noexcept;

/// v * 2^(c - 127), or nan for c = 255: what the scale does to a value.
constexpr Exact mx_scaled(const Exact& v, std::uint8_t scale) noexcept {
  return scale == kMxScaleNan ? Exact::nan() : v.scaled(int{scale} - kMxScaleBias);
}

}  // namespace dlasim::fixed_point
