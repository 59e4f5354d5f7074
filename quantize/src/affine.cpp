#include "quantize/affine.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"

namespace dlasim::quantize {
namespace {

using network::Affine;
using network::DType;
using network::Tensor;

/// Slices of a tensor along the affine's axis: element i belongs to slice i / inner % count.
struct Slices {
  std::int64_t inner = 1, count = 1;
  std::size_t of(std::int64_t i) const { return static_cast<std::size_t>(i / inner % count); }
};

Slices slices_of(const network::Shape& shape, int axis) {
  if (axis < 0) return {};
  if (axis >= static_cast<int>(shape.size())) {
    throw base::InputError("axis " + std::to_string(axis) + " is outside the shape " +
                           network::to_string(shape));
  }
  return {network::element_count(network::Shape(shape.begin() + axis + 1, shape.end())),
          std::max<std::int64_t>(shape[static_cast<std::size_t>(axis)], 1)};
}

float positive_scale(double scale) {
  // A denormal or zero scale has no usable reciprocal.
  return static_cast<float>(std::max(scale, 1e-30));
}

}  // namespace

double Range::magnitude() const {
  return std::max(std::abs(min), std::abs(max));
}

Range Range::united(const Range& other) const {
  return {std::min(min, other.min), std::max(max, other.max)};
}

Range range_of(std::span<const float> values) {
  if (values.empty()) return {};
  Range range{static_cast<double>(values[0]), static_cast<double>(values[0])};
  for (const float v : values) {
    if (!std::isfinite(v)) throw base::InputError("a tensor that is to be quantised holds inf or nan");
    range.min = std::min(range.min, static_cast<double>(v));
    range.max = std::max(range.max, static_cast<double>(v));
  }
  return range;
}

Affine asymmetric(const Range& range, DType dtype) {
  return asymmetric(range, CodeSpan{network::lowest(dtype), network::highest(dtype)});
}

Affine asymmetric(const Range& range, const CodeSpan& codes) {
  const double low = std::min(range.min, 0.0);
  const double high = std::max(range.max, 0.0);
  if (low == high) return {{1.0F}, {0}, -1};
  const auto q_min = static_cast<double>(codes.min);
  const auto q_max = static_cast<double>(codes.max);
  const double scale = (high - low) / (q_max - q_min);
  const double error_from_min = std::abs(q_min) + std::abs(low / scale);
  const double error_from_max = std::abs(q_max) + std::abs(high / scale);
  const double zero_point = error_from_min < error_from_max ? q_min - low / scale : q_max - high / scale;
  return {{positive_scale(scale)},
          {static_cast<std::int64_t>(std::round(std::clamp(zero_point, q_min, q_max)))},
          -1};
}

Affine symmetric(double magnitude, DType dtype) {
  if (magnitude == 0.0) return {{1.0F}, {0}, -1};
  return {{positive_scale(magnitude / static_cast<double>(network::highest(dtype)))}, {0}, -1};
}

Affine symmetric_per_channel(const Tensor& weight, int axis, DType dtype) {
  const Slices slices = slices_of(weight.shape(), axis);
  std::vector<double> magnitude(static_cast<std::size_t>(slices.count), 0.0);
  const auto w = weight.data<float>();
  static_cast<void>(range_of(w));  // refuses inf and nan
  for (std::int64_t i = 0; i < weight.size(); ++i) {
    double& m = magnitude[slices.of(i)];
    m = std::max(m, std::abs(static_cast<double>(w[static_cast<std::size_t>(i)])));
  }
  Affine affine;
  affine.axis = axis;
  for (const double m : magnitude) affine.scale.push_back(symmetric(m, dtype).scale[0]);
  affine.zero_point.assign(magnitude.size(), 0);
  return affine;
}

Affine activation_affine(const Range& range, DType dtype) {
  return dtype == DType::kInt16 ? symmetric(range.magnitude(), dtype) : asymmetric(range, dtype);
}

Tensor quantize(const Tensor& real, const Affine& affine, DType dtype) {
  Tensor result(dtype, real.shape());
  const bool per_channel = affine.scale.size() > 1;
  const Slices slices = slices_of(real.shape(), per_channel ? affine.axis : -1);
  if (slices.count != static_cast<std::int64_t>(affine.scale.size())) {
    throw base::InputError(std::to_string(affine.scale.size()) + " scales for " +
                           std::to_string(slices.count) + " slices of " + network::to_string(real.shape()));
  }
  const auto low = static_cast<double>(network::lowest(dtype));
  const auto high = static_cast<double>(network::highest(dtype));
  const auto x = real.data<float>();
  for (std::int64_t i = 0; i < real.size(); ++i) {
    const std::size_t s = slices.of(i);
    const float ratio = x[static_cast<std::size_t>(i)] / affine.scale[s];
    if (std::isnan(ratio)) throw base::InputError("a tensor that is to be quantised holds nan");
    const double code = std::round(static_cast<double>(ratio)) + static_cast<double>(affine.zero_point[s]);
    result.set_integer(i, static_cast<std::int64_t>(std::clamp(code, low, high)));
  }
  return result;
}

Tensor quantize_bias(const Tensor& bias, float input_scale, std::span<const float> weight_scale,
                     DType dtype) {
  Tensor result(dtype, bias.shape());
  const auto b = bias.data<float>();
  // A 64-bit accumulator is requantised from 48 bits (spec/integer_semantics.md section 1, Q).
  const double limit =
      dtype == DType::kInt64 ? std::ldexp(1.0, 46) : static_cast<double>(network::highest(dtype));
  for (std::size_t i = 0; i < b.size(); ++i) {
    const double weight = static_cast<double>(weight_scale[weight_scale.size() == 1 ? 0 : i]);
    const double code = std::round(static_cast<double>(b[i]) / (static_cast<double>(input_scale) * weight));
    result.set_integer(static_cast<std::int64_t>(i),
                       static_cast<std::int64_t>(std::clamp(code, -limit, limit)));
  }
  return result;
}

Affine tanh_affine(DType dtype) {
  return {{dtype == DType::kInt16 ? 1.0F / 32768.0F : 1.0F / 128.0F}, {0}, -1};
}

Affine sigmoid_affine(DType dtype) {
  if (dtype == DType::kInt16) return {{1.0F / 32768.0F}, {0}, -1};
  return {{1.0F / 256.0F}, {-128}, -1};
}

}  // namespace dlasim::quantize
