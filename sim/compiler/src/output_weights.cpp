#include "output_weights.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace dlasim::sim::compiler {

OutputWeights output_first(const network::Tensor& codes, std::int64_t zero_point) {
  const std::int64_t outputs = codes.shape()[0];
  std::int64_t places = 1;
  for (std::size_t i = 1; i < codes.shape().size(); ++i) places *= codes.shape()[i];
  return {&codes, zero_point, outputs, places, places, 1};
}

OutputWeights output_last(const network::Tensor& codes, std::int64_t zero_point) {
  const network::Shape& shape = codes.shape();
  return {&codes, zero_point, shape[3], shape[1] * shape[2], 1, shape[3]};
}

WeightSums sum_weights(const OutputWeights& weights) {
  WeightSums sums;
  sums.sum.resize(static_cast<std::size_t>(weights.outputs));
  sums.magnitude.resize(static_cast<std::size_t>(weights.outputs));
  for (std::int64_t o = 0; o < weights.outputs; ++o) {
    for (std::int64_t i = 0; i < weights.places; ++i) {
      const std::int64_t w = weights.at(o, i);
      sums.sum[static_cast<std::size_t>(o)] += w;
      sums.magnitude[static_cast<std::size_t>(o)] += std::abs(w);
    }
  }
  return sums;
}

bool needs_wide(const WeightSums& sums, std::int64_t largest_input) {
  const std::int64_t most = sums.magnitude.empty() ? 0 : std::ranges::max(sums.magnitude);
  return most > std::numeric_limits<std::int32_t>::max() / std::max<std::int64_t>(largest_input, 1);
}

}  // namespace dlasim::sim::compiler
