/// SVDF and LSTM: spec/integer_semantics.md section 7.

#include <algorithm>
#include <array>
#include <vector>

#include "dot.h"
#include "elements.h"
#include "golden/operators.h"
#include "golden/requantize.h"
#include "sigmoid_table.h"

namespace dlasim::golden {
namespace {

using network::DType;
using network::Multiplier;
using network::RequantRule;
using network::Shape;
using network::Tensor;
using Integers = std::vector<std::int64_t>;

std::int64_t saturate16(std::int64_t x) {
  return std::clamp<std::int64_t>(x, -32768, 32767);
}

void require_shape(const Tensor& tensor, const Shape& wanted, std::string_view what) {
  require(tensor.shape() == wanted, "{} has shape {}, {} is needed", what, network::to_string(tensor.shape()),
          network::to_string(wanted));
}

/// SVDF: shifts every feature's state by one step and appends the feature of the step's input row.
void push_feature(const network::qop::Svdf& op, const Integers& weight_feature, const std::int64_t* row,
                  std::int64_t depth, std::int64_t memory, std::int64_t* state) {
  const std::int64_t features = static_cast<std::int64_t>(weight_feature.size()) / depth;
  for (std::int64_t f = 0; f < features; ++f) {
    std::int64_t* own = state + f * memory;
    std::copy(own + 1, own + memory, own);
    const std::int64_t sum = dot(row, weight_feature.data() + f * depth, depth);
    own[memory - 1] = std::clamp(requantize(sum, op.input, op.rule), op.state_clamp.min, op.state_clamp.max);
  }
}

/// One gate of an LSTM: its weights widened, its accumulators' rule.
struct Gate {
  Integers input_weight, hidden_weight, bias;
  network::qop::Lstm::Gate multiplier;
  RequantRule rule;
};

/// What an LSTM keeps between steps, for one row of the batch.
struct LstmState {
  Integers cell, hidden;  ///< hidden minus the output's zero point
};

std::int64_t gate_value(const Gate& gate, const Integers& x, const Integers& hidden, std::int64_t unit) {
  const auto depth = static_cast<std::int64_t>(x.size());
  const auto units = static_cast<std::int64_t>(hidden.size());
  const std::int64_t from_input =
      gate.bias[index(unit)] + dot(x.data(), gate.input_weight.data() + unit * depth, depth);
  const std::int64_t from_hidden = dot(hidden.data(), gate.hidden_weight.data() + unit * units, units);
  // The two products are requantised apart.
  const std::int64_t p = saturate16(requantize(from_input, gate.multiplier.input, gate.rule));
  return saturate16(p + requantize(from_hidden, gate.multiplier.hidden, gate.rule));
}

/// Advances the state by one step; `x` is the input minus its zero point.
void lstm_step(const network::qop::Lstm& op, const std::array<Gate, 4>& gates, const Integers& x, DType type,
               LstmState& state) {
  const auto& [input_gate, forget_gate, cell_gate, output_gate] = gates;
  const std::int64_t clip = op.cell_clip;
  const auto clip_cell = [clip](std::int64_t c) {
    return clip > 0 ? std::clamp(c, -clip, clip) : saturate16(c);
  };
  Integers hidden(state.hidden.size());
  for (std::int64_t u = 0; u < static_cast<std::int64_t>(hidden.size()); ++u) {
    const std::int64_t input = sigmoid_s16(gate_value(input_gate, x, state.hidden, u), 0);
    const std::int64_t forget = sigmoid_s16(gate_value(forget_gate, x, state.hidden, u), 0);
    const std::int64_t update = tanh_s16(gate_value(cell_gate, x, state.hidden, u), 0);
    const std::int64_t output = sigmoid_s16(gate_value(output_gate, x, state.hidden, u), 0);
    std::int64_t& cell = state.cell[index(u)];
    cell = saturate16(requantize(forget * cell, op.forget_to_cell, op.rule));
    cell = clip_cell(cell + requantize(input * update, op.input_to_cell, op.rule));
    const std::int64_t squashed = tanh_s16(cell, op.cell_scale_power + 12);
    const std::int64_t h = requantize(output * squashed, op.output, op.rule) + op.output_zero_point;
    hidden[index(u)] = std::clamp(h, network::lowest(type), network::highest(type)) - op.output_zero_point;
  }
  state.hidden = std::move(hidden);
}

Gate read_gate(const network::qop::Lstm& op, const Inputs& inputs, std::size_t position,
               const network::qop::Lstm::Gate& multiplier, std::int64_t depth, std::int64_t units) {
  const Tensor& input_weight = inputs.required(3 * position + 1, "input_weight");
  const Tensor& hidden_weight = inputs.required(3 * position + 2, "hidden_weight");
  require_at_most_bits(input_weight, 16, "input_weight");
  require_at_most_bits(hidden_weight, 16, "hidden_weight");
  require_shape(input_weight, {units, depth}, "input_weight");
  require_shape(hidden_weight, {units, units}, "hidden_weight");
  // T*: 64-bit accumulators with int16 activations.
  const RequantRule rule =
      inputs.required(0, "input").dtype() == DType::kInt16 ? RequantRule::kInt64 : op.rule;
  check_multiplier(multiplier.input, rule);
  check_multiplier(multiplier.hidden, rule);
  return {centred(input_weight), centred(hidden_weight),
          bias_or_zeros(inputs.optional(3 * position + 3), units), multiplier, rule};
}

void check_lstm(const network::qop::Lstm& op, const Tensor& input, const Tensor& output) {
  require_rank(input, 3, "input");
  require_rank(output, 3, "output");
  require_at_most_bits(input, 16, "input");
  require_at_most_bits(output, 16, "output");
  require(input.shape()[0] == output.shape()[0] && input.shape()[1] == output.shape()[1],
          "input {} does not fit output {}", network::to_string(input.shape()),
          network::to_string(output.shape()));
  check_zero_point(op.input_zero_point);
  check_zero_point(op.output_zero_point);
  require(op.cell_scale_power >= -43 && op.cell_scale_power <= 19,
          "cell_scale_power {} is not between -43 and 19", op.cell_scale_power);
  require(op.cell_clip >= 0 && op.cell_clip <= 32767, "cell_clip {} is not between 0 and 32767",
          op.cell_clip);
  for (const Multiplier& m : {op.forget_to_cell, op.input_to_cell, op.output}) check_multiplier(m, op.rule);
}

}  // namespace

void evaluate(const network::qop::Svdf& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  const Tensor& weight_feature = inputs.required(1, "weight_feature");
  const Tensor& weight_time = inputs.required(2, "weight_time");
  const Tensor& state_tensor = inputs.required(4, "state");
  require_rank(input, 3, "input");
  require_rank(weight_feature, 2, "weight_feature");
  require_rank(weight_time, 2, "weight_time");
  for (const Tensor* t : {&input, &weight_feature, &weight_time, &state_tensor})
    require_at_most_bits(*t, 16, "an operand");
  const std::int64_t steps = input.shape()[0];
  const std::int64_t batch = input.shape()[1];
  const std::int64_t depth = input.shape()[2];
  const std::int64_t features = weight_feature.shape()[0];
  const std::int64_t memory = weight_time.shape()[1];
  require(op.rank >= 1 && features % op.rank == 0, "rank {} does not divide {} features", op.rank, features);
  require(depth >= 1 && memory >= 1, "{} inputs and a memory of {}", depth, memory);
  const std::int64_t units = features / op.rank;
  require_shape(weight_feature, {features, depth}, "weight_feature");
  require_shape(weight_time, {features, memory}, "weight_time");
  require_shape(state_tensor, {batch, features, memory}, "state");
  require_shape(output, {batch, units}, "output");
  check_zero_point(op.input_zero_point);
  check_multiplier(op.input, op.rule);
  check_clamp(op.state_clamp, state_tensor.dtype());
  const OutputStage stage({op.output}, op.rule, op.output_zero_point, op.clamp, output.dtype(), 1);

  const Integers x = centred(input, op.input_zero_point);
  const Integers w_feature = centred(weight_feature);
  const Integers w_time = centred(weight_time);
  const Integers bias = bias_or_zeros(inputs.optional(3), units);
  Integers state = centred(state_tensor);
  Integers y(index(units));
  for (std::int64_t n = 0; n < batch; ++n) {
    std::int64_t* own = state.data() + n * features * memory;
    for (std::int64_t t = 0; t < steps; ++t)
      push_feature(op, w_feature, x.data() + (t * batch + n) * depth, depth, memory, own);
    const std::int64_t run = op.rank * memory;
    for (std::int64_t u = 0; u < units; ++u)
      y[index(u)] = stage(bias[index(u)] + dot(own + u * run, w_time.data() + u * run, run), 0);
    store(output, n * units, y);
  }
}

void evaluate(const network::qop::Lstm& op, const Inputs& inputs, Tensor& output) {
  const Tensor& input = inputs.required(0, "input");
  check_lstm(op, input, output);
  const std::int64_t depth = input.shape()[2];
  const std::int64_t units = output.shape()[2];
  const std::array<Gate, 4> gates{read_gate(op, inputs, 0, op.input_gate, depth, units),
                                  read_gate(op, inputs, 1, op.forget_gate, depth, units),
                                  read_gate(op, inputs, 2, op.cell_gate, depth, units),
                                  read_gate(op, inputs, 3, op.output_gate, depth, units)};
  const std::int64_t steps = input.shape()[op.time_major ? 0 : 1];
  const std::int64_t batch = input.shape()[op.time_major ? 1 : 0];
  const Integers x = centred(input, op.input_zero_point);
  for (std::int64_t n = 0; n < batch; ++n) {
    LstmState state{Integers(index(units)), Integers(index(units))};
    for (std::int64_t t = 0; t < steps; ++t) {
      const std::int64_t row = op.time_major ? t * batch + n : n * steps + t;
      const std::int64_t* first = x.data() + row * depth;
      lstm_step(op, gates, Integers(first, first + depth), output.dtype(), state);
      Integers y = state.hidden;
      for (std::int64_t& h : y) h += op.output_zero_point;
      store(output, row * units, y);
    }
  }
}

}  // namespace dlasim::golden
