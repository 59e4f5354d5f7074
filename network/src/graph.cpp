#include "network/graph.h"

#include <algorithm>
#include <utility>

#include "network/quantized_graph.h"

namespace dlasim::network {
namespace {

/// One overload for each alternative that has one name; those with a kind are handled by name_of.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string_view name_of(op::Binary::Kind kind) {
  switch (kind) {
    case op::Binary::Kind::kAdd:
      return "add";
    case op::Binary::Kind::kSub:
      return "sub";
    case op::Binary::Kind::kMul:
      return "mul";
    case op::Binary::Kind::kMinimum:
      return "minimum";
    case op::Binary::Kind::kMaximum:
      return "maximum";
  }
  return "binary";
}

std::string_view name_of(op::Unary::Kind kind) {
  switch (kind) {
    case op::Unary::Kind::kRelu:
      return "relu";
    case op::Unary::Kind::kRelu6:
      return "relu6";
    case op::Unary::Kind::kReluN1To1:
      return "relu_n1_to_1";
    case op::Unary::Kind::kLeakyRelu:
      return "leaky_relu";
    case op::Unary::Kind::kTanh:
      return "tanh";
    case op::Unary::Kind::kSigmoid:
      return "sigmoid";
    case op::Unary::Kind::kHardtanh:
      return "hardtanh";
    case op::Unary::Kind::kSilu:
      return "silu";
    case op::Unary::Kind::kHardswish:
      return "hardswish";
    case op::Unary::Kind::kSoftsign:
      return "softsign";
    case op::Unary::Kind::kLeakyHardtanh:
      return "leaky_hardtanh";
    case op::Unary::Kind::kFasttanh:
      return "fasttanh";
    case op::Unary::Kind::kPRelu:
      return "prelu";
  }
  return "unary";
}

std::string_view name_of(op::Pool2d::Kind kind) {
  return kind == op::Pool2d::Kind::kAverage ? "avg_pool2d" : "max_pool2d";
}

}  // namespace

Operation::Operation() noexcept = default;
Operation::Operation(const Operation&) = default;
Operation::Operation(Operation&&) noexcept = default;
Operation& Operation::operator=(const Operation&) = default;
Operation& Operation::operator=(Operation&&) noexcept = default;
Operation::~Operation() = default;
bool operator==(const Operation& a, const Operation& b) {
  return static_cast<const Operation::Alternatives&>(a) == static_cast<const Operation::Alternatives&>(b);
}

QuantizedOperation::QuantizedOperation() noexcept = default;
QuantizedOperation::QuantizedOperation(const QuantizedOperation&) = default;
QuantizedOperation::QuantizedOperation(QuantizedOperation&&) noexcept = default;
QuantizedOperation& QuantizedOperation::operator=(const QuantizedOperation&) = default;
QuantizedOperation& QuantizedOperation::operator=(QuantizedOperation&&) noexcept = default;
QuantizedOperation::~QuantizedOperation() = default;

std::string_view name(const Operation& operation) {
  return std::visit(Overloaded{
                        [](const op::Conv2d&) -> std::string_view { return "conv2d"; },
                        [](const op::DepthwiseConv2d&) -> std::string_view { return "depthwise_conv2d"; },
                        [](const op::TransposeConv2d&) -> std::string_view { return "transpose_conv2d"; },
                        [](const op::FullyConnected&) -> std::string_view { return "fully_connected"; },
                        [](const op::BatchMatmul&) -> std::string_view { return "batch_matmul"; },
                        [](const op::Binary& o) { return name_of(o.kind); },
                        [](const op::Pool2d& o) { return name_of(o.kind); },
                        [](const op::Reduce& o) -> std::string_view {
                          return o.kind == op::Reduce::Kind::kMean ? "mean" : "sum";
                        },
                        [](const op::Unary& o) { return name_of(o.kind); },
                        [](const op::Softmax&) -> std::string_view { return "softmax"; },
                        [](const op::Slice&) -> std::string_view { return "slice"; },
                        [](const op::Concat&) -> std::string_view { return "concat"; },
                        [](const op::Pad&) -> std::string_view { return "pad"; },
                        [](const op::Transpose&) -> std::string_view { return "transpose"; },
                        [](const op::Reshape&) -> std::string_view { return "reshape"; },
                        [](const op::Quantize&) -> std::string_view { return "quantize"; },
                        [](const op::Dequantize&) -> std::string_view { return "dequantize"; },
                        [](const op::SpaceToBatch&) -> std::string_view { return "space_to_batch"; },
                        [](const op::BatchToSpace&) -> std::string_view { return "batch_to_space"; },
                        [](const op::Svdf&) -> std::string_view { return "svdf"; },
                        [](const op::Lstm&) -> std::string_view { return "lstm"; },
                        [](const op::FakeQuantize&) -> std::string_view { return "fake_quantize"; },
                        [](const op::Clip&) -> std::string_view { return "clip"; },
                    },
                    operation);
}

std::string_view name(const QuantizedOperation& operation) {
  return std::visit(
      Overloaded{
          [](const qop::Conv2d&) -> std::string_view { return "conv2d"; },
          [](const qop::DepthwiseConv2d&) -> std::string_view { return "depthwise_conv2d"; },
          [](const qop::TransposeConv2d&) -> std::string_view { return "transpose_conv2d"; },
          [](const qop::FullyConnected&) -> std::string_view { return "fully_connected"; },
          [](const qop::BatchMatmul&) -> std::string_view { return "batch_matmul"; },
          [](const qop::Add& o) -> std::string_view { return o.subtract ? "sub" : "add"; },
          [](const qop::Mul&) -> std::string_view { return "mul"; },
          [](const qop::MinMax& o) -> std::string_view { return o.maximum ? "maximum" : "minimum"; },
          [](const qop::Pool2d& o) { return name_of(o.kind); },
          [](const qop::Reduce&) -> std::string_view { return "reduce"; },
          [](const qop::Requantize&) -> std::string_view { return "requantize"; },
          [](const qop::ClampOnly&) -> std::string_view { return "relu"; },
          [](const qop::LeakyRelu&) -> std::string_view { return "leaky_relu"; },
          [](const qop::TableInt8& o) -> std::string_view { return o.sigmoid ? "sigmoid" : "tanh"; },
          [](const qop::ActivationS16& o) -> std::string_view { return o.sigmoid ? "sigmoid" : "tanh"; },
          [](const qop::ActivationS16Tflite& o) -> std::string_view {
            return o.sigmoid ? "sigmoid" : "tanh";
          },
          [](const qop::Table&) -> std::string_view { return "table"; },
          [](const qop::Softmax&) -> std::string_view { return "softmax"; },
          [](const qop::Pad&) -> std::string_view { return "pad"; },
          [](const qop::Transpose&) -> std::string_view { return "transpose"; },
          [](const qop::Reshape&) -> std::string_view { return "reshape"; },
          [](const qop::Concat&) -> std::string_view { return "concat"; },
          [](const qop::Slice&) -> std::string_view { return "slice"; },
          [](const qop::SpaceToBatch&) -> std::string_view { return "space_to_batch"; },
          [](const qop::BatchToSpace&) -> std::string_view { return "batch_to_space"; },
          [](const qop::Svdf&) -> std::string_view { return "svdf"; },
          [](const qop::Lstm&) -> std::string_view { return "lstm"; },
          [](const qop::QuantizeFloat&) -> std::string_view { return "quantize"; },
          [](const qop::DequantizeFloat&) -> std::string_view { return "dequantize"; },
          [](const qop::StagedBinary& o) { return name_of(o.kind); },
          [](const qop::StagedConvert&) -> std::string_view { return "convert"; },
      },
      operation);
}

TensorId Graph::add_tensor(TensorInfo info) {
  tensors.push_back(std::move(info));
  return static_cast<TensorId>(tensors.size()) - 1;
}

TensorId Graph::add_constant(std::string constant_name, Tensor value) {
  TensorInfo info;
  info.name = std::move(constant_name);
  info.dtype = value.dtype();
  info.shape = value.shape();
  info.constant = std::move(value);
  return add_tensor(std::move(info));
}

TensorId Graph::add_node(std::string node_name, Operation operation, std::vector<TensorId> node_inputs,
                         Shape output_shape) {
  TensorInfo info;
  info.name = node_name;
  info.shape = std::move(output_shape);
  const TensorId output = add_tensor(std::move(info));
  nodes.push_back({std::move(node_name), std::move(operation), std::move(node_inputs), {output}});
  return output;
}

bool is_quantized(const Graph& graph) {
  return std::any_of(graph.tensors.begin(), graph.tensors.end(),
                     [](const TensorInfo& tensor) { return tensor.affine && !tensor.constant; });
}

TensorId QuantizedGraph::add_tensor(QuantizedTensor tensor) {
  tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(tensors.size()) - 1;
}

}  // namespace dlasim::network
