/// SVDF and LSTM.

#include <array>

#include "c_text.h"
#include "writers.h"

namespace dlasim::exporter {
namespace {

namespace qop = network::qop;
using network::DType;
using network::Multiplier;
using network::Tensor;

std::string scaling(const Multiplier& m) {
  return fmt::format("{{.multiplier = {}, .shift = {}}}", literal(m.mantissa), m.shift);
}

/// bias + offset * (sum of each row of the weights): what the LSTM functions add to their products.
std::vector<std::int64_t> effective_bias(const Tensor& weight, const Tensor* bias, std::int64_t offset) {
  const std::int64_t rows = weight.shape()[0];
  const std::int64_t depth = weight.shape()[1];
  std::vector<std::int64_t> result;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::int64_t sum = 0;
    for (std::int64_t i = 0; i < depth; ++i) sum += weight.integer(r * depth + i);
    result.push_back((bias != nullptr ? bias->integer(r) : 0) + offset * sum);
  }
  return result;
}

struct GateName {
  const char* name;
  const char* activation;
};
constexpr std::array kGates{GateName{"input_gate", "ARM_SIGMOID"}, GateName{"forget_gate", "ARM_SIGMOID"},
                            GateName{"cell_gate", "ARM_TANH"}, GateName{"output_gate", "ARM_SIGMOID"}};

/// "{.input_multiplier = ...}" of gate `g`.
std::string gate_value(std::size_t g, const qop::Lstm& op, const qop::Lstm::Gate& gate, LayerWriter& layer) {
  const Tensor& input_weight = layer.constant(3 * g + 1, "weight");
  const Tensor& hidden_weight = layer.constant(3 * g + 2, "recurrent weight");
  for (const Tensor* weight : {&input_weight, &hidden_weight}) {
    LayerWriter::require(weight->dtype() == DType::kInt8, "{} weights", network::name(weight->dtype()));
  }
  const Tensor* bias = layer.has_input(3 * g + 3) ? &layer.constant(3 * g + 3, "bias") : nullptr;
  const DType sums = layer.input(0).dtype == DType::kInt16 ? DType::kInt64 : DType::kInt32;
  const auto array = [&](const char* what, const auto&... values) {
    return layer.array(fmt::format("{}_{}", kGates.at(g).name, what), values...);
  };
  const std::string wx = array("input_weight", input_weight);
  const std::string wh = array("hidden_weight", hidden_weight);
  const std::string bx = array("input_bias", sums, effective_bias(input_weight, bias, -op.input_zero_point));
  const std::string bh =
      array("hidden_bias", sums, effective_bias(hidden_weight, nullptr, -op.output_zero_point));
  return fmt::format(
      "{{\n        .input_multiplier = {}, .input_shift = {}, .input_weights = {},\n"
      "        .input_effective_bias = {},\n"
      "        .hidden_multiplier = {}, .hidden_shift = {}, .hidden_weights = {},\n"
      "        .hidden_effective_bias = {}, .bias = NULL, .activation_type = {}}}",
      literal(gate.input.mantissa), gate.input.shift, wx, bx, literal(gate.hidden.mantissa),
      gate.hidden.shift, wh, bh, kGates.at(g).activation);
}

}  // namespace

void write(const qop::Svdf& op, LayerWriter& layer) {
  layer.use_rule(op.rule);
  const auto& in = layer.input(0).shape;  // steps, batch, depth
  const Tensor& feature = layer.constant(1, "feature weight");
  const Tensor& time = layer.constant(2, "time weight");
  const Tensor& state = layer.constant(4, "state");
  LayerWriter::require(layer.input(0).dtype == DType::kInt8 && layer.output().dtype == DType::kInt8,
                       "{} to {}", network::name(layer.input(0).dtype), network::name(layer.output().dtype));
  LayerWriter::require(feature.dtype() == DType::kInt8, "{} feature weights", network::name(feature.dtype()));
  LayerWriter::require(
      time.dtype() == state.dtype() && (time.dtype() == DType::kInt8 || time.dtype() == DType::kInt16),
      "{} time weights and {} state", network::name(time.dtype()), network::name(state.dtype()));
  const bool s16 = state.dtype() == DType::kInt16;
  const std::int64_t features = feature.shape()[0];
  const std::int64_t depth = feature.shape()[1];
  const std::int64_t memory = time.shape()[1];
  const std::int64_t batch = in[1];
  const std::int64_t units = features / op.rank;
  layer.define("cmsis_nn_dims", "input_dims", dims({batch, depth, 1, 1}));
  layer.define("cmsis_nn_dims", "state_dims", dims({batch, features * memory, 1, 1}));
  layer.define("cmsis_nn_dims", "feature_dims", dims({features, depth, 1, 1}));
  layer.define("cmsis_nn_dims", "time_dims", dims({features, memory, 1, 1}));
  layer.define("cmsis_nn_dims", "bias_dims", dims({units, 1, 1, 1}));
  layer.define("cmsis_nn_dims", "output_dims", dims({batch, units, 1, 1}));
  // Here the offset is the zero point itself.
  layer.define("cmsis_nn_svdf_params", "params",
               fmt::format("{{\n    .rank = {}, .input_offset = {}, .output_offset = {},\n"
                           "    .input_activation = {{.min = {}, .max = {}}}, "
                           ".output_activation = {{.min = {}, .max = {}}}}}",
                           op.rank, op.input_zero_point, op.output_zero_point, op.state_clamp.min,
                           op.state_clamp.max, op.clamp.min, op.clamp.max));
  layer.define("cmsis_nn_per_tensor_quant_params", "input_quant", scaling(op.input));
  layer.define("cmsis_nn_per_tensor_quant_params", "output_quant", scaling(op.output));
  const std::string wf = layer.array("feature_weight", feature);
  const std::string wt = layer.array("time_weight", time);
  const std::string first = layer.array("first_state", state);
  std::vector<std::int64_t> bias_values(static_cast<std::size_t>(units), 0);
  if (layer.has_input(3)) {
    const Tensor& bias = layer.constant(3, "bias");
    for (std::int64_t u = 0; u < units; ++u) bias_values[static_cast<std::size_t>(u)] = bias.integer(u);
  }
  const std::string bias = layer.array("bias", DType::kInt32, bias_values);

  layer.input_pointer(0, "input");
  const std::string kept = layer.temporary("state", state.dtype(), state.size());
  const std::string in_sums = layer.temporary("input_sums", DType::kInt32, batch * features);
  const std::string out_sums = layer.temporary("output_sums", DType::kInt32, batch * units);
  layer.output_pointer();
  layer.line("const cmsis_nn_context input_ctx = {{{}, {}}};", in_sums, 4 * batch * features);
  layer.line("const cmsis_nn_context output_ctx = {{{}, {}}};", out_sums, 4 * batch * units);
  const std::string& p = layer.prefix();
  if (!s16) {
    layer.scratch(fmt::format("arm_svdf_s8_get_buffer_size(&{}feature_dims)", p));
    layer.context();
    layer.line("if (ctx.size > 0) {{ /* kernels that start from sums over the weights */");
    layer.line("  const arm_cmsis_nn_status status = arm_vector_sum_s8(");
    layer.line("      (int32_t *)ctx.buf, {}, {}, {}, {}, 0, NULL);", depth, features, wf,
               -op.input_zero_point);
    layer.line("  if (status != ARM_CMSIS_NN_SUCCESS) return status;");
    layer.line("}}");
  }
  layer.line("memcpy({}, {}, {});", kept, first, state.size() * network::bytes_per_element(state.dtype()));
  layer.line("for (int32_t step = 0; step < {}; ++step) {{", in[0]);
  layer.line("  const arm_cmsis_nn_status status = {}{}&input_ctx, &output_ctx, &{}params,",
             s16 ? "arm_svdf_state_s16_s8(" : "arm_svdf_s8(", s16 ? "" : "&ctx, ", p);
  layer.line("      &{0}input_quant, &{0}output_quant, &{0}input_dims, input + step * {1},", p,
             batch * depth);
  layer.line("      &{0}state_dims, {1}, &{0}feature_dims, {2}, &{0}time_dims, {3},", p, kept, wf, wt);
  layer.line("      &{0}bias_dims, {1}, &{0}output_dims, output);", p, bias);
  layer.line("  if (status != ARM_CMSIS_NN_SUCCESS) return status;");
  layer.line("}}");
}

void write(const qop::Lstm& op, LayerWriter& layer) {
  layer.use_rule(op.rule);
  const DType dtype = layer.input(0).dtype;
  LayerWriter::require((dtype == DType::kInt8 || dtype == DType::kInt16) && layer.output().dtype == dtype,
                       "{} to {}", network::name(dtype), network::name(layer.output().dtype));
  LayerWriter::require(dtype == DType::kInt8 || (op.input_zero_point == 0 && op.output_zero_point == 0),
                       "int16 with a zero point, which CMSIS-NN ignores");
  const auto& in = layer.input(0).shape;
  const std::int64_t steps = in[op.time_major ? 0 : 1];
  const std::int64_t batch = in[op.time_major ? 1 : 0];
  const std::int64_t units = layer.output().shape[2];
  const std::array gates{op.input_gate, op.forget_gate, op.cell_gate, op.output_gate};
  std::string gate_text;
  for (std::size_t g = 0; g < gates.size(); ++g) {
    gate_text += fmt::format(",\n    .{} = {}", kGates.at(g).name, gate_value(g, op, gates.at(g), layer));
  }
  layer.define("cmsis_nn_lstm_params", "params",
               fmt::format("{{\n    .time_major = {}, .batch_size = {}, .time_steps = {}, .input_size = {}, "
                           ".hidden_size = {},\n"
                           "    .input_offset = {},\n"
                           "    .forget_to_cell_multiplier = {}, .forget_to_cell_shift = {},\n"
                           "    .input_to_cell_multiplier = {}, .input_to_cell_shift = {},\n"
                           "    .cell_clip = {}, .cell_scale_power = {},\n"
                           "    .output_multiplier = {}, .output_shift = {}, .output_offset = {}{}}}",
                           op.time_major ? 1 : 0, batch, steps, in[2], units, -op.input_zero_point,
                           literal(op.forget_to_cell.mantissa), op.forget_to_cell.shift,
                           literal(op.input_to_cell.mantissa), op.input_to_cell.shift,
                           op.cell_clip > 0 ? op.cell_clip : 32767, op.cell_scale_power,
                           literal(op.output.mantissa), op.output.shift, op.output_zero_point, gate_text));
  layer.input_pointer(0, "input");
  layer.output_pointer();
  const std::string temp1 = layer.temporary("temp1", DType::kInt16, batch * units);
  const std::string temp2 = layer.temporary("temp2", DType::kInt16, batch * units);
  const std::string cell = layer.temporary("cell_state", DType::kInt16, batch * units);
  const std::string hidden = layer.temporary("hidden_state", dtype, batch * units);
  layer.line("cmsis_nn_lstm_context memory = {{{}, {}, {}, {}}};", temp1, temp2, cell, hidden);
  layer.call("arm_lstm_unidirectional_{}(input, output, &{}params, &memory)", suffix(dtype), layer.prefix());
}

}  // namespace dlasim::exporter
