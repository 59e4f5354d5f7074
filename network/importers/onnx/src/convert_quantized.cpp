/// QuantizeLinear and DequantizeLinear. QLinear operators are expanded to them before the conversion begins.

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "context.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::onnx_import {

Affine affine_of(const Tensor& scale, const Tensor* zero_point, std::int64_t axis, const Shape& shape) {
  if (scale.dtype() != DType::kFloat32) throw base::InputError("scale is not float32");
  Affine affine;
  affine.scale.assign(scale.data<float>().begin(), scale.data<float>().end());
  if (zero_point == nullptr) {
    affine.zero_point.assign(affine.scale.size(), 0);
  } else {
    affine.zero_point = importers::integers(*zero_point);
  }
  if (affine.scale.empty() || affine.zero_point.size() != affine.scale.size()) {
    throw base::InputError(std::to_string(affine.scale.size()) + " scales with " +
                           std::to_string(affine.zero_point.size()) + " zero points");
  }
  for (const float s : affine.scale) {
    if (!std::isfinite(s) || !(s > 0.0F))
      throw base::InputError("scale " + std::to_string(s) + " is not above 0");
  }
  if (affine.scale.size() > 1) {
    affine.axis = importers::normalized_axis(axis, shape.size());
    if (shape[static_cast<std::size_t>(affine.axis)] != static_cast<std::int64_t>(affine.scale.size())) {
      throw base::InputError(std::to_string(affine.scale.size()) + " scales along dimension " +
                             std::to_string(affine.axis) + " of " + to_string(shape));
    }
  }
  return affine;
}

void convert_quantize(Context& c) {
  const Tensor* zero_point = c.has_input(2) ? &c.constant(2, "zero point") : nullptr;
  const Shape shape = c.in(0).shape;
  const Affine affine = affine_of(c.constant(1, "scale"), zero_point, c.node().integer("axis", 1), shape);
  if (affine.axis >= 0)
    throw base::UnsupportedError("activations with one scale a channel are not supported");
  const Order order = c.natural_order(0);
  const TensorId x = c.stored(0, order);
  if (c.graph.tensor(x).dtype != DType::kFloat32) throw base::InputError("input is not float32");
  c.emit(op::Quantize{}, {x}, shape, order);
  c.graph.tensors.back().dtype = zero_point == nullptr ? DType::kUInt8 : zero_point->dtype();
  c.graph.tensors.back().affine = affine;
}

void convert_dequantize(Context& c) {
  const Tensor* zero_point = c.has_input(2) ? &c.constant(2, "zero point") : nullptr;
  const Value& x = c.in(0);
  const Affine affine = affine_of(c.constant(1, "scale"), zero_point, c.node().integer("axis", 1), x.shape);
  if (affine.axis >= 0)
    throw base::UnsupportedError("activations with one scale a channel are not supported");
  const Shape shape = x.shape;
  const Order order = c.natural_order(0);
  const TensorId id = c.stored(0, order);
  TensorInfo& info = c.graph.tensors[static_cast<std::size_t>(id)];
  if (info.dtype == DType::kFloat32) throw base::InputError("input is float32");
  if (zero_point != nullptr && zero_point->dtype() != info.dtype)
    throw base::InputError("zero point of another type");
  // Only a graph input comes without its scale; everything else was made by a QuantizeLinear.
  if (!info.affine) info.affine = affine;
  if (info.affine != affine)
    throw base::UnsupportedError("another scale than the one it was quantised with is not supported");
  c.emit(op::Dequantize{}, {id}, shape, order);
}

}  // namespace dlasim::network::onnx_import
