#pragma once
/// Builds graphs of causal networks on signals [1, 1, T, C].

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/graph.h"

namespace dlasim::network::nam {

/// Weights of a causal convolution, as the files list them: [out, in / groups, taps], the newest tap last.
struct ConvWeights {
  Tensor weight;
  std::optional<Tensor> bias;  ///< [out]
};

struct ConvGeometry {
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
};

class SequenceBuilder {
 public:
  SequenceBuilder(std::string name, std::int64_t samples);

  TensorId input(std::int64_t channels);
  std::int64_t channels(TensorId x) const { return graph_.tensor(x).shape.back(); }

  TensorId convolve(const std::string& name, TensorId x, const ConvWeights& weights,
                    const ConvGeometry& geometry);
  TensorId unary(const std::string& name, op::Unary function, TensorId x);
  TensorId binary(const std::string& name, op::Binary::Kind kind, TensorId a, TensorId b);
  /// Channels first .. first + count - 1 of x.
  TensorId channel_range(const std::string& name, TensorId x, std::int64_t first, std::int64_t count);
  TensorId concatenate(const std::string& name, const std::vector<TensorId>& parts);

  /// The graph with one output.
  Graph finish(TensorId output);

 private:
  Shape signal(std::int64_t channels) const { return {1, 1, samples_, channels}; }

  Graph graph_;
  std::int64_t samples_;
};

}  // namespace dlasim::network::nam
