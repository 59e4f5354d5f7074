// The unidirectional LSTM of integer_semantics.md section 7: int8 or int16 activations, an int16 cell.

#include <algorithm>
#include <vector>

#include "fixed_point/activation_table.h"
#include "operators.h"

namespace dlasim::sim::host {
namespace {

using fixed_point::Curve;
using fixed_point::Int16Curve;
using network::DType;
using network::Tensor;
using Values = std::vector<std::int64_t>;

Values widen(const Tensor& tensor) {
  Values values(static_cast<std::size_t>(tensor.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = tensor.integer(static_cast<std::int64_t>(i));
  return values;
}

std::int64_t dot(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Weights, scales and curve of one gate.
class Gate {
 public:
  /// `first`: index of the gate's input weights among the node's inputs.
  Gate(const Call& call, network::RequantRule rule, const network::qop::Lstm::Gate& scales, std::size_t first,
       std::size_t inputs, std::size_t units, Curve curve)
      : inputs_(inputs),
        units_(units),
        input_weight_(widen(call.shaped(first, shape(units, inputs)))),
        hidden_weight_(widen(call.shaped(first + 1, shape(units, units)))),
        bias_(call.has(first + 2) ? widen(call.shaped(first + 2, {static_cast<std::int64_t>(units)}))
                                  : Values(units, 0)),
        input_scale_(call, rule, scales.input),
        hidden_scale_(call, rule, scales.hidden),
        curve_(curve) {}

  /// The gate of `unit` in Q0.15 from centred inputs and the centred hidden state.
  std::int64_t operator()(std::size_t unit, std::span<const std::int64_t> x,
                          std::span<const std::int64_t> h) const {
    const std::span<const std::int64_t> input(input_weight_.data() + unit * inputs_, inputs_);
    const std::span<const std::int64_t> hidden(hidden_weight_.data() + unit * units_, units_);
    // The two products have scales of their own: each is requantised before they meet.
    const std::int64_t from_input = saturate16(input_scale_(bias_[unit] + dot(input, x)));
    const std::int64_t sum = saturate16(from_input + hidden_scale_(dot(hidden, h)));
    return curve_.cmsis(static_cast<std::int16_t>(sum), 0);
  }

 private:
  static network::Shape shape(std::size_t rows, std::size_t columns) {
    return {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
  }

  std::size_t inputs_, units_;
  Values input_weight_, hidden_weight_, bias_;
  Rescale input_scale_, hidden_scale_;
  Int16Curve curve_;
};

/// int64 biases of int16 activations bring the 64-bit rule to the gates; the products of states stay with
/// the vector's own.
network::RequantRule gate_rule(const Tensor& input, const network::qop::Lstm& op) {
  return input.dtype() == DType::kInt16 ? network::RequantRule::kInt64 : op.rule;
}

class Cell {
 public:
  Cell(const Call& call, const network::qop::Lstm& op, std::size_t inputs, std::size_t units)
      : op_(op),
        units_(units),
        low_(network::lowest(call.output.dtype)),
        high_(network::highest(call.output.dtype)),
        clip_low_(op.cell_clip > 0 ? -op.cell_clip : kInt16Min),
        clip_high_(op.cell_clip > 0 ? op.cell_clip : kInt16Max),
        input_(call, gate_rule(call.inputs[0], op), op.input_gate, 1, inputs, units, Curve::kSigmoid),
        forget_(call, gate_rule(call.inputs[0], op), op.forget_gate, 4, inputs, units, Curve::kSigmoid),
        cell_(call, gate_rule(call.inputs[0], op), op.cell_gate, 7, inputs, units, Curve::kTanh),
        output_(call, gate_rule(call.inputs[0], op), op.output_gate, 10, inputs, units, Curve::kSigmoid),
        forget_to_cell_(call, op.rule, op.forget_to_cell),
        input_to_cell_(call, op.rule, op.input_to_cell),
        to_hidden_(call, op.rule, op.output),
        tanh_(Curve::kTanh) {
    call.require(op.cell_clip >= 0 && op.cell_clip <= kInt16Max, "its cell clip is outside 0..32767");
  }

  /// One step: `x` and `hidden` are centred; `hidden` becomes the new one.
  void step(std::span<const std::int64_t> x, Values& cell, Values& hidden) const {
    Values next(units_);
    for (std::size_t u = 0; u < units_; ++u) {
      const std::int64_t kept = saturate16(forget_to_cell_(forget_(u, x, hidden) * cell[u]));
      const std::int64_t added = input_to_cell_(input_(u, x, hidden) * cell_(u, x, hidden));
      cell[u] = std::clamp(kept + added, clip_low_, clip_high_);
      const std::int64_t bounded = tanh_.cmsis(static_cast<std::int16_t>(cell[u]), op_.cell_scale_power + 12);
      const std::int64_t code = to_hidden_(output_(u, x, hidden) * bounded) + op_.output_zero_point;
      next[u] = std::clamp(code, low_, high_) - op_.output_zero_point;
    }
    hidden = std::move(next);
  }

 private:
  const network::qop::Lstm& op_;
  std::size_t units_;
  std::int64_t low_, high_, clip_low_, clip_high_;
  Gate input_, forget_, cell_, output_;
  Rescale forget_to_cell_, input_to_cell_, to_hidden_;
  Int16Curve tanh_;
};

}  // namespace

Tensor lstm(const Call& call, const network::qop::Lstm& op) {
  const Tensor& input = call.inputs[0];
  Tensor output = call.make_output();
  const network::Shape& in = input.shape();
  const network::Shape& out = output.shape();
  call.require(in.size() == 3 && out.size() == 3 && in[0] == out[0] && in[1] == out[1],
               "input and output do not share batches and steps");
  call.require(input.dtype() == output.dtype(), "input and output differ in type");
  call.require(input.dtype() == DType::kInt8 || input.dtype() == DType::kInt16,
               "its input is neither int8 nor int16");
  call.require(op.cell_scale_power >= -31 && op.cell_scale_power <= 3,
               "its cell scale is outside 2^-31..2^3");
  const auto steps = op.time_major ? in[0] : in[1];
  const auto batches = op.time_major ? in[1] : in[0];
  const auto inputs = static_cast<std::size_t>(in[2]);
  const auto units = static_cast<std::size_t>(out[2]);
  const Cell cell(call, op, inputs, units);
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    Values state(units, 0);
    Values hidden(units, 0);  // centred: the code output_zero_point
    for (std::int64_t step = 0; step < steps; ++step) {
      const std::int64_t row = op.time_major ? step * batches + batch : batch * steps + step;
      Values x(inputs);
      for (std::size_t i = 0; i < inputs; ++i) {
        x[i] = input.integer(row * in[2] + static_cast<std::int64_t>(i)) - op.input_zero_point;
      }
      cell.step(x, state, hidden);
      for (std::size_t u = 0; u < units; ++u) {
        output.set_integer(row * out[2] + static_cast<std::int64_t>(u), hidden[u] + op.output_zero_point);
      }
    }
  }
  return output;
}

}  // namespace dlasim::sim::host
