/// Convolutions and matrix products.

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "c_text.h"
#include "writers.h"

namespace dlasim::exporter {
namespace {

namespace qop = network::qop;
using network::DType;
using network::Multiplier;
using network::RequantRule;
using network::Shape;
using network::Tensor;

/// What CMSIS-NN keeps in 16 bits.
constexpr std::int64_t kLargestExtent = 32767;

std::string activation(const network::Clamp& clamp) {
  return fmt::format("{{.min = {}, .max = {}}}", clamp.min, clamp.max);
}

/// Types and zero points that all multiply-accumulate functions need.
void check_mac(const qop::MacParameters& mac, const LayerWriter& layer) {
  const DType in = layer.input(0).dtype;
  LayerWriter::require(in == DType::kInt8 || in == DType::kInt16,
                       "input is {}, CMSIS-NN takes int8 and int16", network::name(in));
  LayerWriter::require(layer.output().dtype == in, "input is {} and output {}, CMSIS-NN wants one type",
                       network::name(in), network::name(layer.output().dtype));
  if (in == DType::kInt16) {
    LayerWriter::require(
        mac.input_zero_point == 0 && mac.output_zero_point == 0 && mac.weight_zero_point == 0,
        "int16 with a zero point, which CMSIS-NN ignores");
    return;
  }
  LayerWriter::require(mac.rule != RequantRule::kInt64, "int8 with 64-bit accumulators");
  LayerWriter::require(mac.input_zero_point >= -128 && mac.input_zero_point <= 127,
                       "input zero point {} is no int8", mac.input_zero_point);
}

void check_weights(const qop::MacParameters& mac, const LayerWriter& layer) {
  const DType dtype = layer.input(1).dtype;
  LayerWriter::require(dtype == DType::kInt8 || dtype == DType::kInt4, "weights are {}, CMSIS-NN takes int8",
                       network::name(dtype));
  LayerWriter::require(dtype == DType::kInt8 || layer.input(0).dtype == DType::kInt8,
                       "int4 weights with int16 activations");
  LayerWriter::require(mac.weight_zero_point == 0, "weights with a zero point");
}

void check_extents(const LayerWriter& layer) {
  for (const auto* tensor : {&layer.input(0), &layer.input(1), &layer.output()}) {
    for (const std::int64_t extent : tensor->shape) {
      LayerWriter::require(extent <= kLargestExtent, "a dimension of {}, CMSIS-NN counts in 16 bits", extent);
    }
  }
}

/// Multipliers and shifts, one a channel.
struct ChannelArrays {
  std::string multiplier, shift;
};

ChannelArrays channel_arrays(const std::vector<Multiplier>& multipliers, std::int64_t channels,
                             LayerWriter& layer) {
  std::vector<std::int64_t> mantissa, shift;
  for (std::int64_t c = 0; c < channels; ++c) {
    const Multiplier& m =
        multipliers.size() == 1 ? multipliers[0] : multipliers.at(static_cast<std::size_t>(c));
    mantissa.push_back(m.mantissa);
    shift.push_back(m.shift);
  }
  return {layer.array("multiplier", DType::kInt32, mantissa), layer.array("shift", DType::kInt32, shift)};
}

std::string per_channel_quant(const std::vector<Multiplier>& multipliers, std::int64_t channels,
                              LayerWriter& layer) {
  const ChannelArrays arrays = channel_arrays(multipliers, channels, layer);
  return layer.define("cmsis_nn_per_channel_quant_params", "quant",
                      fmt::format("{{(int32_t *){}, (int32_t *){}}}", arrays.multiplier, arrays.shift));
}

std::string per_tensor_quant(const Multiplier& m, std::string_view what, LayerWriter& layer) {
  return layer.define("cmsis_nn_per_tensor_quant_params", what,
                      fmt::format("{{.multiplier = {}, .shift = {}}}", literal(m.mantissa), m.shift));
}

/// The bias as `dtype`; zeros where there is none. The position is that of all three-input operators.
std::string bias_array(DType dtype, std::int64_t channels, LayerWriter& layer) {
  std::vector<std::int64_t> values(static_cast<std::size_t>(channels), 0);
  if (layer.has_input(2)) {
    const Tensor& bias = layer.constant(2, "bias");
    for (std::int64_t c = 0; c < channels; ++c) values[static_cast<std::size_t>(c)] = bias.integer(c);
  }
  for (const std::int64_t v : values) {
    LayerWriter::require(v >= network::lowest(dtype) && v <= network::highest(dtype), "bias {} is no {}", v,
                         network::name(dtype));
  }
  return layer.array("bias", dtype, values);
}

std::string weight_array(LayerWriter& layer) {
  const Tensor& weight = layer.constant(1, "weight");
  return layer.array("weight", weight.dtype() == DType::kInt4 ? packed_int4(weight) : weight);
}

/// The names are layerN_input_dims and so on.
void define_dims(const std::vector<std::int64_t>& input, const std::vector<std::int64_t>& filter,
                 const std::vector<std::int64_t>& output, LayerWriter& layer) {
  layer.define("cmsis_nn_dims", "input_dims", dims(input));
  layer.define("cmsis_nn_dims", "filter_dims", dims(filter));
  layer.define("cmsis_nn_dims", "output_dims", dims(output));
}

/// The part of the parameters that convolutions share.
std::string conv_params(const qop::MacParameters& mac, network::Pair stride, network::Pair dilation,
                        const network::Padding& padding, std::string_view more = "") {
  return fmt::format(
      "{{\n    .input_offset = {}, .output_offset = {},{}\n    .stride = {}, .padding = {}, .dilation = {},\n"
      "    .activation = {}}}",
      -mac.input_zero_point, mac.output_zero_point, more, tile(stride), tile({padding.top, padding.left}),
      tile(dilation), activation(mac.clamp));
}

/// "(&ctx, &layer3_params, ..., output)": the argument list of the convolution functions. `upscale` goes
/// before the output's dimensions.
std::string conv_arguments(const std::string& weight, const std::string& bias, LayerWriter& layer,
                           std::string_view upscale = "") {
  layer.define("cmsis_nn_dims", "bias_dims",
               fmt::format("{{.n = 1, .h = 1, .w = 1, .c = {}}}", layer.output().shape.back()));
  const std::string& p = layer.prefix();
  return fmt::format(
      "(&ctx, &{0}params, &{0}quant, &{0}input_dims, input,\n      &{0}filter_dims, {1}, &{0}bias_dims, {2}, "
      "{3}&{0}output_dims, output)",
      p, weight, bias, upscale);
}

void set_wrapper_scratch(std::string_view function, LayerWriter& layer) {
  layer.scratch(
      fmt::format("{1}_get_buffer_size(&{0}params, &{0}input_dims, &{0}filter_dims,\n      &{0}output_dims)",
                  layer.prefix(), function));
}

/// Sums of int16 times int8 that leave 32 bits would be wrong in arm_convolve_s16's last position
/// (spec/integer_semantics.md section 9).
bool sums_fit_32_bits(const Tensor& weight, std::int64_t channels) {
  const std::int64_t each = weight.size() / std::max<std::int64_t>(1, channels);
  for (std::int64_t c = 0; c < channels; ++c) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < each; ++i) sum += std::abs(weight.integer(c * each + i));
    if (sum > std::numeric_limits<std::int32_t>::max() / 32768) return false;
  }
  return true;
}

/// A plain loop for int16 convolutions that CMSIS-NN has no call for. Weights are [O, KH, KW, I/groups].
void write_grouped_s16(const qop::MacParameters& mac, network::Pair stride, network::Pair dilation,
                       const network::Padding& padding, std::int64_t groups, const Tensor& weight,
                       LayerWriter& layer) {
  const bool wide = mac.rule == RequantRule::kInt64;
  const auto in = as_nhwc(layer.input(0).shape);
  const auto out = as_nhwc(layer.output().shape);
  const ChannelArrays arrays = channel_arrays(mac.multiplier, out[3], layer);
  const std::string bias = bias_array(wide ? DType::kInt64 : DType::kInt32, out[3], layer);
  const std::string values = layer.array("weight", weight);
  define_dims(in, weight.shape(), out, layer);
  layer.define("cmsis_nn_conv_params", "params", conv_params(mac, stride, dilation, padding));
  layer.use(wide ? HelperKind::kConvolve64 : HelperKind::kConvolve);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.line(
      "convolve_grouped{1}_s16(&{0}params, {2}, {3}, {4}, &{0}input_dims, input, &{0}filter_dims, {5},\n"
      "      {6}, &{0}output_dims, output);",
      layer.prefix(), wide ? "64" : "", groups, arrays.multiplier, arrays.shift, values, bias);
}

/// Whether arm_convolve_wrapper_s8 computes this convolution on every processor. Groups need the basic
/// function, since the faster ones read all input channels; and its kernel for one row takes only the
/// paddings of SAME and VALID on Helium (it returns ARM_CMSIS_NN_FAILURE), not the causal one.
bool wrapper_takes(const qop::Conv2d& op, const LayerWriter& layer) {
  if (op.groups > 1) return false;
  const Shape& in = layer.input(0).shape;
  const Shape& kernel = layer.input(1).shape;
  const bool row = in[1] == 1 && kernel[1] == 1 && op.dilation[1] == 1 && op.stride[1] * in[3] % 4 == 0;
  const std::int64_t padding = (layer.output().shape[2] - 1) * op.stride[1] + kernel[2] - in[2];
  return !row || 2 * op.padding.left + padding % 2 == padding;
}

void write_conv_s8(const qop::Conv2d& op, LayerWriter& layer) {
  const bool int4 = layer.input(1).dtype == DType::kInt4;
  LayerWriter::require(!int4 || op.groups == 1, "int4 weights in {} groups", op.groups);
  const std::string weight = weight_array(layer);
  const std::string bias = bias_array(DType::kInt32, layer.output().shape[3], layer);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  const std::string function = int4 ? "arm_convolve_wrapper_s4" : "arm_convolve_wrapper_s8";
  if (int4 || wrapper_takes(op, layer)) {
    set_wrapper_scratch(function, layer);
    layer.context();
    layer.call("{}{}", function, conv_arguments(weight, bias, layer));
    return;
  }
  layer.scratch(
      fmt::format("arm_convolve_s8_get_buffer_size(&{0}input_dims, &{0}filter_dims)", layer.prefix()));
  layer.context();
  layer.call("arm_convolve_s8{}", conv_arguments(weight, bias, layer, "NULL, "));
}

void write_conv_s16(const qop::MacParameters& mac, LayerWriter& layer, const std::vector<std::int64_t>& out) {
  const bool int32_bias = mac.rule != RequantRule::kInt64;
  const std::string weight = weight_array(layer);
  const std::string values = bias_array(int32_bias ? DType::kInt32 : DType::kInt64, out[3], layer);
  const std::string bias =
      layer.define("cmsis_nn_bias_data", "bias_data",
                   fmt::format("{{.data = {}, .is_int32_bias = {}}}", values, int32_bias ? "true" : "false"));
  layer.input_pointer(0, "input");
  layer.output_pointer();
  set_wrapper_scratch("arm_convolve_wrapper_s16", layer);
  layer.context();
  layer.call("arm_convolve_wrapper_s16{}", conv_arguments(weight, "&" + bias, layer));
}

/// The weights [1, KH, KW, C * m] of a depthwise convolution as those of one with C groups.
Tensor as_grouped(const Tensor& weight) {
  const Shape& from = weight.shape();
  Tensor result(weight.dtype(), {from[3], from[1], from[2], 1});
  const std::int64_t taps = from[1] * from[2];
  for (std::int64_t o = 0; o < from[3]; ++o) {
    for (std::int64_t t = 0; t < taps; ++t) result.set_integer(o * taps + t, weight.integer(t * from[3] + o));
  }
  return result;
}

/// The departures of arm_depthwise_conv_s4 (spec/integer_semantics.md section 9).
bool s4_depthwise_is_exact(const qop::DepthwiseConv2d& op, std::int64_t channels) {
  const bool padded =
      op.padding.top > 0 || op.padding.left > 0 || op.padding.bottom > 0 || op.padding.right > 0;
  return channels % 2 == 0 || (!padded && op.channel_multiplier == 1);
}

/// Padding that TensorFlow Lite's SAME or VALID gives along one dimension: what the function is made for.
bool is_tflite_padding(std::int64_t before, std::int64_t after, std::int64_t kernel, std::int64_t stride) {
  const std::int64_t overlap = kernel - stride;
  const bool valid = before == 0 && after == std::min<std::int64_t>(0, overlap);
  const bool same = before == std::max<std::int64_t>(0, overlap) / 2 && after == overlap - before;
  return valid || same;
}

/// Elements cut after the last output, from the sizes: the declared padding need not say it.
std::int64_t trailing(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                      std::int64_t before) {
  return (in - 1) * stride + kernel - before - out;
}

void write_transpose_loop(const qop::TransposeConv2d& op, const std::vector<std::int64_t>& in,
                          const std::vector<std::int64_t>& out, LayerWriter& layer) {
  const DType dtype = layer.input(0).dtype;
  const bool wide = op.mac.rule == RequantRule::kInt64;
  const ChannelArrays arrays = channel_arrays(op.mac.multiplier, out[3], layer);
  const std::string bias = bias_array(wide ? DType::kInt64 : DType::kInt32, out[3], layer);
  const std::string weight = layer.array("weight", layer.constant(1, "weight"));
  define_dims(in, as_nhwc(layer.input(1).shape), out, layer);
  layer.define("cmsis_nn_conv_params", "params", conv_params(op.mac, op.stride, op.dilation, op.padding));
  layer.use(wide ? HelperKind::kTransposeConv64 : HelperKind::kTransposeConv, dtype);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.line(
      "transpose_convolve{1}_{2}(&{0}params, {3}, {4}, &{0}input_dims, input, &{0}filter_dims,\n"
      "      {5}, {6}, &{0}output_dims, output);",
      layer.prefix(), wide ? "64" : "", suffix(dtype), arrays.multiplier, arrays.shift, weight, bias);
}

void write_transpose_call(const qop::TransposeConv2d& op, network::Pair after, LayerWriter& layer) {
  const std::string offsets = fmt::format(" .padding_offsets = {},", tile(after));
  layer.define("cmsis_nn_transpose_conv_params", "params",
               conv_params(op.mac, op.stride, op.dilation, op.padding, offsets));
  const std::string weight = weight_array(layer);
  const std::string bias = bias_array(DType::kInt32, layer.output().shape[3], layer);
  layer.use(HelperKind::kAligned);
  const std::string& p = layer.prefix();
  const std::string first = fmt::format(
      "arm_transpose_conv_s8_get_buffer_size(\n      &{0}params, &{0}input_dims, &{0}filter_dims, "
      "&{0}output_dims)",
      p);
  const std::string second = fmt::format(
      "arm_transpose_conv_s8_get_reverse_conv_buffer_size(\n      &{0}params, &{0}input_dims, "
      "&{0}filter_dims)",
      p);
  // The basic function accumulates an image there, the reversed one keeps its weights there.
  const auto out = as_nhwc(layer.output().shape);
  const std::int64_t image = out[1] * out[2] * out[3] * 4;
  layer.scratch(fmt::format("aligned({}) +\n      aligned({}) + {}", first, second, image));
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.line("const cmsis_nn_context ctx = {{buffers->scratch, {}}};", first);
  layer.line("const int32_t used = aligned(ctx.size);");
  layer.line("const cmsis_nn_context output_ctx = {{(int8_t *)buffers->scratch + used, {}scratch() - used}};",
             p);
  std::string arguments = conv_arguments(weight, bias, layer);
  arguments.insert(arguments.find(',') + 1, " &output_ctx,");
  layer.call("arm_transpose_conv_wrapper_s8{}", arguments);
}

}  // namespace

void write(const qop::Conv2d& op, LayerWriter& layer) {
  check_mac(op.mac, layer);
  check_weights(op.mac, layer);
  check_extents(layer);
  layer.use_rule(op.mac.rule);
  const Tensor& weight = layer.constant(1, "weight");
  const auto out = as_nhwc(layer.output().shape);
  const bool s16 = layer.input(0).dtype == DType::kInt16;
  const bool wide = op.mac.rule == RequantRule::kInt64;
  if (s16 && (op.groups > 1 || (wide && !sums_fit_32_bits(weight, out[3])))) {
    write_grouped_s16(op.mac, op.stride, op.dilation, op.padding, op.groups, weight, layer);
    return;
  }
  define_dims(as_nhwc(layer.input(0).shape), weight.shape(), out, layer);
  layer.define("cmsis_nn_conv_params", "params", conv_params(op.mac, op.stride, op.dilation, op.padding));
  per_channel_quant(op.mac.multiplier, out[3], layer);
  if (s16) {
    write_conv_s16(op.mac, layer, out);
  } else {
    write_conv_s8(op, layer);
  }
}

void write(const qop::DepthwiseConv2d& op, LayerWriter& layer) {
  check_mac(op.mac, layer);
  check_weights(op.mac, layer);
  check_extents(layer);
  layer.use_rule(op.mac.rule);
  const bool s16 = layer.input(0).dtype == DType::kInt16;
  const auto in = as_nhwc(layer.input(0).shape);
  const Tensor& weight = layer.constant(1, "weight");
  if (s16 && op.mac.rule != RequantRule::kInt64) {
    write_grouped_s16(op.mac, op.stride, op.dilation, op.padding, in[3], as_grouped(weight), layer);
    return;
  }
  const bool int4 = weight.dtype() == DType::kInt4;
  LayerWriter::require(!int4 || s4_depthwise_is_exact(op, in[3]),
                       "int4 weights with an odd number of channels: CMSIS-NN's call is wrong there");
  const auto out = as_nhwc(layer.output().shape);
  define_dims(in, weight.shape(), out, layer);
  layer.define("cmsis_nn_dw_conv_params", "params",
               conv_params(op.mac, op.stride, op.dilation, op.padding,
                           fmt::format(" .ch_mult = {},", op.channel_multiplier)));
  per_channel_quant(op.mac.multiplier, out[3], layer);
  const std::string values = weight_array(layer);
  const std::string bias = bias_array(s16 ? DType::kInt64 : DType::kInt32, out[3], layer);
  const std::string function = fmt::format("arm_depthwise_conv_wrapper_{}", s16 ? "s16" : int4 ? "s4" : "s8");
  layer.input_pointer(0, "input");
  layer.output_pointer();
  set_wrapper_scratch(function, layer);
  layer.context();
  layer.call("{}{}", function, conv_arguments(values, bias, layer));
}

void write(const qop::TransposeConv2d& op, LayerWriter& layer) {
  check_mac(op.mac, layer);
  check_weights(op.mac, layer);
  check_extents(layer);
  layer.use_rule(op.mac.rule);
  LayerWriter::require(layer.input(1).dtype == DType::kInt8, "int4 weights");
  LayerWriter::require(op.dilation == network::Pair{1, 1}, "a dilated transposed convolution");
  const auto in = as_nhwc(layer.input(0).shape);
  const auto out = as_nhwc(layer.output().shape);
  const Shape& kernel = layer.input(1).shape;
  const network::Pair after{trailing(in[1], out[1], kernel[1], op.stride[0], op.padding.top),
                            trailing(in[2], out[2], kernel[2], op.stride[1], op.padding.left)};
  const bool tflite = is_tflite_padding(op.padding.top, after[0], kernel[1], op.stride[0]) &&
                      is_tflite_padding(op.padding.left, after[1], kernel[2], op.stride[1]);
  if (layer.input(0).dtype == DType::kInt16 || !tflite) {
    write_transpose_loop(op, in, out, layer);
    return;
  }
  define_dims(in, kernel, out, layer);
  per_channel_quant(op.mac.multiplier, out[3], layer);
  write_transpose_call(op, after, layer);
}

void write(const qop::FullyConnected& op, LayerWriter& layer) {
  check_mac(op.mac, layer);
  layer.use_rule(op.mac.rule);
  const Tensor& weight = layer.constant(1, "weight");
  const bool s16 = layer.input(0).dtype == DType::kInt16;
  const bool int4 = weight.dtype() == DType::kInt4;
  LayerWriter::require(weight.dtype() == DType::kInt8 || (int4 && !s16), "weights are {} and the input {}",
                       network::name(weight.dtype()), network::name(layer.input(0).dtype));
  const std::int64_t channels = weight.shape()[0];
  const std::int64_t depth = weight.shape()[1];
  const std::int64_t rows = network::element_count(layer.input(0).shape) / depth;
  const bool per_channel = op.mac.multiplier.size() > 1;
  if (s16 && (per_channel || op.mac.rule != RequantRule::kInt64)) {
    // No such function: the same sums as a 1x1 convolution over the rows.
    LayerWriter::require(sums_fit_32_bits(weight, channels),
                         "sums that may leave 32 bits in arm_convolve_s16");
    define_dims({1, 1, rows, depth}, {channels, 1, 1, depth}, {1, 1, rows, channels}, layer);
    layer.define("cmsis_nn_conv_params", "params", conv_params(op.mac, {1, 1}, {1, 1}, {}));
    per_channel_quant(op.mac.multiplier, channels, layer);
    write_conv_s16(op.mac, layer, {1, 1, rows, channels});
    return;
  }
  LayerWriter::require(op.mac.weight_zero_point == 0 || (!per_channel && !int4),
                       "a weight zero point with {}",
                       int4 ? "int4 weights" : "a multiplier for each channel");
  LayerWriter::require(!int4 || !per_channel, "int4 weights with a multiplier for each channel");
  define_dims({rows, 1, 1, depth}, {depth, 1, 1, channels}, {rows, 1, 1, channels}, layer);
  layer.define(
      "cmsis_nn_fc_params", "params",
      fmt::format("{{\n    .input_offset = {}, .filter_offset = {}, .output_offset = {}, .activation = {}}}",
                  -op.mac.input_zero_point, -op.mac.weight_zero_point, op.mac.output_zero_point,
                  activation(op.mac.clamp)));
  if (per_channel) {
    per_channel_quant(op.mac.multiplier, channels, layer);
  } else {
    per_tensor_quant(op.mac.multiplier.at(0), "quant", layer);
  }
  const std::string values = weight_array(layer);
  const std::string bias = bias_array(s16 ? DType::kInt64 : DType::kInt32, channels, layer);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.scratch(fmt::format("arm_fully_connected_{}_get_buffer_size(&{}filter_dims)", s16 ? "s16" : "s8",
                            layer.prefix()));
  layer.context();
  if (!s16 && !int4) {
    layer.line("if (ctx.size > 0) {{ /* kernels that start from sums over the weights */");
    layer.line("  const arm_cmsis_nn_status status = arm_vector_sum_s8(");
    layer.line("      (int32_t *)ctx.buf, {}, {}, {}, {}, {}, {});", depth, channels, values,
               -op.mac.input_zero_point, -op.mac.weight_zero_point, bias);
    layer.line("  if (status != ARM_CMSIS_NN_SUCCESS) return status;");
    layer.line("}}");
  }
  const std::string function = fmt::format("arm_fully_connected_{}{}", per_channel ? "per_channel_" : "",
                                           s16    ? "s16"
                                           : int4 ? "s4"
                                                  : "s8");
  layer.call("{}{}", function, conv_arguments(values, bias, layer));
}

namespace {

/// Swaps the last two dimensions of an input into memory of the layer; returns the pointer.
std::string transposed_input(std::size_t position, std::string_view name, LayerWriter& layer) {
  const auto& tensor = layer.input(position);
  const std::string from = layer.input_pointer(position, fmt::format("{}_as_given", name));
  const std::string to = layer.temporary(name, tensor.dtype, network::element_count(tensor.shape));
  const auto given = as_nhwc(tensor.shape);
  const Shape shape{given[0], given[1], given[3], given[2]};
  Move move{shape, 0, 0, dense_strides(given), dense_strides(shape)};
  std::swap(move.from_strides[2], move.from_strides[3]);
  write_move(move, tensor.dtype, from, to, position, layer);
  return to;
}

}  // namespace

void write(const qop::BatchMatmul& op, LayerWriter& layer) {
  check_mac(op.mac, layer);
  layer.use_rule(op.mac.rule);
  const DType dtype = layer.input(0).dtype;
  LayerWriter::require(layer.input(1).dtype == dtype, "operands of two types");
  LayerWriter::require(!layer.has_input(2), "a bias, which CMSIS-NN's function does not take");
  LayerWriter::require(op.mac.multiplier.size() == 1, "a multiplier for each column");
  LayerWriter::require(dtype == DType::kInt8 || op.mac.rule == RequantRule::kInt64,
                       "int16 with 32-bit accumulators");
  auto left = as_nhwc(layer.input(0).shape);
  auto right = as_nhwc(layer.input(1).shape);
  // The function multiplies rows with rows: the right side is wanted transposed.
  const std::string a = op.adj_x ? transposed_input(0, "left", layer) : layer.input_pointer(0, "left");
  const std::string b = op.adj_y ? layer.input_pointer(1, "right") : transposed_input(1, "right", layer);
  if (op.adj_x) std::swap(left[2], left[3]);
  if (!op.adj_y) std::swap(right[2], right[3]);
  layer.output_pointer();
  layer.define("cmsis_nn_dims", "left_dims", dims(left));
  layer.define("cmsis_nn_dims", "right_dims", dims(right));
  layer.define("cmsis_nn_dims", "output_dims", dims(as_nhwc(layer.output().shape)));
  layer.define("cmsis_nn_bmm_params", "params",
               fmt::format("{{.adj_x = false, .adj_y = false, .fc_params = {{\n    .input_offset = {}, "
                           ".filter_offset = {}, .output_offset = {}, .activation = {}}}}}",
                           -op.mac.input_zero_point, -op.mac.weight_zero_point, op.mac.output_zero_point,
                           activation(op.mac.clamp)));
  per_tensor_quant(op.mac.multiplier[0], "quant", layer);
  // Kernels with sums over the right side keep one for each of its rows.
  layer.define("cmsis_nn_dims", "sums_dims", dims({1, 1, 1, std::max(right[2], right[3])}));
  layer.scratch(fmt::format("arm_fully_connected_s8_get_buffer_size(&{}sums_dims)", layer.prefix()));
  layer.context();
  layer.call(
      "arm_batch_matmul_{1}(&ctx, &{0}params, &{0}quant, &{0}left_dims, {2}, &{0}right_dims, {3},\n"
      "      &{0}output_dims, output)",
      layer.prefix(), suffix(dtype), a, b);
}

}  // namespace dlasim::exporter
