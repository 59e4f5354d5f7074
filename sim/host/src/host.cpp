#include "sim/host/host.h"

#include "operators.h"

namespace dlasim::sim::host {
namespace {

namespace qop = network::qop;

/// The result of a node, or nothing for an operator that the host does not know.
struct Dispatch {
  const Call& call;
  network::Tensor operator()(const qop::Softmax& op) const { return softmax(call, op); }
  network::Tensor operator()(const qop::Svdf& op) const { return svdf(call, op); }
  network::Tensor operator()(const qop::Lstm& op) const { return lstm(call, op); }
  network::Tensor operator()(const qop::QuantizeFloat& op) const { return quantize(call, op); }
  network::Tensor operator()(const qop::DequantizeFloat& op) const { return dequantize(call, op); }
  network::Tensor operator()(const qop::Requantize& op) const { return requantize(call, op); }
};

template <class Operation>
constexpr bool kKnown = requires(Dispatch dispatch, const Operation& op) {
  dispatch(op);
};

fixed_point::RequantizeRule rule_of(network::RequantRule rule) {
  switch (rule) {
    case network::RequantRule::kDouble:
      return fixed_point::RequantizeRule::kDouble;
    case network::RequantRule::kSingle:
      return fixed_point::RequantizeRule::kSingle;
    case network::RequantRule::kInt64:
      return fixed_point::RequantizeRule::kInt64;
    case network::RequantRule::kPytorch:
      break;
  }
  return fixed_point::RequantizeRule::kPytorch;
}

}  // namespace

Rescale::Rescale(const Call& call, network::RequantRule rule, network::Multiplier multiplier)
    : rule_(rule_of(rule)), multiplier_(multiplier) {
  if (!fixed_point::is_supported(rule_, {multiplier.mantissa, multiplier.shift})) {
    call.fail(fmt::format("its rounding has no multiplier {} with shift {}", multiplier.mantissa,
                          multiplier.shift));
  }
}

bool can_compute(const network::QuantizedNode& node) {
  return !node.staged &&
         std::visit([](const auto& op) { return kKnown<std::decay_t<decltype(op)>>; }, node.operation);
}

std::vector<network::Tensor> compute(const network::QuantizedGraph& graph, const network::QuantizedNode& node,
                                     std::span<const network::Tensor> inputs) {
  if (!can_compute(node)) {
    throw base::UnsupportedError(
        fmt::format("{} '{}': the host does not compute it", network::name(node.operation), node.name));
  }
  const Call call{node, inputs, graph.tensor(node.outputs.at(0))};
  call.require(call.has(0), "has no input");
  return {std::visit(
      [&](const auto& op) -> network::Tensor {
        if constexpr (kKnown<std::decay_t<decltype(op)>>) return Dispatch{call}(op);
        return {};
      },
      node.operation)};
}

}  // namespace dlasim::sim::host
