#pragma once
/// The quantised graph: integers and number formats, the only thing that golden/ and sim/ are given.
///
/// Every operator carries the integer parameters that spec/integer_semantics.md (rules) and
/// spec/vectors.md (names) define; no real-valued scale takes part in the arithmetic. `affine` in a
/// TensorInfo only serves reports.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "network/constant.h"
#include "network/graph.h"
#include "network/number_format.h"
#include "network/tensor.h"

namespace dlasim::network {

/// Which requantisation of spec/integer_semantics.md section 1 an operator runs.
enum class RequantRule {
  kDouble,   ///< D: CMSIS-NN and TFLite default, rounds twice
  kSingle,   ///< S: CMSIS_NN_USE_SINGLE_ROUNDING
  kInt64,    ///< Q: 64-bit accumulators of int16 activations, multiplier reduced to 15 bits
  kPytorch,  ///< float32: rint_half_even(float(acc) * M); the multiplier is the bit pattern of M, shift
             ///< unused
};

/// A real factor as Q0.31 mantissa and shift (positive to the left).
struct Multiplier {
  std::int32_t mantissa = 0;
  int shift = 0;
  friend bool operator==(const Multiplier&, const Multiplier&) = default;
};

/// Both ends included, in the output's integer domain.
struct Clamp {
  std::int64_t min = -128, max = 127;
  friend bool operator==(const Clamp&, const Clamp&) = default;
};

/// Integer operators. Inputs are listed in the order of the tensors in spec/vectors.md.
namespace qop {

/// What all multiply-accumulate operators share: acc = bias + sum (x - input_zp) * (w - weight_zp);
/// y = clamp(T(acc, multiplier[c]) + output_zp).
struct MacParameters {
  std::int64_t input_zero_point = 0, weight_zero_point = 0, output_zero_point = 0;
  std::vector<Multiplier> multiplier;  ///< one entry, or one an output channel
  RequantRule rule = RequantRule::kDouble;
  Clamp clamp;
};
/// input, weight [O, KH, KW, I/groups], [bias]
struct Conv2d {
  Pair stride{1, 1}, dilation{1, 1};
  Padding padding;
  std::int64_t groups = 1;
  MacParameters mac;
};
/// input, weight [1, KH, KW, O], [bias]
struct DepthwiseConv2d {
  Pair stride{1, 1}, dilation{1, 1};
  Padding padding;
  std::int64_t channel_multiplier = 1;
  MacParameters mac;
};
/// input, weight [O, KH, KW, I], [bias]
struct TransposeConv2d {
  Pair stride{1, 1}, dilation{1, 1};
  Padding padding;
  MacParameters mac;
};
/// input with rows of I elements, weight [O, I], [bias]
struct FullyConnected {
  MacParameters mac;
};
/// input1, input2 (its zero point is mac.weight_zero_point)
struct BatchMatmul {
  bool adj_x = false, adj_y = false;
  MacParameters mac;
};
/// input1, input2, broadcast. SUB is an Add with `subtract`.
struct Add {
  bool subtract = false;
  std::int64_t input1_zero_point = 0, input2_zero_point = 0, output_zero_point = 0;
  int left_shift = 20;
  Multiplier input1, input2, output;
  RequantRule rule = RequantRule::kDouble;
  Clamp clamp;
};
/// input1, input2, broadcast
struct Mul {
  std::int64_t input1_zero_point = 0, input2_zero_point = 0, output_zero_point = 0;
  Multiplier output;
  RequantRule rule = RequantRule::kDouble;
  Clamp clamp;
};
/// input1, input2, broadcast: of the raw values
struct MinMax {
  bool maximum = true;
};
/// input NHWC: raw values
struct Pool2d {
  op::Pool2d::Kind kind = op::Pool2d::Kind::kAverage;
  Pair kernel{1, 1}, stride{1, 1};
  Padding padding;
  Clamp clamp;
};
/// input. spec/tflite_semantics.md section 6: y = clamp(output_zp + T(sum - input_zp * N, multiplier));
/// the multiplier of a mean already holds the division by N.
struct Reduce {
  std::vector<int> axes;
  std::int64_t input_zero_point = 0, output_zero_point = 0;
  Multiplier multiplier;
  RequantRule rule = RequantRule::kDouble;
  Clamp clamp;
};
/// input; y = clamp(zp_out + T(x - zp_in)): between int8, int16, uint8, int32, int64 (QUANTIZE, RELU with
/// rescaling, the `requantize` vectors). Multiplier: one entry, or one a channel (last axis).
struct Requantize {
  std::int64_t input_zero_point = 0, output_zero_point = 0;
  std::vector<Multiplier> multiplier;
  RequantRule rule = RequantRule::kDouble;
  Clamp clamp;
};
/// input; y = min(max(x, min), max) on raw values (relu family without rescaling)
struct ClampOnly {
  Clamp clamp;
};
/// input; spec/tflite_semantics.md section 4: v = x - zp_in; v >= 0: identity, else alpha, whose mantissa
/// may be negative
struct LeakyRelu {
  std::int64_t input_zero_point = 0, output_zero_point = 0;
  Multiplier identity, alpha;
  RequantRule rule = RequantRule::kDouble;
  Clamp clamp;
};
/// tanh and sigmoid; input int8: spec/tflite_semantics.md 7.2
struct TableInt8 {
  bool sigmoid = false;
  std::int64_t input_zero_point = 0;
  Multiplier input;
  std::int64_t input_range_radius = 0;  ///< R
};
/// tanh and sigmoid; input int16, CMSIS-NN's arm_nn_activation_s16 (integer_semantics.md section 5)
struct ActivationS16 {
  bool sigmoid = false;
  int input_shift = 0;  ///< real input = x * 2^(input_shift - 12)
};
/// tanh and sigmoid; input int16, TFLite's rule (tflite_semantics.md 7.3)
struct ActivationS16Tflite {
  bool sigmoid = false;
  std::int32_t input_multiplier = 0;  ///< M
  int input_right_shift = 0;          ///< S
};
/// input, table: y = table[code of x]. For any function of one variable; the table has 2^bits entries,
/// indexed by the code's unsigned bits (int8: x & 0xff), in the output's dtype.
struct Table {};
/// input; exp and reciprocal tables follow for int16. spec section 6.
struct Softmax {
  Multiplier input;
  std::int64_t diff_min = 0;  ///< int8 only
  RequantRule rule = RequantRule::kDouble;
};
/// input, value = a raw code
struct Pad {
  std::vector<std::int64_t> before, after;
  std::int64_t value = 0;
};
struct Transpose {
  std::vector<int> perm;
};
struct Reshape {};
/// inputs..., along `axis`, raw codes
struct Concat {
  int axis = 0;
};
struct Slice {
  std::vector<std::int64_t> begin, size, stride;
};
struct SpaceToBatch {
  Pair block{1, 1};
  Padding padding;
  std::int64_t value = 0;  ///< raw code of the padding
};
struct BatchToSpace {
  Pair block{1, 1};
  Padding crop;
};
/// input [steps, N, I], weight_feature, weight_time, [bias], state [N, F, T] (a constant: before the first
/// step)
struct Svdf {
  std::int64_t rank = 1;
  std::int64_t input_zero_point = 0, output_zero_point = 0;
  Multiplier input, output;
  RequantRule rule = RequantRule::kDouble;
  Clamp state_clamp, clamp;
};
/// input, then for each gate (input, forget, cell, output): input_weight, hidden_weight, bias
struct Lstm {
  bool time_major = false;
  std::int64_t cell_clip = 0;
  int cell_scale_power = -12;
  std::int64_t input_zero_point = 0, output_zero_point = 0;
  struct Gate {
    Multiplier input, hidden;
  };
  Gate input_gate, forget_gate, cell_gate, output_gate;
  Multiplier forget_to_cell, input_to_cell, output;
  RequantRule rule = RequantRule::kDouble;
};
/// float32 input to integers: clamp(round_half_away(f32(x / scale)) + zp). Runs on the host.
struct QuantizeFloat {
  float scale = 1.0F;
  std::int64_t zero_point = 0;
};
/// integers to float32: f32(d(scale) * (q - zp)). Runs on the host.
struct DequantizeFloat {
  float scale = 1.0F;
  std::int64_t zero_point = 0;
};
/// Staged element-wise operators: exact operation on the decoded codes, one conversion to `points->output`.
/// inputs: one or two tensors of codes.
struct StagedBinary {
  op::Binary::Kind kind = op::Binary::Kind::kAdd;
};
/// Staged conversion of codes of one format to another (the formats are the tensors').
struct StagedConvert {};

}  // namespace qop

/// One of the operators; use it as the variant that it is. Its copies, moves and end are compiled
/// once (graph.cpp) instead of in each source that has a node.
struct QuantizedOperation
    : std::variant<qop::Conv2d, qop::DepthwiseConv2d, qop::TransposeConv2d, qop::FullyConnected,
                   qop::BatchMatmul, qop::Add, qop::Mul, qop::MinMax, qop::Pool2d, qop::Reduce,
                   qop::Requantize, qop::ClampOnly, qop::LeakyRelu, qop::TableInt8, qop::ActivationS16,
                   qop::ActivationS16Tflite, qop::Table, qop::Softmax, qop::Pad, qop::Transpose, qop::Reshape,
                   qop::Concat, qop::Slice, qop::SpaceToBatch, qop::BatchToSpace, qop::Svdf, qop::Lstm,
                   qop::QuantizeFloat, qop::DequantizeFloat, qop::StagedBinary, qop::StagedConvert> {
  using Alternatives = variant;
  using variant::variant;
  QuantizedOperation() noexcept;
  QuantizedOperation(const QuantizedOperation&);
  QuantizedOperation(QuantizedOperation&&) noexcept;
  QuantizedOperation& operator=(const QuantizedOperation&);
  QuantizedOperation& operator=(QuantizedOperation&&) noexcept;
  ~QuantizedOperation();
};

/// The operator's name in reports and in vectors: "conv2d", "add", ...
std::string_view name(const QuantizedOperation& operation);

/// A tensor of integers or codes. Codes of a number format are stored sign-extended from their code_bits
/// in the smallest of int8, int16, int32, int64 that holds them.
struct QuantizedTensor {
  std::string name;
  DType dtype = DType::kInt8;
  Shape shape;
  std::optional<Affine> affine;         ///< for reports: how the integers read as reals
  std::optional<OperandFormat> format;  ///< staged tensors: how the codes read as values
  Constant constant;                    ///< weights, biases, tables
  TensorId mx_scales = kNoTensor;       ///< MX: uint8 E8M0 codes, shape [..., ceil(C / block)]
};

struct QuantizedNode {
  std::string name;
  QuantizedOperation operation;
  std::vector<TensorId> inputs;  ///< kNoTensor for an optional input that is absent
  std::vector<TensorId> outputs;
  /// Present: a staged layer; the operation's integer requantisation is then unused, its geometry holds.
  std::optional<StagedNumerics> staged;
};

/// Nodes are in execution order; each tensor is written by at most one node.
struct QuantizedGraph {
  std::string name;
  std::vector<QuantizedTensor> tensors;
  std::vector<QuantizedNode> nodes;
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  /// L of spec/number_formats.md section 5: the reduction order of staged layers is part of the numbers.
  int reduction_lanes = 16;

  TensorId add_tensor(QuantizedTensor tensor);
  const QuantizedTensor& tensor(TensorId id) const { return tensors.at(static_cast<std::size_t>(id)); }
};

}  // namespace dlasim::network
