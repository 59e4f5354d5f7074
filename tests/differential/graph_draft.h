#pragma once
/// A graph under construction by random choices: tensors, parameters, and the words that describe it.

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <string>
#include <utility>

#include "random_graph.h"

namespace dlasim::testing {

namespace qop = network::qop;
using network::DType;
using network::kNoTensor;
using network::Multiplier;
using network::RequantRule;
using network::Shape;
using network::Tensor;
using network::TensorId;

class GraphDraft {
 public:
  explicit GraphDraft(Choices& choices) : c(choices) {}

  Choices& c;

  const network::QuantizedTensor& tensor(TensorId t) const { return result_.graph.tensor(t); }
  const Shape& shape(TensorId t) const { return tensor(t).shape; }
  DType dtype(TensorId t) const { return tensor(t).dtype; }

  TensorId input(DType type, const Shape& shape) {
    const TensorId t = declare("x", type, shape);
    result_.graph.inputs.push_back(t);
    result_.inputs.push_back(random_tensor(type, shape, network::lowest(type), network::highest(type)));
    note(fmt::format("input {} {}", network::name(type), network::to_string(shape)));
    return t;
  }
  TensorId constant(DType type, const Shape& shape, std::int64_t low, std::int64_t high) {
    network::QuantizedTensor info;
    info.name = fmt::format("c{}", result_.graph.tensors.size());
    info.dtype = type;
    info.shape = shape;
    info.constant = random_tensor(type, shape, low, high);
    return result_.graph.add_tensor(std::move(info));
  }
  /// Appends a node with one output.
  TensorId node(network::QuantizedOperation operation, std::vector<TensorId> inputs, DType type,
                const Shape& shape, const std::string& words) {
    const TensorId out = declare("t", type, shape);
    const auto name = fmt::format("n{}", result_.graph.nodes.size());
    std::string from;
    for (const TensorId t : inputs) {
      if (t != kNoTensor) from += fmt::format(" {}", network::to_string(tensor(t).shape));
    }
    note(fmt::format("{} {}:{} -> {} {}; {}", name, network::name(operation), from, network::name(type),
                     network::to_string(shape), words));
    result_.graph.nodes.push_back({name, std::move(operation), std::move(inputs), {out}, {}});
    return out;
  }
  RandomGraph finish(TensorId output) {
    result_.graph.name = "random";
    result_.graph.outputs.push_back(output);
    return std::move(result_);
  }

  RequantRule rule() {
    return c.one_of({RequantRule::kDouble, RequantRule::kSingle, RequantRule::kInt64, RequantRule::kPytorch});
  }
  /// A multiplier of about `real`, in the form that the rule reads.
  Multiplier multiplier(RequantRule rule, double real) {
    real *= std::ldexp(1.0 + static_cast<double>(c.pick(0, 1000)) / 1000.0, -1);
    if (rule == RequantRule::kPytorch) return {std::bit_cast<std::int32_t>(static_cast<float>(real)), 0};
    int shift = 0;
    const double mantissa = std::frexp(real, &shift);
    return {static_cast<std::int32_t>(mantissa * 2147483647.0), std::clamp(shift, -31, 7)};
  }
  network::Clamp clamp(DType type) {
    network::Clamp full{network::lowest(type), network::highest(type)};
    if (!c.chance(25)) return full;
    full.min = full.min + (full.max - full.min) / 3;
    full.max = full.max - (full.max - full.min) / 5;
    return full;
  }
  std::int64_t zero_point(DType type) {
    if (type == DType::kInt16) return 0;
    const std::int64_t middle = type == DType::kUInt8 ? 128 : 0;
    return middle + c.pick(0, 40) * (c.chance(50) ? -1 : 1);
  }
  /// Standard deviation of the type's codes, all equally likely.
  static double spread(DType type) {
    return static_cast<double>(network::highest(type) - network::lowest(type)) / std::sqrt(12.0);
  }

 private:
  TensorId declare(const char* prefix, DType type, const Shape& shape) {
    network::QuantizedTensor info;
    info.name = fmt::format("{}{}", prefix, result_.graph.tensors.size());
    info.dtype = type;
    info.shape = shape;
    return result_.graph.add_tensor(std::move(info));
  }
  Tensor random_tensor(DType type, const Shape& shape, std::int64_t low, std::int64_t high) {
    Tensor tensor(type, shape);
    base::Random random = c.elements();
    for (std::int64_t i = 0; i < tensor.size(); ++i) tensor.set_integer(i, random.integer(low, high));
    return tensor;
  }
  void note(const std::string& line) { result_.description += "  " + line + "\n"; }

  RandomGraph result_;
};

// random_mac.cpp
TensorId add_conv(GraphDraft& d, TensorId x);
TensorId add_depthwise(GraphDraft& d, TensorId x);
TensorId add_transpose_conv(GraphDraft& d, TensorId x);
TensorId add_fully_connected(GraphDraft& d, TensorId x);
TensorId add_batch_matmul(GraphDraft& d, TensorId x);
/// A convolution with one position of output for each of the input.
TensorId add_same_conv(GraphDraft& d, TensorId x, std::int64_t outputs, std::int64_t kernel_width,
                       std::int64_t dilation);
// random_elementwise.cpp
TensorId add_binary(GraphDraft& d, TensorId x, TensorId y);
TensorId add_broadcast_binary(GraphDraft& d, TensorId x);
TensorId add_requantize(GraphDraft& d, TensorId x);
TensorId add_clamp(GraphDraft& d, TensorId x);
TensorId add_leaky(GraphDraft& d, TensorId x);
TensorId add_curve(GraphDraft& d, TensorId x, bool sigmoid);
TensorId add_table(GraphDraft& d, TensorId x);
TensorId add_product(GraphDraft& d, TensorId x, TensorId y);
TensorId add_sum(GraphDraft& d, TensorId x, TensorId y, bool subtract);
// random_movement.cpp
TensorId add_pool(GraphDraft& d, TensorId x);
TensorId add_reduce(GraphDraft& d, TensorId x);
TensorId add_pad(GraphDraft& d, TensorId x);
TensorId add_concat(GraphDraft& d, TensorId x);
TensorId add_slice(GraphDraft& d, TensorId x);
TensorId add_transpose(GraphDraft& d, TensorId x);
TensorId add_reshape(GraphDraft& d, TensorId x);
TensorId add_space_to_batch(GraphDraft& d, TensorId x);
TensorId add_batch_to_space(GraphDraft& d, TensorId x);
/// Channels begin..begin+size of a tensor.
TensorId add_channel_slice(GraphDraft& d, TensorId x, std::int64_t begin, std::int64_t size);

}  // namespace dlasim::testing
