#include "quantize/tensor_samples.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "network/float_reference.h"

namespace dlasim::quantize {

using network::Tensor;
using network::TensorId;

namespace {

void keep_values(const Tensor& tensor, std::int64_t most, std::vector<float>* kept) {
  const auto values = tensor.data<float>();
  if (values.empty()) return;
  const auto less = [](float a, float b) { return std::fabs(a) < std::fabs(b); };
  kept->push_back(*std::max_element(values.begin(), values.end(), less));
  const std::size_t limit = static_cast<std::size_t>(std::max<std::int64_t>(most, 1));
  const std::size_t step = (values.size() + limit - 1) / limit;
  for (std::size_t i = 0; i < values.size(); i += step) kept->push_back(values[i]);
}

}  // namespace

TensorSamples sample_tensors(const network::Graph& graph, const std::vector<std::vector<Tensor>>& inputs,
                             std::int64_t most) {
  if (inputs.empty()) throw base::InputError("calibration needs at least one sample");
  TensorSamples samples(graph.tensors.size());
  const network::FloatReference reference(graph);
  for (const auto& input : inputs) {
    reference.run(input, [&](TensorId id, const Tensor& value) {
      auto& slot = samples[static_cast<std::size_t>(id)];
      if (!slot) slot.emplace();
      keep_values(value, most, &*slot);
    });
  }
  return samples;
}

}  // namespace dlasim::quantize
