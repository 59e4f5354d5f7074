#pragma once
/// The fields of everything in a quantised graph, by the names they have in its file. A field that is added
/// to network/quantized_graph.h has to be added here; quantized_file_test.cpp counts them.

#include "json_fields.h"
#include "network/number_format.h"
#include "network/quantized_graph.h"

namespace dlasim::quantize {

template <>
struct EnumNames<network::DType> {
  static constexpr std::array<std::string_view, 8> kNames{"float32", "int4",  "int8",  "uint8",
                                                          "int16",   "int32", "int64", "bool"};
};
template <>
struct EnumNames<network::RequantRule> {
  static constexpr std::array<std::string_view, 4> kNames{"double", "single", "int64", "pytorch"};
};
template <>
struct EnumNames<network::op::Pool2d::Kind> {
  static constexpr std::array<std::string_view, 2> kNames{"average", "max"};
};
template <>
struct EnumNames<network::op::Binary::Kind> {
  static constexpr std::array<std::string_view, 5> kNames{"add", "sub", "mul", "minimum", "maximum"};
};
template <>
struct EnumNames<network::Rounding> {
  static constexpr std::array<std::string_view, 6> kNames{"floor",        "trunc",        "nearest_up",
                                                          "nearest_away", "nearest_even", "stochastic"};
};
template <>
struct EnumNames<network::Overflow> {
  static constexpr std::array<std::string_view, 4> kNames{"saturate", "saturate_symmetric", "wrap", "inf"};
};
template <>
struct EnumNames<network::ExpZero> {
  static constexpr std::array<std::string_view, 3> kNames{"subnormal", "zero", "normal"};
};
template <>
struct EnumNames<network::Specials> {
  static constexpr std::array<std::string_view, 3> kNames{"ieee", "fn", "none"};
};
template <>
struct EnumNames<network::NumberFormat::Kind> {
  static constexpr std::array<std::string_view, 3> kNames{"exact", "dfp", "minifloat"};
};
template <>
struct EnumNames<network::MxMode> {
  static constexpr std::array<std::string_view, 2> kNames{"storage", "block"};
};
template <>
struct EnumNames<network::StagedActivation::Type> {
  static constexpr std::array<std::string_view, 4> kNames{"none", "relu", "leaky_relu", "clamp"};
};

template <>
inline constexpr std::string_view kAlternative<network::qop::Conv2d> = "conv2d";
template <>
inline constexpr std::string_view kAlternative<network::qop::DepthwiseConv2d> = "depthwise_conv2d";
template <>
inline constexpr std::string_view kAlternative<network::qop::TransposeConv2d> = "transpose_conv2d";
template <>
inline constexpr std::string_view kAlternative<network::qop::FullyConnected> = "fully_connected";
template <>
inline constexpr std::string_view kAlternative<network::qop::BatchMatmul> = "batch_matmul";
template <>
inline constexpr std::string_view kAlternative<network::qop::Add> = "add";
template <>
inline constexpr std::string_view kAlternative<network::qop::Mul> = "mul";
template <>
inline constexpr std::string_view kAlternative<network::qop::MinMax> = "min_max";
template <>
inline constexpr std::string_view kAlternative<network::qop::Pool2d> = "pool2d";
template <>
inline constexpr std::string_view kAlternative<network::qop::Reduce> = "reduce";
template <>
inline constexpr std::string_view kAlternative<network::qop::Requantize> = "requantize";
template <>
inline constexpr std::string_view kAlternative<network::qop::ClampOnly> = "clamp";
template <>
inline constexpr std::string_view kAlternative<network::qop::LeakyRelu> = "leaky_relu";
template <>
inline constexpr std::string_view kAlternative<network::qop::TableInt8> = "activation_int8";
template <>
inline constexpr std::string_view kAlternative<network::qop::ActivationS16> = "activation_int16_cmsis";
template <>
inline constexpr std::string_view kAlternative<network::qop::ActivationS16Tflite> = "activation_int16_tflite";
template <>
inline constexpr std::string_view kAlternative<network::qop::Table> = "table";
template <>
inline constexpr std::string_view kAlternative<network::qop::Softmax> = "softmax";
template <>
inline constexpr std::string_view kAlternative<network::qop::Pad> = "pad";
template <>
inline constexpr std::string_view kAlternative<network::qop::Transpose> = "transpose";
template <>
inline constexpr std::string_view kAlternative<network::qop::Reshape> = "reshape";
template <>
inline constexpr std::string_view kAlternative<network::qop::Concat> = "concat";
template <>
inline constexpr std::string_view kAlternative<network::qop::Slice> = "slice";
template <>
inline constexpr std::string_view kAlternative<network::qop::SpaceToBatch> = "space_to_batch";
template <>
inline constexpr std::string_view kAlternative<network::qop::BatchToSpace> = "batch_to_space";
template <>
inline constexpr std::string_view kAlternative<network::qop::Svdf> = "svdf";
template <>
inline constexpr std::string_view kAlternative<network::qop::Lstm> = "lstm";
template <>
inline constexpr std::string_view kAlternative<network::qop::QuantizeFloat> = "quantize_float";
template <>
inline constexpr std::string_view kAlternative<network::qop::DequantizeFloat> = "dequantize_float";
template <>
inline constexpr std::string_view kAlternative<network::qop::StagedBinary> = "staged_binary";
template <>
inline constexpr std::string_view kAlternative<network::qop::StagedConvert> = "staged_convert";

template <class Io>
void fields(Io& io, network::Padding& value) {
  io("top", value.top);
  io("left", value.left);
  io("bottom", value.bottom);
  io("right", value.right);
}
template <class Io>
void fields(Io& io, network::Affine& value) {
  io("scale", value.scale);
  io("zero_point", value.zero_point);
  io("axis", value.axis);
}
template <class Io>
void fields(Io& io, network::Multiplier& value) {
  io("mantissa", value.mantissa);
  io("shift", value.shift);
}
template <class Io>
void fields(Io& io, network::Clamp& value) {
  io("min", value.min);
  io("max", value.max);
}
template <class Io>
void fields(Io& io, network::qop::MacParameters& value) {
  io("input_zero_point", value.input_zero_point);
  io("weight_zero_point", value.weight_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("multiplier", value.multiplier);
  io("rule", value.rule);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::Lstm::Gate& value) {
  io("input", value.input);
  io("hidden", value.hidden);
}
template <class Io>
void fields(Io& io, network::Lfsr& value) {
  io("bits", value.bits);
  io("seed", value.seed);
}
template <class Io>
void fields(Io& io, network::NumberFormat& value) {
  io("kind", value.kind);
  io("bits", value.bits);
  io("fl", value.fl);
  io("signed", value.is_signed);
  io("exp", value.exp);
  io("man", value.man);
  io("bias", value.bias);
  io("exp_zero", value.exp_zero);
  io("specials", value.specials);
  io("rounding", value.rounding);
  io("overflow", value.overflow);
  io("lfsr", value.lfsr);
}
template <class Io>
void fields(Io& io, network::OperandFormat& value) {
  io("element", value.element);
  io("mx_block", value.mx_block);
}
template <class Io>
void fields(Io& io, network::StagedActivation& value) {
  io("type", value.type);
  io("slope", value.slope);
  io("min", value.min);
  io("max", value.max);
}
template <class Io>
void fields(Io& io, network::StagedNumerics& value) {
  io("input", value.input);
  io("weight", value.weight);
  io("bias_operand", value.bias_operand);
  io("product", value.product);
  io("accumulator", value.accumulator);
  io("tree", value.tree);
  io("partial_sum", value.partial_sum);
  io("bias", value.bias);
  io("activation", value.activation);
  io("output", value.output);
  io("block", value.block);
  io("mx_mode", value.mx_mode);
  io("function", value.function);
}
template <class Io>
void fields(Io& io, network::qop::Conv2d& value) {
  io("stride", value.stride);
  io("dilation", value.dilation);
  io("padding", value.padding);
  io("groups", value.groups);
  io("mac", value.mac);
}
template <class Io>
void fields(Io& io, network::qop::DepthwiseConv2d& value) {
  io("stride", value.stride);
  io("dilation", value.dilation);
  io("padding", value.padding);
  io("channel_multiplier", value.channel_multiplier);
  io("mac", value.mac);
}
template <class Io>
void fields(Io& io, network::qop::TransposeConv2d& value) {
  io("stride", value.stride);
  io("dilation", value.dilation);
  io("padding", value.padding);
  io("mac", value.mac);
}
template <class Io>
void fields(Io& io, network::qop::FullyConnected& value) {
  io("mac", value.mac);
}
template <class Io>
void fields(Io& io, network::qop::BatchMatmul& value) {
  io("adj_x", value.adj_x);
  io("adj_y", value.adj_y);
  io("mac", value.mac);
}
template <class Io>
void fields(Io& io, network::qop::Add& value) {
  io("subtract", value.subtract);
  io("input1_zero_point", value.input1_zero_point);
  io("input2_zero_point", value.input2_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("left_shift", value.left_shift);
  io("input1", value.input1);
  io("input2", value.input2);
  io("output", value.output);
  io("rule", value.rule);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::Mul& value) {
  io("input1_zero_point", value.input1_zero_point);
  io("input2_zero_point", value.input2_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("output", value.output);
  io("rule", value.rule);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::MinMax& value) {
  io("maximum", value.maximum);
}
template <class Io>
void fields(Io& io, network::qop::Pool2d& value) {
  io("pool", value.kind);
  io("kernel", value.kernel);
  io("stride", value.stride);
  io("padding", value.padding);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::Reduce& value) {
  io("axes", value.axes);
  io("input_zero_point", value.input_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("multiplier", value.multiplier);
  io("rule", value.rule);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::Requantize& value) {
  io("input_zero_point", value.input_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("multiplier", value.multiplier);
  io("rule", value.rule);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::ClampOnly& value) {
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::LeakyRelu& value) {
  io("input_zero_point", value.input_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("identity", value.identity);
  io("alpha", value.alpha);
  io("rule", value.rule);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::TableInt8& value) {
  io("sigmoid", value.sigmoid);
  io("input_zero_point", value.input_zero_point);
  io("input", value.input);
  io("input_range_radius", value.input_range_radius);
}
template <class Io>
void fields(Io& io, network::qop::ActivationS16& value) {
  io("sigmoid", value.sigmoid);
  io("input_shift", value.input_shift);
}
template <class Io>
void fields(Io& io, network::qop::ActivationS16Tflite& value) {
  io("sigmoid", value.sigmoid);
  io("input_multiplier", value.input_multiplier);
  io("input_right_shift", value.input_right_shift);
}
template <class Io>
void fields(Io&, network::qop::Table&) {}
template <class Io>
void fields(Io& io, network::qop::Softmax& value) {
  io("input", value.input);
  io("diff_min", value.diff_min);
  io("rule", value.rule);
}
template <class Io>
void fields(Io& io, network::qop::Pad& value) {
  io("before", value.before);
  io("after", value.after);
  io("value", value.value);
}
template <class Io>
void fields(Io& io, network::qop::Transpose& value) {
  io("perm", value.perm);
}
template <class Io>
void fields(Io&, network::qop::Reshape&) {}
template <class Io>
void fields(Io& io, network::qop::Concat& value) {
  io("axis", value.axis);
}
template <class Io>
void fields(Io& io, network::qop::Slice& value) {
  io("begin", value.begin);
  io("size", value.size);
  io("stride", value.stride);
}
template <class Io>
void fields(Io& io, network::qop::SpaceToBatch& value) {
  io("block", value.block);
  io("padding", value.padding);
  io("value", value.value);
}
template <class Io>
void fields(Io& io, network::qop::BatchToSpace& value) {
  io("block", value.block);
  io("crop", value.crop);
}
template <class Io>
void fields(Io& io, network::qop::Svdf& value) {
  io("rank", value.rank);
  io("input_zero_point", value.input_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("input", value.input);
  io("output", value.output);
  io("rule", value.rule);
  io("state_clamp", value.state_clamp);
  io("clamp", value.clamp);
}
template <class Io>
void fields(Io& io, network::qop::Lstm& value) {
  io("time_major", value.time_major);
  io("cell_clip", value.cell_clip);
  io("cell_scale_power", value.cell_scale_power);
  io("input_zero_point", value.input_zero_point);
  io("output_zero_point", value.output_zero_point);
  io("input_gate", value.input_gate);
  io("forget_gate", value.forget_gate);
  io("cell_gate", value.cell_gate);
  io("output_gate", value.output_gate);
  io("forget_to_cell", value.forget_to_cell);
  io("input_to_cell", value.input_to_cell);
  io("output", value.output);
  io("rule", value.rule);
}
template <class Io>
void fields(Io& io, network::qop::QuantizeFloat& value) {
  io("scale", value.scale);
  io("zero_point", value.zero_point);
}
template <class Io>
void fields(Io& io, network::qop::DequantizeFloat& value) {
  io("scale", value.scale);
  io("zero_point", value.zero_point);
}
template <class Io>
void fields(Io& io, network::qop::StagedBinary& value) {
  io("function", value.kind);
}
template <class Io>
void fields(Io&, network::qop::StagedConvert&) {}
template <class Io>
void fields(Io& io, network::QuantizedNode& value) {
  io("name", value.name);
  io("operation", value.operation);
  io("inputs", value.inputs);
  io("outputs", value.outputs);
  io("staged", value.staged);
}

}  // namespace dlasim::quantize
