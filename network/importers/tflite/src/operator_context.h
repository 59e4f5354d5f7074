#pragma once
/// What the conversion of one file operator may read and what it appends to the graph.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model.h"
#include "network/graph.h"

namespace dlasim::network::tflite {

/// SAME and VALID of one spatial axis as positions added before and after (spec/tflite_semantics.md section
/// 3).
struct AxisWindow {
  std::int64_t input = 1, kernel = 1, stride = 1, dilation = 1;
};

/// The operator at hand and the graph under construction.
class OperatorContext {
 public:
  /// `name` is the operator's ("CONV_2D"), `node_name` what its last node will be called.
  OperatorContext(Graph& graph, const FileOperator& op, std::string_view name, std::string node_name)
      : graph_(graph), operator_(op), name_(name), node_name_(std::move(node_name)) {}

  int input_count() const { return static_cast<int>(operator_.inputs.size()); }
  int output_count() const { return static_cast<int>(operator_.outputs.size()); }
  /// Input `i`; throws base::InputError if absent.
  TensorId input(int i) const;
  /// Input `i` or kNoTensor.
  TensorId optional_input(int i) const;
  TensorId output(int i = 0) const;
  const TensorInfo& info(TensorId id) const { return graph_.tensor(id); }
  const TensorInfo& in(int i) const { return info(input(i)); }
  const TensorInfo& out(int i = 0) const { return info(output(i)); }

  /// Input `i` must be known now, as a constant or folded.
  const Tensor& constant(int i, std::string_view what) const;
  std::vector<std::int64_t> constant_integers(int i, std::string_view what) const;
  /// The axis in one-element constant `i`, counted from the front of a tensor of `rank` dimensions.
  int axis_input(int i, std::string_view what, std::size_t rank) const;

  /// An option's value; `absent` where the options or the field are missing.
  template <class T>
  T option(int field, T absent) const {
    return operator_.options ? operator_.options->scalar<T>(field, absent) : absent;
  }
  bool flag(int field) const { return option<std::uint8_t>(field, 0) != 0; }
  FusedActivation activation(int field) const;
  /// An option that must be at least 1: stride, dilation, kernel size.
  std::int64_t positive_option(int field, std::int32_t absent, std::string_view what) const;
  /// Padding scheme in option `field`, turned into explicit positions.
  Padding padding(int field, const AxisWindow& vertical, const AxisWindow& horizontal) const;
  /// Windows that the padding scheme in option `field` gives along one axis.
  std::int64_t window_count(int field, const AxisWindow& axis) const;

  /// Throws base::InputError unless the ranks and shapes agree.
  void require_rank(TensorId id, std::size_t rank, std::string_view what) const;
  void require_shape(TensorId id, const Shape& shape, std::string_view what) const;
  /// An operator on quantised tensors needs their scale: integer tensors that carry numbers must have an
  /// affine.
  [[noreturn]] void bad(const std::string& what) const;
  [[noreturn]] void unsupported(const std::string& what) const;

  /// Appends the node that writes output `i`.
  void emit(Operation operation, std::vector<TensorId> inputs, int i = 0);
  /// Appends a node before it, whose output has `shape` and otherwise is like `like`.
  TensorId emit_step(std::string_view suffix, Operation operation, std::vector<TensorId> inputs,
                     TensorId like, Shape shape);
  /// Appends the node that writes tensor `output` under a name with `suffix`.
  void emit_as(std::string_view suffix, Operation operation, std::vector<TensorId> inputs, TensorId output);
  TensorId add_constant(std::string_view suffix, Tensor value);
  /// Replaces output 0 by a constant: the operator was computed now. Throws if type or shape are not the
  /// declared.
  void fold(Tensor value);
  /// Gives a tensor of the file another shape with as many elements (SVDF states).
  void set_constant(TensorId id, Tensor value);

 private:
  std::string where() const;

  Graph& graph_;
  const FileOperator& operator_;
  std::string_view name_;
  std::string node_name_;
};

/// Appends the nodes of one operator.
using Conversion = void (*)(OperatorContext&);

/// One row of the operator table in spec/tflite_import.md.
struct OperatorRule {
  int code;
  std::string_view name;
  int options_type;  ///< 0: has none
  int fewest_inputs, most_inputs;
  Conversion convert;
};

// convert_mac.cpp
void convert_conv_2d(OperatorContext& c);
void convert_depthwise_conv_2d(OperatorContext& c);
void convert_transpose_conv(OperatorContext& c);
void convert_fully_connected(OperatorContext& c);
void convert_batch_matmul(OperatorContext& c);
// convert_arithmetic.cpp
void convert_add(OperatorContext& c);
void convert_sub(OperatorContext& c);
void convert_mul(OperatorContext& c);
void convert_maximum(OperatorContext& c);
void convert_minimum(OperatorContext& c);
void convert_average_pool(OperatorContext& c);
void convert_max_pool(OperatorContext& c);
void convert_mean(OperatorContext& c);
void convert_sum(OperatorContext& c);
void convert_relu(OperatorContext& c);
void convert_relu6(OperatorContext& c);
void convert_leaky_relu(OperatorContext& c);
void convert_tanh(OperatorContext& c);
void convert_logistic(OperatorContext& c);
void convert_softmax(OperatorContext& c);
void convert_quantize(OperatorContext& c);
void convert_dequantize(OperatorContext& c);
void convert_fake_quant(OperatorContext& c);
// convert_shape.cpp
void convert_reshape(OperatorContext& c);
void convert_pad(OperatorContext& c);
void convert_padv2(OperatorContext& c);
void convert_transpose(OperatorContext& c);
void convert_concatenation(OperatorContext& c);
void convert_strided_slice(OperatorContext& c);
void convert_split(OperatorContext& c);
void convert_shape(OperatorContext& c);
void convert_pack(OperatorContext& c);
void convert_unpack(OperatorContext& c);
void convert_space_to_batch(OperatorContext& c);
void convert_batch_to_space(OperatorContext& c);
// convert_recurrent.cpp
void convert_svdf(OperatorContext& c);
void convert_lstm(OperatorContext& c);

}  // namespace dlasim::network::tflite
