// SVDF, integer_semantics.md section 7: a filter bank over features, then one over time.

#include <algorithm>

#include "operators.h"

namespace dlasim::sim::host {
namespace {

using network::Tensor;

struct Sizes {
  std::int64_t steps = 0, batches = 0, inputs = 0, features = 0, memory = 0, units = 0;
};

Sizes sizes_of(const Call& call, const network::qop::Svdf& op) {
  const network::Shape& input = call.inputs[0].shape();
  call.require(input.size() == 3, "its input is not [steps, batches, inputs]");
  call.require(call.has(1) && call.has(2) && call.has(4), "weights or state are missing");
  const network::Shape& feature = call.inputs[1].shape();
  const network::Shape& time = call.inputs[2].shape();
  call.require(feature.size() == 2 && time.size() == 2, "its weights are not matrices");
  call.require(op.rank >= 1 && feature[0] % op.rank == 0, "its rank does not divide the features");
  return {input[0], input[1], input[2], feature[0], time[1], feature[0] / op.rank};
}

}  // namespace

Tensor svdf(const Call& call, const network::qop::Svdf& op) {
  const Sizes n = sizes_of(call, op);
  const Tensor& input = call.inputs[0];
  const Tensor& feature = call.shaped(1, {n.features, n.inputs});
  const Tensor& time = call.shaped(2, {n.features, n.memory});
  const Tensor& bias = call.has(3) ? call.shaped(3, {n.units}) : Tensor();
  Tensor state = call.shaped(4, {n.batches, n.features, n.memory});
  Tensor output = call.make_output();
  call.require(output.size() == n.batches * n.units, "its output is not [batches, features / rank]");
  call.require_within(op.state_clamp, state.dtype());
  call.require_within(op.clamp, output.dtype());
  const Rescale into_state(call, op.rule, op.input);
  const Rescale out_of_state(call, op.rule, op.output);

  for (std::int64_t step = 0; step < n.steps; ++step) {
    for (std::int64_t row = 0; row < n.batches * n.features; ++row) {
      const std::int64_t batch = row / n.features;
      const std::int64_t f = row % n.features;
      const std::int64_t oldest = row * n.memory;
      for (std::int64_t t = 0; t + 1 < n.memory; ++t)
        state.set_integer(oldest + t, state.integer(oldest + t + 1));
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < n.inputs; ++i) {
        const std::int64_t x = input.integer((step * n.batches + batch) * n.inputs + i) - op.input_zero_point;
        sum += x * feature.integer(f * n.inputs + i);
      }
      state.set_integer(oldest + n.memory - 1,
                        std::clamp(into_state(sum), op.state_clamp.min, op.state_clamp.max));
    }
  }
  for (std::int64_t i = 0; i < n.batches * n.units; ++i) {
    const std::int64_t batch = i / n.units;
    const std::int64_t unit = i % n.units;
    std::int64_t sum = bias.size() == n.units ? bias.integer(unit) : 0;
    // The features of one unit lie side by side, in the weights as in the state.
    const std::int64_t first = unit * op.rank * n.memory;
    for (std::int64_t k = 0; k < op.rank * n.memory; ++k) {
      sum += state.integer(batch * n.features * n.memory + first + k) * time.integer(first + k);
    }
    output.set_integer(i, std::clamp(out_of_state(sum) + op.output_zero_point, op.clamp.min, op.clamp.max));
  }
  return output;
}

}  // namespace dlasim::sim::host
