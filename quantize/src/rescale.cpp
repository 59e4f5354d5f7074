#include "quantize/rescale.h"

#include <string>
#include <utility>
#include <variant>

#include "network/float_reference.h"
#include "quantize/affine.h"

namespace dlasim::quantize {
namespace {

namespace op = network::op;
using network::TensorId;

bool differs(const network::TensorInfo& a, const network::TensorInfo& b) {
  if (!a.affine || !b.affine) return false;
  return a.dtype != b.dtype || a.affine->scale != b.affine->scale ||
         a.affine->zero_point != b.affine->zero_point;
}

/// `from` with the type and affine of `to`, as a new tensor.
network::TensorInfo rescaled(const network::TensorInfo& from, const network::TensorInfo& to) {
  network::TensorInfo info = from;
  info.name += "/as/" + to.name;
  info.dtype = to.dtype;
  info.affine = to.affine;
  if (from.constant)
    info.constant = quantize(network::dequantize(*from.constant, from.affine), *to.affine, to.dtype);
  return info;
}

}  // namespace

bool shares_scale(const network::Operation& operation) {
  if (const auto* binary = std::get_if<op::Binary>(&operation)) {
    return binary->kind == op::Binary::Kind::kMinimum || binary->kind == op::Binary::Kind::kMaximum;
  }
  if (const auto* unary = std::get_if<op::Unary>(&operation)) {
    using Kind = op::Unary::Kind;
    return unary->kind == Kind::kRelu6 || unary->kind == Kind::kReluN1To1 || unary->kind == Kind::kHardtanh;
  }
  return std::holds_alternative<op::Reshape>(operation) || std::holds_alternative<op::Transpose>(operation) ||
         std::holds_alternative<op::Slice>(operation) || std::holds_alternative<op::Concat>(operation) ||
         std::holds_alternative<op::Pad>(operation) || std::holds_alternative<op::Pool2d>(operation) ||
         std::holds_alternative<op::SpaceToBatch>(operation) ||
         std::holds_alternative<op::FakeQuantize>(operation) || std::holds_alternative<op::Clip>(operation) ||
         std::holds_alternative<op::BatchToSpace>(operation);
}

network::Graph insert_rescaling(network::Graph graph) {
  std::vector<network::Node> nodes;
  for (network::Node& node : graph.nodes) {
    if (shares_scale(node.operation)) {
      const network::TensorInfo output = graph.tensor(node.outputs[0]);
      // Reshape's second operand is a shape, not data.
      const std::size_t operands =
          std::holds_alternative<op::Reshape>(node.operation) ? 1 : node.inputs.size();
      for (std::size_t i = 0; i < operands; ++i) {
        TensorId& id = node.inputs[i];
        if (id == network::kNoTensor || !differs(graph.tensor(id), output)) continue;
        const bool constant = graph.tensor(id).constant.has_value();
        const TensorId converted = graph.add_tensor(rescaled(graph.tensor(id), output));
        if (!constant) {
          nodes.push_back({node.name + "/rescale" + std::to_string(i), op::Quantize{}, {id}, {converted}});
        }
        id = converted;
      }
    }
    nodes.push_back(std::move(node));
  }
  graph.nodes = std::move(nodes);
  return graph;
}

}  // namespace dlasim::quantize
