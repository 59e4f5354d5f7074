#include "quantize/equalization.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "weight_channels.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::Graph;
using network::Node;
using network::TensorId;

/// Indices of two layers, the second of which alone reads the first.
struct Pair {
  std::size_t first, second;
};

/// f(s x) = s f(x) for s > 0.
bool is_homogeneous(network::FusedActivation activation) {
  return activation == network::FusedActivation::kNone || activation == network::FusedActivation::kRelu;
}

bool is_homogeneous(const network::Operation& operation) {
  const auto* unary = std::get_if<op::Unary>(&operation);
  return unary != nullptr &&
         (unary->kind == op::Unary::Kind::kRelu || unary->kind == op::Unary::Kind::kLeakyRelu);
}

class Equalization {
 public:
  explicit Equalization(Graph graph) : graph_(std::move(graph)) {}

  Equalized run() {
    const std::vector<Pair> pairs = find_pairs();
    for (const Pair& pair : pairs) {
      for (const std::size_t n : {pair.first, pair.second}) {
        if (std::find(owned_.begin(), owned_.end(), n) != owned_.end()) continue;
        own_parameters(graph_, graph_.nodes[n]);
        owned_.push_back(n);
      }
    }
    Equalized result;
    result.pairs = static_cast<int>(pairs.size());
    constexpr int kMostRounds = 40;
    constexpr double kSettled = 1.001;
    double change = 2.0;
    for (int round = 0; round < kMostRounds && change > kSettled; ++round) {
      change = 1.0;
      for (const Pair& pair : pairs) change = std::max(change, balance(pair));
      result.largest *= change;
    }
    result.graph = std::move(graph_);
    return result;
  }

 private:
  std::vector<Pair> find_pairs() const {
    const std::vector<int> readers = count_readers(graph_);
    std::vector<std::optional<std::size_t>> layer(graph_.tensors.size());  // whose range a tensor has
    std::vector<Pair> pairs;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      const auto source = node.inputs[0] == network::kNoTensor
                              ? std::nullopt
                              : layer[static_cast<std::size_t>(node.inputs[0])];
      const bool layered = has_float_weights(graph_, node);
      if (source && layered && channels_fit(*source, n)) pairs.push_back({*source, n});
      const auto out = static_cast<std::size_t>(node.outputs[0]);
      if (readers[out] != 1) continue;
      if (std::find(graph_.outputs.begin(), graph_.outputs.end(), node.outputs[0]) != graph_.outputs.end())
        continue;
      if (layered && is_homogeneous(activation_of(node.operation))) layer[out] = n;
      if (source && is_homogeneous(node.operation)) layer[out] = source;
    }
    return pairs;
  }

  WeightChannels channels(std::size_t n) const {
    const Node& node = graph_.nodes[n];
    return {node.operation, graph_.tensor(node.inputs[1]).shape, graph_.tensor(node.inputs[0]).shape.back()};
  }

  bool channels_fit(std::size_t first, std::size_t second) const {
    return channels(first).outputs() == channels(second).inputs();
  }

  std::span<float> weights(std::size_t n, std::size_t operand) {
    const TensorId id = graph_.nodes[n].inputs[operand];
    return graph_.tensors[static_cast<std::size_t>(id)].constant.edit().data<float>();
  }

  /// Returns the largest factor, or its reciprocal.
  double balance(const Pair& pair) {
    const WeightChannels one = channels(pair.first);
    const WeightChannels two = channels(pair.second);
    const auto w1 = weights(pair.first, 1);
    const auto w2 = weights(pair.second, 1);
    const auto count = static_cast<std::size_t>(one.outputs());
    std::vector<double> r1(count, 0.0);
    std::vector<double> r2(count, 0.0);
    const auto widen = [](double& range, float v) {
      range = std::max(range, std::abs(static_cast<double>(v)));
    };
    for (std::size_t i = 0; i < w1.size(); ++i) widen(r1[one.output_of(static_cast<std::int64_t>(i))], w1[i]);
    for (std::size_t i = 0; i < w2.size(); ++i) widen(r2[two.input_of(static_cast<std::int64_t>(i))], w2[i]);
    std::vector<double> s(count, 1.0);
    double largest = 1.0;
    for (std::size_t c = 0; c < count; ++c) {
      if (r1[c] > 0.0 && r2[c] > 0.0) s[c] = std::sqrt(r1[c] / r2[c]);
      largest = std::max({largest, s[c], 1.0 / s[c]});
    }
    const auto scaled = [](float v, double factor) {
      return static_cast<float>(static_cast<double>(v) * factor);
    };
    for (std::size_t i = 0; i < w1.size(); ++i) {
      w1[i] = scaled(w1[i], 1.0 / s[one.output_of(static_cast<std::int64_t>(i))]);
    }
    for (std::size_t i = 0; i < w2.size(); ++i) {
      w2[i] = scaled(w2[i], s[two.input_of(static_cast<std::int64_t>(i))]);
    }
    const auto bias = weights(pair.first, 2);
    for (std::size_t c = 0; c < bias.size(); ++c) bias[c] = scaled(bias[c], 1.0 / s[c]);
    return largest;
  }

  Graph graph_;
  std::vector<std::size_t> owned_;
};

}  // namespace

Equalized equalize(Graph graph) {
  return Equalization(std::move(graph)).run();
}

}  // namespace dlasim::quantize
