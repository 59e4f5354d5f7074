#pragma once
/// A value of an ONNX graph and how it lies in memory.

#include <optional>
#include <vector>

#include "network/graph.h"

namespace dlasim::network::onnx_import {

/// Entry j: which dimension of the ONNX value is dimension j of the tensor; kOne is a dimension of size 1
/// that the value does not have.
using Order = std::vector<int>;
inline constexpr int kOne = -1;

/// 0, 1, 2, ...
Order plain_order(std::size_t rank);
/// NHWC for four dimensions, [N, 1, T, C] for three, else plain.
Order channels_last(std::size_t rank);
/// Shape of the tensor that holds a value of `shape` in `order`.
Shape stored_shape(const Shape& shape, const Order& order);
/// Where dimension `axis` of the value lies in the tensor.
int stored_axis(const Order& order, int axis);

/// Either known now (`constant`, in plain order) or a tensor of the graph.
struct Value {
  Shape shape;  ///< as ONNX sees it
  Constant constant;
  std::optional<Affine> affine;  ///< of an integer constant that stands for real numbers
  TensorId id = kNoTensor;
  Order order;  ///< of `id`
  /// Not empty: the value is [outer, rest] of an image with this shape, which `id` holds in `order`. Whoever
  /// can absorb the order (a fully connected layer, in its weights) need not move the image.
  Shape flattened_from;
  bool is_shared = false;  ///< other names read the same tensor
};

}  // namespace dlasim::network::onnx_import
