/// Element-wise operators, activations and conversions.

#include <bit>

#include "c_text.h"
#include "golden/operators.h"
#include "writers.h"

namespace dlasim::exporter {
namespace {

namespace qop = network::qop;
using network::DType;
using network::RequantRule;
using network::Tensor;

std::int64_t elements(const network::QuantizedTensor& tensor) {
  return network::element_count(tensor.shape);
}

/// Both operands and the output of one type that CMSIS-NN has functions for.
DType binary_type(const LayerWriter& layer) {
  const DType dtype = layer.output().dtype;
  LayerWriter::require(dtype == DType::kInt8 || dtype == DType::kInt16, "{} operands", network::name(dtype));
  for (const std::size_t i : {0U, 1U}) {
    LayerWriter::require(layer.input(i).dtype == dtype, "operands of two types");
  }
  return dtype;
}

/// int16 functions ignore zero points; int8 ones take -127..128 as offsets.
void check_zero_points(DType dtype, std::initializer_list<std::int64_t> zero_points) {
  for (const std::int64_t zp : zero_points) {
    LayerWriter::require(dtype != DType::kInt16 || zp == 0,
                         "int16 with a zero point, which CMSIS-NN ignores");
    LayerWriter::require(zp >= -128 && zp <= 127, "zero point {} is no int8", zp);
  }
}

/// Names of the pointers to both operands in the output's shape.
std::pair<std::string, std::string> operands(LayerWriter& layer) {
  const std::string a = broadcast_input(0, "input1", layer);
  const std::string b = broadcast_input(1, "input2", layer);
  layer.output_pointer();
  return {a, b};
}

std::string multiplier(const network::Multiplier& m) {
  return fmt::format("{}, {}", literal(m.mantissa), m.shift);
}

/// A call on all elements of one input: `function(input, <middle>output, n)`.
void write_unary(std::string_view function, std::string_view middle, LayerWriter& layer) {
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.line("{}(input, {}output, {});", function, middle, elements(layer.output()));
}

void check_integers(const LayerWriter& layer,
                    std::initializer_list<const network::QuantizedTensor*> tensors) {
  (void)layer;
  for (const auto* tensor : tensors) {
    LayerWriter::require(tensor->dtype != DType::kFloat32 && tensor->dtype != DType::kInt4, "{} elements",
                         network::name(tensor->dtype));
  }
}

/// golden's answer to every code of the input's type, in the order of the codes as unsigned numbers.
Tensor table_of(const network::QuantizedNode& node, DType in, DType out) {
  const std::int64_t count = std::int64_t{1} << (8 * network::bytes_per_element(in));
  Tensor codes(in, {count});
  for (std::int64_t i = 0; i < count; ++i) codes.set_integer(i, i <= network::highest(in) ? i : i - count);
  network::QuantizedGraph graph;
  for (const DType dtype : {in, out}) graph.add_tensor({"x", dtype, {count}, {}, {}, {}, network::kNoTensor});
  const network::QuantizedNode alone{node.name, node.operation, {0}, {1}, {}};
  return golden::run_node(graph, alone, [&](network::TensorId) { return &codes; }).at(0);
}

void write_lookup(const Tensor& table, LayerWriter& layer) {
  const DType in = layer.input(0).dtype;
  LayerWriter::require(in == DType::kInt8 || in == DType::kUInt8 || in == DType::kInt16, "a table for {}",
                       network::name(in));
  const std::string name = layer.array("table", table);
  layer.use(HelperKind::kLookup, in, layer.output().dtype);
  write_unary(fmt::format("lookup_{}_{}", suffix(in), suffix(layer.output().dtype)), name + ", ", layer);
}

}  // namespace

void write(const qop::Add& op, LayerWriter& layer) {
  const DType dtype = binary_type(layer);
  layer.use_rule(op.rule);
  LayerWriter::require(op.rule != RequantRule::kInt64, "64-bit accumulators");
  check_zero_points(dtype, {op.input1_zero_point, op.input2_zero_point});
  LayerWriter::require(dtype != DType::kInt16 || op.output_zero_point == 0,
                       "int16 with a zero point, which CMSIS-NN ignores");
  const auto [a, b] = operands(layer);
  const std::string arguments = fmt::format(
      "({}, {}, {}, {}, {}, {},\n      {}, output, {}, {}, {}, {}, {})", a, b, -op.input1_zero_point,
      multiplier(op.input1), -op.input2_zero_point, multiplier(op.input2), op.left_shift,
      op.output_zero_point, multiplier(op.output), op.clamp.min, op.clamp.max, elements(layer.output()));
  if (op.subtract) {
    layer.use(HelperKind::kSubtract, dtype);
    layer.line("subtract_{}{};", suffix(dtype), arguments);
  } else {
    layer.call("arm_elementwise_add_{}{}", suffix(dtype), arguments);
  }
}

void write(const qop::Mul& op, LayerWriter& layer) {
  const DType dtype = binary_type(layer);
  layer.use_rule(op.rule);
  LayerWriter::require(op.rule != RequantRule::kInt64, "64-bit accumulators");
  check_zero_points(dtype, {op.input1_zero_point, op.input2_zero_point});
  LayerWriter::require(dtype != DType::kInt16 || op.output_zero_point == 0,
                       "int16 with a zero point, which CMSIS-NN ignores");
  const auto [a, b] = operands(layer);
  layer.call("arm_elementwise_mul_{}({}, {}, {}, {}, output,\n      {}, {}, {}, {}, {})", suffix(dtype), a, b,
             -op.input1_zero_point, -op.input2_zero_point, op.output_zero_point, multiplier(op.output),
             op.clamp.min, op.clamp.max, elements(layer.output()));
}

void write(const qop::MinMax& op, LayerWriter& layer) {
  const DType dtype = binary_type(layer);
  const auto [a, b] = operands(layer);
  const char* function = op.maximum ? "maximum" : "minimum";
  const std::int64_t count = elements(layer.output());
  if (dtype == DType::kInt16) {
    layer.use(HelperKind::kMinMax, dtype);
    layer.line("{}_{}({}, {}, output, {});", function, suffix(dtype), a, b, count);
    return;
  }
  layer.define("cmsis_nn_dims", "dims", dims({1, 1, 1, count}));
  layer.line("const cmsis_nn_context ctx = {{NULL, 0}};");
  layer.call("arm_{1}_s8(&ctx, {2}, &{0}dims, {3}, &{0}dims, output, &{0}dims)", layer.prefix(), function, a,
             b);
}

void write(const qop::Requantize& op, LayerWriter& layer) {
  layer.use_rule(op.rule);
  check_integers(layer, {&layer.input(0), &layer.output()});
  const bool wide = op.rule == RequantRule::kInt64;
  const DType in = layer.input(0).dtype;
  LayerWriter::require(wide || in != DType::kInt64, "int64 elements with 32-bit arithmetic");
  LayerWriter::require(layer.output().dtype != DType::kInt64, "int64 results");
  std::vector<std::int64_t> mantissa, shift;
  for (const network::Multiplier& m : op.multiplier) {
    mantissa.push_back(m.mantissa);
    shift.push_back(m.shift);
  }
  const std::string m = layer.array("multiplier", DType::kInt32, mantissa);
  const std::string s = layer.array("shift", DType::kInt32, shift);
  layer.use(wide ? HelperKind::kRescale64 : HelperKind::kRescale, in, layer.output().dtype);
  write_unary(fmt::format("rescale{}_{}_{}", wide ? "64" : "", suffix(in), suffix(layer.output().dtype)),
              fmt::format("{}, {}, {}, {}, {},\n      {}, {}, ", -op.input_zero_point, m, s, mantissa.size(),
                          op.output_zero_point, literal(op.clamp.min), literal(op.clamp.max)),
              layer);
}

void write(const qop::ClampOnly& op, LayerWriter& layer) {
  const DType dtype = layer.output().dtype;
  check_integers(layer, {&layer.output()});
  layer.use(HelperKind::kClamp, dtype);
  write_unary(fmt::format("clamp_{}", suffix(dtype)),
              fmt::format("{}, {}, ", literal(op.clamp.min), literal(op.clamp.max)), layer);
}

void write(const qop::LeakyRelu& op, LayerWriter& layer) {
  layer.use_rule(op.rule);
  LayerWriter::require(op.rule != RequantRule::kInt64, "64-bit accumulators");
  const DType in = layer.input(0).dtype;
  const DType out = layer.output().dtype;
  for (const DType dtype : {in, out}) {
    LayerWriter::require(dtype == DType::kInt8 || dtype == DType::kInt16, "{} elements",
                         network::name(dtype));
  }
  layer.use(HelperKind::kLeakyRelu, in, out);
  write_unary(fmt::format("leaky_relu_{}_{}", suffix(in), suffix(out)),
              fmt::format("{}, {}, {}, {},\n      {}, {}, ", -op.input_zero_point, multiplier(op.identity),
                          multiplier(op.alpha), op.output_zero_point, op.clamp.min, op.clamp.max),
              layer);
}

void write(const qop::TableInt8&, LayerWriter& layer) {
  write_lookup(table_of(layer.node(), DType::kInt8, layer.output().dtype), layer);
}

void write(const qop::ActivationS16& op, LayerWriter& layer) {
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.call("arm_nn_activation_s16(input, output, {}, {}, {})", elements(layer.output()), op.input_shift,
             op.sigmoid ? "ARM_SIGMOID" : "ARM_TANH");
}

void write(const qop::ActivationS16Tflite& op, LayerWriter& layer) {
  // An input scale that is a power of two gives three times one: then CMSIS-NN's rule is the same.
  const auto factor = static_cast<std::uint32_t>(op.input_multiplier);
  if (op.input_right_shift == 0 && factor % 3 == 0 && std::has_single_bit(factor / 3) && factor / 3 <= 8) {
    write(qop::ActivationS16{op.sigmoid, std::countr_zero(factor / 3)}, layer);
    return;
  }
  layer.use(HelperKind::kActivation);
  write_unary(op.sigmoid ? "sigmoid_s16" : "tanh_s16",
              fmt::format("{}, {}, ", literal(op.input_multiplier), op.input_right_shift), layer);
}

void write(const qop::Table&, LayerWriter& layer) {
  write_lookup(layer.constant(1, "table"), layer);
}

void write(const qop::Softmax& op, LayerWriter& layer) {
  layer.use_rule(op.rule);
  const auto& shape = layer.input(0).shape;
  const std::int64_t width = shape.empty() ? 1 : shape.back();
  const std::int64_t rows = elements(layer.input(0)) / width;
  const DType in = layer.input(0).dtype;
  const DType out = layer.output().dtype;
  const std::string arguments = fmt::format("input, {}, {}, {}", rows, width, multiplier(op.input));
  if (in == DType::kInt16 && out == DType::kInt16) {
    // A row of one element is where the function departs from TensorFlow Lite.
    LayerWriter::require(width > 1, "int16 rows of one element: CMSIS-NN's function is wrong there");
    const std::string exp = layer.array("exp", layer.constant(1, "table of the exponential"));
    const std::string reciprocal = layer.array("reciprocal", layer.constant(2, "table of the reciprocal"));
    layer.define("cmsis_nn_softmax_lut_s16", "tables",
                 fmt::format("{{.exp_lut = {}, .one_by_one_lut = {}}}", exp, reciprocal));
    layer.input_pointer(0, "input");
    layer.output_pointer();
    layer.call("arm_softmax_s16({}, &{}tables, output)", arguments, layer.prefix());
    return;
  }
  LayerWriter::require(in == DType::kInt8 && (out == DType::kInt8 || out == DType::kInt16), "{} to {}",
                       network::name(in), network::name(out));
  LayerWriter::require(op.input.shift >= 0, "a shift of {} to the right", -op.input.shift);
  layer.input_pointer(0, "input");
  layer.output_pointer();
  layer.line("{}({}, {}, output);", out == DType::kInt8 ? "arm_softmax_s8" : "arm_softmax_s8_s16", arguments,
             op.diff_min);
}

void write(const qop::QuantizeFloat& op, LayerWriter& layer) {
  const DType out = layer.output().dtype;
  check_integers(layer, {&layer.output()});
  LayerWriter::require(out != DType::kInt64, "int64 results");
  layer.use(HelperKind::kQuantizeFloat, DType::kFloat32, out);
  write_unary(fmt::format("quantize_f32_{}", suffix(out)),
              fmt::format("{:a}f, {}, ", op.scale, op.zero_point), layer);
}

void write(const qop::DequantizeFloat& op, LayerWriter& layer) {
  const DType in = layer.input(0).dtype;
  check_integers(layer, {&layer.input(0)});
  layer.use(HelperKind::kDequantize, in, DType::kFloat32);
  write_unary(fmt::format("dequantize_{}_f32", suffix(in)),
              fmt::format("{:a}f, {}, ", op.scale, op.zero_point), layer);
}

void write(const qop::StagedBinary&, LayerWriter&) {
  LayerWriter::refuse("computes in number formats that CMSIS-NN does not have");
}

void write(const qop::StagedConvert&, LayerWriter&) {
  LayerWriter::refuse("computes in number formats that CMSIS-NN does not have");
}

}  // namespace dlasim::exporter
