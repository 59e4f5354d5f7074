/// SVDF and the unidirectional LSTM: operators with a state.

#include <array>
#include <cmath>

#include "operator_context.h"

namespace dlasim::network::tflite {
namespace {

/// The state before the first run: every variable tensor is reset to the code that means 0.0.
Tensor reset_state(const TensorInfo& state, const Shape& shape) {
  Tensor value(state.dtype, shape);
  if (!state.affine || state.affine->zero_point[0] == 0) return value;
  for (std::int64_t i = 0; i < value.size(); ++i) value.set_integer(i, state.affine->zero_point[0]);
  return value;
}

}  // namespace

void convert_svdf(OperatorContext& c) {
  constexpr int kRank = 0, kActivation = 1;
  constexpr int kInput = 0, kFeature = 1, kTime = 2, kBias = 3, kState = 4;
  const std::int64_t rank = c.positive_option(kRank, 0, "rank");
  c.require_rank(c.input(kInput), 2, "input");
  c.require_rank(c.input(kFeature), 2, "weights_feature");
  c.require_rank(c.input(kTime), 2, "weights_time");
  const Shape in = c.in(kInput).shape;
  const Shape feature = c.in(kFeature).shape;
  const Shape time = c.in(kTime).shape;
  if (in[1] != feature[1] || feature[0] != time[0] || feature[0] % rank != 0) {
    c.bad("input " + to_string(in) + ", feature weights " + to_string(feature) + ", time weights " +
          to_string(time) + " and rank " + std::to_string(rank) + " do not fit");
  }
  const std::int64_t units = feature[0] / rank;
  const TensorId bias = c.optional_input(kBias);
  if (bias != kNoTensor) c.require_shape(bias, {units}, "bias");
  c.require_shape(c.output(), {in[0], units}, "output");
  const TensorId state = c.input(kState);
  if (c.info(state).constant) c.bad("state is a constant or shared with another operator");
  const Shape state_shape{in[0], feature[0], time[1]};
  if (element_count(state_shape) != element_count(c.info(state).shape)) {
    c.bad("state has shape " + to_string(c.info(state).shape) + "; " + to_string(state_shape) + " expected");
  }
  c.set_constant(state, reset_state(c.info(state), state_shape));
  c.emit(op::Svdf{rank, c.activation(kActivation)},
         {c.input(kInput), c.input(kFeature), c.input(kTime), bias, state});
}

void convert_lstm(OperatorContext& c) {
  constexpr int kActivation = 0, kCellClip = 1, kTimeMajor = 3, kDiagonal = 5;
  constexpr std::int8_t kTanh = 4;
  constexpr int kHiddenState = 18, kCellState = 19;
  // Inputs of the gates input, forget, cell, output, in the file's order.
  constexpr std::array kInputWeights{1, 2, 3, 4};
  constexpr std::array kHiddenWeights{5, 6, 7, 8};
  constexpr std::array kBiases{12, 13, 14, 15};
  const auto refuse_inputs = [&](int first, int last, const char* what) {
    for (int i = first; i <= last; ++i) {
      if (c.optional_input(i) != kNoTensor) c.unsupported(what);
    }
  };
  refuse_inputs(9, 11, "peephole connections");
  refuse_inputs(16, 17, "projection");
  refuse_inputs(20, 23, "layer normalisation");
  if (const auto code = c.option<std::int8_t>(kActivation, 0); code != kTanh) {
    c.unsupported("activation number " + std::to_string(code) + "; only TANH (4) is supported");
  }
  if (c.flag(kDiagonal)) c.unsupported("diagonal_recurrent_tensors is true");
  if (c.optional_input(kInputWeights[0]) == kNoTensor) c.unsupported("coupled input and forget gates");

  op::Lstm lstm;
  lstm.time_major = c.flag(kTimeMajor);
  lstm.cell_clip = c.option<float>(kCellClip, 0.0F);
  if (!std::isfinite(lstm.cell_clip) || lstm.cell_clip < 0.0F) c.bad("cell_clip is out of range");
  c.require_rank(c.input(0), 3, "input");
  c.require_rank(c.input(kHiddenWeights[0]), 2, "recurrent weights");
  const Shape in = c.in(0).shape;
  const std::int64_t units = c.in(kHiddenWeights[0]).shape[0];
  const std::int64_t batches = lstm.time_major ? in[1] : in[0];
  std::vector<TensorId> inputs{c.input(0)};
  for (std::size_t gate = 0; gate < kInputWeights.size(); ++gate) {
    c.require_shape(c.input(kInputWeights[gate]), {units, in[2]}, "input weights");
    c.require_shape(c.input(kHiddenWeights[gate]), {units, units}, "recurrent weights");
    const TensorId bias = c.optional_input(kBiases[gate]);
    if (bias != kNoTensor) c.require_shape(bias, {units}, "bias");
    inputs.insert(inputs.end(), {c.input(kInputWeights[gate]), c.input(kHiddenWeights[gate]), bias});
  }
  c.require_shape(c.output(), {in[0], in[1], units}, "output");
  const TensorInfo& hidden = c.in(kHiddenState);
  const TensorInfo& cell = c.in(kCellState);
  for (const TensorInfo* state : {&hidden, &cell}) {
    if (element_count(state->shape) != batches * units) {
      c.bad("state '" + state->name + "' has shape " + to_string(state->shape));
    }
  }
  if (c.out().affine) {
    if (hidden.affine != c.out().affine) c.unsupported("a hidden state with another scale than the output");
    if (!cell.affine) c.bad("the cell state has no scale");
    lstm.intermediates = {*cell.affine};
  }
  c.emit(std::move(lstm), std::move(inputs));
}

}  // namespace dlasim::network::tflite
