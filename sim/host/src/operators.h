#pragma once
/// The operators of the host, one function each; `call` says which node asks and with what.

#include <fmt/format.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "fixed_point/requantize.h"
#include "network/quantized_graph.h"
#include "network/tensor.h"

namespace dlasim::sim::host {

/// One node with its input values and the declaration of its output.
struct Call {
  const network::QuantizedNode& node;
  std::span<const network::Tensor> inputs;
  const network::QuantizedTensor& output;

  /// An empty output tensor of the declared type.
  network::Tensor make_output() const { return {output.dtype, output.shape}; }
  bool has(std::size_t i) const { return i < inputs.size() && node.inputs[i] != network::kNoTensor; }
  /// Throws base::InputError "OPERATOR 'NODE': what".
  [[noreturn]] void fail(const std::string& what) const {
    throw base::InputError(fmt::format("{} '{}': {}", network::name(node.operation), node.name, what));
  }
  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }
  /// Throws unless every value of the clamp fits the type.
  void require_within(const network::Clamp& clamp, network::DType dtype) const {
    if (clamp.min >= network::lowest(dtype) && clamp.max <= network::highest(dtype) &&
        clamp.min <= clamp.max) {
      return;
    }
    fail(fmt::format("its clamp {}..{} is not within {}", clamp.min, clamp.max, network::name(dtype)));
  }
  /// Throws unless input `i` is there and has this shape.
  const network::Tensor& shaped(std::size_t i, const network::Shape& shape) const {
    if (!has(i)) fail(fmt::format("input {} is missing", i));
    if (inputs[i].shape() != shape) {
      fail(fmt::format("input {} is {}, expected {}", i, network::to_string(inputs[i].shape()),
                       network::to_string(shape)));
    }
    return inputs[i];
  }
};

network::Tensor softmax(const Call& call, const network::qop::Softmax& op);
network::Tensor svdf(const Call& call, const network::qop::Svdf& op);
network::Tensor lstm(const Call& call, const network::qop::Lstm& op);
network::Tensor quantize(const Call& call, const network::qop::QuantizeFloat& op);
network::Tensor dequantize(const Call& call, const network::qop::DequantizeFloat& op);
network::Tensor requantize(const Call& call, const network::qop::Requantize& op);

/// A multiplier with its rule, checked once: throws base::InputError naming the node where the rule has no
/// such shift.
class Rescale {
 public:
  Rescale(const Call& call, network::RequantRule rule, network::Multiplier multiplier);
  std::int64_t operator()(std::int64_t v) const {
    return fixed_point::requantize(rule_, v, {multiplier_.mantissa, multiplier_.shift});
  }

 private:
  fixed_point::RequantizeRule rule_;
  network::Multiplier multiplier_;
};

constexpr std::int64_t kInt16Min = -32768;
constexpr std::int64_t kInt16Max = 32767;

constexpr std::int64_t saturate16(std::int64_t v) {
  return v < kInt16Min ? kInt16Min : v > kInt16Max ? kInt16Max : v;
}

}  // namespace dlasim::sim::host
