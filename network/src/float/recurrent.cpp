// SVDF and LSTM in float; both start from a zero state.

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "float/kernels.h"

namespace dlasim::network::float_kernels {
namespace {

std::size_t index(std::int64_t i) {
  return static_cast<std::size_t>(i);
}

float dot(const float* a, const float* b, std::int64_t n) {
  float sum = 0.0F;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

void svdf(const op::Svdf& op, const SvdfOperands& o, Tensor& output) {
  const Shape& in = o.input->shape();
  const std::int64_t features = o.weight_feature->shape().at(0);
  const std::int64_t inputs = o.weight_feature->shape().at(1);
  const std::int64_t time = o.weight_time->shape().at(1);
  const std::int64_t batch = in.size() == 3 ? in[1] : in.at(0);
  const std::int64_t steps = in.size() == 3 ? in[0] : 1;
  const std::int64_t units = op.rank > 0 ? features / op.rank : 0;
  if (units * op.rank != features || in.back() != inputs || o.weight_time->shape()[0] != features ||
      output.size() != batch * units) {
    throw base::InputError("svdf: input " + to_string(in) + ", " + std::to_string(features) +
                           " features and rank " + std::to_string(op.rank) + " do not fit");
  }
  std::vector<float> state(index(batch * features * time), 0.0F);
  if (o.state != nullptr && o.state->size() == static_cast<std::int64_t>(state.size())) {
    std::copy_n(o.state->data<float>().begin(), state.size(), state.begin());
  }
  const auto x = o.input->data<float>();
  const auto y = output.data<float>();
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::int64_t n = 0; n < batch; ++n) {
      std::fill_n(y.begin() + n * units, units, 0.0F);
      for (std::int64_t f = 0; f < features; ++f) {
        float* memory = state.data() + (n * features + f) * time;
        std::copy(memory + 1, memory + time, memory);
        memory[time - 1] = dot(x.data() + (step * batch + n) * inputs,
                               o.weight_feature->data<float>().data() + f * inputs, inputs);
        y[index(n * units + f / op.rank)] +=
            dot(memory, o.weight_time->data<float>().data() + f * time, time);
      }
      for (std::int64_t u = 0; u < units && o.bias != nullptr; ++u) {
        y[index(n * units + u)] += o.bias->data<float>()[index(u)];
      }
    }
  }
  apply(op.activation, y);
}

void lstm(const op::Lstm& op, const std::vector<const Tensor*>& operands, Tensor& output) {
  const Shape& in = operands.at(0)->shape();
  const std::int64_t hidden = operands.at(1)->shape().at(0);
  if (in.size() != 3 || output.size() != in[0] * in[1] * hidden) {
    throw base::InputError("lstm: input " + to_string(in) + " and output " + to_string(output.shape()) +
                           " do not fit");
  }
  const std::int64_t inputs = in[2];
  for (std::size_t g = 0; g < 4; ++g) {
    if (operands.at(1 + 3 * g)->shape() != Shape{hidden, inputs} ||
        operands.at(2 + 3 * g)->shape() != Shape{hidden, hidden}) {
      throw base::InputError("lstm: a gate's weights do not fit " + to_string(in));
    }
  }
  const std::int64_t steps = op.time_major ? in[0] : in[1];
  const std::int64_t batch = op.time_major ? in[1] : in[0];
  const auto x = operands[0]->data<float>();
  const auto y = output.data<float>();
  for (std::int64_t n = 0; n < batch; ++n) {
    std::vector<float> h(index(hidden), 0.0F);
    std::vector<float> cell(index(hidden), 0.0F);
    for (std::int64_t t = 0; t < steps; ++t) {
      const std::int64_t row = op.time_major ? t * batch + n : n * steps + t;
      std::vector<float> next(index(hidden));
      for (std::int64_t u = 0; u < hidden; ++u) {
        std::array<float, 4> gate{};
        for (std::size_t g = 0; g < 4; ++g) {
          const Tensor* bias = operands[3 + 3 * g];
          gate[g] =
              (bias == nullptr ? 0.0F : bias->data<float>()[index(u)]) +
              dot(x.data() + row * inputs, operands[1 + 3 * g]->data<float>().data() + u * inputs, inputs) +
              dot(h.data(), operands[2 + 3 * g]->data<float>().data() + u * hidden, hidden);
        }
        float& c = cell[index(u)];
        c = sigmoid(gate[1]) * c + sigmoid(gate[0]) * std::tanh(gate[2]);
        if (op.cell_clip > 0.0F) c = std::clamp(c, -op.cell_clip, op.cell_clip);
        next[index(u)] = sigmoid(gate[3]) * std::tanh(c);
      }
      h = std::move(next);
      std::copy(h.begin(), h.end(), y.begin() + row * hidden);
    }
  }
}

}  // namespace dlasim::network::float_kernels
