#include "golden/operators.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "elements.h"
#include "golden/staged.h"

namespace dlasim::golden {
namespace {

using network::QuantizedGraph;
using network::QuantizedNode;
using network::Tensor;
using network::TensorId;

template <class Operation, class... Others>
constexpr bool kIsOneOf = (std::is_same_v<Operation, Others> || ...);

/// Operators that exist only in staged form.
template <class Operation>
constexpr bool kIsStaged = kIsOneOf<Operation, network::qop::StagedBinary, network::qop::StagedConvert>;

/// Operators that move or look up codes whatever they mean: a staged graph runs them as they are.
template <class Operation>
constexpr bool kIgnoresMeaning =
    kIsOneOf<Operation, network::qop::Table, network::qop::Pad, network::qop::Transpose,
             network::qop::Reshape, network::qop::Concat, network::qop::Slice, network::qop::SpaceToBatch,
             network::qop::BatchToSpace>;

std::vector<Tensor> run_integer_node(const QuantizedGraph& graph, const QuantizedNode& node,
                                     const TensorLookup& lookup) {
  std::vector<const Tensor*> tensors;
  for (const TensorId id : node.inputs) {
    tensors.push_back(id == network::kNoTensor ? nullptr : lookup(id));
    // No operator has a meaning without elements, and a loop over the other dimensions could be endless.
    require(tensors.back() == nullptr || tensors.back()->size() > 0, "input '{}' has no elements",
            id == network::kNoTensor ? "" : graph.tensor(id).name);
  }
  require(node.outputs.size() == 1, "{} outputs, 1 is needed", node.outputs.size());
  const auto& declared = graph.tensor(node.outputs[0]);
  require(network::element_count(declared.shape) > 0, "the output has no elements");
  Tensor output(declared.dtype, declared.shape);
  std::visit(
      [&](const auto& op) {
        if constexpr (!kIsStaged<std::decay_t<decltype(op)>>)
          evaluate(op, Inputs(std::move(tensors)), output);
      },
      node.operation);
  std::vector<Tensor> outputs;
  outputs.push_back(std::move(output));
  return outputs;
}

}  // namespace

bool is_staged(const QuantizedNode& node) {
  const bool staged_only =
      std::visit([](const auto& op) { return kIsStaged<std::decay_t<decltype(op)>>; }, node.operation);
  const bool any_meaning =
      std::visit([](const auto& op) { return kIgnoresMeaning<std::decay_t<decltype(op)>>; }, node.operation);
  return staged_only || (node.staged && !any_meaning);
}

const Tensor& Inputs::required(std::size_t position, std::string_view what) const {
  const Tensor* tensor = optional(position);
  require(tensor != nullptr, "input {} ({}) is missing", position, what);
  return *tensor;
}

const Tensor* Inputs::optional(std::size_t position) const {
  return position < tensors_.size() ? tensors_[position] : nullptr;
}

std::vector<Tensor> run_node(const QuantizedGraph& graph, const QuantizedNode& node,
                             const TensorLookup& lookup, StageEvents* events) {
  const auto place = [&] { return fmt::format("{} ({}): ", node.name, network::name(node.operation)); };
  try {
    if (is_staged(node)) return run_staged_node(graph, node, lookup, events);
    return run_integer_node(graph, node, lookup);
  } catch (const base::UnsupportedError& e) {
    throw base::UnsupportedError(place() + e.what());
  } catch (const base::InputError& e) {
    throw base::InputError(place() + e.what());
  }
}

}  // namespace dlasim::golden
