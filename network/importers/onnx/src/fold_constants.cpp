/// Computes shape arithmetic and the preparation of weights while importing.

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

#include "base/error.h"
#include "context.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::onnx_import {
namespace {

using Fold = void (*)(Context&);

/// A constant as its real numbers: a dequantised one becomes float32.
Tensor real(const Value& v) {
  const Tensor& tensor = *v.constant;
  if (!v.affine) return tensor;
  Tensor result(DType::kFloat32, tensor.shape());
  auto to = result.data<float>();
  std::int64_t inner = 1;
  for (std::size_t a = tensor.shape().size();
       v.affine->axis >= 0 && a-- > static_cast<std::size_t>(v.affine->axis) + 1;) {
    inner *= tensor.shape()[a];
  }
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::size_t s =
        (i / static_cast<std::size_t>(std::max<std::int64_t>(inner, 1))) % v.affine->scale.size();
    to[i] = static_cast<float>(tensor.integer(static_cast<std::int64_t>(i)) - v.affine->zero_point[s]) *
            v.affine->scale[s];
  }
  return result;
}

void result(Context& c, Tensor tensor) {
  c.define_constant(c.node().output(0), std::move(tensor));
}

/// Applies `f` to the elements of `a` and `b`, broadcast; float32 where one is, else int64 cut to a's type.
void fold_binary(Context& c) {
  const std::string& op = c.node().op();
  const Tensor a = real(c.in(0));
  const Tensor b = real(c.in(1));
  if (a.dtype() != b.dtype()) throw base::InputError("operands are of unlike types");
  const Shape shape = importers::broadcast_shape(a.shape(), b.shape());
  c.spend(checked_count(shape) * 8);
  Tensor out(a.dtype(), shape);
  const auto index = [&](const Tensor& t, std::int64_t flat) {
    std::int64_t offset = 0;
    std::int64_t stride = 1;
    for (std::size_t k = 0; k < shape.size(); ++k) {
      const std::int64_t d = shape[shape.size() - 1 - k];
      const std::int64_t n = k < t.shape().size() ? t.shape()[t.shape().size() - 1 - k] : 1;
      if (n != 1) offset += flat % d * stride;
      stride *= n;
      flat /= d;
    }
    return offset;
  };
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const std::int64_t ia = index(a, i);
    const std::int64_t ib = index(b, i);
    if (a.dtype() == DType::kFloat32) {
      const float x = a.data<float>()[static_cast<std::size_t>(ia)];
      const float y = b.data<float>()[static_cast<std::size_t>(ib)];
      out.data<float>()[static_cast<std::size_t>(i)] = op == "Add"   ? x + y
                                                       : op == "Sub" ? x - y
                                                       : op == "Mul" ? x * y
                                                                     : x / y;
      continue;
    }
    const std::int64_t x = a.integer(ia);
    const std::int64_t y = b.integer(ib);
    std::int64_t z = 0;
    if (op == "Div" && (y == 0 || y == -1)) throw base::InputError("division by " + std::to_string(y));
    const bool overflow = op == "Add"   ? __builtin_add_overflow(x, y, &z)
                          : op == "Sub" ? __builtin_sub_overflow(x, y, &z)
                          : op == "Mul" ? __builtin_mul_overflow(x, y, &z)
                                        : (z = x / y, false);
    if (overflow || z < lowest(out.dtype()) || z > highest(out.dtype()))
      throw base::InputError("integer overflow");
    out.set_integer(i, z);
  }
  result(c, std::move(out));
}

void fold_constant(Context& c) {
  if (c.node().has("value")) return result(c, c.node().tensor("value"));
  if (c.node().has("value_int")) {
    const std::int64_t v = c.node().integer("value_int", 0);
    return result(c, importers::integer_vector({&v, 1}).reshaped({}));
  }
  if (c.node().has("value_ints"))
    return result(c, importers::integer_vector(c.node().integers("value_ints", {})));
  if (c.node().has("value_float")) {
    const float v = c.node().number("value_float", 0.0F);
    return result(c, importers::float_tensor({}, {&v, 1}));
  }
  throw base::UnsupportedError("a constant of this form is not supported");
}

void fold_constant_of_shape(Context& c) {
  const Shape shape = c.constant_integers(0, "shape");
  constexpr std::size_t kMostDimensions = 8;
  if (shape.size() > kMostDimensions)
    throw base::UnsupportedError("more than 8 dimensions are not supported");
  Tensor value(DType::kFloat32, {1});
  if (c.node().has("value")) value = c.node().tensor("value");
  if (value.size() != 1) throw base::InputError("value is not a single number");
  c.spend(checked_count(shape) * 8);
  Tensor out(value.dtype(), shape);
  if (value.dtype() == DType::kFloat32) {
    std::fill(out.data<float>().begin(), out.data<float>().end(), value.data<float>()[0]);
  } else {
    for (std::int64_t i = 0; i < out.size(); ++i) out.set_integer(i, value.integer(0));
  }
  result(c, std::move(out));
}

void fold_cast(Context& c) {
  const Tensor in = real(c.in(0));
  const DType to = dtype_of(static_cast<int>(c.node().integer("to", 0)));
  c.spend(in.size() * 8);
  Tensor out(to, in.shape());
  for (std::int64_t i = 0; i < in.size(); ++i) {
    const bool from_float = in.dtype() == DType::kFloat32;
    const float real_value =
        from_float ? in.data<float>()[static_cast<std::size_t>(i)] : static_cast<float>(in.integer(i));
    if (to == DType::kFloat32) {
      out.data<float>()[static_cast<std::size_t>(i)] = real_value;
    } else if (to == DType::kBool) {
      out.set_integer(i, from_float ? real_value != 0.0F : in.integer(i) != 0);
    } else {
      constexpr float kFar = 1e15F;
      if (from_float && !(std::abs(real_value) < kFar))
        throw base::InputError("a number does not fit an integer");
      const std::int64_t v = from_float ? static_cast<std::int64_t>(real_value) : in.integer(i);
      if (v < lowest(to) || v > highest(to)) throw base::InputError("a number does not fit its new type");
      out.set_integer(i, v);
    }
  }
  result(c, std::move(out));
}

void fold_reshape(Context& c) {
  const Shape shape = reshaped_shape(c, c.in(0).shape);
  const Value& v = c.in(0);
  if (v.affine && v.affine->axis < 0) {
    return c.define_constant(c.node().output(0), v.constant->reshaped(shape), v.affine);
  }
  result(c, real(v).reshaped(shape));
}

void fold_transpose(Context& c) {
  const Value& v = c.in(0);
  std::vector<std::int64_t> perm;
  for (std::size_t i = v.shape.size(); i-- > 0;) perm.push_back(static_cast<std::int64_t>(i));
  perm = c.node().integers("perm", perm);
  std::vector<int> order;
  for (const std::int64_t p : perm) order.push_back(importers::normalized_axis(p, v.shape.size()));
  std::optional<Affine> affine = v.affine;
  Tensor out = importers::transposed(*v.constant, order);
  if (affine && affine->axis >= 0) affine->axis = stored_axis(order, affine->axis);
  c.define_constant(c.node().output(0), std::move(out), std::move(affine));
}

void fold_slice(Context& c) {
  const op::Slice slice = read_slice(c, c.in(0).shape);
  result(c, importers::sliced(real(c.in(0)), slice.begin, slice.size, slice.stride));
}

void fold_concat(Context& c) {
  std::vector<Tensor> parts;
  std::int64_t bytes = 0;
  for (int i = 0; i < c.node().input_count(); ++i) {
    parts.push_back(real(c.in(i)));
    bytes += static_cast<std::int64_t>(parts.back().bytes().size());
  }
  c.spend(bytes);
  std::vector<const Tensor*> pointers;
  for (const Tensor& t : parts) pointers.push_back(&t);
  if (parts.empty()) throw base::InputError("no inputs");
  const int axis = importers::normalized_axis(c.node().integer("axis", 0), parts[0].shape().size());
  result(c, importers::concatenated(pointers, axis));
}

void fold_gather(Context& c) {
  const Tensor in = real(c.in(0));
  const auto indices = c.constant_integers(1, "indices");
  const auto axis = static_cast<int>(std::clamp<std::int64_t>(c.node().integer("axis", 0), -8, 8));
  c.spend(static_cast<std::int64_t>(in.bytes().size()) * static_cast<std::int64_t>(indices.size() + 1));
  result(c, importers::gathered(in, indices, c.in(1).shape, axis));
}

void fold_quantize(Context& c) {
  const Tensor in = real(c.in(0));
  const Tensor* zero_point = c.has_input(2) ? &c.constant(2, "zero point") : nullptr;
  if (in.dtype() != DType::kFloat32) throw base::InputError("input is not float32");
  const Affine affine =
      affine_of(c.constant(1, "scale"), zero_point, c.node().integer("axis", 1), in.shape());
  const DType dtype = zero_point == nullptr ? DType::kUInt8 : zero_point->dtype();
  std::int64_t inner = 1;
  for (std::size_t a = in.shape().size();
       affine.axis >= 0 && a-- > static_cast<std::size_t>(affine.axis) + 1;) {
    inner *= in.shape()[a];
  }
  c.spend(in.size());
  Tensor out(dtype, in.shape());
  const auto x = in.data<float>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t s =
        (i / static_cast<std::size_t>(std::max<std::int64_t>(inner, 1))) % affine.scale.size();
    // ONNX rounds half to even, then adds the zero point and saturates.
    const double q = std::nearbyint(static_cast<double>(x[i] / affine.scale[s])) +
                     static_cast<double>(affine.zero_point[s]);
    if (std::isnan(q)) throw base::InputError("a weight is not a number");
    const double code =
        std::clamp(q, static_cast<double>(lowest(dtype)), static_cast<double>(highest(dtype)));
    out.set_integer(static_cast<std::int64_t>(i), static_cast<std::int64_t>(code));
  }
  result(c, std::move(out));
}

void fold_dequantize(Context& c) {
  const Value& v = c.in(0);
  const Tensor* zero_point = c.has_input(2) ? &c.constant(2, "zero point") : nullptr;
  if (v.constant->dtype() == DType::kFloat32) throw base::InputError("input is float32");
  Affine affine = affine_of(c.constant(1, "scale"), zero_point, c.node().integer("axis", 1), v.shape);
  c.define_constant(c.node().output(0), *v.constant, std::move(affine));
}

/// Integers only: what an export with a reduced range puts between Q and DQ of weights.
void fold_clip(Context& c) {
  const Tensor in = real(c.in(0));
  if (in.dtype() == DType::kFloat32) throw base::UnsupportedError("Clip of float constants is not supported");
  const std::int64_t low = c.has_input(1) ? c.constant_integers(1, "min").at(0) : lowest(in.dtype());
  const std::int64_t high = c.has_input(2) ? c.constant_integers(2, "max").at(0) : highest(in.dtype());
  if (low > high || low < lowest(in.dtype()) || high > highest(in.dtype()))
    throw base::InputError("range is empty or too wide");
  Tensor out = in;
  for (std::int64_t i = 0; i < out.size(); ++i) out.set_integer(i, std::clamp(in.integer(i), low, high));
  result(c, std::move(out));
}

/// Of variances, where an export leaves the folding of a normalisation to the reader.
void fold_sqrt(Context& c) {
  Tensor out = real(c.in(0));
  if (out.dtype() != DType::kFloat32) throw base::InputError("Sqrt of integers");
  for (float& v : out.data<float>()) {
    if (!(v >= 0.0F)) throw base::InputError("Sqrt of " + std::to_string(v));
    v = std::sqrt(v);
  }
  result(c, std::move(out));
}

void fold_identity(Context& c) {
  c.alias(c.in(0));
}

}  // namespace

bool fold_constants(Context& c) {
  static const std::map<std::string, Fold> kFolds{{"Add", fold_binary},
                                                  {"Cast", fold_cast},
                                                  {"Clip", fold_clip},
                                                  {"Concat", fold_concat},
                                                  {"Constant", fold_constant},
                                                  {"ConstantOfShape", fold_constant_of_shape},
                                                  {"DequantizeLinear", fold_dequantize},
                                                  {"Div", fold_binary},
                                                  {"Flatten", fold_reshape},
                                                  {"Gather", fold_gather},
                                                  {"Identity", fold_identity},
                                                  {"Mul", fold_binary},
                                                  {"QuantizeLinear", fold_quantize},
                                                  {"Reshape", fold_reshape},
                                                  {"Shape", convert_shape},
                                                  {"Slice", fold_slice},
                                                  {"Sqrt", fold_sqrt},
                                                  {"Squeeze", fold_reshape},
                                                  {"Sub", fold_binary},
                                                  {"Transpose", fold_transpose},
                                                  {"Unsqueeze", fold_reshape}};
  const auto found = kFolds.find(c.node().op());
  if (found == kFolds.end()) return false;
  for (int i = 0; i < c.node().input_count(); ++i) {
    if (c.has_input(i) && !c.in(i).constant) return false;
  }
  if ((found->second == fold_binary && c.node().input_count() != 2) || c.node().output_count() != 1)
    return false;
  found->second(c);
  return true;
}

}  // namespace dlasim::network::onnx_import
