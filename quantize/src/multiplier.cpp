#include "quantize/multiplier.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace dlasim::quantize {

network::Multiplier multiplier_from(double real) {
  if (!std::isfinite(real)) throw base::InputError("a requantisation factor is not finite");
  if (real == 0.0) return {0, 0};
  int shift = 0;
  const double fraction = std::frexp(real, &shift);
  auto mantissa = static_cast<std::int64_t>(std::round(fraction * 2147483648.0));
  if (mantissa == std::int64_t{1} << 31) {
    mantissa /= 2;
    ++shift;
  }
  if (shift < -31) return {0, 0};
  if (shift > 30) {
    throw base::InputError("a requantisation factor of " + std::to_string(real) +
                           " is too large; below 2^30 is allowed");
  }
  return {static_cast<std::int32_t>(mantissa), shift};
}

network::Multiplier with_precision(network::Multiplier multiplier, int bits) {
  const int dropped = 31 - bits;
  if (dropped <= 0) return multiplier;
  const std::int64_t half = std::int64_t{1} << (dropped - 1);
  const std::int64_t magnitude = (std::abs(std::int64_t{multiplier.mantissa}) + half) >> dropped << dropped;
  const std::int64_t sign = multiplier.mantissa < 0 ? -1 : 1;
  if (magnitude < std::int64_t{1} << 31)
    return {static_cast<std::int32_t>(sign * magnitude), multiplier.shift};
  return {static_cast<std::int32_t>(sign * magnitude / 2), multiplier.shift + 1};
}

double real_value(const network::Multiplier& multiplier) {
  return std::ldexp(static_cast<double>(multiplier.mantissa), multiplier.shift - 31);
}

double conv_factor(float input_scale, float weight_scale, float output_scale) {
  return static_cast<double>(input_scale) * static_cast<double>(weight_scale) /
         static_cast<double>(output_scale);
}

double fully_connected_factor(float input_scale, float weight_scale, float output_scale) {
  const float product = input_scale * weight_scale;
  return static_cast<double>(product) / static_cast<double>(output_scale);
}

double product_factor(float scale1, float scale2, float output_scale) {
  return static_cast<double>(scale1) * static_cast<double>(scale2) / static_cast<double>(output_scale);
}

double rescale_factor(float input_scale, float output_scale) {
  return static_cast<double>(input_scale) / static_cast<double>(output_scale);
}

double relu_factor(float input_scale, float output_scale) {
  const float ratio = input_scale / output_scale;
  return static_cast<double>(ratio);
}

double leaky_factor(float input_scale, float slope, float output_scale) {
  const float scaled = input_scale * slope;
  const float ratio = scaled / output_scale;
  return static_cast<double>(ratio);
}

SumFactors add_factors(float scale1, float scale2, float output_scale, int left_shift) {
  const double common = 2.0 * std::max(static_cast<double>(scale1), static_cast<double>(scale2));
  return {static_cast<double>(scale1) / common, static_cast<double>(scale2) / common,
          common / (std::ldexp(1.0, left_shift) * static_cast<double>(output_scale))};
}

SumFactors sub_factors(float scale1, float scale2, float output_scale, int left_shift) {
  const float common = 2.0F * std::max(scale1, scale2);
  const float ratio1 = scale1 / common;
  const float ratio2 = scale2 / common;
  const float shifted = std::ldexp(1.0F, left_shift) * output_scale;
  const float ratio = common / shifted;
  return {static_cast<double>(ratio1), static_cast<double>(ratio2), static_cast<double>(ratio)};
}

network::Multiplier pytorch_multiplier(float input_scale, float weight_scale, float output_scale) {
  const float product = weight_scale * input_scale;
  const float inverse = 1.0F / output_scale;
  return {std::bit_cast<std::int32_t>(product * inverse), 0};
}

}  // namespace dlasim::quantize
