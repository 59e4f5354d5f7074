#pragma once
/// A network as its author wrote it: real-valued operators, and for tensors that are already quantised
/// how their integers read as reals. Importers and the YAML reader make it, the float reference runs it,
/// quantize/ turns it into a QuantizedGraph.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "network/constant.h"
#include "network/tensor.h"

namespace dlasim::network {

/// [vertical, horizontal]
using Pair = std::array<std::int64_t, 2>;

/// Positions added around an image. A causal 1-D convolution has left = (KW-1) * dilation, right = 0.
struct Padding {
  std::int64_t top = 0, left = 0, bottom = 0, right = 0;
  friend bool operator==(const Padding&, const Padding&) = default;
};

/// How integers read as reals: real = scale * (q - zero_point), per tensor or per slice of `axis`.
struct Affine {
  std::vector<float> scale;              ///< one entry, or one a slice of `axis`; all > 0
  std::vector<std::int64_t> zero_point;  ///< as many entries as `scale`
  int axis = -1;                         ///< -1: per tensor
  friend bool operator==(const Affine&, const Affine&) = default;
};

/// Activation fused into the operator before it.
enum class FusedActivation { kNone, kRelu, kRelu6, kReluN1To1 };

/// Real-valued operators. The comment gives the inputs in order; [x] may be absent (kNoTensor).
namespace op {

/// input NHWC, weight [O, KH, KW, I/groups], [bias O]
struct Conv2d {
  Pair stride{1, 1}, dilation{1, 1};
  Padding padding;
  std::int64_t groups = 1;
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const Conv2d&, const Conv2d&) = default;
};
/// input NHWC, weight [1, KH, KW, C * multiplier], [bias]; output channel o reads channel o / multiplier
struct DepthwiseConv2d {
  Pair stride{1, 1}, dilation{1, 1};
  Padding padding;
  std::int64_t channel_multiplier = 1;
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const DepthwiseConv2d&, const DepthwiseConv2d&) = default;
};
/// input NHWC, weight [O, KH, KW, I], [bias]; `padding` is cut from the full output
struct TransposeConv2d {
  Pair stride{1, 1};
  Padding padding;
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const TransposeConv2d&, const TransposeConv2d&) = default;
};
/// input [..., I] or anything with rows of I elements, weight [O, I], [bias]
struct FullyConnected {
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const FullyConnected&, const FullyConnected&) = default;
};
/// a [..., M, K], b [..., K, N]; adj: that input is transposed first
struct BatchMatmul {
  bool adj_x = false, adj_y = false;
  friend bool operator==(const BatchMatmul&, const BatchMatmul&) = default;
};
/// a, b, broadcast as NumPy does
struct Binary {
  enum class Kind { kAdd, kSub, kMul, kMinimum, kMaximum };
  Kind kind = Kind::kAdd;
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const Binary&, const Binary&) = default;
};
/// input NHWC; an average does not count padding
struct Pool2d {
  enum class Kind { kAverage, kMax };
  Kind kind = Kind::kAverage;
  Pair kernel{1, 1}, stride{1, 1};
  Padding padding;
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const Pool2d&, const Pool2d&) = default;
};
/// input
struct Reduce {
  enum class Kind { kMean, kSum };
  Kind kind = Kind::kMean;
  std::vector<int> axes;
  bool keep_dims = false;
  friend bool operator==(const Reduce&, const Reduce&) = default;
};
/// input. Parameters as in spec/nam_wavenet.md section 6.
struct Unary {
  enum class Kind {
    kRelu,
    kRelu6,
    kReluN1To1,
    kLeakyRelu,
    kTanh,
    kSigmoid,
    kHardtanh,
    kSilu,
    kHardswish,
    kSoftsign,
    kLeakyHardtanh,
    kFasttanh,
    kPRelu
  };
  Kind kind = Kind::kRelu;
  std::vector<double> parameters;  ///< leaky_relu: {slope}; prelu: a slope a channel; leaky_hardtanh: {min,
                                   ///< max, slope_min, slope_max}
  friend bool operator==(const Unary&, const Unary&) = default;
};
/// input; over the last axis
struct Softmax {
  float beta = 1.0F;
  friend bool operator==(const Softmax&, const Softmax&) = default;
};
/// input; element i of axis a comes from begin[a] + i * stride[a]; `size` is the output's shape before
/// `shape`
struct Slice {
  std::vector<std::int64_t> begin, size, stride;
  friend bool operator==(const Slice&, const Slice&) = default;
};
/// inputs...
struct Concat {
  int axis = 0;
  friend bool operator==(const Concat&, const Concat&) = default;
};
/// input; `value` is real, ignored where `raw_value` is given
struct Pad {
  std::vector<std::int64_t> before, after;
  double value = 0.0;
  std::optional<std::int64_t> raw_value;  ///< a code of the input's quantisation (PADV2)
  friend bool operator==(const Pad&, const Pad&) = default;
};
/// input; output dimension i is input dimension perm[i]
struct Transpose {
  std::vector<int> perm;
  friend bool operator==(const Transpose&, const Transpose&) = default;
};
/// input; the same elements in the output's shape
struct Reshape {
  friend bool operator==(const Reshape&, const Reshape&) = default;
};
/// input; to the output tensor's dtype and affine (QUANTIZE, or between two integer types)
struct Quantize {
  friend bool operator==(const Quantize&, const Quantize&) = default;
};
/// input; what training that simulates quantisation did: (clamp(round(x / scale) + zero_point, lowest,
/// highest) - zero_point) * scale, halves away from zero. quantize/ takes scale and zero point as they are.
struct FakeQuantize {
  float scale = 1.0F;  ///< above 0
  std::int64_t zero_point = 0;
  std::int64_t lowest = -128, highest = 127;  ///< codes, within int16
  friend bool operator==(const FakeQuantize&, const FakeQuantize&) = default;
};
/// input; min(max(x, minimum), maximum), with levels that training learnt (PACT): quantize/ spreads the codes
/// over this range, whatever calibration sees.
struct Clip {
  float minimum = 0.0F, maximum = 1.0F;
  friend bool operator==(const Clip&, const Clip&) = default;
};
/// input; to float32
struct Dequantize {
  friend bool operator==(const Dequantize&, const Dequantize&) = default;
};
/// input [N, H, W, C]
struct SpaceToBatch {
  Pair block{1, 1};
  Padding padding;
  friend bool operator==(const SpaceToBatch&, const SpaceToBatch&) = default;
};
/// input [N, H, W, C]; `crop` is cut from the result
struct BatchToSpace {
  Pair block{1, 1};
  Padding crop;
  friend bool operator==(const BatchToSpace&, const BatchToSpace&) = default;
};
/// input [N, I] or [steps, N, I], weight_feature [F, I], weight_time [F, T], [bias], state [N, F, T] (kept
/// between runs: starts at zero)
struct Svdf {
  std::int64_t rank = 1;
  FusedActivation activation = FusedActivation::kNone;
  friend bool operator==(const Svdf&, const Svdf&) = default;
};
/// input, then for each gate input, forget, cell, output: input weight [H, I], hidden weight [H, H], bias [H]
/// (12 tensors).
struct Lstm {
  bool time_major = false;
  float cell_clip = 0.0F;
  std::vector<Affine> intermediates;  ///< cell state: the affine of the int16 cell state (one entry)
  friend bool operator==(const Lstm&, const Lstm&) = default;
};

}  // namespace op

/// One of the operators; use it as the variant that it is. Its copies, moves, comparison and end are compiled
/// once (graph.cpp) instead of in each source that has a node.
struct Operation
    : std::variant<op::Conv2d, op::DepthwiseConv2d, op::TransposeConv2d, op::FullyConnected, op::BatchMatmul,
                   op::Binary, op::Pool2d, op::Reduce, op::Unary, op::Softmax, op::Slice, op::Concat, op::Pad,
                   op::Transpose, op::Reshape, op::Quantize, op::Dequantize, op::SpaceToBatch,
                   op::BatchToSpace, op::Svdf, op::Lstm, op::FakeQuantize, op::Clip> {
  using Alternatives = variant;
  using variant::variant;
  Operation() noexcept;
  Operation(const Operation&);
  Operation(Operation&&) noexcept;
  Operation& operator=(const Operation&);
  Operation& operator=(Operation&&) noexcept;
  ~Operation();
  friend bool operator==(const Operation&, const Operation&);
};

/// The operator's name in messages, YAML and vectors: "conv2d", "leaky_relu", ...
std::string_view name(const Operation& operation);

/// Index of a tensor in its graph.
using TensorId = int;
/// An optional input that is not there.
inline constexpr TensorId kNoTensor = -1;

/// A tensor's declaration.
struct TensorInfo {
  std::string name;
  DType dtype = DType::kFloat32;
  Shape shape;
  std::optional<Affine> affine;  ///< integer tensors of quantised models
  Constant constant;             ///< weights, biases, tables
  friend bool operator==(const TensorInfo&, const TensorInfo&) = default;
};

/// One operator call.
struct Node {
  std::string name;  ///< unique in the graph; the layer's name in reports and overrides
  Operation operation;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  friend bool operator==(const Node&, const Node&) = default;
};

/// Nodes are in execution order; each tensor is written by at most one node.
struct Graph {
  std::string name;
  std::vector<TensorInfo> tensors;
  std::vector<Node> nodes;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;

  TensorId add_tensor(TensorInfo info);
  TensorId add_constant(std::string name, Tensor value);
  /// Appends a node with one output of the given shape (see shape_inference.h) and returns that output.
  TensorId add_node(std::string name, Operation operation, std::vector<TensorId> inputs, Shape output_shape);
  const TensorInfo& tensor(TensorId id) const { return tensors.at(static_cast<std::size_t>(id)); }
  friend bool operator==(const Graph&, const Graph&) = default;
};

/// Whether activations are integers already. Constants that bring scales along do not make a network so.
bool is_quantized(const Graph& graph);

}  // namespace dlasim::network
