#pragma once
/// The operators of network/quantized_graph.h in plain integers: an executable form of
/// spec/integer_semantics.md and spec/tflite_semantics.md. Nothing here knows a scale or an accelerator.
///
/// Every `evaluate` fills `output`, which the caller has made in the declared dtype and shape: the shape
/// of the output is authoritative. They throw base::InputError, with a message that names what does not
/// fit, on inputs whose shapes, types or parameters break the operator's contract, and never read or write
/// outside a tensor.

#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "network/quantized_graph.h"

namespace dlasim::golden {

struct StageEvents;

/// The input tensors of one node by position.
class Inputs {
 public:
  /// A null pointer stands for an absent tensor. The tensors must outlive this object.
  explicit Inputs(std::vector<const network::Tensor*> tensors) : tensors_(std::move(tensors)) {}

  std::size_t size() const { return tensors_.size(); }
  /// Throws base::InputError that names `what` if the tensor is absent.
  const network::Tensor& required(std::size_t position, std::string_view what) const;
  /// Null if absent.
  const network::Tensor* optional(std::size_t position) const;

 private:
  std::vector<const network::Tensor*> tensors_;
};

// conv.cpp: spec/integer_semantics.md section 2
void evaluate(const network::qop::Conv2d& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::DepthwiseConv2d& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::TransposeConv2d& op, const Inputs& inputs, network::Tensor& output);
// matmul.cpp: section 2
void evaluate(const network::qop::FullyConnected& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::BatchMatmul& op, const Inputs& inputs, network::Tensor& output);
// elementwise.cpp: section 3; tflite_semantics.md section 4
void evaluate(const network::qop::Add& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Mul& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::MinMax& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Requantize& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::ClampOnly& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::LeakyRelu& op, const Inputs& inputs, network::Tensor& output);
// pool.cpp: section 4; tflite_semantics.md section 6
void evaluate(const network::qop::Pool2d& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Reduce& op, const Inputs& inputs, network::Tensor& output);
// activation.cpp: section 5; tflite_semantics.md sections 7.2 and 7.3
void evaluate(const network::qop::TableInt8& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::ActivationS16& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::ActivationS16Tflite& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Table& op, const Inputs& inputs, network::Tensor& output);
// softmax.cpp: section 6
void evaluate(const network::qop::Softmax& op, const Inputs& inputs, network::Tensor& output);
// movement.cpp: codes change place, never value
void evaluate(const network::qop::Pad& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Transpose& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Reshape& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Concat& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Slice& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::SpaceToBatch& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::BatchToSpace& op, const Inputs& inputs, network::Tensor& output);
// recurrent.cpp: section 7
void evaluate(const network::qop::Svdf& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::Lstm& op, const Inputs& inputs, network::Tensor& output);
// host.cpp: tflite_semantics.md section 4, the only operators that meet a float
void evaluate(const network::qop::QuantizeFloat& op, const Inputs& inputs, network::Tensor& output);
void evaluate(const network::qop::DequantizeFloat& op, const Inputs& inputs, network::Tensor& output);

/// The value of a tensor of the graph, or null where it has none yet.
using TensorLookup = std::function<const network::Tensor*(network::TensorId)>;

/// Whether the node's own number formats decide what it computes: then the staged golden model runs it.
/// Nodes that only move codes or look them up are not staged, whatever formats they carry.
bool is_staged(const network::QuantizedNode& node);

/// Runs one node and returns its outputs in order. A staged node adds what its truncation units did to
/// `events` unless it is null. Throws base::InputError, prefixed with the node's name, where the node breaks
/// its operator's contract, base::UnsupportedError for what is not modelled.
std::vector<network::Tensor> run_node(const network::QuantizedGraph& graph,
                                      const network::QuantizedNode& node, const TensorLookup& lookup,
                                      StageEvents* events = nullptr);

}  // namespace dlasim::golden
