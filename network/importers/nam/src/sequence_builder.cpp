#include "sequence_builder.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "network/importers/tensor_moves.h"

namespace dlasim::network::nam {

SequenceBuilder::SequenceBuilder(std::string name, std::int64_t samples) : samples_(samples) {
  constexpr std::int64_t kMostSamples = std::int64_t{1} << 31;
  if (samples < 1 || samples > kMostSamples) {
    throw base::InputError(std::to_string(samples) + " samples; the length must be between 1 and 2^31");
  }
  graph_.name = std::move(name);
}

TensorId SequenceBuilder::input(std::int64_t channel_count) {
  TensorInfo info;
  info.name = "input";
  info.shape = signal(channel_count);
  const TensorId id = graph_.add_tensor(std::move(info));
  graph_.inputs.push_back(id);
  return id;
}

TensorId SequenceBuilder::convolve(const std::string& name, TensorId x, const ConvWeights& weights,
                                   const ConvGeometry& geometry) {
  const Shape& shape = weights.weight.shape();
  const std::int64_t outputs = shape[0];
  const std::int64_t taps = shape[2];
  if (shape[1] * geometry.groups != channels(x)) {
    throw base::InputError(name + ": weights for " + std::to_string(shape[1] * geometry.groups) +
                           " channels meet a signal of " + std::to_string(channels(x)));
  }
  op::Conv2d conv;
  conv.dilation = {1, geometry.dilation};
  conv.padding.left = (taps - 1) * geometry.dilation;
  conv.groups = geometry.groups;
  constexpr std::array kToTapsFirst{0, 2, 1};
  Tensor ohwi = importers::transposed(weights.weight, kToTapsFirst).reshaped({outputs, 1, taps, shape[1]});
  std::vector<TensorId> inputs{x, graph_.add_constant(name + "_weight", std::move(ohwi))};
  if (weights.bias) inputs.push_back(graph_.add_constant(name + "_bias", *weights.bias));
  return graph_.add_node(name, conv, std::move(inputs), signal(outputs));
}

TensorId SequenceBuilder::unary(const std::string& name, op::Unary function, TensorId x) {
  return graph_.add_node(name, std::move(function), {x}, signal(channels(x)));
}

TensorId SequenceBuilder::binary(const std::string& name, op::Binary::Kind kind, TensorId a, TensorId b) {
  if (channels(a) != channels(b)) {
    throw base::InputError(name + ": signals of " + std::to_string(channels(a)) + " and " +
                           std::to_string(channels(b)) + " channels");
  }
  return graph_.add_node(name, op::Binary{kind, FusedActivation::kNone}, {a, b}, signal(channels(a)));
}

TensorId SequenceBuilder::channel_range(const std::string& name, TensorId x, std::int64_t first,
                                        std::int64_t count) {
  return graph_.add_node(name, op::Slice{{0, 0, 0, first}, signal(count), {1, 1, 1, 1}}, {x}, signal(count));
}

TensorId SequenceBuilder::concatenate(const std::string& name, const std::vector<TensorId>& parts) {
  std::int64_t total = 0;
  for (const TensorId part : parts) total += channels(part);
  return graph_.add_node(name, op::Concat{3}, parts, signal(total));
}

Graph SequenceBuilder::finish(TensorId output) {
  graph_.outputs = {output};
  return std::move(graph_);
}

}  // namespace dlasim::network::nam
