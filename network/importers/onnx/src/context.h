#pragma once
/// The graph under construction and the values that ONNX nodes read and write.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "network/graph.h"
#include "network/importers/names.h"
#include "proto.h"
#include "value.h"

namespace dlasim::network::onnx_import {

class Context {
 public:
  explicit Context(std::size_t file_size) : budget_(16 * file_size + (std::size_t{1} << 20)) {}

  Graph graph;

  // --- values
  bool has(const std::string& name) const { return values_.count(name) != 0; }
  const Value& value(const std::string& name) const;
  /// Throws base::InputError if the name is taken: ONNX values are written once.
  void define(const std::string& name, Value value);
  /// A constant, counted against what the file may make us hold.
  void define_constant(const std::string& name, Tensor tensor, std::optional<Affine> affine = {});
  void count_use(const std::string& name) { ++uses_[name]; }
  int uses(const std::string& name) const;
  /// Throws base::InputError once the constants outgrow a multiple of the file's size.
  void spend(std::int64_t bytes);

  // --- the node at hand
  void begin(const NodeReader& node, int index);
  /// Names the steps behind the last node.
  void end() { name_ = "output"; }
  const NodeReader& node() const { return *node_; }
  const Value& in(int i) const;
  bool has_input(int i) const { return !node_->input(i).empty(); }
  /// Input `i` must be a constant.
  const Tensor& constant(int i, std::string_view what) const;
  std::vector<std::int64_t> constant_integers(int i, std::string_view what) const;
  float constant_number(int i, std::string_view what) const;
  /// True if this input is read by this node only and is no graph output.
  bool is_private(int i) const;

  // --- nodes
  /// Input `i` as a tensor in `order`; adds a Transpose or Reshape where it lies otherwise.
  TensorId stored(int i, const Order& order);
  TensorId stored(const Value& value, const Order& order);
  /// The order in which an operator that does not care had best take input `i`.
  Order natural_order(int i) const;
  TensorId add_constant(std::string_view suffix, Constant elements, std::optional<Affine> affine = {});
  /// Appends a node and defines output `i` of the ONNX node as its result, of `shape`, stored in `order`.
  void emit(Operation operation, std::vector<TensorId> inputs, const Shape& shape, const Order& order,
            int i = 0);
  /// Declares a graph input and the value of that name.
  void add_input(const std::string& name, DType dtype, const Shape& shape);
  /// Appends a node in between; `stored` is its tensor's shape.
  TensorId emit_step(std::string_view suffix, Operation operation, std::vector<TensorId> inputs,
                     Shape stored);
  /// Output 0 is `value` under another name or shape: no node.
  void alias(Value value);
  /// The node that wrote a tensor, or nullptr.
  Node* producer(TensorId id);
  std::string node_name() const { return name_; }

 private:
  TensorId add_result(std::string_view name, Shape shape, const Operation& operation,
                      const std::vector<TensorId>& inputs);

  std::map<std::string, Value> values_;
  std::map<std::string, int> uses_;
  std::map<TensorId, std::size_t> producers_;
  importers::UniqueNames node_names_, tensor_names_;
  std::size_t budget_;
  const NodeReader* node_ = nullptr;
  std::string name_;
};

/// Product of `shape`, limited so that no sum of products overflows.
std::int64_t checked_count(const Shape& shape);

using Conversion = void (*)(Context&);

/// The conversion of an operator, or nullptr if it is unknown.
Conversion conversion_of(const std::string& op);

/// Computes the node now if all its inputs are constants and it is one of the operators of shape arithmetic
/// or weight preparation. False: it has to run.
bool fold_constants(Context& c);

// convert_mac.cpp
void convert_conv(Context& c);
void convert_conv_transpose(Context& c);
void convert_gemm(Context& c);
void convert_matmul(Context& c);
void convert_batch_normalization(Context& c);
// convert_elements.cpp
void convert_binary(Context& c);
void convert_unary(Context& c);
void convert_clip(Context& c);
void convert_softmax(Context& c);
void convert_pool(Context& c);
void convert_global_average_pool(Context& c);
void convert_reduce(Context& c);
// convert_movement.cpp
void convert_pad(Context& c);
void convert_slice(Context& c);
void convert_concat(Context& c);
void convert_split(Context& c);
void convert_transpose(Context& c);
void convert_reshape(Context& c);
void convert_flatten(Context& c);
void convert_squeeze(Context& c);
void convert_unsqueeze(Context& c);
void convert_gather(Context& c);
void convert_shape(Context& c);
void convert_identity(Context& c);
// convert_quantized.cpp
void convert_quantize(Context& c);
void convert_dequantize(Context& c);
void convert_qlinear_conv(Context& c);
void convert_qlinear_matmul(Context& c);

/// The affine that `scale` and `zero_point` (an absent one is 0) give along `axis` of `shape`.
Affine affine_of(const Tensor& scale, const Tensor* zero_point, std::int64_t axis, const Shape& shape);

/// Output shape of a strided slice and where it begins, of one axis of `n` elements (ONNX's Slice).
struct AxisRange {
  std::int64_t begin = 0, size = 0;
};
AxisRange slice_range(std::int64_t n, std::int64_t start, std::int64_t end, std::int64_t step);

/// Begin, size and stride of a Slice node in plain order, for either form of the operator.
op::Slice read_slice(Context& c, const Shape& shape);
/// New shape of Reshape, Flatten, Squeeze or Unsqueeze.
Shape reshaped_shape(Context& c, const Shape& shape);

}  // namespace dlasim::network::onnx_import
