// SVDF and LSTM: the integer parameters of spec/integer_semantics.md section 7 from scales, as TensorFlow
// Lite Micro derives them.

#include <algorithm>
#include <cmath>
#include <string>

#include "lowering.h"
#include "quantize/multiplier.h"

namespace dlasim::quantize {

using network::DType;

network::QuantizedOperation Lowering::convert(const network::op::Svdf& op, const Node& node) {
  const Tensor& state_tensor = input(node, 4);
  require_activations(node, {&input(node, 0), &output(node)});
  if (input(node, 0).dtype != DType::kInt8) refuse(node, "int16 activations");
  if (state_tensor.dtype != DType::kInt8 && state_tensor.dtype != DType::kInt16) {
    refuse(node, "state '" + state_tensor.name + "' is " + std::string(name(state_tensor.dtype)) +
                     "; int8 and int16 are allowed");
  }
  const Scalar x = affine(node, input(node, 0));
  const Scalar y = affine(node, output(node));
  const float state = affine(node, state_tensor).scale;
  const float feature = affine(node, input(node, 1)).scale;
  const float time = affine(node, input(node, 2)).scale;
  // The kernel derives both factors in float32.
  const float into_state = x.scale * feature / state;
  const float out_of_state = state * time / y.scale;
  network::qop::Svdf svdf;
  svdf.rank = op.rank;
  svdf.input_zero_point = x.zero_point;
  svdf.output_zero_point = y.zero_point;
  svdf.input = multiplier_from(static_cast<double>(into_state));
  svdf.output = multiplier_from(static_cast<double>(out_of_state));
  svdf.rule = elementwise_rule();
  svdf.state_clamp = {network::lowest(state_tensor.dtype), network::highest(state_tensor.dtype)};
  svdf.clamp = clamp(node, op.activation);
  // The state is data, not a variable: a run starts from real 0.
  const network::TensorId id = node.inputs[4];
  auto& stored = result_.tensors[static_cast<std::size_t>(id)];
  if (!stored.constant) stored.constant = network::Tensor(state_tensor.dtype, state_tensor.shape);
  return svdf;
}

network::QuantizedOperation Lowering::convert(const network::op::Lstm& op, const Node& node) {
  if (node.inputs.size() != 13) wrong(node, "needs 13 inputs, found " + std::to_string(node.inputs.size()));
  require_activations(node, {&input(node, 0), &output(node)});
  if (op.intermediates.size() != 1 || op.intermediates[0].scale.size() != 1)
    wrong(node, "needs the scale of the cell state");
  const float cell = op.intermediates[0].scale[0];
  int exponent = 0;
  if (std::frexp(cell, &exponent) != 0.5F) refuse(node, "a cell state whose scale is no power of two");

  constexpr float kGateScale = 1.0F / 4096.0F;         // gates are Q3.12 before their activation
  constexpr float kActivationScale = 1.0F / 32768.0F;  // and Q0.15 after it
  const Scalar x = affine(node, input(node, 0));
  const Scalar h = affine(node, output(node));
  network::qop::Lstm lstm;
  lstm.time_major = op.time_major;
  lstm.input_zero_point = x.zero_point;
  lstm.output_zero_point = h.zero_point;
  lstm.cell_scale_power = exponent - 1;
  lstm.rule = elementwise_rule();
  if (op.cell_clip > 0.0F) {
    lstm.cell_clip = static_cast<std::int64_t>(
        std::min(static_cast<double>(op.cell_clip) / static_cast<double>(cell), 32767.0));
  }
  std::size_t gate_index = 0;
  for (auto* gate : {&lstm.input_gate, &lstm.forget_gate, &lstm.cell_gate, &lstm.output_gate}) {
    const std::size_t first = 1 + 3 * gate_index++;
    const Scalar weight = affine(node, input(node, first));
    const Scalar hidden = affine(node, input(node, first + 1));
    if (weight.zero_point != 0 || hidden.zero_point != 0)
      refuse(node, "weights with a zero point other than 0");
    gate->input = multiplier_from(fully_connected_factor(x.scale, weight.scale, kGateScale));
    gate->hidden = multiplier_from(fully_connected_factor(h.scale, hidden.scale, kGateScale));
  }
  lstm.forget_to_cell = multiplier_from(product_factor(kActivationScale, cell, cell));
  lstm.input_to_cell = multiplier_from(product_factor(kActivationScale, kActivationScale, cell));
  lstm.output = multiplier_from(product_factor(kActivationScale, kActivationScale, h.scale));
  return lstm;
}

}  // namespace dlasim::quantize
