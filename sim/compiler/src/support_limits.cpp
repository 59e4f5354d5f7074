#include "support_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "fixed_point/requantize.h"
#include "support_shapes.h"

namespace dlasim::sim::compiler {
namespace {

namespace qop = network::qop;
using network::DType;
using network::TensorId;

/// Registers of the address generator: strides, dilations and paddings.
constexpr std::int64_t kMostStep = 65535;

template <class Op>
Found stride(const NodeContext& c) {
  return outside(get<Op>(c).stride, 1, kMostStep);
}

template <class Op>
Found dilation(const NodeContext& c) {
  return outside(get<Op>(c).dilation, 1, kMostStep);
}

template <class Op>
Found padding(const NodeContext& c) {
  const network::Padding& p = get<Op>(c).padding;
  return outside(network::Pair{p.top, p.left}, 0, kMostStep);
}

template <class Op>
Found block(const NodeContext& c) {
  return outside(get<Op>(c).block, 1, kMostStep);
}

// ---- element widths -----------------------------------------------------------------------------------

/// A lane is signed: uint8 needs nine bits.
int lane_bits(DType dtype) {
  return network::bytes_per_element(dtype) * 8 + (dtype == DType::kUInt8 ? 1 : 0);
}

Found activation_width(const NodeContext& c) {
  const auto too_wide = [&](const network::QuantizedTensor& t) {
    return lane_bits(t.dtype) > c.hardware.pe_array.activation_bits;
  };
  const auto text = [&](const network::QuantizedTensor& t) {
    return fmt::format("{} of '{}' on lanes of {} bits", network::name(t.dtype), t.name,
                       c.hardware.pe_array.activation_bits);
  };
  if (too_wide(output(c))) return text(output(c));
  for (std::size_t i = 0; i < c.node.inputs.size(); ++i) {
    if (has(c, i) && !input(c, i).constant && too_wide(input(c, i))) return text(input(c, i));
  }
  return std::nullopt;
}

/// Zero points are taken off before the array: the lanes hold the difference.
Found matmul_width(const NodeContext& c) {
  const auto& mac = get<qop::BatchMatmul>(c).mac;
  const auto bits = std::min(c.hardware.pe_array.activation_bits, c.hardware.pe_array.weight_bits);
  const bool shifted = mac.input_zero_point != 0 || mac.weight_zero_point != 0;
  const int needed = std::max(lane_bits(input(c, 1).dtype), shifted ? 16 : 8);
  if (needed <= bits) return std::nullopt;
  return fmt::format("{} bits wide on lanes of {} bits", needed, bits);
}

std::int64_t weight_zero_point(const NodeContext& c) {
  const auto& op = c.node.operation;
  if (const auto* conv = std::get_if<qop::Conv2d>(&op)) return conv->mac.weight_zero_point;
  if (const auto* depthwise = std::get_if<qop::DepthwiseConv2d>(&op)) return depthwise->mac.weight_zero_point;
  if (const auto* transpose = std::get_if<qop::TransposeConv2d>(&op)) return transpose->mac.weight_zero_point;
  return get<qop::FullyConnected>(c).mac.weight_zero_point;
}

Found weight(const NodeContext& c) {
  if (!has(c, 1) || !input(c, 1).constant) return "not a constant";
  const network::Tensor& values = *input(c, 1).constant;
  const std::int64_t half = std::int64_t{1} << (c.hardware.pe_array.weight_bits - 1);
  for (std::int64_t i = 0; i < values.size(); ++i) {
    const std::int64_t w = values.integer(i) - weight_zero_point(c);
    if (w < -half || w >= half) {
      return fmt::format("{} (less its zero point) on lanes of {} bits", w, c.hardware.pe_array.weight_bits);
    }
  }
  return std::nullopt;
}

Found bias(const NodeContext& c) {
  if (has(c, 2) && !input(c, 2).constant) return "not a constant";
  return std::nullopt;
}

// ---- multipliers --------------------------------------------------------------------------------------

fixed_point::RequantizeRule rule_of(network::RequantRule rule) {
  switch (rule) {
    case network::RequantRule::kDouble:
      return fixed_point::RequantizeRule::kDouble;
    case network::RequantRule::kSingle:
      return fixed_point::RequantizeRule::kSingle;
    case network::RequantRule::kInt64:
      return fixed_point::RequantizeRule::kInt64;
    case network::RequantRule::kPytorch:
      break;
  }
  return fixed_point::RequantizeRule::kPytorch;
}

Found bad_multiplier(network::RequantRule rule, std::span<const network::Multiplier> multipliers) {
  for (const network::Multiplier& m : multipliers) {
    if (!fixed_point::is_supported(rule_of(rule), {m.mantissa, m.shift})) {
      return fmt::format("{} with shift {}", m.mantissa, m.shift);
    }
  }
  return std::nullopt;
}

/// One multiplier, or one a channel of the output.
Found bad_multipliers(const NodeContext& c, network::RequantRule rule,
                      const std::vector<network::Multiplier>& multipliers) {
  const std::int64_t channels = output(c).shape.empty() ? 1 : output(c).shape.back();
  const auto count = static_cast<std::int64_t>(multipliers.size());
  if (count != 1 && count != channels) return fmt::format("{} for {} channels", count, channels);
  return bad_multiplier(rule, multipliers);
}

template <class Op>
Found mac_multiplier(const NodeContext& c) {
  return bad_multipliers(c, get<Op>(c).mac.rule, get<Op>(c).mac.multiplier);
}

Found requantize_multiplier(const NodeContext& c) {
  return bad_multipliers(c, get<qop::Requantize>(c).rule, get<qop::Requantize>(c).multiplier);
}

Found reduce_multiplier(const NodeContext& c) {
  const auto& op = get<qop::Reduce>(c);
  return bad_multiplier(op.rule, {&op.multiplier, 1});
}

Found leaky_multiplier(const NodeContext& c) {
  const auto& op = get<qop::LeakyRelu>(c);
  const std::array both{op.identity, op.alpha};
  return bad_multiplier(op.rule, both);
}

Found add_multiplier(const NodeContext& c) {
  const auto& op = get<qop::Add>(c);
  const std::array all{op.input1, op.input2, op.output};
  return bad_multiplier(op.rule, all);
}

Found mul_multiplier(const NodeContext& c) {
  const auto& op = get<qop::Mul>(c);
  return bad_multiplier(op.rule, {&op.output, 1});
}

Found left_shift(const NodeContext& c) {
  return outside(get<qop::Add>(c).left_shift, 0, input(c, 0).dtype == DType::kInt16 ? 15 : 22);
}

// ---- tables and data movement -------------------------------------------------------------------------

Found curve(const NodeContext& c) {
  const DType dtype = input(c, 0).dtype;
  const auto& op = c.node.operation;
  const bool fits = std::holds_alternative<qop::TableInt8>(op) == (dtype == DType::kInt8);
  return fits ? std::nullopt : Found(fmt::format("the rule of another type for {}", network::name(dtype)));
}

Found curve_shift(const NodeContext& c) {
  if (const auto* cmsis = std::get_if<qop::ActivationS16>(&c.node.operation)) {
    return outside(cmsis->input_shift, -31, 31);
  }
  if (const auto* tflite = std::get_if<qop::ActivationS16Tflite>(&c.node.operation)) {
    return outside(tflite->input_right_shift, 0, 31);
  }
  const auto& table = get<qop::TableInt8>(c);
  return bad_multiplier(network::RequantRule::kDouble, {&table.input, 1});
}

Found table_entries(const NodeContext& c) {
  if (!has(c, 1) || !input(c, 1).constant) return "not a constant";
  const std::int64_t entries = input(c, 1).constant->size();
  const std::int64_t codes = std::int64_t{1} << (8 * network::bytes_per_element(input(c, 0).dtype));
  if (entries == codes && entries <= c.hardware.post_processor.table_entries) return std::nullopt;
  return fmt::format("{} entries for {} codes in a table of {}", entries, codes,
                     c.hardware.post_processor.table_entries);
}

Found pad_value(const NodeContext& c) {
  const DType dtype = input(c, 0).dtype;
  return outside(get<qop::Pad>(c).value, network::lowest(dtype), network::highest(dtype));
}

template <class Axes>
Found negative(const Axes& values) {
  for (const std::int64_t v : values) {
    if (v < 0) return std::to_string(v);
  }
  return std::nullopt;
}

Found pad_amount(const NodeContext& c) {
  const auto found = negative(get<qop::Pad>(c).before);
  return found ? found : negative(get<qop::Pad>(c).after);
}

Found slice_stride(const NodeContext& c) {
  for (const std::int64_t s : get<qop::Slice>(c).stride) {
    if (s == 0) return "0";
  }
  return std::nullopt;
}

Found concat_axis(const NodeContext& c) {
  const auto rank = static_cast<std::int64_t>(output(c).shape.size());
  return outside(get<qop::Concat>(c).axis, -rank, rank - 1);
}

// ---- the table ----------------------------------------------------------------------------------------

constexpr std::string_view kSteps = "1..65535 each";
constexpr std::string_view kPads = "0..65535 at top and left, any at bottom and right";
constexpr std::string_view kMultipliers =
    "one or one a channel; shift -31..30 (int64 rounding: -31..7), mantissa above -2^31";
constexpr std::string_view kOneMultiplier = "shift -31..30 (int64 rounding: -31..7), mantissa above -2^31";
constexpr std::string_view kWeight = "a constant; less its zero point it fits hardware.pe_array.weight_bits";

template <class Op>
void add_mac_rows(std::vector<Limit>& rows, std::string_view op, std::string_view shape_text,
                  Found (*shape)(const NodeContext&)) {
  rows.push_back({op, "weight", kWeight, weight});
  rows.push_back({op, "bias", "a constant", bias});
  rows.push_back({op, "shape", shape_text, shape});
  rows.push_back({op, "multiplier", kMultipliers, mac_multiplier<Op>});
}

template <class Op>
void add_window_rows(std::vector<Limit>& rows, std::string_view op) {
  rows.push_back({op, "stride", kSteps, stride<Op>});
  rows.push_back({op, "dilation", kSteps, dilation<Op>});
  rows.push_back({op, "padding", kPads, padding<Op>});
}

std::vector<Limit> make_limits() {
  std::vector<Limit> rows;
  for (const TypeSupport& types : supported_types()) {
    if (types.place != Place::kArray || (!rows.empty() && rows.back().operation == types.operation)) continue;
    rows.push_back({types.operation, "element width",
                    "what fits hardware.pe_array.activation_bits; uint8 needs 9", activation_width});
  }
  add_mac_rows<qop::Conv2d>(rows, "conv2d", "NHWC; groups divide the channels", conv_shape);
  add_mac_rows<qop::DepthwiseConv2d>(rows, "depthwise_conv2d", "NHWC; channel_multiplier outputs an input",
                                     depthwise_shape);
  add_mac_rows<qop::TransposeConv2d>(rows, "transpose_conv2d", "NHWC", transpose_conv_shape);
  add_mac_rows<qop::FullyConnected>(rows, "fully_connected", "rows of the weight's inputs",
                                    fully_connected_shape);
  add_window_rows<qop::Conv2d>(rows, "conv2d");
  add_window_rows<qop::DepthwiseConv2d>(rows, "depthwise_conv2d");
  add_window_rows<qop::TransposeConv2d>(rows, "transpose_conv2d");
  rows.push_back({"batch_matmul", "shape", "matrices that fit, at most two batch dimensions", matmul_shape});
  rows.push_back({"batch_matmul", "input2",
                  "what fits both lane widths; zero points other than 0 need 16 bits", matmul_width});
  rows.push_back({"batch_matmul", "multiplier", kMultipliers, mac_multiplier<qop::BatchMatmul>});
  for (const std::string_view op : {"add", "sub"}) {
    rows.push_back({op, "multiplier", kOneMultiplier, add_multiplier});
    rows.push_back({op, "left_shift", "0..22, for int16 0..15", left_shift});
  }
  rows.push_back({"mul", "multiplier", kOneMultiplier, mul_multiplier});
  for (const std::string_view op : {"add", "sub", "mul", "minimum", "maximum"}) {
    rows.push_back({op, "shape",
                    "broadcasting; not of both inputs along one axis, not between axes before the last four",
                    broadcast_shape});
  }
  for (const std::string_view op : {"avg_pool2d", "max_pool2d"}) {
    rows.push_back({op, "shape", "NHWC", pool_shape});
    rows.push_back({op, "kernel", "at most hardware.pe_array.max_taps taps", window});
    rows.push_back({op, "stride", kSteps, stride<qop::Pool2d>});
    rows.push_back({op, "padding", "less than the kernel: every window holds an element", pool_padding});
  }
  rows.push_back({"reduce", "axes", "what folds into a window of two axes, walked along one", reduce_axes});
  rows.push_back({"reduce", "shape", "the axes that are left", reduce_shape});
  rows.push_back({"reduce", "multiplier", kOneMultiplier, reduce_multiplier});
  rows.push_back({"requantize", "multiplier", kMultipliers, requantize_multiplier});
  rows.push_back({"leaky_relu", "multiplier", kOneMultiplier, leaky_multiplier});
  for (const std::string_view op : {"tanh", "sigmoid"}) {
    rows.push_back({op, "rule", "the table for int8, interpolation for int16", curve});
    rows.push_back({op, "input shift", "-31..31 (TFLite's int16 rule: 0..31; int8: -31..30)", curve_shift});
  }
  rows.push_back({"table", "table",
                  "a constant with an entry a code, at most hardware.post_processor.table_entries",
                  table_entries});
  rows.push_back({"pad", "value", "a code of the input's type", pad_value});
  rows.push_back({"pad", "before and after", "0 or more", pad_amount});
  rows.push_back({"slice", "stride", "any but 0; negative ones walk backwards", slice_stride});
  rows.push_back({"concat", "axis", "an axis of the output", concat_axis});
  rows.push_back({"space_to_batch", "block", kSteps, block<qop::SpaceToBatch>});
  rows.push_back({"batch_to_space", "block", kSteps, block<qop::BatchToSpace>});
  rows.push_back({"space_to_batch", "shape", "NHWC; a block's images in the output", space_to_batch_shape});
  rows.push_back({"batch_to_space", "shape", "NHWC; a block's images in the input", batch_to_space_shape});
  rows.push_back({"pad", "shape", "the input with what is added", pad_shape});
  rows.push_back({"transpose", "shape", "the input's axes in another order", transpose_shape});
  rows.push_back({"reshape", "shape", "as many elements", same_size});
  rows.push_back({"concat", "shape", "inputs of one type that differ along the axis only", concat_shape});
  rows.push_back({"slice", "shape", "elements inside the input", slice_shape});
  for (const std::string_view op : {"requantize", "relu", "leaky_relu", "tanh", "sigmoid", "table"}) {
    rows.push_back({op, "shape", "the input's", same_shape});
  }
  std::ranges::stable_sort(rows, {}, &Limit::operation);
  return rows;
}

}  // namespace

std::span<const Limit> limits() {
  static const std::vector<Limit> kLimits = make_limits();
  return kLimits;
}

}  // namespace dlasim::sim::compiler
